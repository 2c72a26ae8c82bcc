//! Everything that reads octets which this process did not write, one function each: where fuzzing comes in.
//!
//! Not for hosts. Each function does with the octets what the engine does with them, as far as no file, socket or
//! running engine is needed, and says how much of them was understood.

pub use crate::control::untrusted::{answer as control_answer, requests as control_requests};
pub use crate::ledger::untrusted::{COLUMNS, Cell, TABLES, row as ledger_row};

use bealert_core::model::{CampaignId, CampaignRow, EXCLUDED};

use crate::blocks::Rendered;
use crate::campaign::{Mailroom, Prepared};
use crate::launch::row_of;
use crate::plan::Plan;

/// Renders every block of a plan that came over `control.sock`, as the pool does once it is launched. The octets
/// of its messages, or `None` where it can't be sent.
pub fn rendered(plan: &Plan, campaign: u32) -> Option<usize> {
    let row = CampaignRow { id: CampaignId(campaign), ..row_of(plan, "", "", 0, 0) };
    let prepared = Prepared::of(&row, &Mailroom::default()).ok()?;
    let sent = plan.blocks.iter().filter(|block| block.meta.route != EXCLUDED);
    sent.map(|block| Rendered::of(&prepared, block).ok().map(|ready| ready.octets())).sum()
}
