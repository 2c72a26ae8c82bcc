//! One channel of a plan: who is sent to on it, in which language, and what that costs.

use std::fmt;

use bealert_core::model::{Channel, Route};
use bealert_wire::text::Encoding;

use crate::plan::digest::Judged;
use crate::plan::finished::{ChannelPlan, Example};
use crate::plan::language::Languages;
use crate::plan::problems::Fault;
use crate::plan::recipient::RecipientIn;
use crate::plan::values::Values;

/// What a channel makes of people: an address of what was given, and a message of a content.
pub(super) trait Composer: fmt::Debug + Send {
    /// The languages there is content for.
    fn languages(&self) -> &[String];

    /// Every name that some template may look up.
    fn names(&self) -> &[String];

    /// Puts the address that the person is sent to into `address`, or says why there is none.
    fn judge(&self, person: &RecipientIn<'_>, address: &mut String) -> Result<(), String>;

    /// Composes the message of the person whose address was judged last, and says what it costs.
    fn compose(&mut self, at: &Reader<'_>) -> Result<Cost, Refused>;

    /// The message that was composed last, as people read it.
    fn example(&self, at: &Reader<'_>) -> Shown;

    /// What will not go as one would think.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Why somebody is excluded whose address no gateway takes.
    fn nobody_takes(&self) -> &'static str;
}

/// Who reads a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) ordinal: u32,
    pub(super) address: &'a str,
    /// Index of the content's languages.
    pub(super) language: usize,
    pub(super) values: &'a Values<'a>,
}

/// What a message costs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// In the unit of the channel.
    pub(super) units: u8,
    /// What the alphabet of an SMS is, and what forced it.
    pub(super) encoding: Option<(Encoding, Option<char>)>,
    /// Octets of an e-mail.
    pub(super) octets: u64,
}

/// Why a person can't be sent to and the plan is refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) fault: Fault,
    /// What is said of the person besides the id.
    pub(super) more: String,
}

/// What people read.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) subject: Option<String>,
    pub(super) text: String,
}

/// A channel of the scenario, and what was found on it so far.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) channel: Channel,
    pub(super) composer: Box<dyn Composer>,
    pub(super) example: Option<Example>,
    languages: Languages,
    /// Gateways of the channel, for the time it takes.
    paces: Vec<Pace>,
    sums: Sums,
    /// What was made of the person who is planned now.
    pub(super) address: String,
    pub(super) language: usize,
    pub(super) unreachable: Option<String>,
}

/// How fast a gateway may be sent through.
#[derive(Debug)]
pub(super) struct Pace {
    pub(super) gateway: String,
    pub(super) units_per_second: Option<f64>,
    /// To domains that have a limit of their own.
    pub(super) domains: Vec<(String, f64)>,
}

/// What is summed up over the people that are sent to.
#[derive(Debug, Default)]
struct Sums {
    people: u64,
    encoding: Option<(Encoding, Option<char>)>,
    /// Units by route.
    units: Vec<u64>,
    octets: u64,
    largest_octets: u64,
}

impl Lane {
    pub(super) fn new(
        channel: Channel,
        composer: Box<dyn Composer>,
        fallbacks: &[String],
        paces: Vec<Pace>,
    ) -> Self {
        Self {
            channel,
            languages: Languages::new(composer.languages(), fallbacks),
            composer,
            example: None,
            paces,
            sums: Sums::default(),
            address: String::new(),
            language: 0,
            unreachable: None,
        }
    }

    /// Chooses the language of a person, and makes an address of what was given.
    pub(super) fn judge(&mut self, person: &RecipientIn<'_>) {
        self.language = self.languages.choose(person.language);
        self.unreachable = self.composer.judge(person, &mut self.address).err();
    }

    /// What was made of the person who was judged last.
    pub(super) fn judged(&self) -> Judged<'_> {
        let address = self.unreachable.is_none().then_some(self.address.as_str());
        Judged { address, language: self.language }
    }

    /// Counts a person who is sent to on a route.
    pub(super) fn add(&mut self, route: u16, cost: Cost) {
        let route = usize::from(route);
        let sums = &mut self.sums;
        if sums.units.len() <= route {
            sums.units.resize(route + 1, 0);
        }
        sums.units[route] += u64::from(cost.units);
        sums.people += 1;
        sums.octets += cost.octets;
        sums.largest_octets = sums.largest_octets.max(cost.octets);
        if let Some((Encoding::Ucs2, _)) = cost.encoding
            && !matches!(sums.encoding, Some((Encoding::Ucs2, _)))
        {
            sums.encoding = cost.encoding;
        }
    }

    /// What it comes to, for so many people in all, over these routes.
    pub(super) fn plan(&self, excluded: u64, routes: &[Route]) -> ChannelPlan {
        let (encoding, forced_by) = match (self.channel, self.sums.encoding) {
            (_, Some((encoding, forced_by))) => (Some(encoding), forced_by),
            (Channel::Sms, None) => (Some(Encoding::Gsm), None),
            (_, None) => (None, None),
        };
        ChannelPlan {
            channel: self.channel,
            people: self.sums.people,
            excluded,
            parts: self.sums.units.iter().sum(),
            encoding,
            forced_by,
            octets: self.sums.octets,
            largest_octets: self.sums.largest_octets,
            duration_s: self.duration_s(routes),
        }
    }

    /// Seconds until the last gateway is through, each with the routes that ask it first, and each domain with a
    /// limit of its own. A gateway without a limit of ours takes no time that could be told.
    fn duration_s(&self, routes: &[Route]) -> Option<f64> {
        let seconds = self.paces.iter().flat_map(|pace| {
            let units = |fits: &dyn Fn(&Route) -> bool| -> u64 {
                let routes = routes.iter().zip(&self.sums.units);
                let first = |route: &Route| route.gateways.first() == Some(&pace.gateway);
                routes.filter(|(route, _)| first(route) && fits(route)).map(|(_, units)| units).sum()
            };
            let whole = pace.units_per_second.map(|rate| (units(&|_| true), rate));
            let domains = pace
                .domains
                .iter()
                .map(|(domain, rate)| (units(&|route| route.domain.as_ref() == Some(domain)), *rate));
            let known: Vec<(u64, f64)> = whole.into_iter().chain(domains).collect();
            known.into_iter().filter(|(units, _)| *units > 0).map(|(units, rate)| units as f64 / rate)
        });
        seconds.reduce(f64::max)
    }
}
