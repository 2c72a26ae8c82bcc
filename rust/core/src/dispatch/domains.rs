//! Limits for the people of a domain, each beside the limit of its gateway: a domain that takes little
//! is passed over until it takes more, and holds up nobody else.

use super::{Dispatcher, Gateway};
use crate::limit::Limiter;
use crate::model::GatewayId;

/// How long a domain counts as slow after it last had nothing left: its queue then neither holds up the
/// reservations of what is less urgent elsewhere, nor flaps between the two.
const SLOW_US: u64 = 1_000_000;

/// What a gateway may send to the people of a domain.
#[derive(Debug)]
pub(crate) struct Bucket {
    domain: String,
    units_per_second: f64,
    limiter: Limiter,
    /// Attempts that a restart made uncertain and that may have left under it.
    pub(crate) uncertain_at_start: u64,
    /// When a message was last passed over because of it.
    short_us: Option<u64>,
}

impl Bucket {
    /// The buckets of a gateway that starts now, none with a burst.
    pub(crate) fn all(now_us: u64, domains: &[(String, f64)]) -> Vec<Bucket> {
        let bucket = |(domain, rate): &(String, f64)| Bucket {
            domain: domain.to_ascii_lowercase(),
            units_per_second: *rate,
            limiter: charged(now_us, *rate, 0),
            uncertain_at_start: 0,
            short_us: None,
        };
        domains.iter().map(bucket).collect()
    }

    /// What may just have left counts against it; more than a second's worth can't have.
    pub(crate) fn charge(&mut self, now_us: u64) {
        let units = self.uncertain_at_start.min(self.units_per_second as u64);
        self.limiter = charged(now_us, self.units_per_second, units);
    }
}

fn charged(now_us: u64, rate: f64, units: u64) -> Limiter {
    let mut limiter = Limiter::new(Some(rate));
    limiter.start_charged(now_us, units);
    limiter
}

impl Gateway {
    /// The number of its bucket for a domain.
    pub(crate) fn bucket_of(&self, domain: &str) -> Option<usize> {
        self.buckets.iter().position(|bucket| bucket.domain == domain)
    }
}

impl Dispatcher {
    /// When the next message of a route may go, where its domain has nothing left now. `urgent`: it goes
    /// with the very next token.
    pub(crate) fn domain_is_short(&mut self, now_us: u64, route: usize, urgent: bool) -> Option<u64> {
        let bucket = self.bucket_mut(route)?;
        let ready_us = bucket.limiter.ready_us(now_us);
        if ready_us <= now_us {
            return None;
        }
        bucket.short_us = Some(now_us);
        Some(if urgent { ready_us } else { bucket.limiter.pace_us(now_us) })
    }

    /// Takes a token of the domain of a route, if it has one.
    pub(crate) fn take_of_domain(&mut self, now_us: u64, route: usize) {
        if let Some(bucket) = self.bucket_mut(route) {
            let taken = bucket.limiter.take(now_us);
            debug_assert!(taken, "a route is chosen only where its domain has something left");
        }
    }

    /// Whether the domain of a route had nothing left lately.
    pub(crate) fn domain_is_slow(&self, now_us: u64, route: usize) -> bool {
        let short_us = self.bucket(route).and_then(|bucket| bucket.short_us);
        short_us.is_some_and(|short_us| now_us < short_us + SLOW_US)
    }

    /// Units per second that the domain of a route takes through the gateway that serves it.
    pub(crate) fn domain_rate(&self, route: usize) -> Option<f64> {
        self.bucket(route).map(|bucket| bucket.units_per_second)
    }

    /// The number of the bucket of a route at a gateway.
    pub(crate) fn bucket_at(&self, gateway: GatewayId, route: usize) -> Option<usize> {
        self.gateway(gateway)?.bucket_of(self.routes[route].domain.as_deref()?)
    }

    fn bucket(&self, route: usize) -> Option<&Bucket> {
        let route = &self.routes[route];
        self.gateway(route.serving?)?.buckets.get(route.bucket?)
    }

    fn bucket_mut(&mut self, route: usize) -> Option<&mut Bucket> {
        let (serving, bucket) = (self.routes[route].serving?, self.routes[route].bucket?);
        self.gateway_mut(serving)?.buckets.get_mut(bucket)
    }
}
