//! Worlds with mail relays: what is planted in them, and what matters told without chance.

use bealert_core::ledger::Entry;
use bealert_core::model::{Kind, Policy};
use bealert_core::outcome::{State, Step};
use bealert_sim::relay::{AddressPattern, Fate, Faults, Phase, Rule};
use bealert_sim::world::script::{self, Happening, Script};
use bealert_sim::world::{CampaignPlan, Facts, GatewaySetup, Order, PlannedPerson, Plant, Setup, check};
use bealert_wire::smtp::{EnhancedCode, Mode, Reply};

use crate::base::{MS, SECOND, campaign, gateway};

/// People on mail alone, `slow` of them in a domain that has a limit at relay `m`.
pub(crate) fn mail(key: &str, kind: Kind, count: u64, slow: u64, route: &[&str]) -> CampaignPlan {
    let names: Vec<String> = route.iter().map(|name| (*name).to_owned()).collect();
    let person = |ordinal: u64| {
        let (domain, route) = if ordinal < slow { ("slow.example", 1) } else { ("example.org", 0) };
        PlannedPerson {
            address: String::new(),
            text: String::new(),
            route: None,
            mail: Some((format!("{key}{ordinal}@{domain}"), route)),
        }
    };
    CampaignPlan {
        routes: Vec::new(),
        mail_routes: vec![(names.clone(), None), (names, Some("slow.example".into()))],
        people: (0..count).map(person).collect(),
        ..campaign(key, kind, 0, &[])
    }
}

/// A relay whose replies take 5 ms, with reports of what became of messages, some of failure.
pub(crate) fn relay(name: &str, rate: Option<f64>) -> GatewaySetup {
    let mut gateway = GatewaySetup::mail(name);
    (gateway.units_per_second, gateway.sessions, gateway.receipts) = (rate, 3, true);
    gateway.receipt_wait_us = 60 * SECOND;
    gateway.domains = vec![("slow.example".into(), 20.0)];
    (gateway.retry.first_us, gateway.retry.max_us) = (200 * MS, 2 * SECOND);
    gateway.relay().sim.faults =
        Faults { latency_us: 5 * MS, report_us: 300 * MS, bounces: 0.2, ..Faults::default() };
    gateway
}

pub(crate) fn faults(gateway: &mut GatewaySetup) -> &mut Faults {
    &mut gateway.relay().sim.faults
}

/// Relay `m` has a limit, relay `n` breaks connections; a newsletter, a warning that overtakes it, one campaign
/// over both channels. The process dies once.
fn script() -> Script {
    let mut n = relay("n", None);
    faults(&mut n).reset_every = Some(40);
    let mut both = campaign("both", Kind::Preventive, 100, &["a"]);
    both.mail_routes = vec![(vec!["n".into(), "m".into()], None)];
    for (ordinal, person) in both.people.iter_mut().enumerate().filter(|(ordinal, _)| ordinal % 10 > 0) {
        person.mail = Some((format!("both{ordinal}@example.org"), 0));
    }
    let launch = |ms: u64, at| (SECOND + ms * MS, Happening::Launch(at));
    Script {
        setup: Setup::calm(7, vec![gateway("a", None), relay("m", Some(100.0)), n]),
        campaigns: vec![
            mail("news", Kind::News, 300, 60, &["m"]),
            mail("urgent", Kind::Warning, 60, 20, &["m"]),
            both,
        ],
        events: vec![
            launch(50, 0),
            launch(60, 2),
            (SECOND + 120 * MS, Happening::Command(2, Order::Pause)),
            (SECOND + 400 * MS, Happening::Command(2, Order::Resume)),
            launch(1_000, 1),
        ],
        calm_us: 8 * SECOND,
        crashes: vec![4_000],
        down_us: vec![20 * MS],
    }
}

fn broken(plant: Plant) -> Vec<&'static str> {
    let outcome = script::play(&script(), Some(plant));
    let mut names: Vec<_> = check::failures(&outcome.facts).into_iter().map(|(name, _)| name).collect();
    if outcome.stuck.is_some() && !names.contains(&"I1") {
        names.push("stuck");
    }
    names
}

/// Runs a script that must keep every invariant, and gives what it showed.
fn played(script: &Script) -> Facts {
    let outcome = script::play(script, None);
    assert_eq!((outcome.stuck, check::failures(&outcome.facts)), (None, Vec::new()));
    outcome.facts
}

fn alone(gateways: Vec<GatewaySetup>, campaign: CampaignPlan) -> Script {
    Script {
        setup: Setup::calm(5, gateways),
        campaigns: vec![campaign],
        events: vec![(SECOND + 50 * MS, Happening::Launch(0))],
        calm_us: 8 * SECOND,
        crashes: Vec::new(),
        down_us: vec![20 * MS],
    }
}

fn rows(facts: &Facts, step: Step) -> usize {
    let row = |entry: &&Entry| matches!(entry, Entry::Outcome(row) if row.step == step);
    facts.journal.iter().filter(row).count()
}

#[test]
fn without_a_fault_every_invariant_holds_on_both_channels() {
    let facts = played(&script());
    let duplicated = facts.taken().values().filter(|taken| **taken > 1).count();
    assert!(duplicated > 0, "nothing was in doubt: it shows little");
    assert!(rows(&facts, Step::Delivered) > 300 && rows(&facts, Step::Failed) > 50);
}

#[test]
fn mail_that_may_have_left_and_is_taken_for_unsent_is_a_duplicate_that_nobody_names() {
    assert_eq!(broken(Plant::LostIsUnsent), ["I3"]);
}

#[test]
fn an_answer_that_never_reaches_the_dispatcher_loses_somebody() {
    assert!(broken(Plant::AnswerDropped).contains(&"I1"));
}

#[test]
fn what_is_sent_twice_is_a_duplicate_that_nobody_names() {
    assert!(broken(Plant::SentTwice).contains(&"I3"));
}

#[test]
fn a_dispatcher_without_the_limit_of_a_domain_passes_it() {
    assert_eq!(broken(Plant::NoDomainLimit), ["I4"]);
}

#[test]
fn reports_that_are_answered_and_not_kept_are_lost() {
    assert_eq!(broken(Plant::ReportDropped), ["I9"]);
}

#[test]
fn a_relay_that_refuses_everybody_fails_ten_people_and_the_next_one_takes_the_rest() {
    let mut m = relay("m", None);
    let no = Reply::new(554, Some(EnhancedCode(5, 7, 1)), "you are blocked");
    faults(&mut m).rules = vec![Rule::always(Phase::Rcpt, Fate::Reply(no))];
    let mut n = relay("n", None);
    faults(&mut n).bounces = 0.0;
    let facts = played(&alone(vec![m, n], mail("all", Kind::Warning, 500, 0, &["m", "n"])));
    assert_eq!(rows(&facts, Step::Failed), 10);
    assert_eq!(facts.taken().len(), 490);
}

#[test]
fn a_sender_that_the_relay_does_not_take_fails_nobody() {
    let mut m = relay("m", None);
    let no = Reply::new(550, Some(EnhancedCode(5, 7, 1)), "who are you");
    faults(&mut m).rules = vec![Rule::always(Phase::Mail, Fate::Reply(no))];
    let mut plan = mail("all", Kind::Warning, 200, 0, &["m"]);
    plan.expiry_ms = 5_000;
    let facts = played(&alone(vec![m], plan));
    assert_eq!((rows(&facts, Step::Failed), facts.taken().len()), (0, 0));
    let tally = facts.tallies.values().next().unwrap();
    assert_eq!(tally.of(State::Expired), 200);
}

#[test]
fn greylisted_people_get_their_message_when_they_are_asked_again() {
    let mut m = relay("m", None);
    faults(&mut m).greylist_us = Some(2 * SECOND);
    let facts = played(&alone(vec![m], mail("all", Kind::News, 100, 0, &["m"])));
    assert_eq!(facts.taken().len(), 100);
    assert!(rows(&facts, Step::Deferred) >= 100);
}

#[test]
fn a_connection_that_breaks_anywhere_in_any_mode_doubles_only_what_is_named() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat] {
        for octets in (1..1_200).step_by(17) {
            let mut m = relay("m", None);
            m.relay().client.mode = mode;
            // As often as a message is sent again: a relay that has lost one connection gets one at a time.
            let times = Some(u32::from(bealert_core::retry::RESENDS));
            let cut = |received, sent| bealert_sim::relay::Cut { received, sent, times };
            faults(&mut m).cut =
                Some(if octets % 2 == 0 { cut(Some(octets), None) } else { cut(None, Some(octets)) });
            let facts = played(&alone(vec![m], mail("all", Kind::Warning, 12, 0, &["m"])));
            assert_eq!(facts.taken().len(), 12, "{mode:?} {octets}");
        }
    }
}

#[test]
fn a_message_to_one_bad_address_holds_up_nobody() {
    let mut m = relay("m", None);
    let dead = AddressPattern::Prefix("all7@".into());
    let no = Reply::new(550, Some(EnhancedCode(5, 1, 1)), "no such user");
    faults(&mut m).rules = vec![Rule::of(Phase::Rcpt, dead, Fate::Reply(no))];
    faults(&mut m).bounces = 0.0;
    let facts = played(&alone(vec![m], mail("all", Kind::Warning, 50, 0, &["m"])));
    assert_eq!((rows(&facts, Step::Failed), facts.taken().len()), (1, 49));
}

#[test]
fn nothing_is_lost_or_doubled_unnamed_by_a_crash_at_any_call() {
    for policy in [Policy::Resend, Policy::Hold] {
        let mut m = relay("m", Some(50.0));
        faults(&mut m).bounces = 0.5;
        let mut plan = mail("all", Kind::Warning, 8, 3, &["m"]);
        plan.policy = policy;
        let whole = alone(vec![m], plan);
        let calls = script::play(&whole, None).calls;
        assert!(calls > 200, "{calls} places only");
        for call in (1..=calls).step_by(2) {
            let crashed = Script { crashes: vec![call], ..whole.clone() };
            let outcome = script::play(&crashed, None);
            let broken = check::failures(&outcome.facts);
            assert_eq!((outcome.stuck, broken), (None, Vec::new()), "a crash at call {call} of {calls}");
        }
    }
}
