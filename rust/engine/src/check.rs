//! `check`: what each gateway offers now, by asking it.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use bealert_wire::smpp::{Esme, Event, Status};

use crate::clock::Clock;
use crate::config::{GatewayConfig, SmppConfig};
use crate::engine::{Engine, SLICE, Waiter};
use crate::error::EngineError;
use crate::session::Greeting;
use crate::session::smpp::esme_config;

/// How long connecting may take, per address.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a gateway may take in all.
const LIMIT_US: u64 = 10_000_000;

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
        let mut checks = vec![None; self.inner.config.gateways.len()];
        let given_up = Arc::new(AtomicBool::new(false));
        let (sender, results) = channel();
        for (at, GatewayConfig::Smpp(smpp)) in self.inner.config.gateways.iter().enumerate() {
            let live = readings.iter().find(|reading| *reading.name == *smpp.name && reading.bound > 0);
            if let Some(reading) = live {
                let text = format!("{} of {} sessions bound", reading.bound, reading.sessions);
                checks[at] = Some(found(smpp, text, reading.greeting.as_ref()));
                continue;
            }
            let (sender, smpp, given_up) = (sender.clone(), smpp.clone(), Arc::clone(&given_up));
            let probing = move || drop(sender.send((at, probe(&smpp, &given_up))));
            thread::Builder::new()
                .name("bealert-check".into())
                .spawn(probing)
                .map_err(|error| EngineError::Failed(format!("no thread to check with: {error}")))?;
        }
        drop(sender);
        loop {
            match results.recv_timeout(SLICE) {
                Ok((at, check)) => checks[at] = Some(check),
                Err(RecvTimeoutError::Disconnected) => return Ok(checks.into_iter().flatten().collect()),
                Err(RecvTimeoutError::Timeout) if waiter() => {}
                Err(RecvTimeoutError::Timeout) => {
                    given_up.store(true, Ordering::Relaxed);
                    return Err(EngineError::Interrupted);
                }
            }
        }
    }
}

fn found(config: &SmppConfig, text: String, greeting: Option<&Greeting>) -> GatewayCheck {
    GatewayCheck {
        gateway: config.name.clone(),
        ok: true,
        text,
        smsc: greeting.map(|greeting| greeting.smsc.clone()),
        version: greeting.map(|greeting| greeting.version),
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
    let mut stream = dial(config)?;
    let mut esme = Esme::new(esme_config(config));
    let began_us = clock.now_us();
    esme.connected(began_us);
    let mut result = Err("no answer to the bind".to_owned());
    let mut buffer = [0; 4_096];
    loop {
        let now_us = clock.now_us();
        if now_us > began_us + LIMIT_US || given_up.load(Ordering::Relaxed) {
            return result;
        }
        if esme.poll_timeout().is_some_and(|at_us| at_us <= now_us) {
            esme.handle_timeout(now_us);
        }
        while let Some(event) = esme.poll_event() {
            match event {
                Event::Bound { smsc, version } => {
                    result = Ok(Greeting { smsc, version, round_trip_us: now_us - began_us });
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

fn dial(config: &SmppConfig) -> Result<TcpStream, String> {
    let (host, port) = (config.host.as_str(), config.port);
    let addresses =
        (host, port).to_socket_addrs().map_err(|error| format!("no address for {host}: {error}"))?;
    let mut last = format!("no address for {host}");
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => {
                let ready = stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(READ)));
                return ready.map(|()| stream).map_err(|error| error.to_string());
            }
            Err(error) => last = format!("no connection to {address}: {error}"),
        }
    }
    Err(last)
}
