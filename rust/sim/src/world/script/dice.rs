//! What a seed makes of a world.

use bealert_core::model::{Kind, Policy};
use bealert_core::retry::RetryRules;
use bealert_wire::smpp::{EsmeConfig, ReceiptForm};

use super::{Happening, Script};
use crate::chance::Chance;
use crate::smsc::{Faults, Limit, SimConfig};
use crate::world::{
    CampaignPlan, DiskSetup, FarEndSetup, GatewaySetup, LineSetup, Order, PlannedPerson, Setup, SmscSetup,
};

const MS: u64 = 1_000;
const SECOND: u64 = 1_000_000;

/// An hour, as a clock may jump.
const HOUR_MS: i64 = 3_600_000;

/// The script of a seed.
pub(super) fn throw(chance: &mut Chance, seed: u64) -> Script {
    let count = chance.within(1..=3) as usize;
    let wild = chance.happens(0.8);
    let gateways: Vec<GatewaySetup> = (0..count).map(|at| gateway(chance, at, wild)).collect();
    let campaigns: Vec<CampaignPlan> =
        (0..chance.within(1..=4)).map(|at| campaign(chance, at as usize, &gateways)).collect();
    let calm_us = chance.within(5..=60) * SECOND;
    let mut events = Vec::new();
    for at in 0..campaigns.len() {
        let at_us = if at == 0 { 1_100 * MS } else { chance.within(SECOND..=calm_us) };
        events.push((at_us, Happening::Launch(at)));
        for _ in 0..chance.within(0..=2) {
            events.push((chance.within(at_us..=calm_us), Happening::Launch(at)));
        }
        if chance.happens(0.2) {
            events.push((chance.within(at_us..=calm_us), Happening::LaunchOther(at)));
        }
    }
    for _ in 0..if chance.happens(0.6) { chance.within(0..=12) } else { 0 } {
        let at = chance.below(campaigns.len() as u64) as usize;
        let order = match chance.below(20) {
            0..=8 => Order::Pause,
            9..=18 => Order::Resume,
            _ => Order::Cancel,
        };
        events.push((chance.within(SECOND..=calm_us), Happening::Command(at, order)));
    }
    if wild {
        for _ in 0..chance.within(0..=8) {
            let what = disturbance(chance, &gateways);
            events.push((chance.within(SECOND..=calm_us), what));
        }
    }
    events.sort_by_key(|(at_us, _)| *at_us);
    let crashes = if chance.happens(0.7) { chance.within(1..=6) } else { 0 };
    let reach = chance.pick(&[60, 400, 3_000]);
    Script {
        setup: Setup {
            seed,
            wall_ms: 1_800_000_000_000,
            gateways,
            disk: disk(chance, wild),
            load_us: chance.pick(&[0, 2 * MS, 200 * MS, 1_500 * MS]),
            keep_messages: false,
        },
        campaigns,
        events,
        calm_us,
        crashes: (0..crashes).map(|_| chance.within(1..=reach)).collect(),
        down_us: (0..6).map(|_| chance.pick(&[MS, 50 * MS, SECOND, 20 * SECOND])).collect(),
    }
}

fn gateway(chance: &mut Chance, at: usize, wild: bool) -> GatewaySetup {
    let name = ["a", "b", "c"][at];
    let response_timeout_us = chance.pick(&[300 * MS, SECOND, 10 * SECOND]);
    let sessions = chance.pick(&[1, 1, 2, 3]);
    let least_enquire_us = if wild { SECOND } else { 0 };
    let esme = EsmeConfig {
        system_id: "bealert".into(),
        window: chance.pick(&[1, 2, 10, 10, 50, 100]),
        response_timeout_us,
        enquire_interval_us: chance.pick(&[0, 2 * SECOND, 30 * SECOND]).max(least_enquire_us),
        late_grace_us: chance.pick(&[100 * MS, 5 * SECOND]),
        first_sequence: chance.pick(&[1, 0x7FFF_FF00]),
        ..EsmeConfig::default()
    };
    GatewaySetup {
        sessions,
        units_per_second: chance.pick(&[None, None, Some(20.0), Some(200.0), Some(1_000.0), Some(33.3)]),
        receipts: chance.happens(0.9),
        receipt_wait_us: chance.pick(&[2 * SECOND, 30 * SECOND, 600 * SECOND]),
        retry: RetryRules {
            attempts: Some(chance.pick(&[1, 3, 5])),
            first_us: chance.pick(&[50 * MS, SECOND]),
            max_us: chance.pick(&[200 * MS, 20 * SECOND]),
        },
        reconnect_max_us: chance.pick(&[SECOND, 30 * SECOND]),
        far_end: FarEndSetup::from(SmscSetup { esme, sim: smsc(chance, wild) }),
        line: LineSetup {
            latency_us: chance.pick(&[0, 100, 5 * MS, 25 * MS]),
            octets: if wild { chance.pick(&[600, 4_096, 65_536]) } else { 65_536 },
            cuts: wild && chance.happens(0.5),
        },
        ..GatewaySetup::sms(name)
    }
}

fn smsc(chance: &mut Chance, wild: bool) -> SimConfig {
    SimConfig {
        seed: chance.below(u64::MAX),
        keep_diary: true,
        // Two far ends may give the same ids: only the gateway tells them apart.
        id_start: chance.pick(&[1, 1, 1_000]),
        ids: if wild {
            chance.pick(&[None, None, None, None, None, None, Some(0), Some(1), Some(5)])
        } else {
            None
        },
        faults: if wild { faults(chance) } else { Faults { receipt_us: 20 * MS, ..Faults::default() } },
        ..SimConfig::default()
    }
}

/// How a far end misbehaves.
fn faults(chance: &mut Chance) -> Faults {
    let mut share =
        |most: f64| if chance.happens(0.4) { most * chance.below(100) as f64 / 100.0 } else { 0.0 };
    let (failed, early_receipts, repeated_receipts) = (share(0.5), share(1.0), share(0.3));
    let (silent, swallowed, queue_full, lost_receipts) = (share(0.2), share(0.2), share(0.3), share(0.5));
    let limit = chance.pick(&[None, None, None, Some(15.0), Some(300.0)]);
    Faults {
        response_us: chance.pick(&[0, 0, MS, 50 * MS, 400 * MS, 3 * SECOND]),
        receipt_us: chance.pick(&[0, 5 * MS, 500 * MS, 10 * SECOND]),
        receipts: 1.0 - lost_receipts,
        failed,
        early_receipts,
        repeated_receipts,
        silent,
        swallowed,
        queue_full,
        limit: limit.map(Limit::per_second),
        tells_load: limit == Some(300.0),
        reset_every: chance.pick(&[None, None, None, Some(7), Some(100)]),
        unanswered_receipts: chance.pick(&[1, 10, 1_000]),
        receipt_form: ReceiptForm::default(),
        receipt_retry_us: chance.pick(&[100 * MS, SECOND]),
        receipt_timeout_us: chance.pick(&[SECOND, 60 * SECOND]),
        ..Faults::default()
    }
}

fn disk(chance: &mut Chance, wild: bool) -> DiskSetup {
    if !wild {
        return DiskSetup::default();
    }
    DiskSetup {
        commit_us: chance.pick(&[(50, 200), (100, 5_000), (4_000, 40_000)]),
        stalls: chance.pick(&[0.0, 0.01, 0.05]),
        stall_us: chance.pick(&[SECOND, 3 * SECOND, 5 * SECOND]),
        rolled_back: chance.pick(&[0.0, 0.0, 0.05]),
        unknown: chance.pick(&[0.0, 0.0, 0.05]),
    }
}

fn disturbance(chance: &mut Chance, gateways: &[GatewaySetup]) -> Happening {
    let at = chance.below(gateways.len() as u64) as usize;
    match chance.below(9) {
        0 => Happening::Rate(at, chance.pick(&[None, Some(10.0), Some(100.0), Some(700.0)])),
        1 => Happening::Faults(at, Box::new(faults(chance))),
        2 | 3 => Happening::Reset(at, chance.below(gateways[at].sessions.into()) as usize),
        4 => Happening::Silence(at),
        5 => Happening::NoReading(at, chance.within(100 * MS..=5 * SECOND)),
        6 => Happening::Deaf(at, chance.within(100 * MS..=20 * SECOND)),
        7 => Happening::Shift(chance.pick(&[HOUR_MS, -HOUR_MS])),
        _ => Happening::Close(chance.pick(&[0, SECOND, 10 * SECOND])),
    }
}

fn campaign(chance: &mut Chance, at: usize, gateways: &[GatewaySetup]) -> CampaignPlan {
    let kind = chance.pick(&Kind::ALL);
    let count = chance.pick(&[1, 3, 20, 60, 150, 300]);
    let long = chance.pick(&[0.0, 0.0, 0.1, 0.5]);
    let routes = routes(chance, gateways);
    let key = format!("k{at}");
    let person = |ordinal: u64, chance: &mut Chance| {
        // Some people are in every campaign, some in one of them, and a few share a number.
        let number = if chance.happens(0.02) { ordinal / 2 } else { ordinal };
        let shared = chance.happens(0.7);
        let number = number + if shared { 0 } else { 1_000_000 * (at as u64 + 1) };
        let abroad = routes.len() > 1 && ordinal.is_multiple_of(5);
        let mut text = format!("{key}.{ordinal}");
        if chance.happens(long) {
            let most = chance.pick(&[161, 320, 500]);
            while text.len() < most {
                text.push_str(&format!(" {key}.{ordinal}"));
            }
        }
        PlannedPerson {
            address: format!("{}47{number:07}", if abroad { 33 } else { 32 }),
            text,
            route: (!chance.happens(0.03)).then_some(u16::from(abroad)),
            mail: None,
        }
    };
    let people = (0..count).map(|ordinal| person(ordinal, chance)).collect();
    CampaignPlan {
        kind,
        policy: chance.pick(&[kind.default_policy(), Policy::Resend, Policy::Hold]),
        expiry_ms: chance.pick(&[2_000, 20_000, 7_200_000, 7_200_000]),
        routes,
        mail_routes: Vec::new(),
        people,
        block_len: chance.pick(&[7, 40, 2_000]),
        key,
    }
}

/// One route for numbers of the country and perhaps one for others; each prefers another gateway.
fn routes(chance: &mut Chance, gateways: &[GatewaySetup]) -> Vec<Vec<String>> {
    let names: Vec<String> = gateways.iter().map(|gateway| gateway.name.clone()).collect();
    let mut routes = vec![names.clone()];
    if names.len() > 1 && chance.happens(0.5) {
        let turned = names.iter().skip(1).cloned();
        routes.push(turned.collect());
    }
    routes
}
