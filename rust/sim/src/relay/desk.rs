//! Where it is decided what is answered, and entered in the books.

use std::collections::HashMap;

use bealert_wire::smtp::server::{Credentials, Flaws, MailFrom};
use bealert_wire::smtp::{BodyKind, EnhancedCode, Phase, Reply};

use super::books::Books;
use super::config::RelayConfig;
use super::draft::Draft;
use super::faults::{Fate, Faults, Rule};
use super::taken::Taken;
use crate::bucket::Bucket;
use crate::chance::Chance;
use crate::digest::digest;

/// Pairs of sender and recipient that are remembered for greylisting: beyond it the relay forgets all of them, and
/// asks once more.
const MAX_GREYLISTED: usize = 1 << 20;

/// The desk at which every command is judged.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) books: Books,
    pub(super) taken: Taken,
    /// For what is decided anew each time.
    chance: Chance,
    seed: u64,
    bucket: Bucket,
    /// When each pair first came.
    greylist: HashMap<u64, u64>,
    /// How often a rule with a count was applied, by its place in the list and the address.
    applied: HashMap<(usize, u64), u32>,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    Yes,
    No(Reply),
    /// What the rule at this place of the list says.
    Rule(usize),
}

impl Verdict {
    /// Whether what was asked is done.
    pub(super) fn does(self, faults: &Faults) -> bool {
        match self {
            Self::Yes => true,
            Self::No(_) => false,
            Self::Rule(place) => match &faults.rules[place].fate {
                Fate::Reply(reply) => reply.code < 400,
                Fate::Swallow | Fate::Reset => false,
                Fate::Garble(_) | Fate::Silent | Fate::ResetAfter | Fate::Report(_) => true,
            },
        }
    }
}

impl Desk {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            books: Books::default(),
            taken: Taken::default(),
            chance: Chance::new(seed),
            seed,
            bucket: Bucket::default(),
            greylist: HashMap::new(),
            applied: HashMap::new(),
        }
    }

    /// What rules were applied to does not count under new rules.
    pub(super) fn forget_rules(&mut self) {
        self.applied.clear();
    }

    /// Of phases where there is nothing but rules.
    pub(super) fn judge(&mut self, faults: &Faults, phase: Phase) -> Verdict {
        self.rule(faults, phase, "").map_or(Verdict::Yes, Verdict::Rule)
    }

    pub(super) fn greeting(&mut self, faults: &Faults, crowded: bool) -> Verdict {
        match self.rule(faults, Phase::Greeting, "") {
            Some(place) => Verdict::Rule(place),
            None if crowded => no(421, (4, 7, 0), "Too many connections"),
            None => Verdict::Yes,
        }
    }

    pub(super) fn account(&mut self, config: &RelayConfig, said: &Credentials<'_>) -> Verdict {
        let differs = |wanted: &Option<String>, got| wanted.as_deref().is_some_and(|wanted| wanted != got);
        match self.rule(&config.faults, Phase::Auth, "") {
            Some(place) => Verdict::Rule(place),
            None if differs(&config.user, said.user) || differs(&config.password, said.secret) => {
                no(535, (5, 7, 8), "Authentication credentials invalid")
            }
            None => Verdict::Yes,
        }
    }

    /// `messages` were begun on this connection.
    #[inline]
    pub(super) fn mail(
        &mut self,
        now_us: u64,
        faults: &Faults,
        messages: u32,
        mail: &MailFrom<'_>,
    ) -> Verdict {
        if let Some(place) = self.rule(faults, Phase::Mail, mail.sender) {
            return Verdict::Rule(place);
        }
        if faults.max_messages.is_some_and(|most| messages >= most) {
            self.books.throttled += 1;
            return no(421, (4, 7, 0), "Too many messages on this connection");
        }
        if faults.limit.is_some_and(|limit| !self.bucket.take(now_us, limit)) {
            self.books.throttled += 1;
            let code = if faults.limit_hangs_up { 421 } else { 454 };
            return no(code, (4, 7, 0), "Throttling: sending rate exceeded");
        }
        Verdict::Yes
    }

    #[inline]
    pub(super) fn rcpt(&mut self, now_us: u64, faults: &Faults, sender: &str, recipient: &str) -> Verdict {
        if let Some(place) = self.rule(faults, Phase::Rcpt, recipient) {
            return Verdict::Rule(place);
        }
        if faults.refuse > 0.0 && self.always(recipient, 0).happens(faults.refuse) {
            return no(550, (5, 1, 1), "No such user");
        }
        match faults.greylist_us {
            Some(greylist_us) if self.is_new(now_us, greylist_us, sender, recipient) => {
                self.books.greylisted += 1;
                no(450, (4, 7, 1), "Greylisted, come again later")
            }
            _ => Verdict::Yes,
        }
    }

    /// Of the whole message, for this recipient.
    #[inline]
    pub(super) fn dot(&mut self, faults: &Faults, recipient: &str) -> Verdict {
        match self.rule(faults, Phase::Dot, recipient) {
            Some(place) => Verdict::Rule(place),
            None if self.chance.happens(faults.defer) => no(451, (4, 3, 0), "Try again later"),
            None => Verdict::Yes,
        }
    }

    /// Takes the message for one of its recipients. Gives whether it will be told that it did not arrive after all.
    #[inline]
    pub(super) fn take(&mut self, faults: &Faults, recipient: &str, name: &[u8]) -> bool {
        let new = self.taken.enter(self.seed, recipient, name);
        self.books.messages += 1;
        self.books.unique += u64::from(new);
        self.books.duplicates += u64::from(!new);
        faults.bounces > 0.0 && self.always(recipient, 1).happens(faults.bounces)
    }

    /// Enters a whole message, taken or not.
    #[inline]
    pub(super) fn note_content(&mut self, flaws: Flaws, draft: &Draft) {
        let undeclared = flaws.eight_bit && draft.body != Some(BodyKind::EightBit) && !draft.utf8;
        self.books.malformed += u64::from(flaws.bare_newline || flaws.nul || undeclared);
    }

    /// Enters a no, but those that are counted on their own.
    pub(super) fn note_refusal(&mut self, phase: Phase, reply: &Reply) {
        self.books.hung_up += u64::from(reply.code == 421);
        let own = matches!(reply.enhanced, Some(EnhancedCode(4, 7, _)));
        match phase {
            Phase::Greeting => self.books.refused_connections += 1,
            Phase::Auth => self.books.refused_accounts += 1,
            Phase::Mail | Phase::Rcpt | Phase::Data | Phase::Dot if reply.is_permanent() => {
                self.books.refused += 1
            }
            Phase::Mail | Phase::Rcpt if own => {}
            Phase::Mail | Phase::Rcpt | Phase::Data | Phase::Dot => self.books.deferred += 1,
            _ => {}
        }
    }

    /// The first rule that fits, if it is one that hits.
    #[inline]
    fn rule(&mut self, faults: &Faults, phase: Phase, address: &str) -> Option<usize> {
        let fits = |rule: &Rule| rule.phase == phase && rule.who.as_ref().is_none_or(|who| who.fits(address));
        for (place, rule) in faults.rules.iter().enumerate().filter(|(_, rule)| fits(rule)) {
            let for_good = matches!(&rule.fate, Fate::Reply(reply) if reply.is_permanent())
                || matches!(rule.fate, Fate::Report(_));
            let hits = if for_good && !address.is_empty() {
                self.always(address, 2 + place as u64).happens(rule.share)
            } else {
                self.chance.happens(rule.share)
            };
            let Some(times) = rule.times.filter(|_| hits) else {
                if hits {
                    return Some(place);
                }
                continue;
            };
            let of = rule.who.as_ref().map_or(0, |_| digest([address.as_bytes(), b"", b""]));
            let applied = self.applied.entry((place, of)).or_default();
            if *applied < times {
                *applied += 1;
                return Some(place);
            }
        }
        None
    }

    /// Chance that is the same for an address whenever it comes.
    fn always(&self, address: &str, what: u64) -> Chance {
        let of = digest([address.as_bytes(), &what.to_le_bytes(), b""]);
        Chance::new(of ^ self.seed.rotate_left(32))
    }

    fn is_new(&mut self, now_us: u64, greylist_us: u64, sender: &str, recipient: &str) -> bool {
        if self.greylist.len() >= MAX_GREYLISTED {
            self.greylist.clear();
        }
        let pair = digest([sender.as_bytes(), recipient.as_bytes(), b""]);
        let first_us = *self.greylist.entry(pair).or_insert(now_us);
        now_us.saturating_sub(first_us) < greylist_us
    }
}

fn no(code: u16, (class, subject, detail): (u8, u16, u16), text: &str) -> Verdict {
    Verdict::No(Reply::new(code, Some(EnhancedCode(class, subject, detail)), text))
}
