//! What is likely to be wrong where a relay says nothing, and what to do.

use std::io;

use bealert_wire::smtp::{CloseReason, Phase};

use crate::config::TlsMode;

/// Said of a relay that was asked and does speak TLS from the first octet.
pub(crate) const WANTS_IMPLICIT: &str =
    "the port speaks TLS from the first octet: `tls` has to be \"implicit\" there";

/// Said of a port that may do so: whoever waits for us to begin says nothing, and neither do we.
const MAY_WANT_IMPLICIT: &str =
    "where a port speaks TLS from the first octet, as 465 does, `tls` has to be \"implicit\"";

/// Why a connection ended, and what is likely to be wrong.
pub(crate) fn advised(tls: TlsMode, reason: CloseReason, error: Option<&io::Error>) -> String {
    let what = match (reason, error) {
        (CloseReason::Dropped | CloseReason::NotGreeted, Some(error)) => format!("{reason}: {error}"),
        _ => reason.to_string(),
    };
    match reason {
        CloseReason::NotGreeted | CloseReason::TimedOut { phase: Phase::Greeting } => {
            may_want_implicit(tls, &what)
        }
        _ => what,
    }
}

/// A relay that has not greeted for so long.
pub(crate) fn silent(tls: TlsMode, for_us: u64) -> String {
    may_want_implicit(tls, &format!("no greeting within {} s", for_us as f64 / 1e6))
}

fn may_want_implicit(tls: TlsMode, what: &str) -> String {
    match tls {
        TlsMode::Implicit => what.to_owned(),
        TlsMode::None | TlsMode::Opportunistic | TlsMode::Required => format!("{what}; {MAY_WANT_IMPLICIT}"),
    }
}
