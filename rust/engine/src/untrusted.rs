//! Everything that reads octets which this process did not write, one function each: where fuzzing comes in.
//!
//! Not for hosts. Each function does with the octets what the engine does with them, as far as no file, socket or
//! running engine is needed, and says how much of them was understood.

pub use crate::control::untrusted::{answer as control_answer, requests as control_requests};
pub use crate::ledger::untrusted::{COLUMNS, Cell, TABLES, row as ledger_row};

use bealert_core::model::EXCLUDED;

use crate::blocks::Rendered;
use crate::plan::{Frozen, Plan};

/// Renders every block of a plan that came over `control.sock`, as the pool does once it is launched. The octets
/// of its messages, or `None` where it can't be sent.
pub fn rendered(plan: &Plan, reference: u8) -> Option<usize> {
    let frozen = Frozen::from_json(&plan.frozen).ok()?;
    let sent = plan.blocks.iter().filter(|block| block.meta.route != EXCLUDED);
    sent.map(|block| Rendered::of(&frozen, &block.data, reference).ok().map(|ready| ready.octets())).sum()
}
