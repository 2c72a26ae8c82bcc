//! The report: a fold of the journal, never a count kept on the side.

mod faults;
mod fold;
mod kept;
mod reading;
mod states;

pub use faults::{Fault, Faults};
pub use fold::{Fold, GatewayCount, Row};
pub(crate) use kept::Kept;
pub use reading::Reading;
pub(crate) use reading::add_block;
pub use states::States;

use crate::model::{CampaignRow, Channel};
use crate::outcome::State;
use crate::tally::Tally;

/// What a campaign came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The campaign as it stood when it was read.
    pub campaign: CampaignRow,
    /// Counts per channel in use; `queued` counts the submitted as well.
    pub totals: Vec<(Channel, Tally)>,
    /// Dispatches that were excluded from the start: a person counts once for each channel.
    pub excluded: u64,
    /// Why it does not balance, for people; empty if it does.
    pub imbalances: Vec<String>,
    /// Counts per gateway.
    pub gateways: Vec<GatewayCount>,
    /// From launch to the first dispatch that was sent.
    pub launch_to_first_ms: Option<i64>,
    /// From launch to the first sending of a dispatch.
    pub submitted_ms: Option<Spread>,
    /// From the gateway's yes to the receipt of delivery, per dispatch.
    pub receipt_ms: Option<Spread>,
    /// People who were sent something again while an attempt was uncertain, by ordinal.
    pub possibly_doubled: Vec<String>,
    /// People of whom nobody knows, on some channel, whether anything reached them, by ordinal.
    pub uncertain: Vec<String>,
    /// People whom it certainly reached on no channel, by ordinal.
    pub missed: Vec<String>,
}

/// How times are spread, in milliseconds: nearest-rank percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Half took no longer.
    pub p50: i64,
    /// 95 of 100 took no longer.
    pub p95: i64,
    /// 99 of 100 took no longer.
    pub p99: i64,
    /// None took longer.
    pub p100: i64,
}

impl Report {
    /// Sums up a fold. `campaign` and `stored`, its tallies in the ledger, are as of its end.
    pub fn new(campaign: CampaignRow, fold: &Fold, stored: &[(Channel, Tally)]) -> Self {
        let (mut submitted, mut receipts) = (Vec::new(), Vec::new());
        let (mut doubled, mut uncertain) = (Vec::new(), Vec::new());
        let mut perhaps = vec![false; campaign.people as usize];
        for (_, ordinal, row) in fold.rows() {
            submitted.extend(row.submitted_at_ms.map(|at| (at - campaign.launched_at_ms).max(0)));
            if matches!(row.mark.state(), State::Delivered | State::Confirmed) {
                let times = row.receipt_at_ms.zip(row.accepted_at_ms);
                receipts.extend(times.map(|(receipt, accepted)| (receipt - accepted).max(0)));
            }
            if row.mark.resent() {
                doubled.push(ordinal);
            }
            let state = row.mark.state();
            if state == State::Uncertain {
                uncertain.push(ordinal);
            }
            let not = matches!(state, State::Failed | State::Expired | State::Cancelled | State::Skipped);
            if let Some(perhaps) = perhaps.get_mut(ordinal as usize).filter(|_| !not) {
                *perhaps = true;
            }
        }
        let totals = fold.tallies();
        let mut imbalances = imbalances(&campaign, &totals, stored);
        if fold.faults().count() > 0 {
            imbalances.push(format!("{} rows don't fit", fold.faults().count()));
        }
        if !campaign.state.ended() {
            imbalances.push(format!("the campaign is {}", campaign.state.name()));
        }
        Self {
            totals,
            excluded: fold.excluded(),
            imbalances,
            gateways: fold.gateways(),
            launch_to_first_ms: submitted.iter().min().copied(),
            submitted_ms: Spread::of(submitted),
            receipt_ms: Spread::of(receipts),
            possibly_doubled: names(fold, doubled),
            uncertain: names(fold, uncertain),
            missed: names(
                fold,
                (0..).zip(perhaps).filter_map(|(at, perhaps)| (!perhaps).then_some(at)).collect(),
            ),
            campaign,
        }
    }

    /// Whether everybody is accounted for exactly once: per channel the totals sum to the people,
    /// equal what the ledger counted on the way, and none is open; and the campaign has ended.
    pub fn balanced(&self) -> bool {
        self.imbalances.is_empty()
    }
}

impl Spread {
    /// The spread of some times, if there are any.
    pub fn of(mut times_ms: Vec<i64>) -> Option<Self> {
        times_ms.sort_unstable();
        let p100 = *times_ms.last()?;
        let rank = |percent: usize| times_ms[(times_ms.len() * percent).div_ceil(100) - 1];
        Some(Self { p50: rank(50), p95: rank(95), p99: rank(99), p100 })
    }
}

/// What of the counts does not agree, for people. Whether somebody is open counts once the
/// campaign has ended.
pub(crate) fn imbalances(
    campaign: &CampaignRow,
    totals: &[(Channel, Tally)],
    stored: &[(Channel, Tally)],
) -> Vec<String> {
    let mut found = Vec::new();
    for channel in Channel::ALL {
        let of = |tallies: &[(Channel, Tally)]| {
            tallies.iter().find(|(of, _)| *of == channel).map(|(_, tally)| tally.settled())
        };
        let (fold, stored) = (of(totals), of(stored));
        if let Some(fold) = fold {
            let (total, people) = (fold.total(), campaign.people);
            if total != u64::from(people) {
                found.push(format!("{channel}: {total} are accounted for of {people} people"));
            }
            if campaign.state.ended() && fold.open() > 0 {
                found.push(format!("{channel}: {} are open though it has ended", fold.open()));
            }
        }
        if fold != stored {
            let counts = |tally: Option<Tally>| tally.map_or("nothing".into(), |t| format!("{:?}", t.0));
            let (fold, stored) = (counts(fold), counts(stored));
            found.push(format!("{channel}: the ledger counted {stored}, its journal says {fold}"));
        }
    }
    found
}

fn names(fold: &Fold, mut ordinals: Vec<u32>) -> Vec<String> {
    ordinals.sort_unstable();
    ordinals.dedup();
    ordinals.into_iter().map(|ordinal| fold.id(ordinal).to_owned()).collect()
}
