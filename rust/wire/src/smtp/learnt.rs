//! What connections to a relay teach about it, beyond what it says of itself.

use super::mode::Mode;

/// Refusals for now that every relay lets pass on one connection: Postfix slows down after ten errors.
pub(super) const FREE_REFUSALS: u32 = 8;

/// Connections that keep to a learnt cap before one may go beyond it. A restart that ends many connections at the same
/// count looks like a cap, and must not be one for good; asking a true one costs a message that comes back unsent.
const KEPT_BEFORE_A_TRIAL: u32 = 16;

/// The most of them, however often a cap has shown itself again.
const MOST_KEPT_BEFORE_A_TRIAL: u32 = 16_384;

/// What is known of a relay. Kept by whoever opens its connections, and given to each new one.
///
/// ```
/// use bealert_wire::smtp::{Learnt, Lesson, Mode};
/// let mut learnt = Learnt::default();
/// learnt.take(Lesson::TooFast { mode: Mode::Joined }); // its first `503` after a joined group
/// assert_eq!(learnt.ceiling, Mode::Pipelined);
/// learnt.take(Lesson::EndedAfter { messages: 20 }); // once may be a restart
/// assert_eq!(learnt.messages_per_connection, None);
/// learnt.take(Lesson::EndedAfter { messages: 20 });
/// assert_eq!(learnt.messages_per_connection, Some(20));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learnt {
    /// The highest rung that has not failed.
    pub ceiling: Mode,
    /// The rung up to which 503 is known to have nothing to do with haste: it says so in lock-step, too.
    pub bears: Mode,
    /// The messages it takes on one connection, where it ended connections at the same count twice running.
    pub messages_per_connection: Option<u32>,
    /// The count at which it last ended one.
    pub last_ended_after: Option<u32>,
    /// Connections left at that cap since it last showed itself, and how many there are before it is doubled.
    pub kept_to_cap: u32,
    /// See [`Self::kept_to_cap`].
    pub kept_before_a_trial: u32,
    /// Refusals for now after which a connection is left: 8 first, which nobody punishes, and twice as many after
    /// each connection that was left unpunished.
    pub refusals_per_connection: u32,
    /// The least for which it slowed down or hung up.
    pub punishes_refusals: Option<u32>,
}

/// One thing learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// This rung does not work there.
    TooFast {
        /// The rung.
        mode: Mode,
    },
    /// This rung was not at fault: what made it fail was said in lock-step as well.
    Bears {
        /// The rung.
        mode: Mode,
    },
    /// It ended a connection with 421 where it should have taken one more message (RFC 5321 §3.8).
    EndedAfter {
        /// The messages it had taken on that connection.
        messages: u32,
    },
    /// A connection was left in time, after as many messages as it takes on one.
    KeptToCap {
        /// How many.
        messages: u32,
    },
    /// It let so many refusals for now pass on one connection.
    BearsRefusals {
        /// How many.
        refusals: u32,
    },
    /// It slowed down or hung up after so many.
    PunishesRefusals {
        /// How many.
        refusals: u32,
    },
}

impl Default for Learnt {
    fn default() -> Self {
        Self {
            ceiling: Mode::Bdat,
            bears: Mode::Lockstep,
            messages_per_connection: None,
            last_ended_after: None,
            kept_to_cap: 0,
            kept_before_a_trial: KEPT_BEFORE_A_TRIAL,
            refusals_per_connection: FREE_REFUSALS,
            punishes_refusals: None,
        }
    }
}

impl Learnt {
    /// Adds a lesson. Says whether it is news of what the relay bears.
    pub fn take(&mut self, lesson: Lesson) -> bool {
        let before = (self.ceiling, self.messages_per_connection, self.punishes_refusals);
        match lesson {
            Lesson::TooFast { mode } if mode <= self.bears => {}
            Lesson::TooFast { mode } => self.ceiling = self.ceiling.min(mode.below()),
            Lesson::Bears { mode } => {
                self.bears = self.bears.max(mode);
                self.ceiling = self.ceiling.max(mode);
            }
            Lesson::EndedAfter { messages: 0 } => {}
            Lesson::EndedAfter { messages } => {
                // One 421 may be a restart of the relay: a cap ends connections at the same count again.
                if self.last_ended_after == Some(messages) {
                    self.show_cap(messages);
                }
                self.last_ended_after = Some(messages);
            }
            Lesson::KeptToCap { messages } => self.keep_to_cap(messages),
            Lesson::BearsRefusals { refusals } => {
                let next = refusals.saturating_mul(2);
                if self.punishes_refusals.is_none_or(|punished| next < punished) {
                    self.refusals_per_connection = self.refusals_per_connection.max(next);
                }
            }
            Lesson::PunishesRefusals { refusals } => {
                let least = self.punishes_refusals.map_or(refusals, |least| least.min(refusals));
                self.punishes_refusals = Some(least);
                while self.refusals_per_connection >= least && self.refusals_per_connection > FREE_REFUSALS {
                    self.refusals_per_connection /= 2;
                }
            }
        }
        before != (self.ceiling, self.messages_per_connection, self.punishes_refusals)
    }

    fn show_cap(&mut self, messages: u32) {
        match &mut self.messages_per_connection {
            Some(cap) if *cap <= messages => return,
            Some(cap) => {
                *cap = messages;
                // It was asked for more, and has said so again: the next time is further away.
                let next = self.kept_before_a_trial.saturating_mul(2);
                self.kept_before_a_trial = next.min(MOST_KEPT_BEFORE_A_TRIAL);
            }
            none => *none = Some(messages),
        }
        self.kept_to_cap = 0;
    }

    fn keep_to_cap(&mut self, messages: u32) {
        if self.messages_per_connection != Some(messages) {
            return;
        }
        self.kept_to_cap += 1;
        if self.kept_to_cap >= self.kept_before_a_trial {
            self.kept_to_cap = 0;
            self.messages_per_connection = messages.checked_mul(2);
        }
    }
}
