//! Routes as they are stored, in the ledger and in the bytes of a plan.

use bealert_core::model::{Channel, Route};
use serde::{Deserialize, Serialize};

/// A route: channel, gateways and, only where there is one, the domain. Rows of before there were any
/// read the same.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredRoute(
    u8,
    Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<String>,
);

impl StoredRoute {
    /// How it is stored.
    pub(crate) fn of(route: &Route) -> Self {
        Self(route.channel as u8, route.gateways.clone(), route.domain.clone())
    }

    /// The route, unless its channel is unknown.
    pub(crate) fn route(self) -> Option<Route> {
        let Self(channel, gateways, domain) = self;
        Some(Route { channel: Channel::from_u8(channel)?, gateways, domain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Route> {
        serde_json::from_str::<StoredRoute>(text).ok()?.route()
    }

    #[test]
    fn a_route_of_before_there_were_domains_is_read_and_written_as_it_was() {
        let old = r#"[0,["sms-a","sms-b"]]"#;
        let route = read(old).unwrap();
        assert_eq!((route.channel, route.domain.as_deref()), (Channel::Sms, None));
        assert_eq!(serde_json::to_string(&StoredRoute::of(&route)).unwrap(), old);
    }

    #[test]
    fn a_domain_comes_back() {
        let new = r#"[1,["mail-a"],"example.org"]"#;
        let route = read(new).unwrap();
        assert_eq!(route.domain.as_deref(), Some("example.org"));
        assert_eq!(serde_json::to_string(&StoredRoute::of(&route)).unwrap(), new);
        assert_eq!(read(r#"[9,["mail-a"]]"#), None);
    }
}
