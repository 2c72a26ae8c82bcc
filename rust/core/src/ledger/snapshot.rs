//! How snapshots are stored: in pieces of a size that delays no commit, told by a head.

use std::collections::BTreeMap;

use super::memory::refuse;
use crate::model::CampaignId;

/// A stored snapshot that is whole: every row of its campaign up to `seq` is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotHead {
    /// Whose.
    pub campaign: CampaignId,
    /// The place of the journal at which it was taken.
    pub seq: u64,
    /// Up to there the journal has nothing of its campaign that it lacks; at least `seq`.
    pub reaches: u64,
    /// Pieces it is made of, numbered from 0 on.
    pub pieces: u32,
}

/// One step of keeping a snapshot: a transaction of its own, behind the hot commits.
///
/// None of them can harm: a ledger without snapshots is opened by folding its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotWrite {
    /// One piece. Without its head it does not count, and is swept away.
    Piece {
        /// Whose.
        campaign: CampaignId,
        /// The place of the journal at which it was taken.
        seq: u64,
        /// Which piece.
        number: u32,
        /// What it holds.
        data: Vec<u8>,
    },
    /// The snapshot is whole and takes the place of an earlier one; refused where a piece is missing.
    Head(SnapshotHead),
    /// A campaign that nothing has happened to: its snapshot holds up to there.
    Reaches {
        /// Whose.
        campaign: CampaignId,
        /// Up to where.
        reaches: u64,
    },
    /// Late receipts don't change the campaign any more: its snapshot is of no use.
    Drop(CampaignId),
    /// Removes some of the pieces that belong to no snapshot. Given while none is being taken.
    Sweep,
}

/// Those of a ledger in memory.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    heads: BTreeMap<CampaignId, SnapshotHead>,
    pieces: BTreeMap<(CampaignId, u64, u32), Vec<u8>>,
}

impl Snapshots {
    pub(super) fn head(&self, campaign: CampaignId) -> Option<SnapshotHead> {
        self.heads.get(&campaign).copied()
    }

    pub(super) fn piece(&self, head: &SnapshotHead, number: u32) -> Option<Vec<u8>> {
        self.pieces.get(&(head.campaign, head.seq, number)).cloned()
    }

    pub(super) fn check(
        &self,
        step: &SnapshotWrite,
        last_seq: u64,
        launched: impl Fn(CampaignId) -> bool,
    ) -> Result<(), String> {
        match step {
            SnapshotWrite::Head(head) => {
                let whole = (0..head.pieces).all(|n| self.pieces.contains_key(&(head.campaign, head.seq, n)));
                let fits = whole && launched(head.campaign) && head.reaches <= last_seq;
                refuse(!fits, || format!("{head:?} is not whole"))
            }
            SnapshotWrite::Reaches { campaign, reaches } => {
                let fits = self.heads.contains_key(campaign) && *reaches <= last_seq;
                refuse(!fits, || format!("no snapshot of {campaign} reaches {reaches}"))
            }
            SnapshotWrite::Piece { .. } | SnapshotWrite::Drop(_) | SnapshotWrite::Sweep => Ok(()),
        }
    }

    pub(super) fn keep(&mut self, step: SnapshotWrite) {
        match step {
            SnapshotWrite::Piece { campaign, seq, number, data } => {
                self.pieces.insert((campaign, seq, number), data);
            }
            SnapshotWrite::Head(head) => {
                self.heads.insert(head.campaign, head);
            }
            SnapshotWrite::Reaches { campaign, reaches } => {
                if let Some(head) = self.heads.get_mut(&campaign) {
                    head.reaches = reaches;
                }
            }
            SnapshotWrite::Drop(campaign) => {
                self.heads.remove(&campaign);
            }
            SnapshotWrite::Sweep => {
                let heads = &self.heads;
                self.pieces.retain(|(of, seq, _), _| heads.get(of).is_some_and(|head| head.seq == *seq));
            }
        }
    }
}
