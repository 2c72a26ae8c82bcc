//! Routing: which gateways may carry a number, in which order.

use crate::model::{Channel, Route};

/// What a gateway offers to route by.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Its name.
    pub gateway: String,
    /// The channel it serves.
    pub channel: Channel,
    /// Number prefixes without `+`; the empty one takes everything.
    pub prefixes: Vec<String>,
    /// Lower is preferred among equally long prefixes.
    pub priority: i32,
}

/// Chooses routes and keeps each distinct one once.
#[derive(Debug)]
pub struct Router {
    offers: Vec<Offer>,
    routes: Vec<Route>,
    /// For each route, the offers it was made of: the key under which it is found again.
    chosen: Vec<Vec<usize>>,
}

impl Router {
    /// A router over these gateways.
    pub fn new(offers: Vec<Offer>) -> Self {
        Self { offers, routes: Vec::new(), chosen: Vec::new() }
    }

    /// The number of the route for an address, or `None` where no gateway takes it. The longest
    /// prefix wins, then the priority, then the order of configuration.
    pub fn route(&mut self, channel: Channel, address: &str) -> Option<u16> {
        let mut fitting: Vec<(usize, i32, usize)> = Vec::new();
        for (index, offer) in self.offers.iter().enumerate() {
            if offer.channel != channel {
                continue;
            }
            let longest = offer.prefixes.iter().filter(|p| address.starts_with(p.as_str()));
            if let Some(longest) = longest.map(String::len).max() {
                fitting.push((usize::MAX - longest, offer.priority, index));
            }
        }
        if fitting.is_empty() {
            return None;
        }
        fitting.sort_unstable();
        let chosen: Vec<usize> = fitting.into_iter().map(|(_, _, index)| index).collect();
        let known = self
            .chosen
            .iter()
            .zip(&self.routes)
            .position(|(known, route)| route.channel == channel && *known == chosen);
        let at = known.unwrap_or_else(|| {
            let gateways = chosen.iter().map(|i| self.offers[*i].gateway.clone()).collect();
            self.routes.push(Route { channel, gateways });
            self.chosen.push(chosen);
            self.routes.len() - 1
        });
        u16::try_from(at).ok()
    }

    /// The routes chosen so far, by number.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(gateway: &str, prefixes: &[&str], priority: i32) -> Offer {
        Offer {
            gateway: gateway.into(),
            channel: Channel::Sms,
            prefixes: prefixes.iter().map(|p| (*p).into()).collect(),
            priority,
        }
    }

    #[test]
    fn longest_prefix_then_priority_then_order() {
        let mut router = Router::new(vec![
            offer("world", &[""], 0),
            offer("be-b", &["32"], 1),
            offer("be-a", &["32"], 0),
            offer("fr", &["33"], 0),
        ]);
        let be = router.route(Channel::Sms, "32470123456").unwrap();
        assert_eq!(router.routes()[usize::from(be)].gateways, ["be-a", "be-b", "world"]);
        let nl = router.route(Channel::Sms, "31612345678").unwrap();
        assert_eq!(router.routes()[usize::from(nl)].gateways, ["world"]);
        assert_eq!(router.route(Channel::Sms, "32499000000"), Some(be));
        assert_eq!(router.routes().len(), 2);
    }

    #[test]
    fn no_gateway_no_route() {
        let mut router = Router::new(vec![offer("fr", &["33"], 0)]);
        assert_eq!(router.route(Channel::Sms, "32470123456"), None);
        assert_eq!(router.route(Channel::Email, "33@x"), None);
    }
}
