//! A far end with a limit that nobody told us, through the whole of it: dispatcher, sessions, bytes, far end.

use bealert_core::ledger::{Entry, NoticeCode};
use bealert_core::model::{Kind, Policy};
use bealert_sim::smsc::{Books, Faults, Limit};
use bealert_sim::world::{
    CampaignPlan, GatewaySetup, Launching, LineSetup, Machine, PlainMessages, PlannedPerson, Setup, World,
    check, planned,
};

const SECOND: u64 = 1_000_000;

const THOUSAND: Limit = Limit { per_second: 1_000.0, burst: 100 };

struct Run {
    world: World,
    before: Books,
}

impl Run {
    /// A campaign of so many through one gateway without a limit of ours, window 100.
    fn of(people: u32, faults: Faults, change: impl FnOnce(&mut GatewaySetup)) -> Self {
        let mut gateway = GatewaySetup::sms("a");
        gateway.smsc().esme.window = 100;
        gateway.smsc().sim.faults = faults;
        change(&mut gateway);
        let mut world = World::new(Setup::calm(7, vec![gateway]), Box::<PlainMessages>::default());
        let person = |ordinal: u32| PlannedPerson {
            address: format!("3247{ordinal:07}"),
            text: format!("Alert {ordinal}"),
            route: Some(0),
            mail: None,
        };
        let plan = CampaignPlan {
            key: "unknown limit".into(),
            kind: Kind::News,
            policy: Policy::Hold,
            expiry_ms: 7_200_000,
            routes: vec![vec!["a".into()]],
            mail_routes: Vec::new(),
            people: (0..people).map(person).collect(),
            block_len: 2_000,
        };
        let (row, blocks) = planned(&plan);
        assert!(matches!(world.launch(&row, plan.expiry_ms, &blocks), Launching::Begun(_)));
        let before = books(&world);
        Self { world, before }
    }

    /// What was accepted and throttled in the next seconds.
    fn run(&mut self, seconds: u64) -> (u64, u64) {
        self.world.run_until(self.world.now_us() + seconds * SECOND);
        let books = books(&self.world);
        let before = std::mem::replace(&mut self.before, books);
        (books.accepted - before.accepted, books.throttled - before.throttled)
    }

    /// Nobody is lost, nothing doubled, and every invariant holds.
    fn finish(mut self, people: u64) {
        self.run_out(people);
        let failures = check::failures(&self.world.facts());
        assert!(failures.is_empty(), "{failures:?}");
    }

    fn run_out(&mut self, people: u64) {
        let end_us = self.world.now_us() + 600 * SECOND;
        while books(&self.world).accepted < people && self.world.now_us() < end_us {
            self.run(1);
        }
        self.run(5);
        let books = books(&self.world);
        assert_eq!((books.unique, books.duplicates), (people, 0));
    }
}

fn books(world: &World) -> Books {
    let Machine::Smsc(smsc) = world.far_end(0) else { panic!("it is one of SMS") };
    *smsc.books()
}

fn limited(limit: Limit) -> Faults {
    Faults { limit: Some(limit), receipt_us: 20_000, ..Faults::default() }
}

#[test]
fn ninety_percent_of_an_unknown_limit_is_used_and_less_than_one_percent_throttled() {
    for response_us in [0, 5_000, 50_000] {
        let faults = Faults { response_us, ..limited(THOUSAND) };
        let mut run = Run::of(20_000, faults, |_| {});
        let (accepted, throttled) = run.run(10);
        assert!(accepted >= 9_000, "{accepted} in ten seconds");
        assert!(throttled * 100 < accepted, "{throttled} of {accepted} throttled in ten seconds");
        for second in 10..15 {
            let (accepted, _) = run.run(1);
            assert!(accepted >= 900, "{accepted} in second {second}");
        }
        run.run_out(20_000);
    }
}

#[test]
fn every_invariant_holds_under_an_unknown_limit() {
    Run::of(3_000, limited(THOUSAND), |_| {}).finish(3_000);
}

#[test]
fn an_episode_of_refusals_is_one_notice() {
    let mut run = Run::of(60_000, limited(THOUSAND), |_| {});
    let notices = |run: &Run| {
        let journal = run.world.reader().journal(0, usize::MAX).unwrap();
        let throttled =
            |entry: &&Entry| matches!(entry, Entry::Notice(notice) if notice.code == NoticeCode::Throttled);
        journal.iter().filter(throttled).count()
    };
    let (_, throttled) = run.run(30);
    assert!(throttled > 5, "{throttled}");
    assert_eq!(notices(&run), 1);
    // After a minute without a refusal the next one is news.
    run.world.set_faults(0, Faults { receipt_us: 20_000, response_us: 400_000, ..Faults::default() });
    run.run(70);
    run.world.set_faults(0, limited(Limit { per_second: 10.0, burst: 1 }));
    run.run(5);
    assert_eq!(notices(&run), 2);
}

#[test]
fn what_was_learned_outlives_a_session_and_is_shared_by_all() {
    let mut run = Run::of(30_000, limited(THOUSAND), |gateway| gateway.sessions = 4);
    run.run(8);
    for second in 8..16 {
        run.world.reset(0, second % 4);
        let (accepted, throttled) = run.run(1);
        assert!(accepted >= 850, "{accepted} in second {second}");
        assert!(throttled < 30, "{throttled} in second {second}");
    }
}

#[test]
fn a_limit_that_falls_and_rises_is_followed() {
    let mut run = Run::of(60_000, limited(THOUSAND), |_| {});
    run.run(10);
    run.world.set_faults(0, limited(Limit { per_second: 300.0, burst: 30 }));
    run.run(2);
    let (accepted, throttled) = run.run(10);
    assert!(accepted >= 2_550 && throttled < 40, "{accepted} accepted, {throttled} throttled");
    run.world.set_faults(0, limited(Limit { per_second: 2_000.0, burst: 200 }));
    run.run(15);
    let (accepted, throttled) = run.run(5);
    assert!(accepted >= 9_000 && throttled < 100, "{accepted} accepted, {throttled} throttled");
    run.world.set_faults(0, Faults { receipt_us: 20_000, ..Faults::default() });
    run.run(8);
    assert_eq!(books(&run.world).unique, 60_000, "without a limit the rest is soon gone");
}

#[test]
fn a_full_queue_is_a_limit_too() {
    // Every tenth submit is refused with ESME_RMSGQFUL, however slowly they come.
    let faults = Faults { queue_full: 0.1, ..Faults::default() };
    let run = Run::of(500, faults, |_| {});
    run.finish(500);
}

#[test]
fn a_far_end_that_tells_its_load_is_kept_between_eighty_and_ninety() {
    let faults = Faults { tells_load: true, ..limited(THOUSAND) };
    let line = LineSetup { latency_us: 5_000, octets: 65_536, cuts: false };
    let mut run = Run::of(60_000, faults, |gateway| gateway.line = line);
    run.run(10);
    for _ in 0..10 {
        let (accepted, throttled) = run.run(1);
        assert!((780..=920).contains(&accepted), "{accepted}");
        assert_eq!(throttled, 0);
    }
}
