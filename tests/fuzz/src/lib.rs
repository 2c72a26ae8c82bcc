//! Fuzz targets: for everything that reads what others wrote, a function that does so and checks what it must
//! keep to, whatever comes.
//!
//! Each target promises the same three things: no panic, memory in proportion to the input ([`memory::Bound`]),
//! and that what is right is understood. The functions know nothing of who picks the octets:
//!
//! - `tests/short.rs`, a part of `make test`, replays `corpus` and `regressions` and adds a fixed number of
//!   mutations of them from one printed seed;
//! - `make fuzz` runs each target under libFuzzer, which watches the coverage (`bins`), and where there is no C++
//!   compiler runs the mutations for the same time.

pub mod memory;
pub mod mutate;
mod peer;
pub mod seeds;
mod session;
pub mod store;
mod targets;

use memory::Bound;

/// One way in for octets of others.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of its binary, and of its directories in `corpus` and `regressions`.
    pub name: &'static str,
    /// Whether some of the octets were understood. It panics where something is wrong.
    read: fn(&[u8]) -> bool,
    /// What it may take of memory.
    bound: Bound,
}

/// All of them.
pub const TARGETS: [Target; 18] = [
    Target { name: "block", read: targets::block::read, bound: Bound::new(64) },
    Target { name: "bounce", read: targets::bounce::read, bound: Bound::new(1_024) },
    Target { name: "config", read: targets::config::read, bound: Bound::new(4_096) },
    Target { name: "control", read: targets::control::read, bound: Bound::new(256) },
    Target { name: "ehlo", read: targets::ehlo::read, bound: Bound::new(64) },
    Target { name: "esme", read: targets::esme::read, bound: Bound::new(256) },
    Target { name: "ledger", read: targets::ledger::read, bound: Bound::new(64) },
    Target { name: "letter", read: targets::letter::read, bound: Bound::new(4_096) },
    Target { name: "number", read: targets::number::read, bound: Bound::new(4_096) },
    Target { name: "pdu", read: targets::pdu::read, bound: Bound::new(64) },
    Target { name: "receipt", read: targets::receipt::read, bound: Bound::new(64) },
    Target { name: "reply", read: targets::reply::read, bound: Bound::new(256) },
    Target { name: "smsc", read: targets::smsc::read, bound: Bound::new(256) },
    Target { name: "smtp_client", read: targets::smtp_client::read, bound: Bound::new(1_024) },
    Target { name: "smtp_server", read: targets::smtp_server::read, bound: Bound::new(1_024) },
    Target { name: "snapshot", read: targets::snapshot::read, bound: Bound::new(64) },
    Target { name: "template", read: targets::template::read, bound: Bound::new(4_096) },
    Target { name: "text", read: targets::text::read, bound: Bound::new(64) },
];

impl Target {
    /// The target of a name.
    pub fn named(name: &str) -> Option<Self> {
        TARGETS.into_iter().find(|target| target.name == name)
    }

    /// Reads octets; whether some of them were understood.
    ///
    /// # Panics
    /// Where a promise is broken.
    pub fn run(self, octets: &[u8]) -> bool {
        self.bound.check(octets.len(), || (self.read)(octets))
    }
}

/// Makes the binary of a target for libFuzzer.
#[cfg(feature = "libfuzzer")]
#[macro_export]
macro_rules! libfuzzer {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
            let target = $crate::Target::named($name).expect("each binary has its target");
            target.run(octets);
        });
    };
}

#[cfg(feature = "libfuzzer")]
#[doc(hidden)]
pub use libfuzzer_sys;
