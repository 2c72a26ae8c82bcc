//! I4: the limit of a gateway, and those of domains.

use std::collections::HashMap;

use bealert_core::model::GatewayId;

use crate::world::facts::{Facts, What};

/// I4: in every window, sends through a gateway are at most rate x window + burst, across restarts.
/// The burst is 20 ms of the rate, at least one. A window in which the rate was changed may have the
/// burst of each.
pub fn i4_no_window_is_over_the_limit(facts: &Facts) -> Result<(), String> {
    let mut meters: HashMap<_, Meter> = HashMap::new();
    let mut domains: HashMap<(GatewayId, &str), Meter> = HashMap::new();
    for fact in &facts.timeline {
        match &fact.what {
            What::Limit { gateway, units_per_second } => {
                let meter = meters.entry(*gateway).or_default();
                meter.set_rate(fact.at_us, *units_per_second);
            }
            What::Sent(sent) => {
                let meter = meters.entry(sent.gateway).or_default();
                if let Some(over) = meter.send(fact.at_us) {
                    let rate = meter.rate.unwrap_or_default();
                    let what = format!("{over:.2} more than {rate}/s lets through in some window");
                    return Err(format!("at {} us gateway {}: {what}", fact.at_us, sent.gateway.0));
                }
                let person = facts.person(sent.key, sent.index);
                let domain =
                    person.and_then(|person| person.address.rsplit_once('@')).map(|(_, domain)| domain);
                if let Some(domain) = domain
                    && let Some(meter) = domains.get_mut(&(sent.gateway, domain))
                    && let Some(over) = meter.send(fact.at_us)
                {
                    let what = format!("{over:.2} more to {domain} than its limit in some window");
                    return Err(format!("at {} us gateway {}: {what}", fact.at_us, sent.gateway.0));
                }
            }
            What::DomainLimit { gateway, domain, units_per_second } => {
                let meter = domains.entry((*gateway, domain)).or_default();
                meter.set_rate(fact.at_us, Some(*units_per_second));
            }
            _ => {}
        }
    }
    Ok(())
}

/// How far sends are ahead of the rate, compared with where they were least so: of all windows that
/// end now, that one has the most above its share.
#[derive(Debug, Default)]
struct Meter {
    rate: Option<f64>,
    burst: f64,
    since_us: u64,
    /// What the rate has let through since the meter was started.
    allowed: f64,
    sent: f64,
    /// The least that sends ever were ahead, just before one.
    least: f64,
}

impl Meter {
    fn set_rate(&mut self, now_us: u64, rate: Option<f64>) {
        self.pass(now_us);
        if rate == self.rate {
            return;
        }
        let burst = rate.map_or(0.0, |rate| (rate * 0.020).floor().max(1.0));
        if self.rate.is_none() {
            // There was none: windows begin with the limit.
            (self.allowed, self.sent, self.least) = (0.0, 0.0, 0.0);
            self.burst = 0.0;
        }
        self.allowed += self.burst;
        (self.rate, self.burst) = (rate, burst);
    }

    fn pass(&mut self, now_us: u64) {
        let passed_s = (now_us - self.since_us) as f64 / 1e6;
        self.allowed += self.rate.map_or(0.0, |rate| rate * passed_s);
        self.since_us = now_us;
    }

    /// One part more; how many are too many.
    fn send(&mut self, now_us: u64) -> Option<f64> {
        self.pass(now_us);
        self.rate?;
        self.least = self.least.min(self.sent - self.allowed);
        self.sent += 1.0;
        let most = self.sent - self.allowed - self.least;
        (most > self.burst + 1e-6).then_some(most - self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(times_us: &[u64]) -> bool {
        let mut meter = Meter::default();
        meter.set_rate(0, Some(100.0));
        times_us.iter().any(|at_us| meter.send(*at_us).is_some())
    }

    #[test]
    fn a_burst_of_two_and_then_the_rate() {
        assert!(!over(&[5_000, 5_000, 15_000, 25_000, 1_000_000, 1_000_000, 1_010_000]));
        assert!(over(&[5_000, 5_000, 14_000]));
        assert!(over(&[5_000, 15_000, 15_000, 15_000]));
        assert!(over(&[0, 0, 0]));
    }
}
