//! Snapshots that this process did not write: where fuzzing comes in. Not for hosts.

use crate::ledger::SnapshotHead;
use crate::model::CampaignId;
use crate::packed::{seal, unseal};
use crate::snapshot::{Item, PieceWriter, mark, place, read};

/// Reads octets as a piece of a snapshot, number `at` of `pieces`, with a seal that is right: what a file that was
/// edited could hold. Gives the items that the octets have been written as, and the same written again where they
/// are of a kind that stands alone.
pub fn snapshot_piece(at: u32, pieces: u32, octets: &[u8]) -> Option<(usize, Vec<u8>)> {
    let head = SnapshotHead { campaign: CampaignId(7), seq: 9, reaches: 9, pieces };
    let mut sealed = octets.to_vec();
    seal(&mut sealed, place(head.campaign, head.seq, at));
    let (mut items, mut writer) = (0, PieceWriter::new(head.campaign, head.seq));
    let each = |item: Item<'_>| {
        items += 1;
        match item {
            Item::Header(header) => writer.header(&header),
            Item::Trace(item) => writer.trace(&item),
            Item::Doubt(item) => writer.doubt(&item),
            Item::Receipt(item) => writer.receipt(&item),
            Item::Marks(.., marks) | Item::Parts(.., marks) => {
                marks.iter().try_for_each(|byte| mark(*byte).map(drop))?;
            }
            Item::Until(at_ms) => writer.until(at_ms),
            Item::Try(channel, ordinal, attempt, fate) => writer.tried(channel, ordinal, attempt, fate),
            Item::End(_) => {}
        }
        Ok(())
    };
    read(&head, at, &sealed, each).ok()?;
    writer.finish();
    let (number, piece) = writer.take()?;
    let written = unseal(&piece, place(head.campaign, head.seq, number)).expect("it was just sealed");
    Some((items, written.to_vec()))
}
