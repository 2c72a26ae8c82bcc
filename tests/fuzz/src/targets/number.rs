//! Phone numbers as people write them.

use bealert_engine::plan::{Numbers, judge_sender};

/// The octets: a country of two letters, then a number; the same text as a sender.
pub(crate) fn read(octets: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(octets) else { return false };
    let _ = judge_sender(text).map_err(|problem| problem.to_string());
    let (country, number) = text.split_at_checked(2).unwrap_or((text, ""));
    let countries = [Some("BE"), None, Some(country)];
    let mut understood = false;
    for country in countries {
        let Ok(numbers) = Numbers::new(country) else { continue };
        let mut out = String::new();
        match numbers.to_e164(number, &mut out) {
            Ok(()) => {
                understood = true;
                assert!(
                    (3..=15).contains(&out.len()) && out.bytes().all(|octet| octet.is_ascii_digit()),
                    "{out}"
                );
                let mut again = String::new();
                numbers.to_e164(&format!("+{out}"), &mut again).expect("what is E.164 stays so");
                assert_eq!(again, out);
            }
            Err(problem) => assert!(!problem.to_string().is_empty()),
        }
    }
    understood
}
