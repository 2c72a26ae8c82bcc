//! What the end of a connection means for its relay.

use bealert_wire::smtp::CloseReason;

/// What the end of a connection means for its relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It ended in order, and another is made when there is work.
    Rested,
    /// The relay wants no more connections than there are.
    Crowded,
    /// It was lost after it had worked, which says nothing of the next one.
    Lost,
    /// The relay can't be sent to, or not any more.
    Down {
        /// Trying again soon would change nothing.
        fatal: bool,
    },
}

/// What a reason means. `worked`: the connection has carried a message, or lived for a while. A relay that loses
/// every connection before that is as good as down, though each can be made: others are to take over.
pub fn ending(reason: CloseReason, worked: bool) -> Ending {
    match reason {
        CloseReason::Requested
        | CloseReason::MessageCap
        | CloseReason::Age
        | CloseReason::Idle
        | CloseReason::ManyRefused
        | CloseReason::BdatBroken
        // The relay has had enough of this connection, and of nothing else.
        | CloseReason::ServiceClosing { taken: 1.., .. } => Ending::Rested,
        CloseReason::ServiceClosing { greeting: true, .. } => Ending::Crowded,
        CloseReason::TlsNotOffered
        | CloseReason::TlsRefused { .. }
        | CloseReason::AuthWithoutTls
        | CloseReason::AuthNotOffered => Ending::Down { fatal: true },
        CloseReason::AuthRefused { reply, .. } => Ending::Down { fatal: reply.is_permanent() },
        _ if worked => Ending::Lost,
        _ => Ending::Down { fatal: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bealert_wire::smtp::Reply;

    #[test]
    fn whoever_hangs_up_on_everybody_is_down_and_is_not_connected_to_at_once() {
        let reply = || Reply::new(421, None, "closing");
        let closing = |taken, greeting| CloseReason::ServiceClosing { reply: reply(), taken, greeting };
        assert_eq!(ending(closing(0, false), false), Ending::Down { fatal: false });
        assert_eq!(ending(closing(0, false), true), Ending::Lost);
        assert_eq!(ending(closing(1, false), true), Ending::Rested);
        assert_eq!(ending(closing(0, true), false), Ending::Crowded);
    }
}
