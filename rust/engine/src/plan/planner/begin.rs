//! What is known of a plan before its people are: the scenario, its content, and who sends.

use bealert_core::model::Channel;
use bealert_core::route::Offer;

use super::email::{EmailComposer, IDENTITY};
use super::lane::{Composer, Lane, Pace};
use super::sizes::Sizes;
use super::sms::SmsComposer;
use crate::campaign::Mailroom;
use crate::config::{Config, GatewayConfig, ScenarioConfig, SmtpConfig};
use crate::mail::{Identity, LetterSettings, Letters, Mailbox, MailboxProblem};
use crate::plan::frozen::Senders;
use crate::plan::numbers::Numbers;
use crate::plan::problems::{PlanRefused, Problems};
use crate::plan::sender::judge_sender;
use crate::plan::templates::Content;

/// Languages of a scenario: blocks store which one in an octet.
const MAX_LANGUAGES: usize = 256;

/// Who letters are from while they are judged, where no sender is usable: what is wrong with the content is said
/// all the same.
const NOBODY: &str = "nobody@alert.invalid";

/// When letters are sent while they are judged: `t=` of a signature has ten digits until the year 2286.
const SOME_TIME_MS: i64 = 1_800_000_000_000;

/// The scenario of a name.
pub(super) fn scenario<'a>(config: &'a Config, name: &str) -> Result<&'a ScenarioConfig, PlanRefused> {
    config.scenario(name).ok_or_else(|| {
        let known: Vec<&str> = config.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        let hint = match &known[..] {
            [] => "the configuration has none".to_owned(),
            known => format!("there are {}", known.join(", ")),
        };
        PlanRefused { problems: vec![format!("no scenario {name:?}: {hint}")] }
    })
}

/// The channels that a scenario has content for. One without any is planned as SMS, which says what it lacks.
pub(super) fn channels(scenario: &ScenarioConfig) -> Vec<Channel> {
    match (scenario.sms.is_empty(), scenario.email.is_empty()) {
        (false, false) => vec![Channel::Sms, Channel::Email],
        (true, false) => vec![Channel::Email],
        (_, true) => vec![Channel::Sms],
    }
}

/// Judges gateways and expiry, and gives the senders as they are frozen.
pub(super) fn judge(config: &Config, scenario: &ScenarioConfig, problems: &mut Problems) -> Senders {
    if scenario.expiry_ms <= 0 {
        problems.add(format!(
            "scenario {}: it expires before it is launched, give a longer expiry",
            scenario.name
        ));
    }
    let mut senders = Senders::default();
    for channel in channels(scenario) {
        let of_channel = |gateway: &&GatewayConfig| gateway.channel() == channel;
        if !config.gateways.iter().any(|gateway| of_channel(&gateway)) {
            problems.add(format!("no gateway for {channel}: configure one"));
        }
        for gateway in config.gateways.iter().filter(of_channel) {
            let name = gateway.name();
            let sender = match gateway {
                GatewayConfig::Smpp(smpp) => sms_sender(&smpp.sender),
                GatewayConfig::Smtp(smtp) => mail_sender(config, smtp),
            };
            match sender {
                Ok(sender) => senders.of_mut(channel).push((name.to_owned(), sender)),
                Err(problem) => problems.add(format!("gateway {name}: {problem}")),
            }
            if let Some(rate) = gateway.units_per_second()
                && (rate <= 0.0 || !rate.is_finite())
            {
                problems.add(format!("gateway {name}: its rate is {rate} per second, it must be above 0"));
            }
        }
    }
    senders
}

/// The lane of each channel, or `None` where its content can't be used.
pub(super) fn lanes(
    config: &Config,
    scenario: &ScenarioConfig,
    senders: &Senders,
    mailroom: &Mailroom,
    problems: &mut Problems,
) -> Option<Vec<Lane>> {
    let lane = |channel| {
        let composer = match channel {
            Channel::Email => email(scenario, senders, mailroom, problems),
            _ => sms(config, scenario, problems),
        };
        let gateways = config.gateways.iter().filter(|gateway| gateway.channel() == channel);
        let paces = gateways.map(pace).collect();
        Some(Lane::new(channel, composer?, &config.languages, paces))
    };
    // Each says what is wrong with it, before the first that is unusable ends it.
    let lanes: Vec<Option<Lane>> = channels(scenario).into_iter().map(lane).collect();
    lanes.into_iter().collect()
}

/// What a gateway offers to route by.
pub(super) fn offer(gateway: &GatewayConfig) -> Offer {
    Offer {
        gateway: gateway.name().to_owned(),
        channel: gateway.channel(),
        prefixes: gateway.prefixes().map(str::to_owned).collect(),
        priority: gateway.priority(),
        weight: gateway.weight(),
        domains: gateway.domains().iter().map(|(domain, _)| domain.clone()).collect(),
    }
}

fn pace(gateway: &GatewayConfig) -> Pace {
    Pace {
        gateway: gateway.name().to_owned(),
        units_per_second: gateway.units_per_second(),
        domains: gateway.domains().to_vec(),
    }
}

fn sms(config: &Config, scenario: &ScenarioConfig, problems: &mut Problems) -> Option<Box<dyn Composer>> {
    let numbers = Numbers::new(config.default_country.as_deref())
        .map_err(|problem| problems.add(format!("default_country: {problem}")));
    if !few(scenario, scenario.sms.len(), problems) {
        return None;
    }
    let content = Content::compile(&scenario.sms).map_err(|found| add_all(scenario, found, problems));
    Some(Box::new(SmsComposer::new(content.ok()?, numbers.ok()?)))
}

fn email(
    scenario: &ScenarioConfig,
    senders: &Senders,
    mailroom: &Mailroom,
    problems: &mut Problems,
) -> Option<Box<dyn Composer>> {
    if !few(scenario, scenario.email.len(), problems) {
        return None;
    }
    let parsed = |sender: &str| Mailbox::parse(sender).expect("senders were judged");
    let names: Vec<&str> = senders.email.iter().map(|(gateway, _)| gateway.as_str()).collect();
    let first = senders.email.first().map_or(NOBODY, |(_, sender)| sender);
    // What is rendered is signed by nobody: a plan asks whether a letter can be made, and how large it is.
    let mut identities = vec![Identity::new(parsed(first), None, &[])];
    let relays = senders.email.iter();
    identities.extend(relays.map(|(gateway, sender)| mailroom.identity(gateway, parsed(sender))));
    let settings = LetterSettings {
        kind: scenario.kind,
        drill: false,
        launched_at_ms: SOME_TIME_MS,
        campaign: 0,
        hash_key: (0, 0),
        unsubscribe: scenario.unsubscribe.clone(),
        identities,
    };
    let letters = Letters::compile(&scenario.email, &settings);
    let letters = letters.map_err(|found| add_all(scenario, found, problems));
    let letters = letters.ok()?;
    let sizes = Sizes::new(&scenario.name, &letters, mailroom, &names, IDENTITY + 1);
    Some(Box::new(EmailComposer::new(letters, sizes)))
}

fn few(scenario: &ScenarioConfig, languages: usize, problems: &mut Problems) -> bool {
    if languages > MAX_LANGUAGES {
        problems.add(format!("scenario {}: more than {MAX_LANGUAGES} languages", scenario.name));
    }
    languages <= MAX_LANGUAGES
}

fn add_all(
    scenario: &ScenarioConfig,
    found: impl IntoIterator<Item = impl std::fmt::Display>,
    problems: &mut Problems,
) {
    for problem in found {
        problems.add(format!("scenario {}: {problem}", scenario.name));
    }
}

fn sms_sender(sender: &str) -> Result<String, String> {
    let address = judge_sender(sender).map_err(|problem| problem.to_string())?;
    Ok(address.text.as_str().to_owned())
}

/// The sender of a relay, which has to be one that may be sent from. It is frozen as it was written.
fn mail_sender(config: &Config, smtp: &SmtpConfig) -> Result<String, String> {
    let sender = Mailbox::parse(&smtp.sender);
    let sender = sender.map_err(|problem: MailboxProblem| format!("sender {:?}: {problem}", smtp.sender))?;
    let address = sender.address();
    if config.may_send_from(address.local(), address.domain()) {
        Ok(smtp.sender.trim().to_owned())
    } else {
        Err(format!("sender {:?} is none of the senders that the configuration allows", address.as_str()))
    }
}
