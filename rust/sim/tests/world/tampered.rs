//! Facts of a good run with one thing changed: exactly the check that it concerns sees it.

use bealert_core::ledger::{Entry, Outcome};
use bealert_core::model::{CampaignId, CampaignState, Channel, Kind};
use bealert_core::outcome::Step;
use bealert_sim::world::{Fact, Facts, Order, Part, Sent, What, check, script};

use crate::base;

fn good() -> Facts {
    script::play(&base::script(), None).facts
}

/// Changes a good run and gives the names of the checks that see it.
fn seen(change: impl FnOnce(&mut Facts)) -> Vec<&'static str> {
    let mut facts = good();
    change(&mut facts);
    check::failures(&facts).into_iter().map(|(name, _)| name).collect()
}

fn id(facts: &Facts, key: &str) -> CampaignId {
    facts.rows.iter().find(|row| row.key == key).unwrap().id
}

fn place(facts: &Facts, which: impl Fn(&What) -> bool) -> usize {
    facts.timeline.iter().position(|fact| which(&fact.what)).unwrap()
}

/// Changes a row both in the journal and in the commit that it came with.
fn change_row(facts: &mut Facts, seq: u64, change: impl Fn(&mut Outcome)) {
    for fact in &mut facts.timeline {
        if let What::Durable { batch } = &mut fact.what {
            batch.outcomes.iter_mut().filter(|row| row.seq == seq).for_each(&change);
        }
    }
    for entry in &mut facts.journal {
        if let Entry::Outcome(row) = entry
            && row.seq == seq
        {
            change(row);
        }
    }
}

fn rows(facts: &Facts, step: Step) -> Vec<Outcome> {
    let rows = facts.journal.iter().filter_map(|entry| match entry {
        Entry::Outcome(row) if row.step == step => Some(row.clone()),
        _ => None,
    });
    rows.collect()
}

#[test]
fn a_campaign_that_does_not_end() {
    assert_eq!(seen(|facts| facts.rows[0].state = CampaignState::Running), ["I1"]);
}

#[test]
fn something_that_expired_and_was_taken_all_the_same() {
    let names = seen(|facts| {
        let campaign = id(facts, "short");
        let gateway = *facts.gateways.keys().next().unwrap();
        let part = Part { campaign, channel: Channel::Sms, ordinal: 99, part: 0 };
        let what = What::Taken { gateway, remote: "ghost".into(), part: Some(part), receipt: None };
        facts.timeline.push(Fact { at_us: u64::MAX, what });
    });
    assert_eq!(names, ["I1"]);
}

#[test]
fn something_that_left_before_its_commit() {
    let names = seen(|facts| {
        let campaign = id(facts, "paused");
        let first = place(facts, |what| matches!(what, What::Sent(sent) if sent.key.campaign == campaign));
        let commit = place(
            facts,
            |what| matches!(what, What::Durable { batch } if batch.marks.iter().any(|(key, _)| key.campaign == campaign)),
        );
        let sent = facts.timeline.remove(first);
        facts.timeline.insert(commit, sent);
    });
    assert_eq!(names, ["I2"]);
}

#[test]
fn a_duplicate_that_nobody_named() {
    let names = seen(|facts| {
        let at = place(facts, |what| matches!(what, What::Taken { .. }));
        let mut twin = facts.timeline[at].clone();
        if let What::Taken { remote, .. } = &mut twin.what {
            remote.push_str("twin");
        }
        facts.timeline.insert(at, twin);
    });
    assert_eq!(names, ["I3"]);
}

#[test]
fn a_doubt_that_nothing_explains() {
    let names = seen(|facts| {
        let at = place(facts, |what| matches!(what, What::InDoubt { .. } | What::Crashed));
        // The crash itself explains its own doubts by what was open when the ledger was opened again.
        let opened = place(facts, |what| matches!(what, What::Opened { .. }));
        assert!(opened < at);
        let again = facts.timeline.iter().rposition(|fact| matches!(fact.what, What::Opened { .. })).unwrap();
        facts.timeline[again].what = What::Closed { drained: false };
    });
    assert!(names.contains(&"I3"), "{names:?}");
}

#[test]
fn a_limiter_that_lets_three_more_through() {
    let names = seen(|facts| {
        let campaign = id(facts, "news");
        let at = place(facts, |what| matches!(what, What::Sent(sent) if sent.key.campaign == campaign));
        for _ in 0..3 {
            let more = facts.timeline[at].clone();
            facts.timeline.insert(at, more);
        }
    });
    assert_eq!(names, ["I4"]);
}

#[test]
fn an_urgent_message_that_waits_behind_news() {
    let names = seen(|facts| {
        let (news, urgent) = (id(facts, "news"), id(facts, "urgent"));
        facts.audiences.get_mut(&news).unwrap().row.kind = Kind::Warning;
        facts.audiences.get_mut(&urgent).unwrap().row.kind = Kind::News;
    });
    assert_eq!(names, ["I5"]);
}

#[test]
fn a_step_that_the_table_does_not_have() {
    assert_eq!(seen(|facts| facts.faults = 1), ["I6"]);
    let names = seen(|facts| {
        let seq = rows(facts, Step::Accepted)[0].seq;
        change_row(facts, seq, |row| row.step = Step::Confirmed);
    });
    // Whoever skips the step counts otherwise.
    assert!(names.contains(&"I6") && names.contains(&"I7"), "{names:?}");
}

#[test]
fn a_count_that_is_off_by_one() {
    let names = seen(|facts| facts.tallies.values_mut().next().unwrap().0[2] += 1);
    assert_eq!(names, ["I7"]);
    let names = seen(|facts| {
        let tallied = |what: &What| matches!(what, What::Durable { batch } if !batch.tallies.is_empty());
        let at = place(facts, tallied);
        if let What::Durable { batch } = &mut facts.timeline[at].what {
            batch.tallies[0].2.0[0] -= 1;
        }
    });
    assert_eq!(names, ["I7"]);
}

#[test]
fn a_row_that_is_in_the_journal_and_in_no_commit() {
    let names = seen(|facts| {
        let last = facts.journal.last().unwrap().clone();
        facts.journal.push(last);
    });
    assert_eq!(names, ["I7"]);
}

#[test]
fn a_second_campaign_for_one_key() {
    let names = seen(|facts| {
        let other = id(facts, "news");
        let told = |what: &What| matches!(what, What::LaunchTold { key, .. } if key == "paused");
        let at = place(facts, told);
        if let What::LaunchTold { campaign, .. } = &mut facts.timeline[at].what {
            *campaign = Some(other);
        }
    });
    assert_eq!(names, ["I8"]);
}

#[test]
fn a_receipt_that_changes_two() {
    let names = seen(|facts| {
        let delivered = rows(facts, Step::Delivered);
        let (first, rest) = delivered.split_first().unwrap();
        let second = rest.iter().find(|row| row.gateway == first.gateway).unwrap().seq;
        change_row(facts, second, |row| row.remote = first.remote);
    });
    assert_eq!(names, ["I9"]);
}

#[test]
fn a_receipt_that_was_answered_and_is_lost() {
    let names = seen(|facts| {
        for fact in &mut facts.timeline {
            match &mut fact.what {
                What::Settled { delivered, .. } => *delivered = true,
                What::Taken { receipt, .. } if receipt.is_some() => *receipt = Some(true),
                _ => {}
            }
        }
    });
    assert_eq!(names, ["I9"]);
}

#[test]
fn a_send_after_a_pause() {
    let names = seen(|facts| {
        let campaign = id(facts, "paused");
        let sent = facts.timeline.iter().find_map(|fact| match fact.what {
            What::Sent(sent) if sent.key.campaign == campaign => Some(sent),
            _ => None,
        });
        let what = What::Sent(Sent { ..sent.unwrap() });
        let promised = place(facts, |what| matches!(what, What::Promised { order: Order::Pause, .. }));
        let at_us = facts.timeline[promised].at_us;
        facts.timeline.insert(promised + 1, Fact { at_us, what });
    });
    assert_eq!(names, ["I10"]);
}

#[test]
fn a_send_after_the_expiry() {
    let names = seen(|facts| {
        let campaign = id(facts, "news");
        let row = &mut facts.audiences.get_mut(&campaign).unwrap().row;
        row.expires_at_ms = row.launched_at_ms + 1_000;
    });
    assert_eq!(names, ["I10"]);
}
