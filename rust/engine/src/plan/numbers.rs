//! Phone numbers, as people write them, in the one form that is sent.

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region,
    ValidationError,
};

/// Judges phone numbers and writes them as E.164.
///
/// A number is taken when the numbering plan of its country knows it, or when it is as long as a mobile number
/// there: plans change faster than any table, and a person left out because of an old table is worse off than a
/// gateway that gets a number it must refuse. Nothing is guessed beyond that: letters, extensions, and numbers
/// that are too short or too long for their country are problems.
///
/// ```
/// use bealert_engine::plan::Numbers;
/// let numbers = Numbers::new(Some("BE")).unwrap();
/// let mut number = String::new();
/// numbers.to_e164("0470 12 34 56", &mut number).unwrap();
/// assert_eq!(number, "32470123456");
/// assert!(numbers.to_e164("0470 12", &mut number).is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    default_country: Option<Region>,
}

/// Why something is not a number that can be sent to. It becomes the reason why a recipient is excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NumberProblem {
    /// Nothing there.
    #[error("no number")]
    Empty,
    /// Letters, as in 0800-FLOWERS, or two numbers with a word between.
    #[error("not a phone number: it has letters")]
    Letters,
    /// Neither digits nor anything that could stand for a number.
    #[error("not a phone number")]
    NotANumber,
    /// A national number, and no country to read it in.
    #[error("no country: write it as +.. or set default_country")]
    NoCountry,
    /// Behind the `+` stands no country.
    #[error("no country has this code")]
    UnknownCountry,
    /// An extension cannot be reached by a message.
    #[error("it has an extension: give the number alone")]
    Extension,
    /// Too few digits.
    #[error("too short for a number of {0}")]
    TooShort(Country),
    /// Too many digits.
    #[error("too long for a number of {0}")]
    TooLong(Country),
    /// The right length for something, but there is no such number.
    #[error("not a possible number for {0}")]
    Impossible(Country),
}

/// The country of a number, as far as it is known: what a [`NumberProblem`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Country(Option<Region>);

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(Region::World) | None => f.write_str("any country"),
            Some(region) => f.write_str(&region.as_region_str()),
        }
    }
}

/// `default_country` names no country with phone numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{country:?} is no country: write two letters such as \"BE\"")]
pub struct UnknownCountry {
    /// What was given.
    pub country: String,
}

impl Numbers {
    /// Reads numbers without a country code as numbers of `default_country`, two letters of ISO 3166-1. Without
    /// one, only numbers that begin with `+` can be read.
    ///
    /// # Errors
    /// [`UnknownCountry`].
    pub fn new(default_country: Option<&str>) -> Result<Self, UnknownCountry> {
        let default_country = default_country
            .map(|country| region(country).ok_or_else(|| UnknownCountry { country: country.to_owned() }))
            .transpose()?;
        Ok(Self { default_country })
    }

    /// Puts the digits of the E.164 number into `out`, replacing what is there, without `+`, as SMPP wants them.
    ///
    /// # Errors
    /// See [`NumberProblem`]; `out` is empty then.
    pub fn to_e164(&self, raw: &str, out: &mut String) -> Result<(), NumberProblem> {
        out.clear();
        if self.known_range(raw.as_bytes(), out) {
            return Ok(());
        }
        self.judge(raw, out)
    }

    /// Numbers that need no judging, since [`judge`](Self::judge) takes all of their form.
    fn known_range(&self, raw: &[u8], out: &mut String) -> bool {
        for range in &MOBILE_RANGES {
            let national = match raw {
                [b'+', first, second, rest @ ..] if [*first, *second] == range.calling_code => rest,
                [b'0', rest @ ..] if self.default_country == Some(range.country) => rest,
                _ => continue,
            };
            let known = national.len() == range.digits
                && range.first.contains(&national[0])
                && national.iter().all(u8::is_ascii_digit);
            if known {
                out.extend(range.calling_code.iter().chain(national).map(|digit| char::from(*digit)));
                return true;
            }
        }
        false
    }

    fn judge(&self, raw: &str, out: &mut String) -> Result<(), NumberProblem> {
        let raw = raw.trim();
        if raw.is_empty() {
            return Err(NumberProblem::Empty);
        }
        if raw.contains(char::is_alphabetic) {
            return Err(NumberProblem::Letters);
        }
        let number = PHONE_NUMBER_UTIL
            .parse(raw, self.default_country)
            .map_err(|error| self.unreadable(raw, &error))?;
        if !number.extension().is_empty() {
            return Err(NumberProblem::Extension);
        }
        check(&number)?;
        let formatted = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164);
        out.push_str(formatted.trim_start_matches('+'));
        Ok(())
    }

    fn unreadable(&self, raw: &str, error: &ParseError) -> NumberProblem {
        let international = raw.starts_with(['+', '\u{FF0B}']);
        let country = Country(self.default_country.filter(|_| !international));
        match error {
            ParseError::InvalidCountryCode if !international && self.default_country.is_none() => {
                NumberProblem::NoCountry
            }
            ParseError::InvalidCountryCode => NumberProblem::UnknownCountry,
            ParseError::NotANumber(_) => NumberProblem::NotANumber,
            ParseError::TooShortAfterIdd | ParseError::TooShortNsn => NumberProblem::TooShort(country),
            ParseError::TooLongNsn => NumberProblem::TooLong(country),
        }
    }
}

/// Whether a number that could be read can be sent to.
fn check(number: &PhoneNumber) -> Result<(), NumberProblem> {
    let numbers = &*PHONE_NUMBER_UTIL;
    if numbers.is_valid_number(number) {
        return Ok(());
    }
    let country = Country(numbers.get_region_for_country_code(number.country_code));
    match numbers.is_possible_number_for_type_with_reason(number, PhoneNumberType::Mobile) {
        Ok(NumberLengthType::IsPossible) if is_final(number) => Ok(()),
        Ok(NumberLengthType::IsPossible) => Err(NumberProblem::Impossible(country)),
        Ok(NumberLengthType::IsPossibleLocalOnly) | Err(ValidationError::TooShort) => {
            Err(NumberProblem::TooShort(country))
        }
        Err(ValidationError::TooLong) => Err(NumberProblem::TooLong(country)),
        Err(ValidationError::InvalidLength) => Err(NumberProblem::Impossible(country)),
        Err(ValidationError::InvalidCountryCode) => Err(NumberProblem::UnknownCountry),
    }
}

/// Whether its E.164 form is read as this number again. A zero dialled inside the country that was given twice
/// stands in the form once more: no phone has it, and another reader would make another number of it.
fn is_final(number: &PhoneNumber) -> bool {
    let form = PHONE_NUMBER_UTIL.format(number, PhoneNumberFormat::E164);
    PHONE_NUMBER_UTIL
        .parse(&*form, None)
        .is_ok_and(|again| PHONE_NUMBER_UTIL.format(&again, PhoneNumberFormat::E164) == form)
}

fn region(country: &str) -> Option<Region> {
    let region: Region = country.trim().to_ascii_uppercase().parse().ok()?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).filter(|_| region != Region::World).map(|_| region)
}

/// Mobile numbers of a country all of which are taken, so that the bulk of an audience costs nanoseconds. A test
/// compares each range with the judgement it stands for.
struct MobileRange {
    country: Region,
    calling_code: [u8; 2],
    /// What the national number begins with.
    first: &'static [u8],
    /// Digits of the national number, without the 0 that is dialled before it.
    digits: usize,
}

const MOBILE_RANGES: [MobileRange; 3] = [
    MobileRange { country: Region::BE, calling_code: *b"32", first: b"4", digits: 9 },
    MobileRange { country: Region::NL, calling_code: *b"31", first: b"6", digits: 9 },
    MobileRange { country: Region::FR, calling_code: *b"33", first: b"67", digits: 9 },
];

#[cfg(test)]
mod tests;
