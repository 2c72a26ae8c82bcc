//! What becomes of a dispatch: one table of transitions, and the byte that holds a state.
//!
//! Everything that changes a state stands in [`TABLE`]; the diagram of the documentation is
//! generated from it by [`mermaid`].

use thiserror::Error;

/// Where a dispatch (or one part of it) stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// Not handed to a gateway yet.
    Queued = 0,
    /// Handed to a gateway, or about to be under a durable intent; no answer yet.
    Submitted = 1,
    /// To be sent again: refused for now, or uncertain with a resend due.
    Waiting = 2,
    /// Taken by the gateway. The end state where no receipt came or is to be had.
    Accepted = 3,
    /// Receipt: it reached the person.
    Delivered = 4,
    /// The person said so.
    Confirmed = 5,
    /// Refused for good, or a receipt says it did not arrive.
    Failed = 6,
    /// Not sent by the campaign's expiry; nothing can have left.
    Expired = 7,
    /// Cancelled before it was sent; nothing can have left.
    Cancelled = 8,
    /// Never meant to be sent: excluded, with a reason.
    Skipped = 9,
    /// May have left; nobody knows.
    Uncertain = 10,
}

use State as S;

impl State {
    const ALL: [State; 11] = [
        S::Queued,
        S::Submitted,
        S::Waiting,
        S::Accepted,
        S::Delivered,
        S::Confirmed,
        S::Failed,
        S::Expired,
        S::Cancelled,
        S::Skipped,
        S::Uncertain,
    ];

    /// The name shown to people.
    pub fn name(self) -> &'static str {
        [
            "queued",
            "submitted",
            "waiting",
            "accepted",
            "delivered",
            "confirmed",
            "failed",
            "expired",
            "cancelled",
            "skipped",
            "uncertain",
        ][self as usize]
    }

    /// Whether [`TABLE`] has this step from it.
    pub(crate) fn bears(self, step: Step) -> bool {
        NEXT[self as usize][step as usize] != 255
    }

    /// Whether the dispatch still has something to be sent or answered.
    pub fn open(self) -> bool {
        matches!(self, S::Queued | S::Submitted | S::Waiting)
    }
}

/// One step in the life of an attempt: the `state` column of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Step {
    /// Handed to a session under a block's reservation. Lives in memory only.
    HandedOut = 0,
    /// The durable intent of a retry, failover or resend.
    Submitting = 1,
    /// The gateway took it.
    Accepted = 2,
    /// The gateway refused it for now, or it never left; it will be tried again.
    Deferred = 3,
    /// Nobody knows whether it left; it will be sent again.
    Resend = 4,
    /// Nobody knows whether it left; it stays so.
    Uncertain = 5,
    /// An attempt that was uncertain is now known to have failed.
    Disproved = 6,
    /// Refused for good, or reported undeliverable.
    Failed = 7,
    /// Reported delivered.
    Delivered = 8,
    /// Confirmed by the person.
    Confirmed = 9,
    /// Not sent in time.
    Expired = 10,
    /// Cancelled before it was sent.
    Cancelled = 11,
    /// Excluded.
    Skipped = 12,
    /// One of several attempts was reported undeliverable. Nobody knows which, or another was taken too: it says
    /// nothing of the dispatch.
    Bounced = 13,
}

impl Step {
    /// Every step, in the order of its number.
    pub const ALL: [Step; 14] = [
        Step::HandedOut,
        Step::Submitting,
        Step::Accepted,
        Step::Deferred,
        Step::Resend,
        Step::Uncertain,
        Step::Disproved,
        Step::Failed,
        Step::Delivered,
        Step::Confirmed,
        Step::Expired,
        Step::Cancelled,
        Step::Skipped,
        Step::Bounced,
    ];

    /// The step of a stored number.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The name that events show.
    pub fn name(self) -> &'static str {
        match self {
            Step::HandedOut => "submitted",
            Step::Submitting => "submitting",
            Step::Accepted => "accepted",
            Step::Deferred => "deferred",
            Step::Resend | Step::Uncertain => "uncertain",
            Step::Disproved | Step::Failed => "failed",
            Step::Delivered => "delivered",
            Step::Confirmed => "confirmed",
            Step::Expired => "expired",
            Step::Cancelled => "cancelled",
            Step::Skipped => "skipped",
            Step::Bounced => "bounced",
        }
    }

    /// Whether it says that nobody knows what became of an attempt.
    pub fn doubts(self) -> bool {
        matches!(self, Step::Resend | Step::Uncertain)
    }
}

/// Every transition there is: `(from, step, to)`.
///
/// First attempts leave no row when they are handed out, so a fold of the journal sees the answers
/// of `queued` dispatches; therefore `queued` and `submitted` take the same answers. The rows at the
/// end hold what a second attempt still hears after the first has settled the matter.
pub const TABLE: &[(State, Step, State)] = &[
    (S::Queued, Step::HandedOut, S::Submitted),
    (S::Queued, Step::Submitting, S::Submitted),
    (S::Queued, Step::Accepted, S::Accepted),
    (S::Queued, Step::Deferred, S::Waiting),
    (S::Queued, Step::Resend, S::Waiting),
    (S::Queued, Step::Uncertain, S::Uncertain),
    (S::Queued, Step::Failed, S::Failed),
    (S::Queued, Step::Delivered, S::Delivered),
    (S::Queued, Step::Expired, S::Expired),
    (S::Queued, Step::Cancelled, S::Cancelled),
    (S::Queued, Step::Skipped, S::Skipped),
    (S::Submitted, Step::Accepted, S::Accepted),
    (S::Submitted, Step::Deferred, S::Waiting),
    (S::Submitted, Step::Resend, S::Waiting),
    (S::Submitted, Step::Uncertain, S::Uncertain),
    (S::Submitted, Step::Disproved, S::Submitted),
    (S::Submitted, Step::Failed, S::Failed),
    (S::Submitted, Step::Delivered, S::Delivered),
    (S::Submitted, Step::Confirmed, S::Confirmed),
    (S::Submitted, Step::Expired, S::Expired),
    (S::Submitted, Step::Cancelled, S::Cancelled),
    (S::Waiting, Step::Submitting, S::Submitted),
    (S::Waiting, Step::Accepted, S::Accepted),
    (S::Waiting, Step::Disproved, S::Waiting),
    (S::Waiting, Step::Delivered, S::Delivered),
    (S::Waiting, Step::Confirmed, S::Confirmed),
    (S::Waiting, Step::Expired, S::Expired),
    (S::Waiting, Step::Cancelled, S::Cancelled),
    (S::Accepted, Step::Delivered, S::Delivered),
    (S::Accepted, Step::Confirmed, S::Confirmed),
    (S::Accepted, Step::Failed, S::Failed),
    (S::Delivered, Step::Confirmed, S::Confirmed),
    (S::Uncertain, Step::Accepted, S::Accepted),
    (S::Uncertain, Step::Delivered, S::Delivered),
    (S::Uncertain, Step::Confirmed, S::Confirmed),
    (S::Uncertain, Step::Disproved, S::Failed),
    (S::Failed, Step::Accepted, S::Accepted),
    (S::Failed, Step::Delivered, S::Delivered),
    (S::Failed, Step::Confirmed, S::Confirmed),
    (S::Accepted, Step::Accepted, S::Accepted),
    (S::Accepted, Step::Uncertain, S::Accepted),
    (S::Accepted, Step::Disproved, S::Accepted),
    (S::Delivered, Step::Accepted, S::Delivered),
    (S::Delivered, Step::Uncertain, S::Delivered),
    (S::Delivered, Step::Disproved, S::Delivered),
    (S::Delivered, Step::Failed, S::Delivered),
    (S::Delivered, Step::Delivered, S::Delivered),
    (S::Confirmed, Step::Accepted, S::Confirmed),
    (S::Confirmed, Step::Uncertain, S::Confirmed),
    (S::Confirmed, Step::Disproved, S::Confirmed),
    (S::Confirmed, Step::Failed, S::Confirmed),
    (S::Confirmed, Step::Delivered, S::Confirmed),
    (S::Uncertain, Step::Uncertain, S::Uncertain),
    (S::Failed, Step::Failed, S::Failed),
    (S::Failed, Step::Disproved, S::Failed),
    (S::Failed, Step::Uncertain, S::Uncertain),
    (S::Submitted, Step::Bounced, S::Submitted),
    (S::Waiting, Step::Bounced, S::Waiting),
    (S::Accepted, Step::Bounced, S::Accepted),
    (S::Uncertain, Step::Bounced, S::Uncertain),
];

/// [`TABLE`] laid out for the hot path: `NEXT[from][step]`, 255 where there is no edge.
static NEXT: [[u8; Step::ALL.len()]; State::ALL.len()] = {
    let mut next = [[255; Step::ALL.len()]; State::ALL.len()];
    let mut i = 0;
    while i < TABLE.len() {
        let (from, step, to) = TABLE[i];
        next[from as usize][step as usize] = to as u8;
        i += 1;
    }
    next
};

/// A step that the table does not have: a fault of ours, never of the far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no edge from {from:?} by {step:?}")]
pub struct IllegalStep {
    /// Where the dispatch stood.
    pub from: State,
    /// What was said of it.
    pub step: Step,
}

/// The state of a dispatch or part in a byte: the state, how many of its attempts are in doubt
/// (at most 3 are told apart), whether any ever was, and whether one was sent again after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark(u8);

const STATE: u8 = 0x0F;
const DOUBT: u8 = 0x10;
const DOUBTS: u8 = 0x30;
const DOUBTED: u8 = 0x40;
const RESENT: u8 = 0x80;

impl Mark {
    /// A dispatch that was excluded.
    pub const SKIPPED: Mark = Mark(S::Skipped as u8);

    /// The byte as a snapshot stores it.
    pub(crate) fn to_byte(self) -> u8 {
        self.0
    }

    /// The mark of a stored byte; `None` where no state has that number.
    pub(crate) fn from_byte(byte: u8) -> Option<Mark> {
        (usize::from(byte & STATE) < State::ALL.len()).then_some(Mark(byte))
    }

    /// The state alone.
    pub fn state(self) -> State {
        State::ALL[usize::from(self.0 & STATE)]
    }

    /// Whether an attempt is uncertain and unsettled.
    pub fn in_doubt(self) -> bool {
        self.0 & DOUBTS != 0
    }

    /// Whether any attempt was ever uncertain.
    pub fn doubted(self) -> bool {
        self.0 & DOUBTED != 0
    }

    /// Whether it was sent again while an attempt was uncertain: the person may get it twice.
    pub fn resent(self) -> bool {
        self.0 & RESENT != 0
    }

    /// The mark after `step`. What ends without having been sent, while an earlier attempt is
    /// in doubt, ends `uncertain`; where that attempt turned out to have failed, `failed`.
    ///
    /// # Errors
    /// [`IllegalStep`] where [`TABLE`] has no such edge.
    pub fn after(self, step: Step) -> Result<Mark, IllegalStep> {
        let from = self.state();
        let to = NEXT[from as usize][step as usize];
        if to == 255 {
            return Err(IllegalStep { from, step });
        }
        let mut flags = self.0 & !STATE;
        let mut to = State::ALL[usize::from(to)];
        match step {
            Step::Resend | Step::Uncertain => {
                flags |= DOUBTED;
                if flags & DOUBTS != DOUBTS {
                    flags += DOUBT;
                }
            }
            Step::Disproved if flags & DOUBTS != 0 => flags -= DOUBT,
            Step::Submitting if flags & DOUBTED != 0 => flags |= RESENT,
            // A late answer or a receipt of the attempt in doubt settles it.
            Step::Accepted | Step::Delivered | Step::Confirmed
                if matches!(from, S::Waiting | S::Uncertain) && flags & DOUBTS != 0 =>
            {
                flags -= DOUBT;
            }
            _ => {}
        }
        let ends_badly = matches!(to, S::Failed | S::Expired | S::Cancelled);
        if flags & DOUBTS != 0 && ends_badly {
            to = S::Uncertain;
        } else if flags & DOUBTED != 0 && ends_badly {
            to = S::Failed;
        }
        Ok(Mark(flags | to as u8))
    }

    /// The mark of a dispatch made of these parts: the message is as good as its worst part.
    pub fn combine(parts: &[Mark]) -> Mark {
        let flags = parts.iter().fold(0, |all, part| all | (part.0 & !STATE));
        Mark(flags | combined_state(parts) as u8)
    }
}

fn combined_state(parts: &[Mark]) -> State {
    let any = |state| parts.iter().any(|part| part.state() == state);
    let all = |state| parts.iter().all(|part| part.state() == state);
    let never_left = [S::Expired, S::Cancelled, S::Skipped];
    if all(S::Queued) {
        S::Queued
    } else if any(S::Submitted) {
        S::Submitted
    } else if any(S::Waiting) || any(S::Queued) {
        S::Waiting
    } else if let Some(same) = never_left.into_iter().find(|state| all(*state)) {
        same
    } else if any(S::Failed) || never_left.into_iter().any(any) {
        S::Failed
    } else {
        [S::Uncertain, S::Accepted, S::Delivered]
            .into_iter()
            .find(|state| any(*state))
            .unwrap_or(S::Confirmed)
    }
}

/// The transitions as a Mermaid state diagram, for the documentation.
pub fn mermaid() -> String {
    let mut text = String::from("stateDiagram-v2\n    [*] --> queued\n");
    for (from, step, to) in TABLE.iter().filter(|(from, _, to)| from != to) {
        let step = format!("{step:?}").to_lowercase();
        text.push_str(&format!("    {} --> {}: {step}\n", from.name(), to.name()));
    }
    text
}
