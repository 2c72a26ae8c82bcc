//! Sender and recipient addresses (SMPP 3.4 §5.2.5 to §5.2.9; 3GPP TS 23.040 §9.1.2.5).

use arrayvec::ArrayString;
use thiserror::Error;

/// The longest address of a short message, NUL not counted (SMPP 3.4 §4.4.1).
pub const MAX_ADDRESS_CHARS: usize = 20;

/// The longest alphanumeric sender: 11 septets (3GPP TS 23.040 §9.1.2.5 leaves 10 octets for it).
pub const MAX_ALPHANUMERIC_SEPTETS: usize = 11;

/// The longest number taken for a short code; E.164 numbers with a country code are longer.
const MAX_SHORT_CODE_DIGITS: usize = 6;

/// An address with its type of number and numbering plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Type of number (SMPP 3.4 §5.2.5).
    pub ton: u8,
    /// Numbering plan indicator (SMPP 3.4 §5.2.6).
    pub npi: u8,
    /// Digits without `+`, or the letters of an alphanumeric sender.
    pub text: ArrayString<MAX_ADDRESS_CHARS>,
}

/// Type of number: unknown.
pub const TON_UNKNOWN: u8 = 0;
/// Type of number: international.
pub const TON_INTERNATIONAL: u8 = 1;
/// Type of number: alphanumeric.
pub const TON_ALPHANUMERIC: u8 = 5;
/// Numbering plan: unknown.
pub const NPI_UNKNOWN: u8 = 0;
/// Numbering plan: ISDN (E.163, E.164).
pub const NPI_ISDN: u8 = 1;

/// Why an address cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressError {
    /// There is nothing in it.
    #[error("the address is empty")]
    Empty,
    /// More septets than an alphanumeric sender has room for.
    #[error("an alphanumeric sender has at most 11 characters")]
    TooLong,
    /// More digits than an address field has room for.
    #[error("a number has at most 20 digits")]
    TooManyDigits,
    /// A character that has no place in an SMPP address field on every SMSC.
    #[error("the character {0:?} cannot stand in a sender")]
    Character(char),
}

impl Address {
    /// An international number (TON 1, NPI 1), with or without its `+`.
    pub fn international(number: &str) -> Result<Self, AddressError> {
        Self::numeric(number.strip_prefix('+').unwrap_or(number), TON_INTERNATIONAL)
    }

    /// A short code, or a number as the SMSC knows it (TON 0, NPI 1).
    pub fn short_code(number: &str) -> Result<Self, AddressError> {
        Self::numeric(number, TON_UNKNOWN)
    }

    /// A name (TON 5, NPI 0) of at most 11 GSM characters; those of the extension table count twice.
    ///
    /// Only characters that are ASCII are taken: how an SMSC reads an octet above 0x7F in an address field is
    /// its own affair.
    pub fn alphanumeric(name: &str) -> Result<Self, AddressError> {
        if name.is_empty() {
            return Err(AddressError::Empty);
        }
        let mut septets = 0;
        for character in name.chars() {
            septets += match character {
                '`' => return Err(AddressError::Character('`')),
                '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' => 2,
                ' '..='~' => 1,
                other => return Err(AddressError::Character(other)),
            };
        }
        if septets > MAX_ALPHANUMERIC_SEPTETS {
            return Err(AddressError::TooLong);
        }
        let text = ArrayString::from(name).map_err(|_| AddressError::TooLong)?;
        Ok(Self { ton: TON_ALPHANUMERIC, npi: NPI_UNKNOWN, text })
    }

    /// The sender a person writes: `+3247...` and long numbers are international, up to six digits a short code,
    /// all else a name.
    pub fn sender(text: &str) -> Result<Self, AddressError> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let numeric = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
        match numeric {
            true if digits.len() == text.len() && digits.len() <= MAX_SHORT_CODE_DIGITS => {
                Self::short_code(digits)
            }
            true => Self::international(digits),
            false => Self::alphanumeric(text),
        }
    }

    fn numeric(digits: &str, ton: u8) -> Result<Self, AddressError> {
        if digits.is_empty() {
            return Err(AddressError::Empty);
        }
        if let Some(other) = digits.chars().find(|character| !character.is_ascii_digit()) {
            return Err(AddressError::Character(other));
        }
        let text = ArrayString::from(digits).map_err(|_| AddressError::TooManyDigits)?;
        Ok(Self { ton, npi: NPI_ISDN, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Result<(u8, u8), AddressError> {
        Address::sender(text).map(|address| (address.ton, address.npi))
    }

    #[test]
    fn a_sender_is_told_from_its_form() {
        assert_eq!(shape("BE-Alert"), Ok((5, 0)));
        assert_eq!(shape("+32470123456"), Ok((1, 1)));
        assert_eq!(shape("32470123456"), Ok((1, 1)));
        assert_eq!(shape("8585"), Ok((0, 1)));
        assert_eq!(Address::sender("+32470123456").unwrap().text.as_str(), "32470123456");
    }

    #[test]
    fn names_have_eleven_septets() {
        assert_eq!(shape("ABCDEFGHIJK"), Ok((5, 0)));
        assert_eq!(shape("ABCDEFGHIJKL"), Err(AddressError::TooLong));
        assert_eq!(shape("ABCDEFGHI[]"), Err(AddressError::TooLong));
        assert_eq!(shape("Caf\u{e9}"), Err(AddressError::Character('\u{e9}')));
        assert_eq!(shape("a`b"), Err(AddressError::Character('`')));
        assert_eq!(shape("a\0b"), Err(AddressError::Character('\0')));
        assert_eq!(shape(""), Err(AddressError::Empty));
        assert_eq!(shape("+"), Ok((5, 0)));
        assert_eq!(shape("123456789012345678901"), Err(AddressError::TooManyDigits));
    }
}
