//! The invariants of the design, each a function over what was observed: it looks at the far ends'
//! books, the ledger's journal and the times of sends, never into a dispatcher.
//!
//! I11 (a drill opens no socket) is no property of a run, and is checked with the drill.

mod commands;
mod counts;
mod duplicates;
mod fold;
mod launches;
mod limit;
mod lost;
mod receipts;
mod reserved;
mod urgent;

pub use commands::i10_stop_means_stop;
pub use counts::{i6_states_move_along_the_table, i7_counts_are_the_fold};
pub use duplicates::i3_duplicates_are_named;
pub use launches::i8_a_key_is_one_campaign;
pub use limit::i4_no_window_is_over_the_limit;
pub use lost::i1_nobody_is_lost;
pub use receipts::i9_a_receipt_changes_one_attempt;
pub use reserved::i2_nothing_leaves_before_it_is_durable;
pub use urgent::i5_the_urgent_never_wait;

use super::facts::Facts;

/// Says what is wrong, if anything is.
pub type Check = fn(&Facts) -> Result<(), String>;

/// Every check by its name.
pub const CHECKS: [(&str, Check); 10] = [
    ("I1", i1_nobody_is_lost),
    ("I2", i2_nothing_leaves_before_it_is_durable),
    ("I3", i3_duplicates_are_named),
    ("I4", i4_no_window_is_over_the_limit),
    ("I5", i5_the_urgent_never_wait),
    ("I6", i6_states_move_along_the_table),
    ("I7", i7_counts_are_the_fold),
    ("I8", i8_a_key_is_one_campaign),
    ("I9", i9_a_receipt_changes_one_attempt),
    ("I10", i10_stop_means_stop),
];

/// The names of the invariants that do not hold, each with the first thing that is wrong.
pub fn failures(facts: &Facts) -> Vec<(&'static str, String)> {
    CHECKS.iter().filter_map(|(name, check)| Some((*name, check(facts).err()?))).collect()
}
