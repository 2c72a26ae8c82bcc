//! Times as SMPP writes them: `YYMMDDhhmmsstnnp` (SMPP 3.4 §7.1.1).

use arrayvec::ArrayString;
use thiserror::Error;

/// A schedule_delivery_time or validity_period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// A moment, in seconds since 1970 UTC. Written with an offset of zero quarter hours.
    Absolute(u64),
    /// A span from when the SMSC takes the message, in seconds.
    Relative(u32),
}

/// A time field as sent, without its NUL: empty or [`TIME_CHARS`] characters.
pub type TimeText = ArrayString<TIME_CHARS>;

/// The characters of a time, NUL not counted.
pub const TIME_CHARS: usize = 16;

/// The longest span written: 30 days, so that months, whose length is the SMSC's guess, are never needed.
pub const MAX_RELATIVE_S: u32 = 30 * DAY_S as u32;

/// Why a time cannot be written, or was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TimeError {
    /// The moment lies outside 2000 to 2099, whose years have two digits.
    #[error("a time outside the years 2000 to 2099")]
    OutOfRange,
    /// The span is longer than [`MAX_RELATIVE_S`].
    #[error("a validity of more than 30 days")]
    TooFar,
    /// The text is not `YYMMDDhhmmsstnnp`.
    #[error("not a time as in SMPP 3.4 section 7.1.1")]
    Malformed,
}

impl Time {
    /// The 16 characters of this time.
    pub fn to_text(self) -> Result<TimeText, TimeError> {
        match self {
            Self::Absolute(unix_s) => {
                let days = unix_s / DAY_S;
                if !(FIRST_DAY..LAST_DAY).contains(&days) {
                    return Err(TimeError::OutOfRange);
                }
                let (year, month, day) = civil(days);
                Ok(write([year - 2000, month, day], unix_s % DAY_S, "000+"))
            }
            Self::Relative(span_s) if span_s > MAX_RELATIVE_S => Err(TimeError::TooFar),
            Self::Relative(span_s) => {
                let span_s = u64::from(span_s);
                Ok(write([0, 0, span_s / DAY_S], span_s % DAY_S, "000R"))
            }
        }
    }

    /// Reads a time field; `None` where it is empty, which leaves the choice to the SMSC. Tenths of a second are
    /// dropped; a relative month counts 30 days and a year 365.
    pub fn parse(text: &[u8]) -> Result<Option<Self>, TimeError> {
        if text.is_empty() {
            return Ok(None);
        }
        let text: &[u8; TIME_CHARS] = text.try_into().map_err(|_| TimeError::Malformed)?;
        let [year, month, day, hour, minute, second] =
            [0, 2, 4, 6, 8, 10].map(|at| two_digits(text[at], text[at + 1]));
        let clock_s = hour? * 3_600 + minute? * 60 + second?;
        let quarters = two_digits(text[13], text[14])?;
        let sign = text[15];
        if sign == b'R' {
            let days = year? * 365 + month? * 30 + day?;
            let span_s = days * DAY_S + clock_s;
            return u32::try_from(span_s).map(|s| Some(Self::Relative(s))).map_err(|_| TimeError::Malformed);
        }
        let (month, day) = (month?, day?);
        let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour? < 24 && minute? < 60;
        if !in_range || quarters > 48 || !text[12].is_ascii_digit() || !matches!(sign, b'+' | b'-') {
            return Err(TimeError::Malformed);
        }
        // Local time is ahead of UTC by the offset when the sign is plus.
        let local_s = days_since_1970(2000 + year?, month, day) * DAY_S + clock_s;
        let offset_s = quarters * 900;
        Ok(Some(Self::Absolute(if sign == b'+' { local_s - offset_s } else { local_s + offset_s })))
    }
}

/// `YYMMDDhhmm` of a moment, as the dates in a receipt's text have it (SMPP 3.4 appendix B).
pub(crate) fn receipt_date(unix_s: u64) -> ArrayString<10> {
    let (year, month, day) = civil(unix_s / DAY_S);
    let full = write([year % 100, month, day], unix_s % DAY_S, "000+");
    ArrayString::from(&full[..10]).expect("ten characters fit ten")
}

const DAY_S: u64 = 86_400;
/// 2000-01-01 and 2100-01-01, in days since 1970.
const FIRST_DAY: u64 = 10_957;
const LAST_DAY: u64 = 47_482;

fn write(date: [u64; 3], clock_s: u64, tail: &str) -> TimeText {
    let mut out = TimeText::new();
    let clock = [clock_s / 3_600, clock_s / 60 % 60, clock_s % 60];
    for number in date.into_iter().chain(clock) {
        for digit in [number / 10 % 10, number % 10] {
            out.push(char::from(b'0' + digit as u8));
        }
    }
    out.push_str(tail);
    out
}

fn two_digits(tens: u8, ones: u8) -> Result<u64, TimeError> {
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return Err(TimeError::Malformed);
    }
    Ok(u64::from(tens - b'0') * 10 + u64::from(ones - b'0'))
}

/// The Gregorian date of a day since 1970 (the year is moved to begin in March, so that leap days come last).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era_day = shifted % 146_097;
    let era_year = (era_day - era_day / 1_460 + era_day / 36_524 - era_day / 146_096) / 365;
    let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    let march_month = (5 * year_day + 2) / 153;
    let day = year_day - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (shifted / 146_097 * 400 + era_year + u64::from(month <= 2), month, day)
}

fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let era_year = year % 400;
    let march_month = (month + 9) % 12;
    let year_day = (153 * march_month + 2) / 5 + day - 1;
    let era_day = era_year * 365 + era_year / 4 - era_year / 100 + year_day;
    year / 400 * 146_097 + era_day - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writes_what_the_specification_shows() {
        // 2024-02-29 23:59:58 UTC
        assert_eq!(Time::Absolute(1_709_251_198).to_text().unwrap().as_str(), "240229235958000+");
        // SMPP 3.4 §7.1.1.2 counts a span of 7 days, 2 hours and 5 seconds as below
        assert_eq!(Time::Relative(7 * 86_400 + 7_205).to_text().unwrap().as_str(), "000007020005000R");
        assert_eq!(receipt_date(1_709_251_198).as_str(), "2402292359");
    }

    #[test]
    fn reads_offsets_from_utc() {
        let noon = Time::Absolute(1_709_208_000);
        for text in ["240229120000000+", "240229130000004+", "240229063000022-"] {
            assert_eq!(Time::parse(text.as_bytes()), Ok(Some(noon)), "{text}");
        }
        assert_eq!(Time::parse(b""), Ok(None));
    }

    #[test]
    fn refuses_what_has_no_two_digit_year_and_what_is_no_time() {
        assert_eq!(Time::Absolute(0).to_text(), Err(TimeError::OutOfRange));
        assert_eq!(Time::Absolute(LAST_DAY * DAY_S).to_text(), Err(TimeError::OutOfRange));
        assert_eq!(Time::Relative(MAX_RELATIVE_S + 1).to_text(), Err(TimeError::TooFar));
        for text in
            ["2402291200000", "241329120000000+", "240229120000000x", "24022912000000R+", "240229120000049+"]
        {
            assert_eq!(Time::parse(text.as_bytes()), Err(TimeError::Malformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_second_of_the_century_round_trips(unix_s in FIRST_DAY * DAY_S..LAST_DAY * DAY_S) {
            let time = Time::Absolute(unix_s);
            prop_assert_eq!(Time::parse(time.to_text().unwrap().as_bytes()), Ok(Some(time)));
        }

        #[test]
        fn every_span_round_trips(span_s in 0..=MAX_RELATIVE_S) {
            let time = Time::Relative(span_s);
            prop_assert_eq!(Time::parse(time.to_text().unwrap().as_bytes()), Ok(Some(time)));
        }

        #[test]
        fn parsing_never_panics(text in proptest::collection::vec(any::<u8>(), 0..20), digits in "[0-9]{15}[-+R]") {
            let _ = Time::parse(&text);
            let _ = Time::parse(digits.as_bytes());
        }
    }
}
