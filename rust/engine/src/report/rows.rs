//! The rows of a report: one per recipient and channel.

use std::borrow::Cow;

use bealert_core::model::Channel;
use bealert_core::report::Row;

use super::Report;

/// What became of one recipient on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow<'a> {
    /// The host's id.
    pub id: &'a str,
    /// Of the person, if known.
    pub name: Option<&'a str>,
    /// On which channel.
    pub channel: Channel,
    /// The number (`+32...`) or mail address sent to; of the excluded, what was given.
    pub address: Cow<'a, str>,
    /// The state, by its name.
    pub state: &'static str,
    /// Why it did not arrive.
    pub reason: Option<&'a str>,
    /// The gateway of the last attempt.
    pub gateway: Option<&'a str>,
    /// Attempts that were made.
    pub attempts: u8,
    /// What it costs, in the unit of the channel.
    pub parts: u8,
    /// When it was first sent, wall clock.
    pub submitted_at_ms: Option<i64>,
    /// When the last receipt came.
    pub receipt_at_ms: Option<i64>,
    /// The far end's id of it.
    pub remote: Option<&'a str>,
    /// It was sent again while nobody knew whether it had left.
    pub possibly_doubled: bool,
}

impl Report {
    /// Every row, by channel and in the order of the plan.
    pub fn rows(&self) -> impl Iterator<Item = ReportRow<'_>> {
        self.places().filter_map(|(channel, ordinal)| self.row(channel, ordinal))
    }

    /// At most `most` rows from a place on (0 at first), and the place to go on from; no rows once there are no
    /// more.
    pub fn page(&self, start: usize, most: usize) -> (Vec<ReportRow<'_>>, usize) {
        let mut next = start;
        let mut rows = Vec::new();
        while rows.len() < most
            && let Some((channel, ordinal)) = self.place(next)
        {
            rows.extend(self.row(channel, ordinal));
            next += 1;
        }
        (rows, next)
    }

    fn places(&self) -> impl Iterator<Item = (Channel, u32)> {
        (0..).map_while(|at| self.place(at))
    }

    /// Which channel and person stands at a place.
    fn place(&self, mut at: usize) -> Option<(Channel, u32)> {
        for channel in Channel::ALL {
            let len = self.people.len(channel);
            if at < len {
                return Some((channel, u32::try_from(at).ok()?));
            }
            at -= len;
        }
        None
    }

    fn row(&self, channel: Channel, ordinal: u32) -> Option<ReportRow<'_>> {
        let row: Row<'_> = self.fold.row(channel, ordinal)?;
        let person = self.people.get(channel, ordinal)?;
        let given = |text: &'_ str| !text.is_empty();
        let number = channel.dials() && !person.excluded;
        Some(ReportRow {
            id: self.fold.id(ordinal),
            name: Some(person.name).filter(|name| given(name)),
            channel,
            address: if number && !person.address.is_empty() {
                format!("+{}", person.address).into()
            } else {
                person.address.into()
            },
            state: row.mark.state().name(),
            reason: Some(row.reason).filter(|reason| given(reason)),
            gateway: self.gateways.get(&row.gateway).map(String::as_str),
            attempts: row.attempts,
            parts: person.parts,
            submitted_at_ms: row.submitted_at_ms,
            receipt_at_ms: row.receipt_at_ms,
            remote: Some(row.remote).filter(|remote| given(remote)),
            possibly_doubled: row.mark.resent(),
        })
    }
}
