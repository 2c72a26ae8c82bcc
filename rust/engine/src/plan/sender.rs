//! Who a message is from, judged before it is sent: gateways drop or replace a sender they cannot show.

use bealert_wire::smpp::{Address, AddressError};

/// Digits of an international number: the shortest in use, and the most E.164 allows (§6.1).
const INTERNATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Digits of a short code.
const SHORT_CODE_DIGITS: std::ops::RangeInclusive<usize> = 3..=6;

/// Why something cannot be a sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SenderProblem {
    /// Nothing to show.
    #[error("the sender is empty: give a name of at most 11 characters or a number")]
    Empty,
    /// A name that is too long for a phone to show (3GPP TS 23.040 §9.1.2.5).
    #[error(
        "the sender {sender:?} takes {characters} characters, and a name has at most 11 (such as € or [ count twice)"
    )]
    TooLong {
        /// The name.
        sender: String,
        /// What it takes.
        characters: usize,
    },
    /// A name with a character that cannot be sent in it.
    #[error("the sender {sender:?} has the character {character:?}, which cannot be sent in a name")]
    Character {
        /// The name.
        sender: String,
        /// The first such character.
        character: char,
    },
    /// A number that is neither international nor a short code.
    #[error("the sender {sender:?} is no number: write it as +32..., or a short code of 3 to 6 digits")]
    Number {
        /// What looks like a number.
        sender: String,
    },
}

/// The address to send from: a name of at most 11 GSM characters, an international number (`+32...`), or a short
/// code of 3 to 6 digits. A number may be written with spaces, dots, slashes, dashes and brackets.
///
/// # Errors
/// See [`SenderProblem`].
pub fn judge_sender(sender: &str) -> Result<Address, SenderProblem> {
    let sender = sender.trim();
    if sender.is_empty() {
        return Err(SenderProblem::Empty);
    }
    if is_numeric(sender) { number(sender) } else { name(sender) }
}

/// Whether it is meant as a number: nothing but digits and what is written between and before them.
fn is_numeric(sender: &str) -> bool {
    sender.chars().all(|character| character.is_ascii_digit() || " +-./()".contains(character))
}

fn number(sender: &str) -> Result<Address, SenderProblem> {
    let problem = || SenderProblem::Number { sender: sender.to_owned() };
    let (international, rest) = match sender.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, sender),
    };
    if rest.contains('+') {
        return Err(problem());
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let long = INTERNATIONAL_DIGITS.contains(&digits.len()) && !digits.starts_with('0');
    let address = match (international, long) {
        (_, true) => Address::international(&digits),
        (false, false) if SHORT_CODE_DIGITS.contains(&digits.len()) => Address::short_code(&digits),
        _ => return Err(problem()),
    };
    address.map_err(|_| problem())
}

fn name(sender: &str) -> Result<Address, SenderProblem> {
    Address::alphanumeric(sender).map_err(|error| match error {
        AddressError::Empty => SenderProblem::Empty,
        AddressError::TooLong | AddressError::TooManyDigits => SenderProblem::TooLong {
            sender: sender.to_owned(),
            characters: bealert_wire::text::gsm_septets(sender).unwrap_or(sender.chars().count()),
        },
        AddressError::Character(character) => {
            SenderProblem::Character { sender: sender.to_owned(), character }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(sender: &str) -> (u8, u8, String) {
        let address = judge_sender(sender).unwrap_or_else(|problem| panic!("{problem}"));
        (address.ton, address.npi, address.text.as_str().to_owned())
    }

    #[test]
    fn names_numbers_and_short_codes_are_told_apart() {
        for (sender, ton, npi, text) in [
            ("BE-Alert", 5, 0, "BE-Alert"),
            ("Gemeente 12", 5, 0, "Gemeente 12"),
            ("+32 470 12 34 56", 1, 1, "32470123456"),
            ("32470123456", 1, 1, "32470123456"),
            ("+32 (470) 12-34.56", 1, 1, "32470123456"),
            ("8585", 0, 1, "8585"),
            ("112", 0, 1, "112"),
        ] {
            assert_eq!(judged(sender), (ton, npi, text.to_owned()), "{sender}");
        }
    }

    #[test]
    fn a_name_has_at_most_eleven_characters() {
        assert_eq!(judged("ABCDEFGHIJK").2, "ABCDEFGHIJK");
        let problem = judge_sender("ABCDEFGHIJKL").unwrap_err();
        assert!(matches!(problem, SenderProblem::TooLong { characters: 12, .. }), "{problem}");
        let problem = judge_sender("ABCDEFGHI[]").unwrap_err();
        assert!(matches!(problem, SenderProblem::TooLong { characters: 13, .. }), "{problem}");
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        for (sender, character) in [("日本", '日'), ("a`b", '`'), ("a\nb", '\n')] {
            let expected = SenderProblem::Character { sender: sender.to_owned(), character };
            assert_eq!(judge_sender(sender), Err(expected));
        }
        assert_eq!(judge_sender("  "), Err(SenderProblem::Empty));
    }

    #[test]
    fn a_number_that_leads_nowhere_is_refused() {
        for sender in ["0470 12 34 56", "+", "12", "+112", "+0470123456", "1234567890123456", "32+470123456"]
        {
            let problem = judge_sender(sender).unwrap_err();
            assert!(matches!(problem, SenderProblem::Number { .. }), "{sender}: {problem}");
        }
    }
}
