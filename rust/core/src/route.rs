//! Routing: which gateways may carry an address, in which order, and whose turn it is among equals.

use std::collections::HashMap;

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
    /// Its share among those that are preferred equally. One of 0 takes over where all the others fail; where
    /// all have 0, the order of configuration decides.
    pub weight: u32,
    /// Domains for which it has a limit of their own, as addresses are written.
    pub domains: Vec<String>,
}

/// Chooses routes and keeps each distinct one once.
#[derive(Debug)]
pub struct Router {
    offers: Vec<Offer>,
    routes: Vec<Route>,
    /// The number of each route, by the offers that it was made of.
    known: HashMap<Vec<usize>, Known>,
    /// Where the turn stands among equals, by those that fit.
    turns: HashMap<Vec<usize>, Turn>,
    /// Those that fit an address, kept for their memory: a million people are routed in a plan.
    fitting: Vec<(usize, i32, usize)>,
    chosen: Vec<usize>,
}

/// Routes of the same gateways.
#[derive(Debug, Default)]
struct Known {
    everywhere: Option<u16>,
    domains: HashMap<String, u16>,
}

/// Whose turn it is among gateways that are preferred equally: each is credited its weight, the richest
/// goes and pays all of them. So each gets its share in any run, and not in one go.
#[derive(Debug, Default)]
struct Turn {
    credits: Vec<i64>,
}

impl Router {
    /// A router over these gateways.
    pub fn new(offers: Vec<Offer>) -> Self {
        let (routes, known, turns, fitting, chosen) = Default::default();
        Self { offers, routes, known, turns, fitting, chosen }
    }

    /// The number of the route for an address, or `None` where no gateway takes it. The longest
    /// prefix wins, then the priority; equals take turns by their weights, and each is followed by the
    /// others in the order of configuration.
    pub fn route(&mut self, channel: Channel, address: &str) -> Option<u16> {
        self.fit(channel, address);
        let (length, priority, _) = *self.fitting.first()?;
        let equals = self.fitting.iter().take_while(|(l, p, _)| (*l, *p) == (length, priority)).count();
        let mut chosen = std::mem::take(&mut self.chosen);
        chosen.clear();
        chosen.extend(self.fitting.iter().map(|(_, _, index)| index));
        let first = self.turn(&chosen, equals);
        chosen[..=first].rotate_right(1);
        let domain = self.limited_domain(&chosen, address);
        let number = self.numbered(channel, &chosen, domain);
        self.chosen = chosen;
        number
    }

    /// The number of the route over these gateways, a new one where there is none yet.
    fn numbered(&mut self, channel: Channel, chosen: &[usize], domain: Option<String>) -> Option<u16> {
        let known = self.known.get(chosen).and_then(|known| match &domain {
            None => known.everywhere,
            Some(domain) => known.domains.get(domain).copied(),
        });
        if known.is_some() {
            return known;
        }
        let number = u16::try_from(self.routes.len()).ok()?;
        let gateways = chosen.iter().map(|index| self.offers[*index].gateway.clone()).collect();
        self.routes.push(Route { channel, gateways, domain: domain.clone() });
        let known = self.known.entry(chosen.to_vec()).or_default();
        match domain {
            None => known.everywhere = Some(number),
            Some(domain) => drop(known.domains.insert(domain, number)),
        }
        Some(number)
    }

    /// The routes chosen so far, by number.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Finds the offers that take an address, most preferred first.
    fn fit(&mut self, channel: Channel, address: &str) {
        self.fitting.clear();
        for (index, offer) in self.offers.iter().enumerate().filter(|(_, offer)| offer.channel == channel) {
            let longest = offer.prefixes.iter().filter(|p| address.starts_with(p.as_str()));
            if let Some(longest) = longest.map(String::len).max() {
                self.fitting.push((usize::MAX - longest, offer.priority, index));
            }
        }
        self.fitting.sort_unstable();
    }

    /// Which of the first `equals` goes first now.
    fn turn(&mut self, chosen: &[usize], equals: usize) -> usize {
        let weights = || chosen[..equals].iter().map(|index| i64::from(self.offers[*index].weight));
        let all: i64 = weights().sum();
        if equals < 2 || all == 0 {
            return 0;
        }
        let turn = match self.turns.get_mut(chosen) {
            Some(turn) => turn,
            None => self.turns.entry(chosen.to_vec()).or_default(),
        };
        turn.credits.resize(equals, 0);
        turn.credits.iter_mut().zip(weights()).for_each(|(credit, weight)| *credit += weight);
        let richest = turn.credits.iter().enumerate().max_by_key(|(at, credit)| (**credit, equals - at));
        let first = richest.map_or(0, |(at, _)| at);
        turn.credits[first] -= all;
        first
    }

    /// The domain of an address, where a gateway that may carry it has a limit for it.
    fn limited_domain(&self, chosen: &[usize], address: &str) -> Option<String> {
        let mut limits = chosen.iter().flat_map(|index| &self.offers[*index].domains).peekable();
        limits.peek()?;
        let (_, domain) = address.rsplit_once('@')?;
        limits.find(|known| known.eq_ignore_ascii_case(domain)).map(|_| domain.to_ascii_lowercase())
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
            weight: 0,
            domains: Vec::new(),
        }
    }

    fn relay(gateway: &str, weight: u32, domains: &[&str]) -> Offer {
        let domains = domains.iter().map(|domain| (*domain).into()).collect();
        Offer { channel: Channel::Email, weight, domains, ..offer(gateway, &[""], 0) }
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

    #[test]
    fn equals_get_their_shares_in_every_run_and_each_is_followed_by_the_others() {
        let mut standby = relay("standby", 0, &[]);
        standby.priority = 1;
        let mut router =
            Router::new(vec![relay("a", 3, &[]), relay("b", 1, &[]), relay("c", 0, &[]), standby]);
        let mut counts = HashMap::new();
        for person in 1..=400 {
            let route = router.route(Channel::Email, &format!("p{person}@example.org")).unwrap();
            *counts.entry(router.routes()[usize::from(route)].gateways.clone()).or_insert(0) += 1;
            if person % 4 == 0 {
                assert_eq!(
                    counts[&vec!["a", "b", "c", "standby"].into_iter().map(String::from).collect::<Vec<_>>()],
                    person / 4 * 3
                );
            }
        }
        let mut all: Vec<_> = counts.into_iter().map(|(names, count)| (names.join(" "), count)).collect();
        all.sort();
        assert_eq!(all, [("a b c standby".into(), 300), ("b a c standby".into(), 100)]);
    }

    #[test]
    fn without_weights_the_first_takes_all() {
        let mut router = Router::new(vec![offer("a", &[""], 0), offer("b", &[""], 0)]);
        (0..10).for_each(|_| assert_eq!(router.route(Channel::Sms, "32"), Some(0)));
        assert_eq!(router.routes()[0].gateways, ["a", "b"]);
    }

    #[test]
    fn a_domain_with_a_limit_is_a_route_of_its_own() {
        let mut router = Router::new(vec![relay("a", 1, &["slow.example"]), relay("b", 1, &[])]);
        let mut of = |address: &str| {
            let route = router.route(Channel::Email, address).unwrap();
            router.routes()[usize::from(route)].clone()
        };
        let slow = [of("x@slow.example"), of("y@Slow.Example")];
        assert!(slow.iter().all(|route| route.domain.as_deref() == Some("slow.example")));
        assert_eq!(slow.map(|route| route.gateways[0].clone()), ["a", "b"]);
        assert_eq!(of("x@not-slow.example").domain, None);
    }
}
