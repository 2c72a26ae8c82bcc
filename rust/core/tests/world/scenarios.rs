//! Single cases that random worlds meet rarely, each one a fault that once was.

use bealert_core::ledger::Ledger;
use bealert_core::model::{CampaignState, Kind};

use crate::world::{Plan, World};

fn calm() -> Plan {
    Plan { calm: true, ..Plan::default() }
}

#[test]
fn a_long_text_whose_parts_are_answered_before_the_next_one_leaves() {
    for (window, rate) in [(1, None), (1, Some(100.0)), (20, Some(50.0))] {
        let mut world = World::new(5, Plan { window, rate, prompt: true, ..calm() });
        // The last person of the block has three parts.
        let id = world.launch("long", Kind::Warning, 4);
        world.run_to_the_end();
        world.check(id);
        assert_eq!(world.tally(id).0[2..5].iter().sum::<u64>() + world.tally(id).0[5], 4);
    }
}

#[test]
fn what_has_expired_is_not_sent_by_a_resume() {
    let mut world = World::new(6, Plan { rate: Some(100.0), expiry_ms: 2_000, ..calm() });
    let id = world.launch("short", Kind::News, 2_000);
    world.run_for(2_200_000);
    let sent = world.send_times().len();
    world.dispatcher.pause(world.now, id).unwrap();
    world.run_for(100_000);
    world.dispatcher.resume(world.now, id).unwrap();
    world.run_to_the_end();
    assert_eq!(world.send_times().len(), sent, "something left after the expiry");
    world.check(id);
}

#[test]
fn a_receipt_after_the_end_and_a_restart_still_corrects() {
    let mut world = World::new(7, Plan { receipts_late_us: 20_000_000, ..calm() });
    let id = world.launch("late", Kind::Warning, 50);
    // The wait is three seconds: everybody ends accepted before a receipt comes.
    while !world.state(id).ended() {
        world.step();
    }
    assert_eq!(world.tally(id).0[2], 49);
    world.crash();
    world.run_for(25_000_000);
    let tally = world.tally(id);
    assert!(tally.0[3] >= 30, "{tally:?}");
    assert_eq!(world.state(id), CampaignState::Done);
    world.check(id);
}

#[test]
fn without_a_limit_a_crash_puts_in_doubt_what_the_window_and_the_pace_explain() {
    let mut world = World::new(8, Plan { window: 10, ..calm() });
    let id = world.launch("slow far end", Kind::Warning, 5_000);
    world.run_for(5_000_000);
    let pace = world.send_times().len() as f64 / 5.0;
    world.crash();
    world.run_for(50_000);
    let doubts = world.doubts(id);
    // Two gateways share nothing here: one window, and four cycles of some ten milliseconds.
    let explained = 10.0 + 8.0 + 4.0 * 0.015 * pace;
    assert!((doubts as f64) <= explained, "{doubts} doubts at {pace}/s");
    world.run_to_the_end();
    world.check(id);
}

#[test]
fn a_campaign_that_cannot_be_loaded_holds_up_nobody() {
    let mut world = World::new(9, calm());
    world.unreadable = Some(bealert_core::model::CampaignId(1));
    let damaged = world.launch("damaged", Kind::Warning, 100);
    let same_class = world.launch("same class", Kind::Warning, 3_000);
    let news = world.launch("news", Kind::News, 100);
    for _ in 0..20_000 {
        world.step();
    }
    assert!(world.state(same_class).ended() && world.state(news).ended());
    assert_eq!(world.handed(damaged), 0);
    world.unreadable = None;
    world.crash();
    world.run_to_the_end();
    world.check(damaged);
}

#[test]
fn a_gateway_that_takes_nothing_is_passed_over() {
    let mut world = World::new(10, calm());
    world.far_ends[0].throttles = true;
    let id = world.launch("failover", Kind::Warning, 500);
    world.run_for(15_000_000);
    assert!(world.far_ends[0].accepted.is_empty());
    assert!(world.far_ends[1].accepted.len() >= 490, "{}", world.far_ends[1].accepted.len());
    world.run_to_the_end();
    world.check(id);
}

#[test]
fn a_second_cancel_is_no_error_and_changes_nothing() {
    let mut world = World::new(11, Plan { rate: Some(100.0), ..calm() });
    let id = world.launch("cancelled", Kind::Warning, 1_000);
    world.run_for(1_000_000);
    world.dispatcher.cancel(world.now, id).unwrap();
    world.dispatcher.cancel(world.now, id).unwrap();
    world.run_to_the_end();
    assert_eq!(world.state(id), CampaignState::Cancelled);
    let mut reader = world.ledger.reader().unwrap();
    let ends = reader.journal(0, usize::MAX).unwrap();
    let ends = ends.iter().filter(|entry| matches!(entry, bealert_core::ledger::Entry::BlockEnd(_)));
    assert_eq!(ends.count(), 1);
}
