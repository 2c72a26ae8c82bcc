//! Letting ended campaigns go: their personal data alone, or all but their row to an archive.

use crate::model::{BlockKey, CampaignId};

/// A campaign whose blocks and rows lie in an archive file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archived {
    /// Which.
    pub campaign: CampaignId,
    /// The place of its first row in the journal.
    pub first_seq: u64,
    /// The place of its last.
    pub last_seq: u64,
    /// Rows between them that are its own.
    pub rows: u64,
}

/// One step, a transaction of its own. Each is refused unless its campaign has ended, and may be
/// given again after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retain {
    /// The people of a block, without what is personal, take the place of the stored ones.
    People {
        /// Which block.
        key: BlockKey,
        /// They.
        data: Vec<u8>,
    },
    /// Every block of the campaign is without personal data, and its snapshot is gone.
    Erased {
        /// Which campaign.
        campaign: CampaignId,
        /// When, wall clock.
        at_ms: i64,
    },
    /// The archive file of the campaign is whole and durable: from now on it is read there.
    Archived(Archived),
    /// Removes some of what the archive file has. Until it is done, both have it.
    Clear(CampaignId),
    /// Puts what was overwritten out of the log as well.
    Scrub,
}

impl Retain {
    /// The campaign it is about, if it is about one.
    pub fn campaign(&self) -> Option<CampaignId> {
        match self {
            Retain::People { key, .. } => Some(key.campaign),
            Retain::Erased { campaign, .. } | Retain::Clear(campaign) => Some(*campaign),
            Retain::Archived(archived) => Some(archived.campaign),
            Retain::Scrub => None,
        }
    }
}
