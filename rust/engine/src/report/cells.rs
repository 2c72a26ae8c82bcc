//! Cells of `report.csv`: what people and spreadsheets read.

use std::borrow::Cow;

/// A text that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe in front
/// (OWASP, CSV Injection).
pub(super) fn neutral(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A wall-clock time in UTC, as ISO 8601 writes it, with milliseconds.
pub(super) fn time(at_ms: i64) -> String {
    let (days, ms) = (at_ms.div_euclid(DAY_MS), at_ms.rem_euclid(DAY_MS));
    let (year, month, day) = date(days);
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// The civil date of a day since 1970, by eras of 400 years that begin in March, so that the day that is not in
/// every year is the last.
fn date(days: i64) -> (i64, i64, i64) {
    /// Days of 400 years.
    const ERA: i64 = 146_097;
    /// From the beginning of the era to 1970.
    const EPOCH: i64 = 719_468;
    let (era, day) = ((days + EPOCH).div_euclid(ERA), (days + EPOCH).rem_euclid(ERA));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (year + era * 400, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_neutralised_and_nothing_else_is() {
        for formula in ["=1+1", "+32", "-1", "@x", "\tx", "\rx", "\nx"] {
            assert_eq!(neutral(formula), format!("'{formula}"));
        }
        for text in ["", "p1", "32470123456", "a=1", "'=1", "é"] {
            assert_eq!(neutral(text), text);
        }
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        // Oracle: Python's datetime.
        for (at_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_123, "2024-02-29T23:59:59.123Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_767_225_599_000, "2025-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(time(at_ms), text);
        }
    }
}
