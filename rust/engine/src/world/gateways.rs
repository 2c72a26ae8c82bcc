//! What the simulated world has for each gateway of a configuration: sessions like the engine's, and a far end.

use bealert_core::dispatch::GatewaySpec;
use bealert_core::model::GatewayId;
use bealert_sim::world::{GatewaySetup, RelaySetup, SmscSetup};
use bealert_wire::smtp::{AuthMechanisms, TlsMode};

use crate::config::{GatewayConfig, SmppConfig, SmtpConfig};
use crate::session::smpp::esme_config;
use crate::session::smtp::client_config;
use crate::simulate::{RelayOptions, SmscOptions};

/// The wall clock at the beginning, unless a host says otherwise: 2027-01-15, 08:00 UTC.
pub(super) const WALL_MS: i64 = 1_800_000_000_000;

/// The gateway, whose far end has these options. A seed that they do not say is the one given here.
pub(super) fn setup_of(gateway: &GatewayConfig, options: &str, seed: u64) -> Result<GatewaySetup, String> {
    let (sessions, reconnect_max_ms, far_end) = match gateway {
        GatewayConfig::Smpp(smpp) => {
            (smpp.sessions, smpp.reconnect_max_ms, smsc(smpp, options, seed)?.into())
        }
        GatewayConfig::Smtp(smtp) => {
            (smtp.connections, smtp.reconnect_max_ms, relay(smtp, options, seed)?.into())
        }
    };
    let GatewaySpec { units_per_second, domains, receipts, receipt_wait_us, retry, .. } =
        gateway.spec(GatewayId::NONE);
    Ok(GatewaySetup {
        sessions,
        units_per_second,
        domains,
        receipts,
        receipt_wait_us,
        retry,
        reconnect_max_us: reconnect_max_ms.saturating_mul(1_000),
        ..GatewaySetup::new(gateway.name(), far_end)
    })
}

fn smsc(smpp: &SmppConfig, options: &str, seed: u64) -> Result<SmscSetup, String> {
    let options = SmscOptions::from_json(options)?;
    let seeded = options.says("seed");
    let mut sim = options.config()?;
    if !seeded {
        sim.seed = seed;
    }
    (sim.keep_messages, sim.keep_diary) = (true, true);
    sim.unix_origin_s = (WALL_MS / 1_000) as u64;
    Ok(SmscSetup { esme: esme_config(smpp), sim })
}

/// A relay and its connections. What TLS keeps off is not in a world: where TLS is wanted, every connection counts as
/// encrypted.
fn relay(smtp: &SmtpConfig, options: &str, seed: u64) -> Result<RelaySetup, String> {
    let options = RelayOptions::from_json(options)?;
    let (seeded, judges) = (options.says("seed"), options.says("auth"));
    let mut sim = options.config()?;
    if smtp.username.is_some() && !judges {
        // No password is known here: whoever has an account is let in.
        sim.extensions.auth =
            AuthMechanisms { plain: true, login: true, xoauth2: true, oauthbearer: true, other: false };
    }
    if !seeded {
        sim.seed = seed;
    }
    (sim.keep_messages, sim.reports) = (true, true);
    sim.unix_origin_s = (WALL_MS / 1_000) as u64;
    let mut client = client_config(smtp);
    if client.tls != TlsMode::None {
        client.tls = TlsMode::Implicit;
    }
    Ok(RelaySetup { client, sim })
}
