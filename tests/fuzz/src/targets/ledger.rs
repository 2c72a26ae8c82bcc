//! Rows of a ledger whose file was damaged or edited.

use arbitrary::Unstructured;
use bealert_core::ledger::LedgerError;
use bealert_engine::untrusted::{COLUMNS, Cell, TABLES, ledger_row};

/// The octets: a table, then cells: a type, and a number of eight octets or a length and octets.
pub(crate) fn read(octets: &[u8]) -> bool {
    let mut input = Unstructured::new(octets);
    let Ok(table) = input.int_in_range(0..=TABLES - 1) else { return false };
    let mut cells = Vec::new();
    while !input.is_empty() && cells.len() < COLUMNS {
        cells.push(cell(&mut input).unwrap_or(Cell::Null));
    }
    match ledger_row(table, &cells) {
        Ok(()) => true,
        Err(LedgerError::Damaged(what)) => {
            assert!(!what.is_empty());
            false
        }
        Err(other) => panic!("damage is called {other:?}"),
    }
}

fn cell<'a>(input: &mut Unstructured<'a>) -> arbitrary::Result<Cell<'a>> {
    Ok(match input.arbitrary::<u8>()? % 6 {
        0 => Cell::Null,
        1 => Cell::Integer(input.arbitrary()?),
        2 => Cell::Integer(i64::from(input.arbitrary::<u8>()?)),
        3 => Cell::Real(input.arbitrary()?),
        4 => Cell::Text(short(input)?),
        _ => Cell::Blob(short(input)?),
    })
}

fn short<'a>(input: &mut Unstructured<'a>) -> arbitrary::Result<&'a [u8]> {
    let length = usize::from(input.arbitrary::<u8>()?).min(input.len());
    input.bytes(length)
}
