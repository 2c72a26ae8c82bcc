//! How large letters are, and which relays take them.

use crate::campaign::Mailroom;
use crate::mail::Letters;
use crate::plan::problems::Fault;

/// Weighs the letters of a plan: exactly as relays do (RFC 1870 §6.1), since a letter has no dot that would be doubled,
/// and what each relay's sender adds to it is known. One that no relay takes refuses the plan; one that some take is
/// warned of.
#[derive(Debug)]
pub(super) struct Sizes {
    scenario: String,
    languages: Vec<String>,
    relays: Vec<Relay>,
}

#[derive(Debug)]
struct Relay {
    name: String,
    /// The largest message it takes, in octets; `None` without a limit, and where it was not met yet.
    most: Option<u64>,
    /// Octets of headers and signatures of its sender, by language.
    own: Vec<usize>,
    /// Letters that are larger.
    larger: u64,
    /// Octets of the largest letter.
    largest: u64,
}

impl Sizes {
    /// The relays of a plan: the first goes with identity `first` of the letters, and so on.
    pub(super) fn new(
        scenario: &str,
        letters: &Letters,
        mailroom: &Mailroom,
        names: &[&str],
        first: usize,
    ) -> Self {
        let languages = letters.languages().to_vec();
        let relay = |(at, name): (usize, &&str)| Relay {
            name: (*name).to_owned(),
            most: mailroom.largest(name),
            own: (0..languages.len()).map(|language| letters.octets_of(language, first + at)).collect(),
            larger: 0,
            largest: 0,
        };
        let relays = names.iter().enumerate().map(relay).collect();
        Self { scenario: scenario.to_owned(), languages, relays }
    }

    /// Weighs a letter that has so many octets besides those of its sender. Gives its size, from whichever sender it is
    /// largest, or what it is refused for with the size.
    pub(super) fn weigh(&mut self, language: usize, octets: usize) -> Result<u64, (Fault, u64)> {
        let (mut size, mut taken) = (0, false);
        for relay in &mut self.relays {
            let through = (octets + relay.own[language]) as u64;
            let fits = relay.most.is_none_or(|most| through <= most);
            relay.larger += u64::from(!fits);
            relay.largest = relay.largest.max(through);
            size = size.max(through);
            taken |= fits;
        }
        if taken || self.relays.is_empty() {
            return Ok(size);
        }
        let takes = |relay: &Relay| Some(format!("{} takes {} octets", relay.name, relay.most?));
        let takes: Vec<String> = self.relays.iter().filter_map(takes).collect();
        let (scenario, language) = (self.scenario.clone(), self.languages[language].clone());
        Err((Fault::TooLarge { scenario, language, takes: takes.join(", ") }, size))
    }

    /// Relays that letters have to go around.
    pub(super) fn warnings(&self) -> Vec<String> {
        let warning = |relay: &Relay| {
            let Relay { name, most, larger, largest, .. } = relay;
            let most = (*most).filter(|_| *larger > 0)?;
            Some(format!(
                "gateway {name}: it takes {most} octets, and {larger} of the e-mails are larger, up to {largest}: \
                 they wait for another relay"
            ))
        };
        self.relays.iter().filter_map(warning).collect()
    }
}
