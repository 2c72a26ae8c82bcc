//! I9: what a receipt changes, and that none is lost.

use std::collections::{HashMap, HashSet};

use bealert_core::dispatch::Named;
use bealert_core::ledger::{Entry, Outcome};
use bealert_core::model::GatewayId;
use bealert_core::outcome::{State, Step};

use super::fold::Fold;
use crate::world::facts::{Facts, Part, What};

/// I9: a receipt changes at most one attempt, of the gateway it came through, and none is lost once
/// answered.
///
/// Where a far end gave an id to several parts, or none at all, a receipt with it may be counted as
/// nobody's; it still changes at most as many attempts as have that id.
pub fn i9_a_receipt_changes_one_attempt(facts: &Facts) -> Result<(), String> {
    let given = Given::of(facts);
    let mut changed: HashMap<(GatewayId, &str), HashSet<(Part, u8)>> = HashMap::new();
    let mut accepted: HashSet<(GatewayId, &str)> = HashSet::new();
    for row in facts.journal.iter().filter_map(with_remote) {
        let id = (row.gateway, row.remote.as_str());
        let part = Part::of(row);
        if !given.ids.get(&id).is_some_and(|parts| parts.contains(&part)) {
            return Err(format!("row {} says {} of {part:?}, which has not that id", row.seq, row.remote));
        }
        if row.step == Step::Accepted {
            accepted.insert(id);
        } else {
            changed.entry(id).or_default().insert((part, row.attempt));
        }
    }
    for (id, attempts) in &changed {
        let most = given.ids[id].len();
        if attempts.len() > most {
            return Err(format!("the receipt {id:?} changed {attempts:?}"));
        }
    }
    none_is_lost(facts, &given, &accepted)?;
    reports_change_what_they_name(facts)
}

/// What far ends gave ids to, in the order of taking.
struct Given<'a> {
    ids: HashMap<(GatewayId, &'a str), Vec<Part>>,
    /// Parts that each number has, over all campaigns.
    numbers: HashMap<&'a str, u32>,
}

impl<'a> Given<'a> {
    fn of(facts: &'a Facts) -> Self {
        let mut given = Self { ids: HashMap::new(), numbers: HashMap::new() };
        for fact in &facts.timeline {
            if let What::Taken { gateway, remote, part: Some(part), .. } = &fact.what {
                given.ids.entry((*gateway, remote)).or_default().push(*part);
            }
        }
        for audience in facts.audiences.values() {
            for (_, _, person) in audience.alerted() {
                *given.numbers.entry(&person.address).or_default() += u32::from(person.units);
            }
        }
        given
    }

    /// The part that an id names, if it names one.
    fn only(&self, gateway: GatewayId, remote: &str) -> Option<Part> {
        match self.ids.get(&(gateway, remote))?.as_slice() {
            [only] if !remote.is_empty() => Some(*only),
            _ => None,
        }
    }
}

fn none_is_lost(
    facts: &Facts,
    given: &Given<'_>,
    accepted: &HashSet<(GatewayId, &str)>,
) -> Result<(), String> {
    let fold = Fold::whole(facts);
    let attempts = attempts(facts);
    for fact in &facts.timeline {
        let What::Settled { gateway, remote, delivered: true } = &fact.what else { continue };
        let Some(part) = given.only(*gateway, remote) else { continue };
        // It is known by its id; or, its response lost, by the number, where that has had one message.
        let known = accepted.contains(&(*gateway, remote.as_str()));
        let person = facts.audiences.get(&part.campaign).and_then(|audience| {
            let of = audience.alerted().filter(|(block, ..)| block.key.channel == part.channel);
            of.map(|(_, _, person)| person).find(|person| person.ordinal == part.ordinal)
        });
        let alone = person.is_some_and(|person| given.numbers[person.address.as_str()] == 1)
            && attempts.get(&part) == Some(&1)
            && fold.doubts.get(&part) == Some(&1);
        let state = fold.mark(part).state();
        if (known || alone) && !matches!(state, State::Delivered | State::Confirmed) {
            let what = format!("the receipt {remote} of gateway {} was answered", gateway.0);
            return Err(format!("{what}, and {part:?} is {}{}", state.name(), fold.story(part)));
        }
    }
    Ok(())
}

/// A report of a relay changes the attempt that it names, at most once in each way, and none is lost once it was
/// answered as kept: the message was delivered, or that attempt is known to have failed.
fn reports_change_what_they_name(facts: &Facts) -> Result<(), String> {
    let mut reported: HashSet<(Named, Step)> = HashSet::new();
    let mut changed: HashSet<(Named, Step)> = HashSet::new();
    for fact in &facts.timeline {
        if let What::Reported { named, step } = &fact.what {
            reported.insert((*named, *step));
        }
    }
    let fold = Fold::whole(facts);
    for row in facts.journal.iter().filter_map(of_report) {
        let named = named(row);
        let failed = matches!(row.step, Step::Disproved | Step::Bounced);
        let step = if failed { Step::Failed } else { row.step };
        let of_the_message = Named { attempt: Named::ANY, ..named };
        if !reported.contains(&(named, step)) && !reported.contains(&(of_the_message, step)) {
            return Err(format!("row {} says {step:?} of {named:?}, of which nobody has", row.seq));
        }
        if !changed.insert((named, step)) {
            return Err(format!(
                "row {} says {step:?} of {named:?} again{}",
                row.seq,
                fold.story(Part::of(row))
            ));
        }
    }
    for fact in &facts.timeline {
        let What::ReportKept { named, step } = &fact.what else { continue };
        let Named { campaign, channel, ordinal, .. } = *named;
        let part = Part { campaign, channel, ordinal, part: 0 };
        let state = fold.mark(part).state();
        let told = match step {
            // Where it may be about any of several, it is told that one has failed.
            Step::Failed if named.attempt == Named::ANY => {
                changed.iter().any(|(of, step)| *step == Step::Failed && same_message(of, named))
                    || matches!(state, State::Delivered | State::Confirmed | State::Failed)
            }
            Step::Accepted if named.attempt == Named::ANY && fold.mark(part).doubted() => true,
            Step::Delivered => matches!(state, State::Delivered | State::Confirmed),
            // That it was relayed is no news of what was delivered or has failed since.
            Step::Accepted => !matches!(state, State::Expired | State::Cancelled | State::Uncertain),
            _ => {
                changed.contains(&(*named, Step::Failed))
                    || matches!(state, State::Delivered | State::Confirmed | State::Failed)
            }
        };
        if !told {
            let story = fold.story(part);
            return Err(format!(
                "the report {step:?} of {named:?} was kept, and it is {}{story}",
                state.name()
            ));
        }
    }
    Ok(())
}

fn same_message(one: &Named, other: &Named) -> bool {
    Named { attempt: Named::ANY, ..*one } == Named { attempt: Named::ANY, ..*other }
}

/// Rows of reports: they came through no gateway, and say what became of an attempt.
fn of_report(entry: &Entry) -> Option<&Outcome> {
    let told = |step| {
        matches!(step, Step::Delivered | Step::Failed | Step::Disproved | Step::Accepted | Step::Bounced)
    };
    match entry {
        Entry::Outcome(row) if row.channel.receipts_name_attempts() => {
            (row.gateway == GatewayId::NONE && told(row.step)).then_some(row)
        }
        _ => None,
    }
}

fn named(row: &Outcome) -> Named {
    let Outcome { campaign, channel, ordinal, attempt, .. } = *row;
    Named { campaign, channel, ordinal, attempt }
}

/// How many attempts each part has had, as far as rows tell.
fn attempts(facts: &Facts) -> HashMap<Part, u8> {
    let mut attempts: HashMap<Part, u8> = HashMap::new();
    for fact in &facts.timeline {
        if let What::Sent(sent) = &fact.what
            && let Some(part) = facts.part(sent)
        {
            let most = attempts.entry(part).or_default();
            *most = (*most).max(sent.attempt);
        }
    }
    attempts
}

/// Rows that carry an id: an acceptance, or what a receipt changed.
fn with_remote(entry: &Entry) -> Option<&Outcome> {
    match entry {
        Entry::Outcome(row) if !row.remote.is_empty() && !row.channel.receipts_name_attempts() => Some(row),
        _ => None,
    }
}
