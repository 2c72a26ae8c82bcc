//! Making a plan: people come in, one after the other, and leave in blocks.

use bealert_core::block::Person;
use bealert_core::expand::Expander;
use bealert_core::model::{Channel, EXCLUDED};
use bealert_core::route::{Offer, Router};
use bealert_wire::text::{Encoding, MAX_PARTS, Shape, shape};

use super::digest::Digest;
use super::finished::{ChannelPlan, Example, Excluded, Plan};
use super::frozen::{Frozen, borrowed, person as values_of};
use super::ids::Ids;
use super::language::Languages;
use super::numbers::Numbers;
use super::problems::{Fault, PlanRefused, Problems};
use super::sender::judge_sender;
use super::templates::Content;
use crate::config::{Config, GatewayConfig, ScenarioConfig};

/// Languages of a scenario: blocks store which one in an octet.
const MAX_LANGUAGES: usize = 256;

/// Why somebody whose number no gateway takes is excluded.
const NO_GATEWAY: &str = "no gateway takes this number: see the prefixes of the gateways";

/// A recipient as the caller gives it. An empty text is the same as none.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecipientIn<'a> {
    /// The host's id, different for each.
    pub id: &'a str,
    /// As people write it.
    pub phone: Option<&'a str>,
    /// Mail address.
    pub email: Option<&'a str>,
    /// For templates and reports.
    pub name: Option<&'a str>,
    /// Which of the scenario's languages they read.
    pub language: Option<&'a str>,
    /// For templates: names and values, each name once.
    pub values: &'a [(&'a str, &'a str)],
}

impl RecipientIn<'_> {
    fn normal(self) -> Self {
        let given = |text: &&str| !text.is_empty();
        Self {
            phone: self.phone.filter(given),
            email: self.email.filter(given),
            name: self.name.filter(given),
            language: self.language.filter(given),
            ..self
        }
    }
}

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
/// assert_eq!(plan.example.unwrap().text, "Hallo An");
/// ```
#[derive(Debug)]
pub struct Planner {
    scenario: ScenarioConfig,
    values: Vec<(String, String)>,
    senders: Vec<(String, String)>,
    /// Gateways and their rates, for the time it takes.
    rates: Vec<(String, Option<f64>)>,
    fingerprint: String,
    content: Content,
    languages: Languages,
    numbers: Numbers,
    router: Router,
    expander: Expander,
    digest: Digest,
    ids: Ids,
    problems: Problems,
    people: u32,
    excluded: Vec<Excluded>,
    sms: Sums,
    example: Option<Example>,
    number: String,
    text: String,
}

/// What is summed up over the people that are sent to.
#[derive(Debug, Default)]
struct Sums {
    people: u64,
    encoding: Encoding,
    forced_by: Option<char>,
    /// Parts by route.
    parts: Vec<u64>,
}

impl Planner {
    /// Begins a plan of a scenario; `values` are the plan's, seen by every template.
    ///
    /// # Errors
    /// [`PlanRefused`] where no people need to be seen to say so. What can be told of gateways and expiry waits for
    /// [`Planner::finish`], so that it is said together with what the people bring.
    pub fn new(config: &Config, scenario: &str, values: Vec<(String, String)>) -> Result<Self, PlanRefused> {
        let scenario = config.scenario(scenario).ok_or_else(|| unknown(config, scenario))?;
        let mut problems = Problems::default();
        let senders = judge(config, scenario, &mut problems);
        let numbers = Numbers::new(config.default_country.as_deref())
            .map_err(|problem| problems.add(format!("default_country: {problem}")));
        let content = compile(scenario, &mut problems);
        let (Ok(numbers), Some(content)) = (numbers, content) else {
            return Err(problems.finish(&[]).expect_err("a problem was just added"));
        };
        Ok(Self {
            digest: Digest::new(scenario, &values),
            scenario: scenario.clone(),
            values,
            senders,
            rates: config.gateways.iter().map(|g| (g.name().to_owned(), g.units_per_second())).collect(),
            fingerprint: config.gateways_fingerprint(),
            languages: Languages::new(content.languages(), &config.languages),
            content,
            numbers,
            router: Router::new(config.gateways.iter().map(offer).collect()),
            expander: Expander::new(),
            ids: Ids::default(),
            problems,
            people: 0,
            excluded: Vec::new(),
            sms: Sums::default(),
            example: None,
            number: String::new(),
            text: String::new(),
        })
    }

    /// Adds a recipient: to a block, to the excluded, or to what the plan is refused for.
    pub fn push(&mut self, person: RecipientIn<'_>) {
        let person = person.normal();
        let Some(ordinal) = self.count() else { return };
        self.judge_id(ordinal, person.id);
        let language = self.languages.choose(person.language);
        let judged = self.numbers.to_e164(person.phone.unwrap_or(""), &mut self.number);
        let number = judged.is_ok().then_some(self.number.as_str());
        self.digest.recipient(&person, number, language);
        if let Err(problem) = judged {
            return self.leave_out(ordinal, &person, &problem.to_string());
        }
        let Some(shape) = self.render(&person, language) else { return };
        match self.router.route(Channel::Sms, &self.number) {
            Some(route) => self.send(ordinal, &person, language, route, shape),
            None => self.leave_out(ordinal, &person, NO_GATEWAY),
        }
    }

    /// Adds somebody whom the caller can't or won't reach: counted, and reported with this reason. An id may be
    /// there twice here.
    pub fn exclude(&mut self, id: &str, name: Option<&str>, reason: &str) {
        let reason = if reason.is_empty() { "excluded" } else { reason };
        let Some(ordinal) = self.count() else { return };
        self.digest.excluded(id, name, reason);
        self.leave_out(ordinal, &RecipientIn { id, name, ..RecipientIn::default() }, reason);
    }

    /// Adds a problem that the caller found: the plan will be refused.
    pub fn problem(&mut self, text: String) {
        self.problems.add(text);
    }

    /// The plan, made at this time.
    ///
    /// # Errors
    /// [`PlanRefused`], with everything that was found.
    pub fn finish(self, now_wall_ms: i64) -> Result<Plan, PlanRefused> {
        self.problems.finish(self.content.languages())?;
        let sms = ChannelPlan {
            channel: Channel::Sms,
            people: self.sms.people,
            excluded: self.excluded.len() as u64,
            parts: self.sms.parts.iter().sum(),
            encoding: self.sms.encoding,
            forced_by: self.sms.forced_by,
            duration_s: duration_s(&self.rates, &self.router, &self.sms.parts),
        };
        Ok(Plan {
            hash: self.digest.finish(),
            created_ms: now_wall_ms,
            kind: self.scenario.kind,
            policy: self.scenario.policy(),
            expiry_ms: self.scenario.expiry_ms,
            people: self.people,
            routes: self.router.routes().to_vec(),
            gateways_fingerprint: self.fingerprint,
            blocks: self.expander.finish(),
            excluded: self.excluded,
            frozen: Frozen::to_json(&self.scenario.sms, &self.senders, &self.values),
            scenario: self.scenario.name,
            channels: vec![sms],
            example: self.example,
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

    /// Puts the person's text into `text`, and says what it costs.
    fn render(&mut self, person: &RecipientIn<'_>, language: usize) -> Option<Shape> {
        let plan = borrowed(&self.values);
        let (name, given) = (person.name.unwrap_or(""), person.language.unwrap_or(""));
        let values = values_of(person.id, name, given, person.values, &plan);
        if let Err(problem) = self.content.render(language, &values, &mut self.text) {
            self.problems.fault(Fault::Text { language, problem }, || person.id.to_owned());
            return None;
        }
        let shape = shape(&self.text);
        if shape.parts > MAX_PARTS {
            let who = || format!("{} ({} parts)", person.id, shape.parts);
            self.problems.fault(Fault::TooLong { language }, who);
            return None;
        }
        Some(shape)
    }

    fn send(&mut self, ordinal: u32, person: &RecipientIn<'_>, language: usize, route: u16, shape: Shape) {
        // A plan that will be refused needs no blocks.
        if !self.problems.is_empty() {
            return;
        }
        let parts = u8::try_from(shape.parts).expect("at most 255, which was asked before");
        self.sms.add(route, parts, shape);
        if self.example.is_none() {
            self.example = Some(Example {
                recipient: person.id.to_owned(),
                language: self.content.languages()[language].clone(),
                text: self.text.clone(),
                parts,
            });
        }
        let own = |name: &String| person.values.iter().find(|(own, _)| own == name).copied();
        let person = Person {
            ordinal,
            id: person.id,
            address: &self.number,
            language: u8::try_from(language).expect("at most 256 languages, which was asked before"),
            language_given: person.language.unwrap_or(""),
            name: person.name.unwrap_or(""),
            values: self.content.names().iter().filter_map(own).collect(),
            units: parts,
            reason: "",
        };
        self.expander.push(Channel::Sms, route, &person);
    }

    fn leave_out(&mut self, ordinal: u32, person: &RecipientIn<'_>, reason: &str) {
        if !self.problems.is_empty() {
            return;
        }
        let row = Person {
            ordinal,
            id: person.id,
            address: person.phone.unwrap_or(""),
            language_given: person.language.unwrap_or(""),
            name: person.name.unwrap_or(""),
            reason,
            ..Person::default()
        };
        self.expander.push(Channel::Sms, EXCLUDED, &row);
        let (id, reason) = (person.id.to_owned(), reason.to_owned());
        self.excluded.push(Excluded { id, channel: Channel::Sms, reason });
    }
}

impl Sums {
    fn add(&mut self, route: u16, parts: u8, shape: Shape) {
        let route = usize::from(route);
        if self.parts.len() <= route {
            self.parts.resize(route + 1, 0);
        }
        self.parts[route] += u64::from(parts);
        self.people += 1;
        if shape.encoding == Encoding::Ucs2 && self.encoding == Encoding::Gsm {
            self.encoding = Encoding::Ucs2;
            self.forced_by = shape.forced_by;
        }
    }
}

fn unknown(config: &Config, scenario: &str) -> PlanRefused {
    let known: Vec<&str> = config.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    let hint = match &known[..] {
        [] => "the configuration has none".to_owned(),
        known => format!("there are {}", known.join(", ")),
    };
    PlanRefused { problems: vec![format!("no scenario {scenario:?}: {hint}")] }
}

fn compile(scenario: &ScenarioConfig, problems: &mut Problems) -> Option<Content> {
    if scenario.sms.len() > MAX_LANGUAGES {
        problems.add(format!("scenario {}: more than {MAX_LANGUAGES} languages", scenario.name));
        return None;
    }
    let add = |problem| problems.add(format!("scenario {}: {problem}", scenario.name));
    match Content::compile(&scenario.sms) {
        Ok(content) => Some(content),
        Err(found) => {
            found.into_iter().for_each(add);
            None
        }
    }
}

/// Judges what is known before the people are, and gives the senders as they are frozen.
fn judge(config: &Config, scenario: &ScenarioConfig, problems: &mut Problems) -> Vec<(String, String)> {
    if scenario.expiry_ms <= 0 {
        problems.add(format!(
            "scenario {}: it expires before it is launched, give a longer expiry",
            scenario.name
        ));
    }
    if config.gateways.is_empty() {
        problems.add("no gateway for sms: configure one".to_owned());
    }
    let mut senders = Vec::new();
    for gateway in &config.gateways {
        let name = gateway.name();
        match judge_sender(gateway.sender()) {
            Ok(address) => senders.push((name.to_owned(), address.text.as_str().to_owned())),
            Err(problem) => problems.add(format!("gateway {name}: {problem}")),
        }
        if let Some(rate) = gateway.units_per_second()
            && (rate <= 0.0 || !rate.is_finite())
        {
            problems.add(format!("gateway {name}: its rate is {rate} per second, it must be above 0"));
        }
    }
    senders
}

fn offer(gateway: &GatewayConfig) -> Offer {
    Offer {
        gateway: gateway.name().to_owned(),
        channel: gateway.channel(),
        prefixes: gateway.prefixes().map(str::to_owned).collect(),
        priority: gateway.priority(),
    }
}

/// Seconds until the last gateway is through, each with the routes that ask it first. A gateway without a limit of
/// ours takes no time that could be told.
fn duration_s(rates: &[(String, Option<f64>)], router: &Router, parts: &[u64]) -> Option<f64> {
    let seconds = rates.iter().filter_map(|(gateway, rate)| {
        let first = |route: &&bealert_core::model::Route| route.gateways.first() == Some(gateway);
        let routes = router.routes().iter().zip(parts).filter(|(route, _)| first(route));
        let parts: u64 = routes.map(|(_, parts)| parts).sum();
        rate.filter(|_| parts > 0).map(|rate| parts as f64 / rate)
    });
    seconds.reduce(f64::max)
}

#[cfg(test)]
mod tests;
