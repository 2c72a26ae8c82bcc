//! What became of each dispatch, and when: the rows of a report.

use hashbrown::HashMap;

use super::faults::Faults;
use super::states::{Slot, States};
use crate::block::Person;
use crate::ledger::{Entry, Outcome};
use crate::model::{BlockMeta, CampaignId, CampaignRow, Channel, EXCLUDED, GatewayId};
use crate::outcome::{Mark, State, Step};
use crate::tally::Tally;

/// Stored where a time is not known.
const NEVER: i64 = i64::MIN;

/// The fold of one campaign: about 100 bytes per dispatch beside the texts of its ids.
///
/// Blocks are added first, each once, in any order; then the journal is applied in its order.
#[derive(Debug)]
pub struct Fold {
    campaign: CampaignId,
    states: States,
    details: [Vec<Detail>; Channel::ALL.len()],
    /// Host's ids by ordinal.
    ids: Vec<Span>,
    texts: Pool,
    /// Reasons are few and repeat: each is kept once.
    reasons: HashMap<Box<str>, Span>,
    gateways: HashMap<GatewayId, GatewayCount>,
    excluded: u64,
}

/// What became of one dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Where it stands.
    pub mark: Mark,
    /// Attempts that were made of it, or the most that were made of one of its parts.
    pub attempts: u8,
    /// The gateway of its last attempt, or [`GatewayId::NONE`].
    pub gateway: GatewayId,
    /// When it was first sent, as far as the journal tells: the time of the first answer less what
    /// that took. Unknown of what a crash left uncertain.
    pub submitted_at_ms: Option<i64>,
    /// When the gateway last took a part of it.
    pub accepted_at_ms: Option<i64>,
    /// When the last receipt of it came.
    pub receipt_at_ms: Option<i64>,
    /// Why it did not arrive: the last that went wrong, or why it was excluded; of what is uncertain why nobody
    /// knows. Empty where it did, but for what the bounce of another try said.
    pub reason: &'a str,
    /// The last that was said against it, whatever became of it then.
    pub said: &'a str,
    /// The far end's id of what it took last.
    pub remote: &'a str,
}

/// Rows of the journal about one gateway, by step: a row per attempt and part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayCount {
    /// Which gateway.
    pub gateway: GatewayId,
    steps: [u64; Step::ALL.len()],
}

#[derive(Debug, Clone, Copy)]
struct Detail {
    submitted_at_ms: i64,
    accepted_at_ms: i64,
    receipt_at_ms: i64,
    reason: Span,
    /// Why an attempt is in doubt: a later one that failed does not say so.
    doubt: Span,
    /// What a bounce of one of several tries said.
    bounce: Span,
    remote: Span,
    gateway: GatewayId,
    attempts: u8,
}

impl Fold {
    /// The fold of a campaign without its blocks.
    pub fn new(campaign: &CampaignRow) -> Self {
        Self {
            campaign: campaign.id,
            states: States::new(campaign),
            details: Default::default(),
            ids: Vec::new(),
            texts: Pool::default(),
            reasons: HashMap::new(),
            gateways: HashMap::new(),
            excluded: 0,
        }
    }

    /// Adds the dispatches of a block.
    pub fn add_block(&mut self, meta: &BlockMeta, people: &[Person<'_>]) {
        self.states.add_block(meta, people);
        if meta.route == EXCLUDED {
            self.excluded += people.len() as u64;
        }
        for person in people {
            let reason = self.reason(person.reason);
            self.details[meta.key.channel as usize].push(Detail { reason, ..Detail::NEW });
            // Found by its ordinal: one that the states refused must not make the list long.
            if self.states.find(meta.key.channel, person.ordinal).is_some() {
                let at = person.ordinal as usize;
                if self.ids.len() <= at {
                    self.ids.resize(at + 1, Span::default());
                }
                if self.ids[at].len == 0 {
                    self.ids[at] = self.texts.keep(person.id);
                }
            }
        }
    }

    /// Applies an entry of the journal; those of other campaigns change nothing.
    pub fn apply(&mut self, entry: &Entry) {
        if entry.campaign() != Some(self.campaign) {
            return;
        }
        match entry {
            Entry::Outcome(outcome) => {
                if let Some(slot) = self.states.apply(outcome) {
                    self.note(slot, outcome);
                }
            }
            Entry::BlockEnd(end) => self.states.block_end(end),
            Entry::Notice(_) => {}
        }
    }

    /// What became of a person on a channel.
    pub fn row(&self, channel: Channel, ordinal: u32) -> Option<Row<'_>> {
        let slot = self.states.find(channel, ordinal)?;
        let mark = self.states.mark(slot);
        let detail = &self.details[channel as usize][slot.at];
        let reason = match mark.state() {
            State::Delivered | State::Confirmed => Span::NONE,
            // Of several tries one was taken: what is known of another is told beside it.
            State::Accepted => detail.bounce,
            State::Uncertain if detail.bounce != Span::NONE => detail.bounce,
            State::Uncertain => detail.doubt,
            _ => detail.reason,
        };
        Some(Row {
            mark,
            attempts: detail.attempts,
            gateway: detail.gateway,
            submitted_at_ms: known(detail.submitted_at_ms),
            accepted_at_ms: known(detail.accepted_at_ms),
            receipt_at_ms: known(detail.receipt_at_ms),
            reason: self.texts.get(reason),
            said: self.texts.get(detail.reason),
            remote: self.texts.get(detail.remote),
        })
    }

    /// Every dispatch, by channel and ordinal.
    pub fn rows(&self) -> impl Iterator<Item = (Channel, u32, Row<'_>)> {
        let ordinals = 0..self.ids.len() as u32;
        let all = Channel::ALL
            .into_iter()
            .flat_map(move |channel| ordinals.clone().map(move |ordinal| (channel, ordinal)));
        all.filter_map(|(channel, ordinal)| Some((channel, ordinal, self.row(channel, ordinal)?)))
    }

    /// The host's id of a person.
    pub fn id(&self, ordinal: u32) -> &str {
        self.ids.get(ordinal as usize).map_or("", |span| self.texts.get(*span))
    }

    /// Counts per channel in use ([`Tally::settled`]).
    pub fn tallies(&self) -> Vec<(Channel, Tally)> {
        self.states.tallies()
    }

    /// Counts per gateway, by number.
    pub fn gateways(&self) -> Vec<GatewayCount> {
        let mut all: Vec<GatewayCount> = self.gateways.values().copied().collect();
        all.sort_by_key(|count| count.gateway);
        all
    }

    /// Dispatches that were excluded from the start.
    pub fn excluded(&self) -> u64 {
        self.excluded
    }

    /// What did not fit.
    pub fn faults(&self) -> &Faults {
        self.states.faults()
    }

    fn note(&mut self, slot: Slot, outcome: &Outcome) {
        let reason = outcome.detail.as_deref().filter(|_| went_wrong(outcome.step));
        let reason = reason.map(|reason| self.reason(reason));
        let taken = outcome.step == Step::Accepted && !outcome.remote.is_empty();
        let remote = taken.then(|| self.texts.keep(&outcome.remote));
        let detail = &mut self.details[slot.channel as usize][slot.at];
        if let Some(reason) = reason {
            detail.reason = reason;
            if outcome.step.doubts() {
                detail.doubt = reason;
            }
            if outcome.step == Step::Bounced {
                detail.bounce = reason;
            }
        }
        if let Some(remote) = remote {
            detail.remote = remote;
        }
        // An intent is no attempt: it may be taken back before anything left.
        let attempted = outcome.step != Step::Submitting;
        // A receipt that names its attempt came through no gateway: it counts for the one that took the last.
        let named = outcome.channel.receipts_name_attempts()
            && outcome.gateway == GatewayId::NONE
            && matches!(outcome.step, Step::Delivered | Step::Failed | Step::Disproved | Step::Bounced);
        let gateway = if named { detail.gateway } else { outcome.gateway };
        if attempted && gateway != GatewayId::NONE {
            let new = GatewayCount { gateway, steps: Default::default() };
            self.gateways.entry(gateway).or_insert(new).steps[outcome.step as usize] += 1;
            detail.gateway = gateway;
        }
        // What a crash left uncertain has no gateway where it was a first attempt.
        if attempted && (outcome.gateway != GatewayId::NONE || outcome.step.doubts()) {
            detail.attempts = detail.attempts.max(outcome.attempt);
        }
        detail.time(outcome);
    }

    fn reason(&mut self, reason: &str) -> Span {
        if reason.is_empty() {
            return Span::default();
        }
        if let Some(known) = self.reasons.get(reason) {
            return *known;
        }
        let span = self.texts.keep(reason);
        self.reasons.insert(reason.into(), span);
        span
    }
}

impl GatewayCount {
    /// Rows with that step.
    pub fn of(&self, step: Step) -> u64 {
        self.steps[step as usize]
    }
}

impl Detail {
    const NEW: Detail = Detail {
        submitted_at_ms: NEVER,
        accepted_at_ms: NEVER,
        receipt_at_ms: NEVER,
        reason: Span::NONE,
        doubt: Span::NONE,
        bounce: Span::NONE,
        remote: Span::NONE,
        gateway: GatewayId::NONE,
        attempts: 0,
    };

    fn time(&mut self, outcome: &Outcome) {
        let at_ms = outcome.at_ms;
        let answer = match outcome.step {
            Step::Submitting | Step::Accepted => true,
            Step::Deferred | Step::Failed | Step::Resend | Step::Uncertain => outcome.took_us > 0,
            _ => false,
        };
        if answer && self.submitted_at_ms == NEVER {
            self.submitted_at_ms = at_ms - i64::from(outcome.took_us / 1_000);
        }
        match outcome.step {
            // One that was relayed comes through no gateway, and was accepted before.
            Step::Accepted if outcome.gateway == GatewayId::NONE => {}
            Step::Accepted => self.accepted_at_ms = at_ms,
            Step::Delivered | Step::Confirmed => self.receipt_at_ms = at_ms,
            Step::Failed if self.accepted_at_ms != NEVER => self.receipt_at_ms = at_ms,
            _ => {}
        }
    }
}

/// Texts one after the other.
#[derive(Debug, Default)]
struct Pool(String);

/// A text in a [`Pool`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Span {
    at: u32,
    len: u32,
}

impl Span {
    const NONE: Span = Span { at: 0, len: 0 };
}

impl Pool {
    /// Keeps a text; beyond 4 GB none.
    fn keep(&mut self, text: &str) -> Span {
        let (Ok(at), Ok(len)) = (u32::try_from(self.0.len()), u32::try_from(text.len())) else {
            return Span::default();
        };
        self.0.push_str(text);
        Span { at, len }
    }

    fn get(&self, span: Span) -> &str {
        &self.0[span.at as usize..][..span.len as usize]
    }
}

fn known(at_ms: i64) -> Option<i64> {
    (at_ms != NEVER).then_some(at_ms)
}

fn went_wrong(step: Step) -> bool {
    !matches!(step, Step::Submitting | Step::Accepted | Step::Delivered | Step::Confirmed)
}
