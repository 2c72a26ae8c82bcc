//! Mail addresses that are dead: what the host should not write to again.

use bealert_core::model::Channel;
use bealert_core::outcome::State;
use bealert_core::report::Fold;

use crate::mail::Status;

/// Ids of the people whose mail address does not exist, by what a relay or a bounce said of it: of one of several
/// letters to them, it is as true of the others.
pub(super) fn ids(fold: &Fold) -> Vec<String> {
    let not_there = [State::Failed, State::Accepted, State::Uncertain];
    let failed = fold.rows().filter(|(channel, _, row)| {
        *channel == Channel::Email && not_there.contains(&row.mark.state()) && is_dead(row.said)
    });
    failed.map(|(_, ordinal, _)| fold.id(ordinal).to_owned()).collect()
}

/// Whether a reason says that the address will never work. A 550 without an enhanced code may mean anything.
fn is_dead(reason: &str) -> bool {
    Status::in_reason(reason).is_some_and(Status::is_dead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_of_the_address_itself() {
        for dead in ["550 5.1.1 No such user", "5.1.1 smtp; 550 unknown", "5.1.10", "556 5.1.10 null MX"] {
            assert!(is_dead(dead), "{dead}");
        }
        for alive in [
            "550 5.7.1 spam",
            "5.2.2 mailbox full",
            "5.2.1 closed for now",
            "5.1.1.1 no status",
            "550 No such user",
            "552 5.3.4 too big",
            "",
            "4.1.1 later",
            "550",
        ] {
            assert!(!is_dead(alive), "{alive}");
        }
    }
}
