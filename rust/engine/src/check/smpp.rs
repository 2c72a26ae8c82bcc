//! Asking an SMSC: connect, bind, unbind.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bealert_wire::smpp::{Esme, Event, Status};

use super::{GatewayCheck, Known, LIMIT, SmscCheck};
use crate::clock::Clock;
use crate::config::SmppConfig;
use crate::metrics::GatewayReading;
use crate::session::Greeting;
use crate::session::smpp::esme_config;

/// How long a read waits: between two, deadlines and giving up are looked at.
const READ: Duration = Duration::from_millis(20);

/// What is known of an SMSC that may be bound already.
pub(super) fn known(config: &SmppConfig, live: Option<&GatewayReading>) -> Known {
    let found = live.map(|reading| {
        let text = format!("{} of {} sessions bound", reading.bound, reading.sessions);
        found(config, text, reading.greeting.as_ref())
    });
    let config = config.clone();
    let gateway = config.name.clone();
    Known { gateway, found, probe: Box::new(move |given_up| probe(&config, given_up)) }
}

fn probe(config: &SmppConfig, given_up: &AtomicBool) -> GatewayCheck {
    match greet(config, given_up) {
        Ok(greeting) => found(config, "bound".to_owned(), Some(&greeting)),
        Err(why) => GatewayCheck::unusable(&config.name, why),
    }
}

/// What is told of an SMSC that can be sent through.
fn found(config: &SmppConfig, text: String, greeting: Option<&Greeting>) -> GatewayCheck {
    GatewayCheck {
        smsc: greeting.map(|greeting| SmscCheck {
            name: greeting.name.clone(),
            version: greeting.version,
            window: config.window,
        }),
        round_trip_ms: greeting.map(|greeting| greeting.round_trip_us as f64 / 1e3),
        ..GatewayCheck::of(&config.name, text)
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
