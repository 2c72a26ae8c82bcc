//! What a session reports about a far end that breaks the protocol, and why a session ended.

use thiserror::Error;

use super::field::DecodeError;
use super::status::Status;

/// One breach of the protocol by the far end, already answered as the protocol has it. Good for one log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProtocolFault {
    /// The stream cannot be followed any further; the session closes (SMPP 3.4 §4.3).
    #[error("a PDU announced {length} octets")]
    BadLength {
        /// The command_length announced.
        length: u32,
    },
    /// A command that SMPP 3.4 does not have, or that this side does not take.
    #[error("a PDU with the unknown command 0x{command:08X}")]
    UnknownCommand {
        /// Its command_id.
        command: u32,
    },
    /// The body of a known command could not be read.
    #[error("a PDU with command 0x{command:08X} that cannot be read: {error}")]
    Undecodable {
        /// Its command_id.
        command: u32,
        /// Where and why.
        error: DecodeError,
    },
    /// A response to nothing that is waited for.
    #[error("a response 0x{command:08X} to nothing asked (sequence number {sequence})")]
    UnexpectedResponse {
        /// Its command_id.
        command: u32,
        /// Its sequence_number.
        sequence: u32,
    },
    /// A request that is not allowed in this state of the session (SMPP 3.4 §2.3).
    #[error("a request 0x{command:08X} that is not allowed in this state")]
    UnexpectedRequest {
        /// Its command_id.
        command: u32,
    },
    /// The far end could not make sense of something we sent.
    #[error("the far end refused sequence number {sequence} with {}", Status(*.status))]
    Nacked {
        /// What it said.
        status: u32,
        /// What it meant, 0 if it could not tell.
        sequence: u32,
    },
}

/// Why a session ended: the first cause counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// We unbound because we were asked to.
    #[error("unbound by us")]
    Requested,
    /// Unanswered requests held half the window, or nothing else was left to do: a new session frees them.
    #[error("drained because requests went unanswered")]
    Unanswered,
    /// The far end unbound.
    #[error("unbound by the far end")]
    PeerUnbound,
    /// The far end refused the bind, or we refused its.
    #[error("the bind was refused with {}", Status(*.status))]
    BindRefused {
        /// The status of the refusal.
        status: u32,
    },
    /// No bind, or no answer to one, in time.
    #[error("no bind in time")]
    BindTimedOut,
    /// Silence, and no answer to enquire_link either.
    #[error("the far end is silent")]
    Silent,
    /// The transport took nothing for so long that requests timed out unsent.
    #[error("the transport is stuck")]
    Stalled,
    /// The far end sends requests but does not read the answers.
    #[error("the far end does not read")]
    NotReading,
    /// The stream broke the protocol beyond repair.
    #[error("the far end broke the protocol")]
    Violation,
    /// The transport went away by itself.
    #[error("the connection was lost")]
    Dropped,
}
