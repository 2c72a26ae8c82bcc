//! Mail addresses that are dead: what the host should not write to again.

use bealert_core::model::Channel;
use bealert_core::outcome::State;
use bealert_core::report::Fold;

/// Ids of the people whose mail address does not exist or is closed, by what a relay or a bounce said of it.
pub(super) fn ids(fold: &Fold) -> Vec<String> {
    let failed = fold.rows().filter(|(channel, _, row)| {
        *channel == Channel::Email && row.mark.state() == State::Failed && is_dead(row.reason)
    });
    failed.map(|(_, ordinal, _)| fold.id(ordinal).to_owned()).collect()
}

/// Whether a reason (`550 5.1.1 words` of a relay, `5.1.1 words` of a bounce) says that the address will never
/// work (RFC 3463 §3.2, §3.3; RFC 7505 §4.2). Policy, size, quota and everything of the relay's own say nothing
/// of the address, and a 550 without an enhanced code may mean any of them.
fn is_dead(reason: &str) -> bool {
    let mut words = reason.split_ascii_whitespace();
    let first = words.next().unwrap_or("");
    let is_code = first.len() == 3 && first.bytes().all(|octet| octet.is_ascii_digit());
    let status = if is_code { words.next().unwrap_or("") } else { first };
    // No such mailbox, no such host, no address, moved without a trace, host takes no mail; mailbox closed.
    matches!(status, "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10" | "5.2.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_of_the_address_itself() {
        for dead in [
            "550 5.1.1 No such user",
            "5.1.1 smtp; 550 unknown",
            "5.1.10",
            "556 5.1.10 null MX",
            "5.2.1 closed",
        ] {
            assert!(is_dead(dead), "{dead}");
        }
        for alive in [
            "550 5.7.1 spam",
            "5.2.2 mailbox full",
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
