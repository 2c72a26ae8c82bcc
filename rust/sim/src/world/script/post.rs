//! What a seed adds of mail to a world: relays, campaigns that use them beside text messages or instead, and
//! what happens to them. It has dice of its own: a world without mail is what it would be without them.

use bealert_core::retry::RetryRules;
use bealert_wire::smtp::{ClientConfig, EnhancedCode, Extensions, Mode, Phase, Reply, Timeouts, TlsMode};

use super::{Happening, Script};
use crate::chance::Chance;
use crate::relay::{Action, AddressPattern, Cut, Fate, Faults, Limit, RelayConfig, Report, Rule, Tarpit};
use crate::world::{CampaignPlan, GatewaySetup, LineSetup};

const MS: u64 = 1_000;
const SECOND: u64 = 1_000_000;

/// Tells these dice from those of the rest of the world.
const POST: u64 = 0x706F_7374;

/// Share of the worlds that have mail.
const SHARE: f64 = 0.6;

/// The domain of which relays may have limits.
const SLOW: &str = "slow.example";

/// Adds mail to the script of a seed, or does not.
pub(super) fn add(script: &mut Script, seed: u64) {
    let chance = &mut Chance::new(seed ^ POST);
    if !chance.happens(SHARE) {
        return;
    }
    let wild = chance.happens(0.8);
    let first = script.setup.gateways.len();
    let count = chance.within(1..=2) as usize;
    let relays: Vec<GatewaySetup> = (0..count).map(|at| relay(chance, at, wild)).collect();
    let limited = relays.iter().any(|relay| !relay.domains.is_empty());
    let names: Vec<String> = relays.iter().map(|relay| relay.name.clone()).collect();
    script.setup.gateways.extend(relays);
    for (at, plan) in script.campaigns.iter_mut().enumerate() {
        match chance.below(10) {
            0..=2 => {}
            3..=6 => write_too(chance, plan, at, &names, limited),
            _ => {
                write_too(chance, plan, at, &names, limited);
                plan.routes.clear();
            }
        }
    }
    if wild {
        for _ in 0..chance.within(0..=6) {
            let at = first + chance.below(count as u64) as usize;
            let sessions = script.setup.gateways[at].sessions;
            let what = match chance.below(6) {
                0 | 1 => Happening::RelayFaults(at, Box::new(faults(chance))),
                2 => Happening::Reset(at, chance.below(sessions.into()) as usize),
                3 => Happening::Silence(at),
                4 => Happening::NoReading(at, chance.within(100 * MS..=5 * SECOND)),
                _ => Happening::Deaf(at, chance.within(100 * MS..=20 * SECOND)),
            };
            script.events.push((chance.within(SECOND..=script.calm_us), what));
        }
        script.events.sort_by_key(|(at_us, _)| *at_us);
    }
}

/// Gives the people of a campaign mail addresses, and the campaign routes for them: equals take turns.
fn write_too(chance: &mut Chance, plan: &mut CampaignPlan, at: usize, names: &[String], limited: bool) {
    let turned: Vec<String> = names.iter().rev().cloned().collect();
    let shared = names.len() > 1 && chance.happens(0.5);
    let orders = if shared { vec![names.to_vec(), turned] } else { vec![names.to_vec()] };
    plan.mail_routes = orders.iter().map(|names| (names.clone(), None)).collect();
    if limited {
        plan.mail_routes.extend(orders.iter().map(|names| (names.clone(), Some(SLOW.to_owned()))));
    }
    let orders = orders.len() as u64;
    for (ordinal, person) in (0..).zip(&mut plan.people) {
        let slow = limited && chance.happens(0.2);
        let domain = if slow { SLOW } else { "example.org" };
        let route = ordinal % orders + if slow { orders } else { 0 };
        // Some are written to by several campaigns.
        let of = if chance.happens(0.5) { 0 } else { at };
        let address = format!("p{of}.{ordinal}@{domain}");
        person.mail = (!chance.happens(0.03)).then_some((address, route as u16));
    }
}

fn relay(chance: &mut Chance, at: usize, wild: bool) -> GatewaySetup {
    let name = ["m", "n"][at];
    let patience = chance.pick(&[SECOND, 5 * SECOND, 60 * SECOND]);
    let client = ClientConfig {
        tls: TlsMode::None,
        mode: chance.pick(&[Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Joined, Mode::Bdat]),
        window: chance.pick(&[1, 4, 16]),
        timeouts: Timeouts {
            greeting_us: patience,
            command_us: patience,
            mail_us: patience,
            rcpt_us: patience,
            data_us: patience,
            block_us: patience,
            dot_us: 2 * patience,
            idle_us: chance.pick(&[2 * SECOND, 30 * SECOND]),
        },
        messages_per_connection: chance.pick(&[None, None, Some(1), Some(20)]),
        connection_age_us: chance.pick(&[None, Some(3 * SECOND)]),
        ..ClientConfig::default()
    };
    let mut extensions = RelayConfig::default().extensions;
    if wild {
        extensions = Extensions {
            pipelining: chance.happens(0.8),
            chunking: chance.happens(0.7),
            dsn: chance.happens(0.8),
            enhanced_status_codes: chance.happens(0.8),
            ..extensions
        };
    }
    let mut setup = GatewaySetup::mail(name);
    let relay = setup.relay();
    relay.client = client;
    relay.sim = RelayConfig {
        seed: chance.below(u64::MAX),
        extensions,
        faults: if wild { faults(chance) } else { Faults { report_us: 20 * MS, ..Faults::default() } },
        ..relay.sim.clone()
    };
    GatewaySetup {
        sessions: chance.pick(&[1, 2, 4, 8]),
        units_per_second: chance.pick(&[None, None, Some(20.0), Some(200.0), Some(33.3)]),
        domains: match chance.pick(&[None, Some(5.0), Some(50.0)]) {
            Some(rate) => vec![(SLOW.to_owned(), rate)],
            None => Vec::new(),
        },
        receipts: chance.happens(0.5),
        receipt_wait_us: chance.pick(&[2 * SECOND, 30 * SECOND]),
        retry: RetryRules {
            attempts: chance.pick(&[None, None, Some(3)]),
            first_us: chance.pick(&[50 * MS, SECOND]),
            max_us: chance.pick(&[200 * MS, 20 * SECOND]),
        },
        reconnect_max_us: chance.pick(&[SECOND, 30 * SECOND]),
        line: LineSetup {
            latency_us: chance.pick(&[0, 100, 5 * MS, 25 * MS]),
            octets: if wild { chance.pick(&[600, 4_096, 65_536]) } else { 65_536 },
            cuts: wild && chance.happens(0.5),
        },
        ..setup
    }
}

/// How a relay misbehaves.
fn faults(chance: &mut Chance) -> Faults {
    let mut share =
        |most: f64| if chance.happens(0.4) { most * chance.below(100) as f64 / 100.0 } else { 0.0 };
    let (defer, refuse, bounces) = (share(0.5), share(0.3), share(0.5));
    let limit = chance.pick(&[None, None, None, Some(15.0), Some(300.0)]);
    Faults {
        latency_us: chance.pick(&[0, 0, MS, 50 * MS]),
        work_us: chance.pick(&[0, 0, MS, 20 * MS, 3 * SECOND]),
        defer,
        refuse,
        bounces,
        limit: limit.map(Limit::per_second),
        limit_hangs_up: chance.happens(0.3),
        greylist_us: chance.pick(&[None, None, None, None, Some(SECOND), Some(5 * SECOND)]),
        max_connections: chance.pick(&[None, None, Some(1), Some(3)]),
        max_messages: chance.pick(&[None, None, Some(1), Some(10)]),
        tarpit: chance.happens(0.2).then(|| Tarpit {
            after: 3,
            delay_us: chance.pick(&[10 * MS, SECOND]),
            hang_up_at: chance.pick(&[None, Some(10)]),
        }),
        cut: chance.happens(0.4).then(|| cut(chance)),
        reset_every: chance.pick(&[None, None, None, Some(7), Some(50)]),
        one_by_one: chance.happens(0.2),
        read_per_second: chance.pick(&[None, None, None, None, Some(20_000)]),
        report_us: chance.pick(&[0, 0, 5 * MS, 500 * MS, 10 * SECOND]),
        rules: (0..chance.pick(&[0, 1, 1, 2, 3])).map(|_| rule(chance)).collect(),
        ..Faults::default()
    }
}

fn cut(chance: &mut Chance) -> Cut {
    let at = Some(chance.within(1..=4_000));
    let times = chance.pick(&[Some(1), Some(5), Some(20)]);
    if chance.happens(0.5) {
        Cut { received: at, sent: None, times }
    } else {
        Cut { received: None, sent: at.map(|at| at / 4), times }
    }
}

fn rule(chance: &mut Chance) -> Rule {
    let phase = chance.pick(&[
        Phase::Greeting,
        Phase::Ehlo,
        Phase::Mail,
        Phase::Mail,
        Phase::Rcpt,
        Phase::Rcpt,
        Phase::Data,
        Phase::Dot,
        Phase::Dot,
        Phase::Dot,
    ]);
    let (code, class, subject, detail) = chance.pick(&[
        (421, 4, 3, 2),
        (421, 4, 7, 0),
        (450, 4, 2, 1),
        (451, 4, 3, 0),
        (451, 4, 7, 1),
        (452, 4, 3, 1),
        (454, 4, 7, 0),
        (550, 5, 1, 1),
        (550, 5, 7, 1),
        (554, 5, 0, 0),
        (552, 5, 3, 4),
    ]);
    let reply = Reply::new(code, chance.happens(0.8).then_some(EnhancedCode(class, subject, detail)), "no");
    let relayed =
        Report { action: Action::Relayed, reply: Reply::new(250, Some(EnhancedCode(2, 0, 0)), "on") };
    let fate = match chance.below(12) {
        0..=5 => Fate::Reply(reply),
        6 => Fate::Garble(
            chance.pick(&[&b"what?\r\n"[..], b"2", b"250-\r\n250 ok\r\n", b"999 x\r\n"]).to_vec(),
        ),
        7 => Fate::Silent,
        8 => Fate::Swallow,
        9 => Fate::Reset,
        10 => Fate::ResetAfter,
        _ if phase == Phase::Dot => Fate::Report(relayed),
        _ => Fate::Reset,
    };
    Rule {
        phase,
        who: chance.happens(0.4).then(|| AddressPattern::Suffix(format!("@{SLOW}"))),
        share: chance.pick(&[0.05, 0.3, 1.0]),
        times: chance.pick(&[Some(1), Some(10), None]),
        fate,
    }
}
