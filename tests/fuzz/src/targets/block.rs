//! The people of a block, as a ledger or a plan holds them.

use bealert_core::block::{BlockWriter, people};

/// The octets: a blob.
pub(crate) fn read(octets: &[u8]) -> bool {
    let Ok(read) = people(octets) else { return false };
    let mut writer = BlockWriter::default();
    read.iter().for_each(|person| writer.push(person));
    assert_eq!(writer.len() as usize, read.len());
    let written = writer.finish();
    assert_eq!(people(&written).as_ref(), Ok(&read));
    true
}
