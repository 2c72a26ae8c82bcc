//! Making a plan: people come in, one after the other, and leave in blocks, one for each channel.

mod begin;
mod email;
mod lane;
mod sizes;
mod sms;

use bealert_core::block::Person;
use bealert_core::expand::Expander;
use bealert_core::model::{Channel, EXCLUDED};
use bealert_core::route::Router;

use super::digest::Digest;
use super::finished::{Example, Excluded, Plan};
use super::frozen::{Frozen, Senders, borrowed, person as values_of};
use super::ids::Ids;
use super::problems::{Fault, PlanRefused, Problems};
use super::recipient::RecipientIn;
use crate::campaign::Mailroom;
use crate::config::{Config, ScenarioConfig};
use lane::{Cost, Lane, Reader};

/// Turns an audience into a [`Plan`]. It has no side effects.
///
/// ```
/// use bealert_engine::Config;
/// use bealert_engine::plan::{Planner, RecipientIn};
/// let config = Config::from_json(r#"{"default_country": "BE",
///     "gateways": [{"type": "smpp", "name": "sms-a", "host": "127.0.0.1", "port": 2775, "system_id": "bealert",
///         "password": "", "sender": "BE-Alert", "parts_per_second": 500}],
///     "scenarios": [{"name": "news", "kind": "news", "expiry_ms": 60000, "sms": {"nl": "Hallo {{ name }}"}}]}"#);
/// let mut planner = Planner::new(&config.unwrap(), "news", vec![]).unwrap();
/// planner.push(RecipientIn { id: "p1", phone: Some("0470 12 34 56"), name: Some("An"), ..RecipientIn::default() });
/// planner.push(RecipientIn { id: "p2", name: Some("Bo"), ..RecipientIn::default() });
/// let plan = planner.finish(0).unwrap();
/// assert_eq!((plan.people, plan.parts(), plan.excluded[0].reason.as_str()), (2, 1, "no number"));
/// assert_eq!(plan.examples[0].text, "Hallo An");
/// ```
#[derive(Debug)]
pub struct Planner {
    scenario: ScenarioConfig,
    values: Vec<(String, String)>,
    senders: Senders,
    fingerprint: String,
    lanes: Vec<Lane>,
    router: Router,
    expander: Expander,
    digest: Digest,
    ids: Ids,
    problems: Problems,
    people: u32,
    excluded: Vec<Excluded>,
}

impl Planner {
    /// Begins a plan of a scenario; `values` are the plan's, seen by every template.
    ///
    /// # Errors
    /// [`PlanRefused`] where no people need to be seen to say so. What can be told of gateways and expiry waits for
    /// [`Planner::finish`], so that it is said together with what the people bring.
    pub fn new(config: &Config, scenario: &str, values: Vec<(String, String)>) -> Result<Self, PlanRefused> {
        Self::knowing(config, scenario, values, &Mailroom::default())
    }

    /// The same where it is known what relays take.
    pub(crate) fn knowing(
        config: &Config,
        scenario: &str,
        values: Vec<(String, String)>,
        mailroom: &Mailroom,
    ) -> Result<Self, PlanRefused> {
        let scenario = begin::scenario(config, scenario)?;
        let mut problems = Problems::default();
        let senders = begin::judge(config, scenario, &mut problems);
        let Some(lanes) = begin::lanes(config, scenario, &senders, mailroom, &mut problems) else {
            return Err(problems.finish().expect_err("a problem was just added"));
        };
        Ok(Self {
            digest: Digest::new(scenario, &values),
            scenario: scenario.clone(),
            values,
            senders,
            fingerprint: config.gateways_fingerprint(),
            lanes,
            router: Router::new(config.gateways.iter().map(begin::offer).collect()),
            expander: Expander::new(),
            ids: Ids::default(),
            problems,
            people: 0,
            excluded: Vec::new(),
        })
    }

    /// Adds a recipient: on each channel to a block or to the excluded, or to what the plan is refused for.
    pub fn push(&mut self, person: RecipientIn<'_>) {
        let person = person.normal();
        let Some(ordinal) = self.count() else { return };
        self.judge_id(ordinal, person.id);
        self.lanes.iter_mut().for_each(|lane| lane.judge(&person));
        self.digest.recipient(&person, self.lanes.iter().map(Lane::judged));
        // The lanes are out of the planner while the planner works on them.
        let mut lanes = std::mem::take(&mut self.lanes);
        lanes.iter_mut().for_each(|lane| self.place(lane, ordinal, &person));
        self.lanes = lanes;
    }

    /// Adds somebody whom the caller can't or won't reach: counted, and reported with this reason on every channel.
    /// An id may be there twice here.
    pub fn exclude(&mut self, id: &str, name: Option<&str>, reason: &str) {
        let reason = if reason.is_empty() { "excluded" } else { reason };
        let Some(ordinal) = self.count() else { return };
        self.digest.excluded(id, name, reason);
        for at in 0..self.lanes.len() {
            let person = RecipientIn { id, name, ..RecipientIn::default() };
            self.leave_out(self.lanes[at].channel, ordinal, &person, reason);
        }
    }

    /// Adds a problem that the caller found: the plan will be refused.
    pub fn problem(&mut self, text: String) {
        self.problems.add(text);
    }

    /// The plan, made at this time.
    ///
    /// # Errors
    /// [`PlanRefused`], with everything that was found.
    pub fn finish(mut self, now_wall_ms: i64) -> Result<Plan, PlanRefused> {
        self.problems.finish()?;
        // Stable: on each channel they stay in the order given.
        self.excluded.sort_by_key(|excluded| excluded.channel);
        let routes = self.router.routes().to_vec();
        let channel = |lane: &Lane| {
            let excluded = self.excluded.iter().filter(|excluded| excluded.channel == lane.channel);
            lane.plan(excluded.count() as u64, &routes)
        };
        Ok(Plan {
            hash: self.digest.finish(),
            created_ms: now_wall_ms,
            scenario: self.scenario.name.clone(),
            kind: self.scenario.kind,
            policy: self.scenario.policy(),
            expiry_ms: self.scenario.expiry_ms,
            people: self.people,
            gateways_fingerprint: self.fingerprint,
            blocks: self.expander.finish(),
            channels: self.lanes.iter().map(channel).collect(),
            routes,
            excluded: self.excluded,
            warnings: self.lanes.iter().flat_map(|lane| lane.composer.warnings()).collect(),
            frozen: Frozen::to_json(self.scenario, self.senders, self.values),
            examples: self.lanes.into_iter().filter_map(|lane| lane.example).collect(),
        })
    }

    /// The index of one more person.
    fn count(&mut self) -> Option<u32> {
        let Some(people) = self.people.checked_add(1) else {
            self.problems.add("more people than a campaign can have".to_owned());
            return None;
        };
        self.people = people;
        Some(people - 1)
    }

    fn judge_id(&mut self, ordinal: u32, id: &str) {
        if id.trim().is_empty() {
            self.problems.fault(Fault::NoId, || format!("number {}", ordinal + 1));
        } else if !self.ids.add(id) {
            self.problems.fault(Fault::Repeated, || id.to_owned());
        }
    }

    /// Puts a person where they belong on a channel.
    fn place(&mut self, lane: &mut Lane, ordinal: u32, person: &RecipientIn<'_>) {
        if let Some(reason) = lane.unreachable.take() {
            return self.leave_out(lane.channel, ordinal, person, &reason);
        }
        let plan = borrowed(&self.values);
        let (name, given) = (person.name.unwrap_or(""), person.language.unwrap_or(""));
        let values = values_of(person.id, name, given, person.values, &plan);
        let at = Reader { ordinal, address: &lane.address, language: lane.language, values: &values };
        let cost = match lane.composer.compose(&at) {
            Ok(cost) => cost,
            Err(refused) => {
                let who = || format!("{}{}", person.id, refused.more);
                return self.problems.fault(refused.fault, who);
            }
        };
        let Some(route) = self.router.route(lane.channel, &lane.address) else {
            let reason = lane.composer.nobody_takes();
            return self.leave_out(lane.channel, ordinal, person, reason);
        };
        // A plan that will be refused needs no blocks.
        if self.problems.is_empty() {
            if lane.example.is_none() {
                lane.example = Some(example(lane, &at, cost.units));
            }
            self.send(lane, ordinal, person, route, cost);
        }
    }

    fn send(&mut self, lane: &mut Lane, ordinal: u32, person: &RecipientIn<'_>, route: u16, cost: Cost) {
        lane.add(route, cost);
        let own = |name: &String| person.values.iter().find(|(own, _)| own == name).copied();
        let row = Person {
            ordinal,
            id: person.id,
            address: &lane.address,
            language: u8::try_from(lane.language).expect("at most 256 languages, which was asked before"),
            language_given: person.language.unwrap_or(""),
            name: person.name.unwrap_or(""),
            values: lane.composer.names().iter().filter_map(own).collect(),
            units: cost.units,
            reason: "",
        };
        self.expander.push(lane.channel, route, &row);
    }

    fn leave_out(&mut self, channel: Channel, ordinal: u32, person: &RecipientIn<'_>, reason: &str) {
        if !self.problems.is_empty() {
            return;
        }
        let row = Person {
            ordinal,
            id: person.id,
            address: person.given(channel).unwrap_or(""),
            language_given: person.language.unwrap_or(""),
            name: person.name.unwrap_or(""),
            reason,
            ..Person::default()
        };
        self.expander.push(channel, EXCLUDED, &row);
        let (id, reason) = (person.id.to_owned(), reason.to_owned());
        self.excluded.push(Excluded { id, channel, reason });
    }
}

fn example(lane: &Lane, at: &Reader<'_>, parts: u8) -> Example {
    let shown = lane.composer.example(at);
    Example {
        channel: lane.channel.name().to_owned(),
        recipient: at.values.id.to_owned(),
        language: lane.composer.languages()[lane.language].clone(),
        subject: shown.subject,
        text: shown.text,
        parts,
    }
}

#[cfg(test)]
mod mail_tests;
#[cfg(test)]
mod tests;
