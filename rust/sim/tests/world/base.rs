//! A world in which something of everything happens, and nothing wrong: what faults are planted in.

use bealert_core::model::{Kind, Policy};
use bealert_sim::smsc::Faults;
use bealert_sim::world::script::{Happening, Script};
use bealert_sim::world::{CampaignPlan, GatewaySetup, Order, PlannedPerson, Setup};

pub(crate) const MS: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000_000;

/// People on one route, with a number and a text of their own each; every ninth text has two parts.
pub(crate) fn campaign(key: &str, kind: Kind, count: u64, route: &[&str]) -> CampaignPlan {
    let person = |ordinal: u64| PlannedPerson {
        address: format!("32{}{ordinal:06}", 470 + u64::from(key.as_bytes()[0] % 16)),
        text: if ordinal % 9 == 4 {
            format!("{key}{ordinal} ").repeat(40)
        } else {
            format!("{key}{ordinal}")
        },
        route: Some(0),
        mail: None,
    };
    CampaignPlan {
        key: key.into(),
        kind,
        policy: Policy::Resend,
        expiry_ms: 7_200_000,
        routes: vec![route.iter().map(|name| (*name).to_owned()).collect()],
        mail_routes: Vec::new(),
        people: (0..count).map(person).collect(),
        block_len: 50,
    }
}

/// A gateway whose far end answers after 10 ms and sends receipts, some of failure.
pub(crate) fn gateway(name: &str, rate: Option<f64>) -> GatewaySetup {
    let mut gateway = GatewaySetup::sms(name);
    gateway.units_per_second = rate;
    gateway.smsc().esme.window = 10;
    gateway.smsc().sim.faults =
        Faults { response_us: 10 * MS, receipt_us: 50 * MS, failed: 0.2, ..Faults::default() };
    gateway
}

/// Gateway `a` has a limit of 100/s: a newsletter, an urgent campaign that overtakes it, and one that
/// expires. Gateway `b` has none: a campaign that is paused and resumed, and launched twice. The
/// process dies once.
pub(crate) fn script() -> Script {
    let mut short = campaign("short", Kind::Info, 100, &["a"]);
    short.expiry_ms = 4_000;
    let launch = |ms: u64, at| (SECOND + ms * MS, Happening::Launch(at));
    let command = |ms: u64, at, order| (SECOND + ms * MS, Happening::Command(at, order));
    Script {
        setup: Setup::calm(7, vec![gateway("a", Some(100.0)), gateway("b", None)]),
        campaigns: vec![
            campaign("news", Kind::News, 300, &["a"]),
            campaign("urgent", Kind::Warning, 60, &["a"]),
            campaign("paused", Kind::Warning, 400, &["b"]),
            short,
        ],
        events: vec![
            launch(50, 0),
            launch(60, 3),
            launch(70, 2),
            command(120, 2, Order::Pause),
            launch(500, 2),
            launch(1_000, 1),
            launch(1_100, 1),
            command(2_500, 2, Order::Resume),
        ],
        calm_us: 8 * SECOND,
        crashes: vec![5_600],
        down_us: vec![20 * MS],
    }
}
