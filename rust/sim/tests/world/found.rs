//! What random worlds have found, each told once more without chance.

use bealert_core::model::{Kind, Policy};
use bealert_sim::smsc::{Fate, Faults, NumberPattern, NumberRule};
use bealert_sim::world::script::{self, Happening, Script};
use bealert_sim::world::{CampaignPlan, Facts, GatewaySetup, Setup, What, check};
use bealert_wire::smpp::status;

use crate::base::{MS, SECOND, campaign, gateway};

/// Runs a script that must keep every invariant, and gives what it showed.
fn played(script: &Script) -> Facts {
    let outcome = script::play(script, None);
    assert_eq!((outcome.stuck, check::failures(&outcome.facts)), (None, Vec::new()));
    outcome.facts
}

fn script(
    gateways: Vec<GatewaySetup>,
    campaigns: Vec<CampaignPlan>,
    events: Vec<(u64, Happening)>,
) -> Script {
    Script {
        // Every commit is followed by a snapshot.
        setup: Setup::calm(400, gateways),
        campaigns,
        events,
        calm_us: 6 * SECOND,
        crashes: Vec::new(),
        down_us: vec![20 * MS],
    }
}

#[test]
fn an_urgent_long_message_is_passed_by_nothing_on_another_session() {
    let mut a = gateway("a", None);
    a.sessions = 3;
    a.smsc().esme.window = 2;
    a.smsc().sim.faults.response_us = 30 * MS;
    let mut urgent = campaign("urgent", Kind::Warning, 60, &["a"]);
    for person in &mut urgent.people {
        person.text = format!("{} ", person.text).repeat(80);
    }
    let news = campaign("news", Kind::News, 300, &["a"]);
    let events = vec![(SECOND + 50 * MS, Happening::Launch(0)), (SECOND + 500 * MS, Happening::Launch(1))];
    let facts = played(&script(vec![a], vec![news, urgent], events));
    let class = |facts: &Facts, what: &What| match what {
        What::Sent(sent) => Some(facts.audiences[&sent.key.campaign].row.kind),
        _ => None,
    };
    let kinds: Vec<Kind> = facts.timeline.iter().filter_map(|fact| class(&facts, &fact.what)).collect();
    let first = kinds.iter().position(|kind| *kind == Kind::Warning).unwrap();
    let last = kinds.iter().rposition(|kind| *kind == Kind::Warning).unwrap();
    let passed = kinds[first..last].iter().filter(|kind| **kind == Kind::News).count();
    // The rest of one newsletter that has begun, of two parts.
    assert!(passed <= 1, "{passed} newsletters passed urgent messages");
}

#[test]
fn an_intent_leaves_through_the_gateway_that_its_row_names() {
    let (mut a, b) = (gateway("a", Some(60.0)), gateway("b", None));
    // It takes nothing, so that all it was given waits to be sent again when it is gone.
    let everybody = NumberPattern::Prefix(String::new());
    let refused = NumberRule { pattern: everybody, fate: Fate::Refuse(status::ESME_RSYSERR), times: None };
    a.smsc().sim.faults = Faults { numbers: vec![refused], response_us: 5 * MS, ..Faults::default() };
    a.retry.first_us = 20 * MS;
    a.retry.max_us = 20 * MS;
    a.retry.attempts = Some(30);
    let people = campaign("moved", Kind::Warning, 150, &["a", "b"]);
    let mut events = vec![(SECOND + 20 * MS, Happening::Launch(0))];
    for at in 1..5 {
        events.push((SECOND + 300 * at * MS, Happening::Deaf(0, 100 * MS)));
        events.push((SECOND + (300 * at + 1) * MS, Happening::Reset(0, 0)));
    }
    let facts = played(&script(vec![a, b], vec![people], events));
    let again = |what: &What| matches!(what, What::Sent(sent) if sent.attempt > 1 && sent.gateway.0 == 2);
    let moved = facts.timeline.iter().filter(|fact| again(&fact.what)).count();
    assert!(moved >= 5, "{moved} were sent again through the other gateway");
}

#[test]
fn two_campaigns_that_wait_under_one_id_both_come_to_their_end() {
    for offset in 0..40 {
        let mut a = gateway("a", Some(20.0));
        a.smsc().sim.ids = Some(3);
        a.smsc().sim.faults.receipts = 0.0;
        // One wait ends and another campaign's begins under the same id, again and again.
        a.receipt_wait_us = 300 * MS;
        let campaigns = ["first", "second", "third"].map(|key| CampaignPlan {
            policy: Policy::Hold,
            block_len: 4,
            ..campaign(key, Kind::News, 16, &["a"])
        });
        let mut events: Vec<_> = (0..3).map(|at| (SECOND + 50 * MS, Happening::Launch(at))).collect();
        for at in 1..4 {
            events.push((SECOND + (700 * at + 17 * offset) * MS, Happening::Close(100 * MS)));
        }
        let facts = played(&script(vec![a], campaigns.into(), events));
        assert_eq!(facts.rows.len(), 3);
    }
}
