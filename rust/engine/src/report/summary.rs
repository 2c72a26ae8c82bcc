//! The sums of a report, with the names that `report.json` has.

use std::collections::{BTreeMap, HashMap};

use bealert_core::model::GatewayId;
use bealert_core::outcome::Step;
use bealert_core::report::{GatewayCount, Report as Sums, Spread};
use bealert_core::tally::{COUNTED, Tally};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::times::Times;

/// `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Number of the campaign.
    pub campaign: u32,
    /// Its launch key.
    pub key: String,
    /// Name of its scenario.
    pub scenario: String,
    /// Kind of its scenario.
    pub kind: &'static str,
    /// Who launched it.
    pub by: String,
    /// Where it stood when it was read.
    pub state: &'static str,
    /// Per channel the totals sum to `people`, equal what the ledger counted, and none is open.
    pub balanced: bool,
    /// Why it does not balance, for people.
    pub imbalances: Vec<String>,
    /// Everybody that was given.
    pub people: u32,
    /// Those who were not sent to, once for each channel.
    pub excluded: u64,
    /// Per channel, how many are in which state.
    pub totals: BTreeMap<&'static str, Counts>,
    /// Per gateway, rows of the journal by what they say: one per attempt and part.
    pub gateways: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// Wall clock of the launch, in milliseconds since 1970.
    pub launched_at_ms: i64,
    /// Wall clock of the end.
    pub ended_at_ms: Option<i64>,
    /// From launch to the first message that left.
    pub launch_to_first_ms: Option<i64>,
    /// From launch to the first sending of a message: p50, p95, p100.
    pub submitted_ms: Option<Percentiles>,
    /// From the gateway's yes to the receipt: p50, p95, p99.
    pub receipt_ms: Option<Percentiles>,
    /// From handing a part out to the gateway's answer: p50, p99.
    pub response_ms: Option<Percentiles>,
    /// From the first message that left to the last outcome.
    pub elapsed_s: Option<f64>,
    /// Wall clock of the first message that left.
    pub first_submit_at_ms: Option<i64>,
    /// Wall clock of the last outcome.
    pub last_outcome_at_ms: Option<i64>,
    /// Ids of those who may have got it twice: all of them.
    pub possibly_doubled: Vec<String>,
    /// Ids of those of whom nobody knows whether it left.
    pub uncertain: Vec<String>,
    /// Ids of those whom it certainly reached on no channel.
    pub missed: Vec<String>,
    /// Ids of those whose mail address does not exist: not to be written to again.
    pub suppress: Vec<String>,
}

/// The counts of a channel by the name of the state, in the order of [`COUNTED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts(pub Tally);

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(COUNTED.len()))?;
        for (name, count) in COUNTED.iter().zip(self.0.0) {
            map.serialize_entry(name, &count)?;
        }
        map.end()
    }
}

/// Some percentiles, in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Percentiles(pub Vec<(&'static str, f64)>);

impl Serialize for Percentiles {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            // A whole number is written as one.
            if value.fract() == 0.0 && value.abs() < WHOLE {
                map.serialize_entry(name, &(*value as i64))?;
            } else {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

/// Up to here every whole number is exact as a floating one.
const WHOLE: f64 = 9_007_199_254_740_992.0;

impl Summary {
    pub(super) fn new(
        sums: Sums,
        times: &mut Times,
        gateways: &HashMap<GatewayId, String>,
        suppress: Vec<String>,
    ) -> Self {
        let first_submit_at_ms = sums.launch_to_first_ms.map(|ms| sums.campaign.launched_at_ms + ms);
        let span = first_submit_at_ms.zip(times.last_outcome_at_ms);
        let response = times.response_ms();
        Self {
            balanced: sums.balanced(),
            campaign: sums.campaign.id.0,
            kind: sums.campaign.kind.name(),
            state: sums.campaign.state.name(),
            people: sums.campaign.people,
            launched_at_ms: sums.campaign.launched_at_ms,
            ended_at_ms: sums.campaign.ended_at_ms,
            key: sums.campaign.key,
            scenario: sums.campaign.scenario,
            by: sums.campaign.by,
            imbalances: sums.imbalances,
            excluded: sums.excluded,
            totals: sums.totals.iter().map(|(channel, tally)| (channel.name(), Counts(*tally))).collect(),
            gateways: sums.gateways.iter().map(|count| gateway(count, gateways)).collect(),
            launch_to_first_ms: sums.launch_to_first_ms,
            submitted_ms: sums
                .submitted_ms
                .map(|s| spread([("p50", s.p50), ("p95", s.p95), ("p100", s.p100)])),
            receipt_ms: sums
                .receipt_ms
                .map(|Spread { p50, p95, p99, .. }| spread([("p50", p50), ("p95", p95), ("p99", p99)])),
            response_ms: response.map(|(p50, p99)| Percentiles(vec![("p50", p50), ("p99", p99)])),
            elapsed_s: span.map(|(first, last)| (last - first).max(0) as f64 / 1_000.0),
            first_submit_at_ms,
            last_outcome_at_ms: times.last_outcome_at_ms,
            possibly_doubled: sums.possibly_doubled,
            uncertain: sums.uncertain,
            missed: sums.missed,
            suppress,
        }
    }
}

fn spread(percentiles: [(&'static str, i64); 3]) -> Percentiles {
    Percentiles(percentiles.into_iter().map(|(name, value)| (name, value as f64)).collect())
}

/// What is told of a gateway: steps that came up, and the three that everybody asks for. Two steps may have one
/// name.
fn gateway(
    count: &GatewayCount,
    names: &HashMap<GatewayId, String>,
) -> (String, BTreeMap<&'static str, u64>) {
    let name = names.get(&count.gateway).cloned();
    let name = name.unwrap_or_else(|| format!("gateway {}", count.gateway.0));
    let mut steps = BTreeMap::new();
    for step in Step::ALL {
        let asked = matches!(step, Step::Accepted | Step::Delivered | Step::Failed);
        if count.of(step) > 0 || asked {
            *steps.entry(step.name()).or_default() += count.of(step);
        }
    }
    (name, steps)
}
