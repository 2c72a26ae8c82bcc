//! Addresses as they stand in MAIL and RCPT (RFC 5321 §4.1.2).

use super::envelope::PathProblem;

/// RFC 5321 §4.5.3.1.1.
pub const MAX_LOCAL_PART_OCTETS: usize = 64;

/// RFC 5321 §4.5.3.1.2.
pub const MAX_DOMAIN_OCTETS: usize = 255;

/// Looks whether an address can stand between brackets in a command, and can do nothing else there. Whether it is a
/// sensible one is for whoever knows its owner. Says whether it holds characters above ASCII (RFC 6531).
pub(crate) fn check_path(address: &str) -> Result<bool, PathProblem> {
    let octets = address.as_bytes();
    let at = memchr::memrchr(b'@', octets).ok_or(PathProblem::Domain)?;
    let (local, domain) = (&octets[..at], &octets[at + 1..]);
    if !(1..=MAX_LOCAL_PART_OCTETS).contains(&local.len()) {
        return Err(PathProblem::LocalPart);
    }
    if !(1..=MAX_DOMAIN_OCTETS).contains(&domain.len()) {
        return Err(PathProblem::Domain);
    }
    let local_fits = match local {
        [b'"', inside @ .., b'"'] => is_quoted(inside),
        _ => local.iter().all(|&octet| ATOM[usize::from(octet)]),
    };
    let domain_fits = match domain {
        [b'[', inside @ .., b']'] => inside.iter().all(|&octet| octet == b':' || ATOM[usize::from(octet)]),
        _ => domain.iter().all(|&octet| ATOM[usize::from(octet)]),
    };
    if local_fits && domain_fits { Ok(!address.is_ascii()) } else { Err(PathProblem::Character) }
}

/// What may stand outside quotes: no control, no space, none of the characters with a meaning (RFC 5322 §3.2.3).
const ATOM: [bool; 256] = {
    let mut atom = [true; 256];
    let mut octet = 0;
    while octet <= b' ' as usize {
        atom[octet] = false;
        octet += 1;
    }
    atom[0x7F] = false;
    let special = b"<>()[]\\,;:\"@";
    let mut at = 0;
    while at < special.len() {
        atom[special[at] as usize] = false;
        at += 1;
    }
    atom
};

/// Each quote and backslash inside has a backslash before it, and no control stands there (RFC 5321 §4.1.2).
fn is_quoted(mut inside: &[u8]) -> bool {
    loop {
        inside = match inside {
            [] => return true,
            [b'\\', b' '..=b'~', rest @ ..] => rest,
            [b'\\' | b'"', ..] | [..=0x1F, ..] | [0x7F, ..] => return false,
            [_, rest @ ..] => rest,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_stand_in_a_command() {
        for good in ["a@b", "a.b+c=d@example.org", "\"a b\"@example.org", "\"a\\\"b\"@x", "p@[127.0.0.1]"] {
            assert_eq!(check_path(good), Ok(false), "{good}");
        }
        assert_eq!(check_path("p\u{e9}@example.org"), Ok(true));
        assert_eq!(check_path("p@b\u{fc}cher.example"), Ok(true));
    }

    #[test]
    fn nothing_ends_the_command_or_the_path() {
        for octet in (0..=0x20u8).chain([0x7F]).chain(*b"<>(),;:\\\"") {
            let octet = char::from(octet);
            for address in [format!("a{octet}b@example.org"), format!("ab@example{octet}org")] {
                assert_eq!(check_path(&address), Err(PathProblem::Character), "{address:?}");
            }
        }
        for bad in ["\"a\r\n\"@x", "\"a\"b\"@x", "\"a\\\"@x", "\"a\0\"@x"] {
            assert_eq!(check_path(bad), Err(PathProblem::Character), "{bad:?}");
        }
    }

    #[test]
    fn lengths_are_those_of_the_standard() {
        let of = |local: usize, domain: usize| {
            check_path(&format!("{}@{}", "a".repeat(local), "b".repeat(domain)))
        };
        assert_eq!(of(64, 255), Ok(false));
        assert_eq!((of(65, 1), of(0, 1)), (Err(PathProblem::LocalPart), Err(PathProblem::LocalPart)));
        assert_eq!((of(1, 256), of(1, 0)), (Err(PathProblem::Domain), Err(PathProblem::Domain)));
        assert_eq!(check_path("nobody"), Err(PathProblem::Domain));
    }
}
