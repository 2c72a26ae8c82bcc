//! Snapshots: where everybody of a campaign stands at one place of the journal, packed in pieces.
//!
//! Opening a ledger starts from them and folds only what follows. A piece is a kind, the items of
//! that kind, and a check over both; the first piece is the [`Header`]. Whoever reads one that is
//! damaged, incomplete or made under another hash goes back to folding the whole journal.

use std::collections::VecDeque;

use thiserror::Error;

use crate::dispatch::Fate;
use crate::ledger::SnapshotHead;
use crate::model::{CampaignId, Channel, GatewayId};
use crate::outcome::{Mark, Step};
use crate::packed::{Input, PackedError, number, seal, unseal};
use crate::tally::Tally;

/// Bytes after which a piece is full: it is written in one transaction, which hot commits wait for.
pub(crate) const PIECE: usize = 256 * 1_024;

/// Bytes of a receipt in a piece, about.
pub(crate) const RECEIPT: usize = 21;

/// Version of the layout.
const VERSION: u8 = 1;

const HEADER: u8 = 1;
const MARKS: u8 = 2;
const PARTS: u8 = 3;
const TRACES: u8 = 4;
const DOUBTS: u8 = 5;
const RECEIPTS: u8 = 6;
const END: u8 = 7;
const UNTIL: u8 = 8;
const TAKEN: u8 = 9;
const BOUNCED: u8 = 10;

/// Why a snapshot is of no use; the journal still tells everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum SnapshotError {
    /// A piece is not what was written.
    #[error("a piece of it is damaged")]
    Damaged,
    /// A piece is missing.
    #[error("a piece of it is missing")]
    Incomplete,
    /// Its layout, or the hash under which receipts and addresses stand in it, is another.
    #[error("it was made by another version or under another key")]
    Foreign,
    /// It contradicts itself or its campaign.
    #[error("its counts don't fit its states")]
    Counts,
}

impl From<PackedError> for SnapshotError {
    fn from(_: PackedError) -> Self {
        SnapshotError::Damaged
    }
}

/// What the first piece says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// Tells the hash under which the ids of receipts and the addresses of doubts stand in it.
    pub(crate) fingerprint: u64,
    /// [`Step::Cancelled`] or [`Step::Expired`] where nothing more of the campaign may leave.
    pub(crate) stopped: Option<Step>,
    /// Whether the campaign had ended.
    pub(crate) ended: bool,
    pub(crate) channels: Vec<ChannelHeader>,
}

/// One channel of the campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelHeader {
    pub(crate) channel: Channel,
    /// The counts that the marks must come to.
    pub(crate) tally: Tally,
    /// Lowest and highest ordinal of each block, where known.
    pub(crate) ranges: Vec<Option<(u32, u32)>>,
}

/// The last that the journal says of a part that may still be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceItem {
    pub(crate) channel: Channel,
    pub(crate) ordinal: u32,
    pub(crate) part: u8,
    pub(crate) step: Step,
    pub(crate) attempt: u8,
    pub(crate) resends: u8,
    pub(crate) gateway: GatewayId,
    pub(crate) at_ms: i64,
}

/// An attempt that is uncertain, by the hash of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DoubtItem {
    pub(crate) address: u64,
    pub(crate) channel: Channel,
    pub(crate) block: u32,
    pub(crate) ordinal: u32,
    pub(crate) part: u8,
    pub(crate) units: u8,
    pub(crate) attempt: u8,
    pub(crate) gateway: GatewayId,
}

/// An accepted attempt, by the hash of its far end's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReceiptItem {
    pub(crate) key: u64,
    pub(crate) check: u32,
    pub(crate) channel: Channel,
    pub(crate) ordinal: u32,
    pub(crate) part: u8,
    pub(crate) units: u8,
    pub(crate) attempt: u8,
    pub(crate) gateway: GatewayId,
    pub(crate) ambiguous: bool,
    /// 0: no receipt came; 1: one of failure; 2: one of delivery.
    pub(crate) heard: u8,
    /// Until when its receipt is waited for, wall clock; `None` once it is not.
    pub(crate) until_ms: Option<i64>,
}

/// One thing in a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    Header(Header),
    /// Marks of consecutive ordinals, a byte each.
    Marks(Channel, u32, &'a [u8]),
    /// Marks of the parts of one dispatch.
    Parts(Channel, u32, &'a [u8]),
    Trace(TraceItem),
    Doubt(DoubtItem),
    Receipt(ReceiptItem),
    /// Until when receipts that name their attempts are waited for, wall clock.
    Until(i64),
    /// What became of an attempt of a dispatch that was in doubt: channel, ordinal, attempt.
    Try(Channel, u32, u8, Fate),
    /// The last piece; how many came before it.
    End(u32),
}

/// Packs items into pieces.
#[derive(Debug)]
pub(crate) struct PieceWriter {
    campaign: CampaignId,
    seq: u64,
    open: Vec<u8>,
    done: VecDeque<Vec<u8>>,
    /// Pieces so far.
    count: u32,
}

impl PieceWriter {
    pub(crate) fn new(campaign: CampaignId, seq: u64) -> Self {
        Self { campaign, seq, open: Vec::new(), done: VecDeque::new(), count: 0 }
    }

    pub(crate) fn header(&mut self, header: &Header) {
        let out = self.begin(HEADER);
        out.push(VERSION);
        out.extend_from_slice(&header.fingerprint.to_le_bytes());
        out.push(header.stopped.map_or(u8::MAX, |step| step as u8));
        out.push(header.ended.into());
        number(out, header.channels.len() as u64);
        for channel in &header.channels {
            out.push(channel.channel as u8);
            channel.tally.0.iter().for_each(|count| number(out, *count));
            number(out, channel.ranges.len() as u64);
            for range in &channel.ranges {
                let (first, last) = range.unwrap_or((1, 0));
                number(out, first.into());
                number(out, last.into());
            }
        }
        self.end();
    }

    pub(crate) fn marks(&mut self, channel: Channel, marks: &[Mark]) {
        for (at, some) in marks.chunks(PIECE).enumerate() {
            let out = self.begin(MARKS);
            out.push(channel as u8);
            number(out, (at * PIECE) as u64);
            out.extend(some.iter().map(|mark| mark.to_byte()));
            self.end();
        }
    }

    pub(crate) fn parts(&mut self, channel: Channel, ordinal: u32, marks: &[Mark]) {
        let out = self.begin(PARTS);
        out.push(channel as u8);
        number(out, ordinal.into());
        number(out, marks.len() as u64);
        out.extend(marks.iter().map(|mark| mark.to_byte()));
    }

    pub(crate) fn trace(&mut self, item: &TraceItem) {
        let out = self.begin(TRACES);
        out.extend_from_slice(&[item.channel as u8, item.part, item.step as u8, item.attempt, item.resends]);
        number(out, item.ordinal.into());
        number(out, item.gateway.0.into());
        number(out, item.at_ms as u64);
    }

    pub(crate) fn doubt(&mut self, item: &DoubtItem) {
        let out = self.begin(DOUBTS);
        out.extend_from_slice(&item.address.to_le_bytes());
        out.extend_from_slice(&[item.channel as u8, item.part, item.units, item.attempt]);
        number(out, item.block.into());
        number(out, item.ordinal.into());
        number(out, item.gateway.0.into());
    }

    pub(crate) fn receipt(&mut self, item: &ReceiptItem) {
        let out = self.begin(RECEIPTS);
        out.extend_from_slice(&item.key.to_le_bytes());
        out.extend_from_slice(&item.check.to_le_bytes());
        let flags = item.heard << 2 | u8::from(item.ambiguous) << 4 | u8::from(item.until_ms.is_some()) << 5;
        out.extend_from_slice(&[item.channel as u8 | flags, item.part, item.units, item.attempt]);
        number(out, item.ordinal.into());
        number(out, item.gateway.0.into());
        if let Some(until_ms) = item.until_ms {
            number(out, until_ms as u64);
        }
    }

    pub(crate) fn until(&mut self, at_ms: i64) {
        number(self.begin(UNTIL), at_ms as u64);
    }

    pub(crate) fn tried(&mut self, channel: Channel, ordinal: u32, attempt: u8, fate: Fate) {
        let out = self.begin(match fate {
            Fate::Taken => TAKEN,
            Fate::Bounced => BOUNCED,
        });
        out.extend_from_slice(&[channel as u8, attempt]);
        number(out, ordinal.into());
    }

    /// Ends the last piece: nothing more follows.
    pub(crate) fn finish(&mut self) {
        self.end();
        let count = self.count;
        number(self.begin(END), count.into());
        self.end();
    }

    /// The next piece that is full, and its number.
    pub(crate) fn take(&mut self) -> Option<(u32, Vec<u8>)> {
        let piece = self.done.pop_front()?;
        Some((self.count - self.done.len() as u32 - 1, piece))
    }

    /// How many pieces there are so far.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Where the next item of this kind goes: items of a kind stand together.
    fn begin(&mut self, kind: u8) -> &mut Vec<u8> {
        if self.open.len() >= PIECE || self.open.first().is_some_and(|open| *open != kind) {
            self.end();
        }
        if self.open.is_empty() {
            self.open.push(kind);
        }
        &mut self.open
    }

    fn end(&mut self) {
        if !self.open.is_empty() {
            let mut piece = std::mem::take(&mut self.open);
            seal(&mut piece, place(self.campaign, self.seq, self.count));
            self.done.push_back(piece);
            self.count += 1;
        }
    }
}

/// Tells the place of a piece among all pieces of a ledger.
pub(crate) fn place(campaign: CampaignId, seq: u64, number: u32) -> u64 {
    (seq << 20 ^ u64::from(number)) ^ u64::from(campaign.0) << 40
}

/// Gives every item of a piece of a snapshot.
pub(crate) fn read(
    head: &SnapshotHead,
    at: u32,
    piece: &[u8],
    mut each: impl FnMut(Item<'_>) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    let place = place(head.campaign, head.seq, at);
    let mut input = Input(unseal(piece, place).ok_or(SnapshotError::Damaged)?);
    let kind = input.byte()?;
    // The first says what all are, the last that none is missing.
    if (kind == HEADER) != (at == 0) || (kind == END) != (at + 1 == head.pieces) {
        return Err(SnapshotError::Incomplete);
    }
    while !input.is_empty() {
        each(match kind {
            HEADER => Item::Header(header(&mut input)?),
            MARKS => {
                let (channel, first) = (channel(input.byte()?)?, input.narrow()?);
                let len = input.0.len();
                Item::Marks(channel, first, input.bytes(len)?)
            }
            PARTS => {
                let (channel, ordinal) = (channel(input.byte()?)?, input.narrow()?);
                let len = input.count()?;
                Item::Parts(channel, ordinal, input.bytes(len)?)
            }
            TRACES => Item::Trace(trace(&mut input)?),
            DOUBTS => Item::Doubt(doubt(&mut input)?),
            RECEIPTS => Item::Receipt(receipt(&mut input)?),
            END => Item::End(input.narrow()?),
            UNTIL => Item::Until(input.number()? as i64),
            TAKEN | BOUNCED => {
                let [channel_byte, attempt] = input.fixed()?;
                let fate = if kind == TAKEN { Fate::Taken } else { Fate::Bounced };
                Item::Try(channel(channel_byte)?, input.narrow()?, attempt, fate)
            }
            _ => return Err(SnapshotError::Foreign),
        })?;
    }
    Ok(())
}

/// The mark of a stored byte.
pub(crate) fn mark(byte: u8) -> Result<Mark, SnapshotError> {
    Mark::from_byte(byte).ok_or(SnapshotError::Damaged)
}

fn header(input: &mut Input<'_>) -> Result<Header, SnapshotError> {
    if input.byte()? != VERSION {
        return Err(SnapshotError::Foreign);
    }
    let fingerprint = u64::from_le_bytes(input.fixed()?);
    let stopped = match input.byte()? {
        u8::MAX => None,
        byte => Some(step(byte)?),
    };
    let ended = input.byte()? != 0;
    let channels = (0..input.count()?).map(|_| channel_header(input)).collect::<Result<_, _>>()?;
    Ok(Header { fingerprint, stopped, ended, channels })
}

fn channel_header(input: &mut Input<'_>) -> Result<ChannelHeader, SnapshotError> {
    let channel = channel(input.byte()?)?;
    let mut tally = Tally::default();
    for count in &mut tally.0 {
        *count = input.number()?;
    }
    let range = |input: &mut Input<'_>| {
        let (first, last): (u32, u32) = (input.narrow()?, input.narrow()?);
        Ok((first <= last).then_some((first, last)))
    };
    let ranges = (0..input.count()?).map(|_| range(input)).collect::<Result<_, PackedError>>()?;
    Ok(ChannelHeader { channel, tally, ranges })
}

fn trace(input: &mut Input<'_>) -> Result<TraceItem, SnapshotError> {
    let [channel_byte, part, step_byte, attempt, resends] = input.fixed()?;
    Ok(TraceItem {
        channel: channel(channel_byte)?,
        ordinal: input.narrow()?,
        part,
        step: step(step_byte)?,
        attempt,
        resends,
        gateway: GatewayId(input.narrow()?),
        at_ms: input.number()? as i64,
    })
}

fn doubt(input: &mut Input<'_>) -> Result<DoubtItem, SnapshotError> {
    let address = u64::from_le_bytes(input.fixed()?);
    let [channel_byte, part, units, attempt] = input.fixed()?;
    Ok(DoubtItem {
        address,
        channel: channel(channel_byte)?,
        block: input.narrow()?,
        ordinal: input.narrow()?,
        part,
        units,
        attempt,
        gateway: GatewayId(input.narrow()?),
    })
}

fn receipt(input: &mut Input<'_>) -> Result<ReceiptItem, SnapshotError> {
    let key = u64::from_le_bytes(input.fixed()?);
    let check = u32::from_le_bytes(input.fixed()?);
    let [flags, part, units, attempt] = input.fixed()?;
    Ok(ReceiptItem {
        key,
        check,
        channel: channel(flags & 3)?,
        ordinal: input.narrow()?,
        part,
        units,
        attempt,
        gateway: GatewayId(input.narrow()?),
        ambiguous: flags & 1 << 4 != 0,
        heard: flags >> 2 & 3,
        until_ms: if flags & 1 << 5 != 0 { Some(input.number()? as i64) } else { None },
    })
}

fn channel(byte: u8) -> Result<Channel, SnapshotError> {
    Channel::from_u8(byte).ok_or(SnapshotError::Damaged)
}

fn step(byte: u8) -> Result<Step, SnapshotError> {
    Step::from_u8(byte).ok_or(SnapshotError::Damaged)
}
