//! What is taken, what is not, and that the short way gives what the long way gives.

use super::*;
use proptest::prelude::*;

fn belgian() -> Numbers {
    Numbers::new(Some("BE")).unwrap()
}

fn e164(numbers: Numbers, raw: &str) -> Result<String, NumberProblem> {
    let mut out = String::from("left from before");
    numbers.to_e164(raw, &mut out).map(|()| out)
}

const BE: Country = Country(Some(Region::BE));

#[test]
fn numbers_are_read_as_people_write_them() {
    for raw in [
        "0470 12 34 56",
        "0470/12.34.56",
        "0470123456",
        "+32470123456",
        "+32 470 12 34 56",
        "+32 (0)470 12 34 56",
        "0032 470 12 34 56",
        "32470123456",
        "470123456",
        " 0470-12-34-56 ",
        "\u{FF0B}32470123456",
        "(0470) 12 34 56",
    ] {
        assert_eq!(e164(belgian(), raw).as_deref(), Ok("32470123456"), "{raw}");
    }
    assert_eq!(e164(belgian(), "02 501 02 11").as_deref(), Ok("3225010211"), "a landline");
    assert_eq!(
        e164(belgian(), "+39 06 6982 1234").as_deref(),
        Ok("390669821234"),
        "a zero that belongs to it"
    );
}

#[test]
fn a_zero_given_twice_is_no_part_of_a_number() {
    assert_eq!(e164(belgian(), "+27 00 222 2555"), Err(NumberProblem::Impossible(Country(Some(Region::ZA)))));
    assert_eq!(e164(belgian(), "+27 0 82 222 2555").as_deref(), Ok("27822222555"));
}

/// Ranges set aside for films and examples: no phone rings, but they are numbers.
#[test]
fn fictitious_numbers_are_taken() {
    for (raw, expected) in [
        ("+44 7700 900123", "447700900123"),
        ("+1 212 555 0123", "12125550123"),
        ("+33 6 39 98 12 34", "33639981234"),
        ("+49 152 28817386", "4915228817386"),
        ("+32 400 00 00 00", "32400000000"),
        ("+32 460 99 99 99", "32460999999"),
    ] {
        assert_eq!(e164(belgian(), raw).as_deref(), Ok(expected), "{raw}");
    }
}

#[test]
fn what_is_no_number_says_why() {
    for (raw, problem) in [
        ("", NumberProblem::Empty),
        ("  ", NumberProblem::Empty),
        ("0800-FLOWERS", NumberProblem::Letters),
        ("onbekend", NumberProblem::Letters),
        ("0470 12 34 56 ext. 5", NumberProblem::Letters),
        ("0470 12 34 56 of 02 501 02 11", NumberProblem::Letters),
        ("-", NumberProblem::NotANumber),
        ("?", NumberProblem::NotANumber),
        ("0470 12 34 56#5", NumberProblem::Extension),
        ("+999 470 12 34 56", NumberProblem::UnknownCountry),
        ("0470 12", NumberProblem::TooShort(BE)),
        ("112", NumberProblem::TooShort(BE)),
        ("0470 12 34 5", NumberProblem::TooShort(BE)),
        ("0470 12 34 56 7", NumberProblem::TooLong(BE)),
        ("0470 12 34 56 / 0471 12 34 56", NumberProblem::TooLong(BE)),
    ] {
        assert_eq!(e164(belgian(), raw), Err(problem), "{raw}");
    }
    let mut out = String::from("left from before");
    assert!(belgian().to_e164("?", &mut out).is_err());
    assert_eq!(out, "", "a bad number leaves nothing behind");
}

#[test]
fn without_a_country_only_international_numbers_are_read() {
    let anywhere = Numbers::new(None).unwrap();
    assert_eq!(e164(anywhere, "+32470123456").as_deref(), Ok("32470123456"));
    for raw in ["0470 12 34 56", "0032 470 12 34 56", "32470123456"] {
        assert_eq!(e164(anywhere, raw), Err(NumberProblem::NoCountry), "{raw}");
    }
    assert_eq!(e164(anywhere, "+999470123456"), Err(NumberProblem::UnknownCountry));
}

#[test]
fn a_problem_says_what_to_do() {
    assert_eq!(NumberProblem::TooShort(BE).to_string(), "too short for a number of BE");
    assert_eq!(NumberProblem::NoCountry.to_string(), "no country: write it as +.. or set default_country");
}

#[test]
fn a_default_country_must_be_one() {
    assert!(Numbers::new(Some("be")).is_ok());
    for country in ["", "XX", "Belgium", "001", "32"] {
        assert!(Numbers::new(Some(country)).is_err(), "{country}");
    }
}

/// Each range as it is written at home and abroad, with every pair of digits behind what it begins with.
#[test]
fn the_known_ranges_are_all_taken_by_the_judgement() {
    for range in &MOBILE_RANGES {
        let country = range.country.as_region_str();
        let numbers = Numbers::new(Some(&country)).unwrap();
        let calling_code = std::str::from_utf8(&range.calling_code).unwrap();
        for first in range.first {
            for next in 0..10_000 {
                let filler = (next * 37) % 10_000;
                let national = format!("{}{next:04}{filler:04}", char::from(*first));
                assert_eq!(national.len(), range.digits);
                for raw in [format!("+{calling_code}{national}"), format!("0{national}")] {
                    let (mut known, mut judged) = (String::new(), String::new());
                    assert!(numbers.known_range(raw.as_bytes(), &mut known), "{raw}");
                    assert_eq!(numbers.judge(&raw, &mut judged), Ok(()), "{raw}");
                    assert_eq!(known, judged, "{raw}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// The short way takes nothing that the judgement would not, for any country.
    #[test]
    fn the_short_way_and_the_judgement_agree(
        raw in "(\\+|00|0)?(3[1-4]|4)?0?[4-7]?[0-9]{6,10}",
        country in proptest::sample::select(vec![None, Some("BE"), Some("NL"), Some("FR"), Some("US"), Some("IT")]),
    ) {
        let numbers = Numbers::new(country).unwrap();
        let mut judged = String::new();
        let judgement = numbers.judge(&raw, &mut judged);
        prop_assert_eq!(e164(numbers, &raw), judgement.map(|()| judged));
    }

    /// Whatever is given: digits of a number that reads as itself, or a problem.
    #[test]
    fn what_comes_out_is_read_as_itself(raw in ".{0,30}|[+0-9 ()/.-]{5,20}") {
        if let Ok(number) = e164(belgian(), &raw) {
            prop_assert!(number.len() <= 20 && number.bytes().all(|digit| digit.is_ascii_digit()));
            prop_assert_eq!(e164(belgian(), &format!("+{number}")), Ok(number));
        }
    }
}
