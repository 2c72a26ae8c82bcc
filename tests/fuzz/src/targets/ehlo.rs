//! What a relay offers: lines of its reply to EHLO.

use bealert_wire::smtp::Extensions;

/// The octets: the lines, each behind the one before.
pub(crate) fn read(octets: &[u8]) -> bool {
    let mut offered = Extensions::default();
    octets.split(|octet| *octet == b'\n').for_each(|line| offered.read_line(line));
    // A mechanism without a name here has none to come back by.
    offered.auth.other = false;
    let mut again = Extensions::default();
    offered.lines().iter().for_each(|line| again.read_line(line.as_bytes()));
    assert_eq!(again, offered, "what is understood can be said");
    offered != Extensions::default()
}
