//! `check`: what each gateway offers now, by asking it.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use bealert_wire::smpp::{Esme, Event, Status};

use crate::clock::Clock;
use crate::config::{GatewayConfig, SmppConfig};
use crate::engine::{Engine, SLICE, Waiter};
use crate::error::EngineError;
use crate::session::Greeting;
use crate::session::smpp::esme_config;

/// How long a gateway may take in all: its name, its addresses, the bind. A person waits for it.
const LIMIT: Duration = Duration::from_secs(10);

/// How long a read waits: between two, deadlines and giving up are looked at.
const READ: Duration = Duration::from_millis(20);

/// What a gateway said.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayCheck {
    /// Its name.
    pub gateway: String,
    /// Whether it can be sent through.
    pub ok: bool,
    /// What was found, for people.
    pub text: String,
    /// The SMSC's name for itself.
    pub smsc: Option<String>,
    /// The SMPP version it speaks, such as 0x34.
    pub version: Option<u8>,
    /// Unanswered requests that a session is configured for.
    pub window: u32,
    /// From bind to its answer.
    pub round_trip_ms: Option<f64>,
}

impl Engine {
    /// Connects to each gateway and binds, or tells of the sessions that are bound: an account may
    /// allow no more of them.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`], and what ends every call.
    pub fn check(&self, waiter: Waiter<'_>) -> Result<Vec<GatewayCheck>, EngineError> {
        let readings = self.readings()?.gateways;
        let known = |gateway: &GatewayConfig| {
            let GatewayConfig::Smpp(smpp) = gateway else { return None };
            let live = readings.iter().find(|reading| *reading.name == *smpp.name && reading.bound > 0);
            let found = live.map(|reading| {
                let text = format!("{} of {} sessions bound", reading.bound, reading.sessions);
                found(smpp, text, reading.greeting.as_ref())
            });
            Some((smpp.clone(), found))
        };
        let known = self.inner.config.gateways.iter().filter_map(known).collect();
        ask(known, probe, LIMIT, waiter)
    }
}

/// Asks the gateways of which nothing is known, all at once, for at most `limit`: a thread that the
/// system holds longer, resolving a name, is left to itself.
fn ask(
    known: Vec<(SmppConfig, Option<GatewayCheck>)>,
    probe: fn(&SmppConfig, &AtomicBool) -> GatewayCheck,
    limit: Duration,
    waiter: Waiter<'_>,
) -> Result<Vec<GatewayCheck>, EngineError> {
    let deadline = Instant::now() + limit;
    let given_up = Arc::new(AtomicBool::new(false));
    let (sender, results) = channel();
    let mut checks = Vec::new();
    for (at, (smpp, known)) in known.into_iter().enumerate() {
        let late = format!("no answer within {} s", limit.as_secs_f32());
        let asked = known.is_none();
        checks.push(known.unwrap_or_else(|| GatewayCheck { ok: false, ..found(&smpp, late, None) }));
        if asked {
            let (sender, given_up) = (sender.clone(), Arc::clone(&given_up));
            let probing = move || drop(sender.send((at, probe(&smpp, &given_up))));
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

fn found(config: &SmppConfig, text: String, greeting: Option<&Greeting>) -> GatewayCheck {
    GatewayCheck {
        gateway: config.name.clone(),
        ok: true,
        text,
        smsc: greeting.map(|greeting| greeting.name.clone()),
        version: greeting.and_then(|greeting| greeting.version),
        window: config.window,
        round_trip_ms: greeting.map(|greeting| greeting.round_trip_us as f64 / 1e3),
    }
}

fn probe(config: &SmppConfig, given_up: &AtomicBool) -> GatewayCheck {
    match greet(config, given_up) {
        Ok(greeting) => found(config, "bound".to_owned(), Some(&greeting)),
        Err(why) => GatewayCheck { ok: false, ..found(config, why, None) },
    }
}

/// Connects, binds and unbinds again.
fn greet(config: &SmppConfig, given_up: &AtomicBool) -> Result<Greeting, String> {
    let clock = Clock::start();
    let deadline = Instant::now() + LIMIT;
    let mut stream = dial(config, deadline)?;
    let mut esme = Esme::new(esme_config(config));
    let began_us = clock.now_us();
    esme.connected(began_us);
    let mut result = Err("no answer to the bind".to_owned());
    let mut buffer = [0; 4_096];
    loop {
        let now_us = clock.now_us();
        if Instant::now() > deadline || given_up.load(Ordering::Relaxed) {
            return result;
        }
        if esme.poll_timeout().is_some_and(|at_us| at_us <= now_us) {
            esme.handle_timeout(now_us);
        }
        while let Some(event) = esme.poll_event() {
            match event {
                Event::Bound { smsc, version } => {
                    result = Ok(Greeting {
                        name: smsc,
                        version: Some(version),
                        round_trip_us: now_us - began_us,
                        offer: None,
                    });
                    esme.unbind(now_us);
                }
                Event::BindRefused { status } => {
                    result = Err(format!("the bind was refused with {}", Status(status)));
                }
                _ => {}
            }
        }
        let wrote = stream.write_all(esme.outgoing()).map(|()| esme.outgoing().len());
        match wrote {
            Ok(wrote) => esme.wrote(wrote),
            Err(error) => return result.map_err(|_| format!("the connection was lost: {error}")),
        }
        if esme.wants_close() {
            return result;
        }
        match stream.read(&mut buffer) {
            Ok(0) => return result.map_err(|_| "the far end closed the connection".to_owned()),
            Ok(read) => esme.receive(clock.now_us(), &buffer[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return result.map_err(|_| format!("the connection was lost: {error}")),
        }
    }
}

fn dial(config: &SmppConfig, deadline: Instant) -> Result<TcpStream, String> {
    let (host, port) = (config.host.as_str(), config.port);
    let addresses =
        (host, port).to_socket_addrs().map_err(|error| format!("no address for {host}: {error}"))?;
    let mut last = format!("no address for {host}");
    for address in addresses {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => {
                let ready = stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(READ)));
                return ready.map(|()| stream).map_err(|error| error.to_string());
            }
            Err(error) => last = format!("no connection to {address}: {error}"),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn gateways() -> Vec<(SmppConfig, Option<GatewayCheck>)> {
        let gateway = |name: &str| {
            format!(
                r#"{{"type": "smpp", "name": "{name}", "host": "127.0.0.1", "port": 1, "system_id": "s",
                    "password": "p", "sender": "BE-Alert"}}"#
            )
        };
        let (quick, stuck) = (gateway("quick"), gateway("stuck"));
        let text = format!(
            r#"{{"data": null, "default_country": "BE", "languages": ["nl"], "gateways": [{quick}, {stuck}],
                "scenarios": []}}"#
        );
        let gateways = Config::from_json(&text).unwrap().gateways;
        let smpp = |gateway| match gateway {
            GatewayConfig::Smpp(smpp) => Some((smpp, None)),
            GatewayConfig::Smtp(_) => None,
        };
        gateways.into_iter().filter_map(smpp).collect()
    }

    fn probe(config: &SmppConfig, _: &AtomicBool) -> GatewayCheck {
        if config.name == "stuck" {
            thread::sleep(Duration::from_secs(60));
        }
        found(config, "bound".into(), None)
    }

    #[test]
    fn a_gateway_whose_name_or_connection_hangs_is_told_after_the_limit() {
        let began = Instant::now();
        let checks = ask(gateways(), probe, Duration::from_millis(200), &mut || true).unwrap();
        assert!(began.elapsed() < Duration::from_secs(5));
        let told: Vec<_> = checks.iter().map(|check| (&*check.gateway, check.ok, &*check.text)).collect();
        assert_eq!(told, [("quick", true, "bound"), ("stuck", false, "no answer within 0.2 s")]);
    }

    #[test]
    fn whoever_gives_up_does_not_wait_for_it() {
        let given_up = ask(gateways(), probe, Duration::from_secs(60), &mut || false);
        assert!(matches!(given_up, Err(EngineError::Interrupted)));
    }
}
