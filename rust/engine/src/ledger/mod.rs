//! The durable ledger: SQLite in a directory that one process holds.
//!
//! Three files belong together: `ledger.sqlite` with its `-wal` and `-shm`, and `lock`. They are
//! 0600: they hold numbers and names of people. Back them up with `VACUUM INTO` or together, while
//! nobody holds the directory.

pub(crate) mod archive;
mod batch;
mod columns;
mod hold;
mod inserts;
mod reader;
mod retention;
pub(crate) mod routes;
mod snapshots;
mod sql;
mod sqlite;
mod store;
pub(crate) mod untrusted;
mod wal;

pub(crate) use batch::refused;
pub use reader::{check_file, open_reader};
pub use sqlite::SqliteLedger;
