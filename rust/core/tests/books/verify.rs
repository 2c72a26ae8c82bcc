//! `verify` finds each way in which a ledger can be wrong, and nothing in one that is right.

use crate::story::Story;
use bealert_core::ledger::{Entry, Ledger, LedgerError, LedgerReader, Parked, verify};
use bealert_core::model::{
    BlockKey, BlockMeta, BlockRow, CampaignId, CampaignRow, CampaignState, Channel, GatewayId,
};
use bealert_core::outcome::Step;
use bealert_core::tally::Tally;

fn story() -> Story {
    let mut story = Story::launch(&[&[(0, 1), (1, 2)], &[(3, 1)], &[(2, 1)]]);
    story.reserve(0, 2);
    story.tell(0, 0, Step::Deferred, |_| ());
    story.tell(0, 0, Step::Submitting, |row| row.attempt = 2);
    story.tell(0, 0, Step::Accepted, |row| row.attempt = 2);
    story.tell(1, 0, Step::Accepted, |_| ());
    story.tell(1, 1, Step::Failed, |_| ());
    story.end_block(1, 0, Step::Expired);
    story.end(CampaignState::Done);
    story
}

/// What is found once the ledger was tampered with.
fn found(tamper: impl FnOnce(&mut Tampered)) -> Vec<String> {
    let mut reader = Tampered::with(&story());
    tamper(&mut reader);
    let verified = verify(&mut reader).unwrap();
    assert_eq!(verified.count, verified.findings.len() as u64);
    verified.findings.into_iter().map(|finding| finding.what).collect()
}

fn only(tamper: impl FnOnce(&mut Tampered), what: &str) {
    let found = found(tamper);
    assert!(found.len() == 1 && found[0].contains(what), "{found:?}");
}

#[test]
fn a_sound_ledger_has_no_findings_and_is_counted() {
    let mut reader = Tampered::with(&story());
    let verified = verify(&mut reader).unwrap();
    assert_eq!(verified.findings, []);
    assert_eq!((verified.campaigns, verified.blocks), (1, 3));
    assert_eq!((verified.dispatches, verified.rows), (4, 8));
}

#[test]
fn a_missing_row_is_a_gap() {
    // A campaign's notice changes no state: only the sequence tells.
    only(|ledger| drop(ledger.entries.remove(0)), "has 2 after 0");
    let found = found(|ledger| drop(ledger.entries.remove(5)));
    assert!(found.iter().any(|what| what.contains("has 7 after 5")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("are open though it has ended")), "{found:?}");
}

#[test]
fn counts_that_differ_are_found() {
    only(|ledger| ledger.tallies[0].1.0[2] += 1, "the ledger counted");
    only(|ledger| ledger.tallies.clear(), "the ledger counted nothing");
    only(|ledger| ledger.campaign.people = 5, "4 are accounted for of 5 people");
}

#[test]
fn an_open_dispatch_of_an_ended_campaign_is_found() {
    let mut story = Story::launch(&[&[(0, 1)], &[]]);
    story.end(CampaignState::Done);
    let verified = verify(&mut *story.ledger.reader().unwrap()).unwrap();
    assert_eq!(verified.findings.len(), 1);
    assert!(verified.findings[0].what.contains("1 are open though it has ended"));
}

#[test]
fn sending_beyond_the_mark_is_found() {
    only(|ledger| ledger.blocks[0].meta.reserved = 1, "sent up to 2, reserved up to 1");
}

#[test]
fn a_retry_without_its_intent_is_found() {
    let attempt = |ledger: &mut Tampered| match &mut ledger.entries[3] {
        Entry::Outcome(outcome) => outcome.attempt = 3,
        other => panic!("{other:?}"),
    };
    only(attempt, "attempt 3 has no submitting row");
}

#[test]
fn an_illegal_step_is_found() {
    let found = found(|ledger| match &mut ledger.entries[3] {
        Entry::Outcome(outcome) => outcome.step = Step::Skipped,
        other => panic!("{other:?}"),
    });
    assert!(found[0].contains("no edge from Submitted by Skipped"), "{found:?}");
}

#[test]
fn rows_about_nobody_are_found() {
    let edit = |ledger: &mut Tampered, ordinal, part| match &mut ledger.entries[1] {
        Entry::Outcome(outcome) => (outcome.ordinal, outcome.part) = (ordinal, part),
        other => panic!("{other:?}"),
    };
    assert!(found(|ledger| edit(ledger, u32::MAX, 0))[0].contains("there is no number 4294967295"));
    assert!(found(|ledger| edit(ledger, 0, 1))[0].contains("number 0 on sms has no part 1"));
    let channel = |ledger: &mut Tampered| match &mut ledger.entries[1] {
        Entry::Outcome(outcome) => outcome.channel = Channel::Voice,
        other => panic!("{other:?}"),
    };
    assert!(found(channel)[0].contains("there is no number 0 on voice"));
    let end = |ledger: &mut Tampered| match &mut ledger.entries[6] {
        Entry::BlockEnd(end) => end.key.block = 9,
        other => panic!("{other:?}"),
    };
    assert!(found(end)[0].contains("ends block 9 on sms, which there is not"));
    let campaign = |ledger: &mut Tampered| match &mut ledger.entries[1] {
        Entry::Outcome(outcome) => outcome.campaign = CampaignId(7),
        other => panic!("{other:?}"),
    };
    assert!(found(campaign)[0].contains("a campaign that there is not"));
}

#[test]
fn damaged_blocks_are_found() {
    let cut = found(|ledger| ledger.blocks[1].data.truncate(4));
    assert!(cut[0].starts_with("sms block 1: "), "{cut:?}");
    assert!(cut[0].contains("cut short"), "{cut:?}");
    assert_eq!(cut.len(), 1, "rows about people that can't be read tell nothing: {cut:?}");
    let missing = found(|ledger| drop(ledger.blocks[1].data.drain(..)));
    assert!(!missing.is_empty() && !missing[0].contains("BlockKey"), "{missing:?}");
    let short = found(|ledger| ledger.blocks[1].meta.len = 2);
    assert!(short[0].contains("says 2 people, holds 1"), "{short:?}");
    let twice = found(|ledger| ledger.blocks[1].data = ledger.blocks[2].data.clone());
    assert!(twice[0].contains("nobody new is number 2"), "{twice:?}");
}

/// A reader whose answers can be changed.
struct Tampered {
    campaign: CampaignRow,
    blocks: Vec<BlockRow>,
    entries: Vec<Entry>,
    tallies: Vec<(Channel, Tally)>,
}

impl Tampered {
    fn with(story: &Story) -> Self {
        let mut reader = story.ledger.reader().unwrap();
        let metas = reader.blocks(story.id).unwrap();
        Self {
            campaign: reader.campaign(story.id).unwrap().unwrap(),
            blocks: metas.iter().map(|meta| reader.block(meta.key).unwrap().unwrap()).collect(),
            entries: reader.journal(0, usize::MAX).unwrap(),
            tallies: reader.tallies(story.id).unwrap(),
        }
    }
}

impl LedgerReader for Tampered {
    fn campaigns(&mut self) -> Result<Vec<CampaignRow>, LedgerError> {
        Ok(vec![self.campaign.clone()])
    }
    fn campaign(&mut self, id: CampaignId) -> Result<Option<CampaignRow>, LedgerError> {
        Ok(Some(self.campaign.clone()).filter(|campaign| campaign.id == id))
    }
    fn find(&mut self, _: &str) -> Result<Option<CampaignRow>, LedgerError> {
        Ok(None)
    }
    fn blocks(&mut self, _: CampaignId) -> Result<Vec<BlockMeta>, LedgerError> {
        Ok(self.blocks.iter().map(|block| block.meta).collect())
    }
    fn block(&mut self, key: BlockKey) -> Result<Option<BlockRow>, LedgerError> {
        Ok(self.blocks.iter().find(|block| block.meta.key == key).cloned())
    }
    fn journal(&mut self, after: u64, limit: usize) -> Result<Vec<Entry>, LedgerError> {
        let new = self.entries.iter().filter(|entry| entry.seq() > after);
        Ok(new.take(limit).cloned().collect())
    }
    fn tallies(&mut self, _: CampaignId) -> Result<Vec<(Channel, Tally)>, LedgerError> {
        Ok(self.tallies.clone())
    }
    fn parked(&mut self) -> Result<Vec<Parked>, LedgerError> {
        Ok(Vec::new())
    }
    fn gateways(&mut self) -> Result<Vec<(GatewayId, String)>, LedgerError> {
        Ok(Vec::new())
    }
    fn last(&mut self) -> Result<(u64, i64), LedgerError> {
        Ok((self.entries.last().map_or(0, Entry::seq), 0))
    }
}
