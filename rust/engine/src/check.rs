//! `check`: what each gateway offers now, by asking it.

mod smpp;
mod smtp;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::GatewayConfig;
use crate::engine::{Engine, SLICE, Waiter};
use crate::error::EngineError;

/// How long a gateway may take in all: its name, its addresses, the bind or the login. A person waits for it.
const LIMIT: Duration = Duration::from_secs(10);

/// What a gateway said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GatewayCheck {
    /// Its name.
    pub gateway: String,
    /// Whether it can be sent through.
    pub ok: bool,
    /// What was found, for people.
    pub text: String,
    /// How long it takes to be ready: an SMSC from the bind to its answer, a mail relay from connecting on.
    pub round_trip_ms: Option<f64>,
    /// What an SMSC says of itself.
    pub smsc: Option<SmscCheck>,
    /// What a mail relay offers.
    pub relay: Option<RelayCheck>,
    /// What works and will not do what the configuration asks for.
    pub warnings: Vec<String>,
}

/// What an SMSC says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmscCheck {
    /// Its name.
    pub name: String,
    /// The SMPP version it speaks, such as 0x34.
    pub version: Option<u8>,
    /// Unanswered requests that a session to it is configured for.
    pub window: u32,
}

/// What a mail relay offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayCheck {
    /// What it says of itself in its greeting.
    pub greeting: String,
    /// How the connection is encrypted, such as `TLS 1.3`; `None` where it is not.
    pub tls: Option<String>,
    /// Whether it knows who we are.
    pub authenticated: bool,
    /// The rung of the dialogue that connections begin with.
    pub mode: &'static str,
    /// The extensions that are of use here, as they are called on the wire.
    pub offers: Vec<String>,
    /// The largest message it takes, in octets, where it says so.
    pub largest: Option<u64>,
}

/// A gateway to be asked.
type Probe = Box<dyn FnOnce(&AtomicBool) -> GatewayCheck + Send>;

/// What is known of a gateway, and how to know more where that is nothing.
struct Known {
    gateway: String,
    found: Option<GatewayCheck>,
    probe: Probe,
}

impl Engine {
    /// Connects to each gateway and binds or logs in, or tells of the sessions there are: an account may
    /// allow no more of them. Later plans know what the relays said of the size of messages.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`], and what ends every call.
    pub fn check(&self, waiter: Waiter<'_>) -> Result<Vec<GatewayCheck>, EngineError> {
        let readings = self.readings()?.gateways;
        let config = &self.inner.config;
        let known = |gateway: &GatewayConfig| {
            let live = readings.iter().find(|reading| *reading.name == *gateway.name() && reading.bound > 0);
            match gateway {
                GatewayConfig::Smpp(smpp) => smpp::known(smpp, live),
                GatewayConfig::Smtp(smtp) => smtp::known(smtp, live, smtp::largest_message(config)),
            }
        };
        let checks = ask(config.gateways.iter().map(known).collect(), LIMIT, waiter)?;
        for check in &checks {
            if let Some(relay) = &check.relay {
                self.inner.mailroom.hear_largest(&check.gateway, relay.largest);
            }
        }
        Ok(checks)
    }
}

fn late(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs_f32())
}

impl GatewayCheck {
    /// A gateway that can be sent through, and of which nothing more is known.
    fn of(gateway: &str, text: String) -> Self {
        Self { gateway: gateway.to_owned(), ok: true, text, ..Self::default() }
    }

    /// One that can't, and why.
    fn unusable(gateway: &str, why: String) -> Self {
        Self { ok: false, ..Self::of(gateway, why) }
    }
}

/// Asks the gateways of which nothing is known, all at once, for at most `limit`: a thread that the
/// system holds longer, resolving a name, is left to itself.
fn ask(known: Vec<Known>, limit: Duration, waiter: Waiter<'_>) -> Result<Vec<GatewayCheck>, EngineError> {
    let deadline = Instant::now() + limit;
    let given_up = Arc::new(AtomicBool::new(false));
    let (sender, results) = channel();
    let mut checks = Vec::new();
    for (at, Known { gateway, found, probe }) in known.into_iter().enumerate() {
        let asked = found.is_none();
        checks.push(found.unwrap_or_else(|| GatewayCheck::unusable(&gateway, late(limit))));
        if asked {
            let (sender, given_up) = (sender.clone(), Arc::clone(&given_up));
            let probing = move || drop(sender.send((at, probe(&given_up))));
            thread::Builder::new()
                .name("bealert-check".into())
                .spawn(probing)
                .map_err(|error| EngineError::Failed(format!("no thread to check with: {error}")))?;
        }
    }
    drop(sender);
    let result = loop {
        match results.recv_timeout(SLICE.min(limit)) {
            Ok((at, check)) => checks[at] = check,
            Err(RecvTimeoutError::Disconnected) => break Ok(checks),
            Err(RecvTimeoutError::Timeout) if !waiter() => break Err(EngineError::Interrupted),
            Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => break Ok(checks),
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    given_up.store(true, Ordering::Relaxed);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateways() -> Vec<Known> {
        let known = |name: &'static str, takes_s| {
            let probe = move |_: &AtomicBool| {
                thread::sleep(Duration::from_secs(takes_s));
                GatewayCheck::of(name, "bound".into())
            };
            Known { gateway: name.to_owned(), found: None, probe: Box::new(probe) }
        };
        vec![known("quick", 0), known("stuck", 60)]
    }

    #[test]
    fn a_gateway_whose_name_or_connection_hangs_is_told_after_the_limit() {
        let began = Instant::now();
        let checks = ask(gateways(), Duration::from_millis(200), &mut || true).unwrap();
        assert!(began.elapsed() < Duration::from_secs(5));
        let told: Vec<_> = checks.iter().map(|check| (&*check.gateway, check.ok, &*check.text)).collect();
        assert_eq!(told, [("quick", true, "bound"), ("stuck", false, "no answer within 0.2 s")]);
    }

    #[test]
    fn whoever_gives_up_does_not_wait_for_it() {
        let given_up = ask(gateways(), Duration::from_secs(60), &mut || false);
        assert!(matches!(given_up, Err(EngineError::Interrupted)));
    }
}
