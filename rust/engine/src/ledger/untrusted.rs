//! Rows whatever a file holds: SQLite keeps any type in any column, and a file can be damaged or edited.

use bealert_core::ledger::LedgerError;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::columns;

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)] // the types of SQLite
pub enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    /// Which SQLite does not check to be UTF-8.
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(value),
            Self::Real(value) => ValueRef::Real(value),
            Self::Text(octets) => ValueRef::Text(octets),
            Self::Blob(octets) => ValueRef::Blob(octets),
        }))
    }
}

/// Kinds of rows that [`row`] knows.
pub const TABLES: usize = READ.len();

/// Columns of the widest of them.
pub const COLUMNS: usize = 15;

type Read = fn(&Row<'_>) -> Result<(), LedgerError>;

const READ: [Read; 8] = [
    |row| columns::campaign(row).map(drop),
    |row| columns::block(row).map(drop),
    |row| columns::outcome(row).map(drop),
    |row| columns::notice(row).map(drop),
    |row| columns::block_end(row).map(drop),
    |row| columns::tally(row).map(drop),
    |row| columns::parked(row).map(drop),
    |row| columns::named_gateway(row).map(drop),
];

/// Reads cells as a row of a table; those that are missing are null.
///
/// # Errors
/// What is wrong with them. Only [`LedgerError::Damaged`] is right: nothing else is wrong here.
pub fn row(table: usize, cells: &[Cell<'_>]) -> Result<(), LedgerError> {
    thread_local! {
        static MEMORY: Connection = Connection::open_in_memory().expect("memory is no file");
    }
    MEMORY.with(|memory| {
        let failed = super::store::failed;
        let places = (1..=COLUMNS).map(|number| format!("?{number}")).collect::<Vec<_>>().join(",");
        let mut statement = memory.prepare_cached(&format!("SELECT {places}")).map_err(failed)?;
        let cells = (0..COLUMNS).map(|at| cells.get(at).copied().unwrap_or(Cell::Null));
        let mut rows = statement.query(params_from_iter(cells)).map_err(failed)?;
        let row = rows.next().map_err(failed)?.expect("a statement without a table gives one row");
        READ[table % TABLES](row)
    })
}
