//! Asking a mail relay: connect, EHLO, TLS, AUTH, QUIT.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use bealert_wire::smtp::{Client, CloseReason, Event};
use tokio::time::{sleep, timeout};

use super::{GatewayCheck, Known, LIMIT, RelayCheck};
use crate::clock::{Clock, wall_ms};
use crate::config::{Config, SmtpConfig, SmtpMode, TlsMode};
use crate::fork::Descriptors;
use crate::mail::EmailText;
use crate::metrics::GatewayReading;
use crate::session::smtp::secret;
use crate::session::smtp::{Offer, WANTS_IMPLICIT, advised, client_config, tls_of};
use crate::session::stream::{Stream, open_smtp};
use crate::session::tls::{Step, Tls, Trust, not_open};

/// How long a read waits: between two, deadlines and giving up are looked at.
const READ: Duration = Duration::from_millis(20);

/// A relay that has said nothing for so long may be waiting for us to begin with TLS: it is asked on a second connection.
const SILENCE: Duration = Duration::from_secs(1);

/// What encoding adds to a file: four characters for three octets, in lines of 76 and their ends.
const ENCODED: f64 = 4.0 / 3.0 * 78.0 / 76.0;

/// A certificate that ends within so many days is told of: time to have another made and to put it in place.
const ENDS_SOON_DAYS: u64 = 14;

/// The largest message that the scenarios make, roughly, and of which scenario it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Largest {
    octets: u64,
    scenario: String,
}

/// What the relay said, and what the connection is like.
struct Met {
    greeting: String,
    offer: Offer,
    took_us: u64,
    /// Why it is not encrypted, where that was tried.
    in_plain: Option<String>,
}

/// Why a relay can't be sent through.
enum NotMet {
    /// TLS that it offered failed.
    NoTls(String),
    Other(String),
}

impl From<String> for NotMet {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

/// What is known of a relay that may be connected to already.
pub(super) fn known(config: &SmtpConfig, reading: Option<&GatewayReading>, largest: Largest) -> Known {
    let found = reading.and_then(|reading| live(config, reading, &largest));
    let config = config.clone();
    let gateway = config.name.clone();
    Known { gateway, found, probe: Box::new(move |given_up| probe(&config, &largest, given_up)) }
}

fn probe(config: &SmtpConfig, largest: &Largest, given_up: &AtomicBool) -> GatewayCheck {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let met = match runtime {
        Ok(runtime) => {
            let met = runtime.block_on(ask(config, given_up));
            // A name that is still being resolved is nobody's concern any more.
            runtime.shutdown_background();
            met
        }
        Err(error) => Err(format!("no runtime: {error}")),
    };
    match met {
        Ok(met) => found(config, &met, largest, format!("ready: {}", met.offer)),
        Err(why) => GatewayCheck::unusable(&config.name, why),
    }
}

/// What is known of a relay that is connected to.
fn live(config: &SmtpConfig, reading: &GatewayReading, largest: &Largest) -> Option<GatewayCheck> {
    let greeting = reading.greeting.as_ref()?;
    let met = Met {
        greeting: greeting.name.clone(),
        offer: greeting.offer?,
        took_us: greeting.round_trip_us,
        in_plain: None,
    };
    let text = format!("{} of {} connections in use: {}", reading.bound, reading.sessions, met.offer);
    Some(found(config, &met, largest, text))
}

/// The largest message of a configuration. Values can make one larger, which is told when it is sent.
pub(super) fn largest_message(config: &Config) -> Largest {
    let sizes = config.scenarios.iter().flat_map(|scenario| {
        scenario.email.iter().map(|text| Largest { octets: size(text), scenario: scenario.name.clone() })
    });
    sizes.max_by_key(|largest| largest.octets).unwrap_or_default()
}

fn size(text: &EmailText) -> u64 {
    let files: usize = text.attachments.iter().map(|attachment| attachment.data.len()).sum();
    let texts = text.subject.len() + text.text.as_ref().map_or(0, String::len);
    let texts = texts + text.html.as_ref().map_or(0, String::len);
    (files as f64 * ENCODED) as u64 + texts as u64
}

fn found(config: &SmtpConfig, met: &Met, largest: &Largest, text: String) -> GatewayCheck {
    let offer = &met.offer;
    let relay = RelayCheck {
        greeting: met.greeting.clone(),
        tls: offer.secured.map(|secured| secured.to_string()),
        authenticated: offer.authenticated,
        mode: offer.mode.word(),
        offers: offer.names(),
        largest: offer.largest(),
    };
    let warnings = judge(config, met, largest);
    let mut said = vec![text];
    said.extend(warnings.iter().cloned());
    GatewayCheck {
        round_trip_ms: Some(met.took_us as f64 / 1e3),
        relay: Some(relay),
        warnings,
        ..GatewayCheck::of(&config.name, said.join("; "))
    }
}

fn judge(config: &SmtpConfig, met: &Met, largest: &Largest) -> Vec<String> {
    let (mut warnings, offer) = (Vec::new(), &met.offer);
    if let Some(most) = offer.largest()
        && largest.octets > most
    {
        let Largest { octets, scenario } = largest;
        warnings.push(format!(
            "messages of scenario {scenario:?} have about {octets} octets, and the relay takes {most}"
        ));
    }
    if config.receipts && !offer.extensions.dsn {
        warnings
            .push("receipts are asked for, and the relay offers no DSN: bounces are all that is told".into());
    }
    if config.mode == SmtpMode::Bdat && !offer.extensions.chunking {
        warnings.push("mode is bdat, and the relay offers no CHUNKING".into());
    }
    if config.tls == TlsMode::Opportunistic && offer.secured.is_none() {
        warnings.push(match &met.in_plain {
            Some(why) => format!("{why}: messages go in plain"),
            None if offer.extensions.starttls => "the relay's TLS does not work: messages go in plain".into(),
            None => "the relay offers no TLS: messages go in plain".into(),
        });
    }
    // One that is not judged may end as it likes.
    let judged = matches!(config.tls, TlsMode::Required | TlsMode::Implicit);
    let validity = offer.secured.filter(|_| judged).and_then(|secured| secured.validity);
    let left = validity.map(|validity| validity.days_left((wall_ms() / 1_000) as u64));
    match left {
        Some(0) => warnings.push("the relay's certificate ends within a day".into()),
        Some(days @ ..ENDS_SOON_DAYS) => {
            warnings.push(format!("the relay's certificate ends in {days} days"));
        }
        _ => {}
    }
    warnings
}

/// Meets the relay, and where it says nothing, asks whether it waits for TLS.
async fn ask(config: &SmtpConfig, given_up: &AtomicBool) -> Result<Met, String> {
    let greeted = Cell::new(false);
    let met = async {
        match meet(config, config.tls, &greeted, given_up).await {
            Err(NotMet::NoTls(why)) if config.tls == TlsMode::Opportunistic => {
                let met = meet(config, TlsMode::None, &greeted, given_up).await;
                met.map(|met| Met { in_plain: Some(why), ..met })
            }
            met => met,
        }
    };
    let (mut met, mut waits) = (pin!(met), pin!(waits_for_tls(config, &greeted)));
    poll_fn(|cx| match met.as_mut().poll(cx) {
        Poll::Ready(met) => Poll::Ready(met.map_err(|(NotMet::NoTls(why) | NotMet::Other(why))| why)),
        Poll::Pending => waits.as_mut().poll(cx).map(|()| Err(WANTS_IMPLICIT.to_owned())),
    })
    .await
}

/// Ends once a relay that does not greet was found to speak TLS from the first octet.
async fn waits_for_tls(config: &SmtpConfig, greeted: &Cell<bool>) {
    sleep(SILENCE).await;
    if config.tls != TlsMode::Implicit
        && !greeted.get()
        && let Ok(tls) = Tls::new(&config.host, Trust::Anybody)
        && let Ok(Ok(_)) =
            timeout(LIMIT, open_smtp(&config.host, config.port, Some(tls), &Descriptors::new())).await
        && !greeted.get()
    {
        return;
    }
    pending().await
}

/// Connects, lets the session come up, and leaves in order.
async fn meet(
    config: &SmtpConfig,
    mode: TlsMode,
    greeted: &Cell<bool>,
    given_up: &AtomicBool,
) -> Result<Met, NotMet> {
    let (clock, deadline) = (Clock::start(), Instant::now() + LIMIT);
    let began_us = clock.now_us();
    let tls = tls_of(config)?;
    // On a thread of its own already, which may wait for a disk.
    let password = match config.password_file.as_deref().filter(|_| config.username.is_some()) {
        Some(path) => Some(secret::read(path)?),
        None => config.password.clone(),
    };
    let implicit = tls.clone().filter(|_| mode == TlsMode::Implicit);
    let opening = open_smtp(&config.host, config.port, implicit, &Descriptors::new());
    let stream = timeout(LIMIT, opening).await.map_err(|_| super::late(LIMIT))?;
    let mut stream = Some(stream.map_err(|error| not_open(Step::Connect, &error))?);
    let mut client = Client::new(client_config(&SmtpConfig { tls: mode, password, ..config.clone() }));
    client.connected(clock.now_us());
    let mut met = None;
    let mut buffer = vec![0; 4_096];
    let why = loop {
        let Some(connection) = &mut stream else { break "the connection was lost".to_owned() };
        if Instant::now() > deadline || given_up.load(Ordering::Relaxed) {
            break super::late(LIMIT);
        }
        while let Some(event) = client.poll_event() {
            if let Event::Ready(ready) = event {
                let offer = Offer::of(&ready, connection.secured());
                met = Some(Met {
                    greeting: ready.greeting.text.to_string(),
                    offer,
                    took_us: clock.now_us() - began_us,
                    in_plain: None,
                });
                client.quit(clock.now_us());
            }
        }
        if let Err(error) = write(connection, &mut client).await {
            break format!("the connection was lost: {error}");
        }
        if client.wants_close() {
            break String::new();
        }
        if client.wants_tls() {
            stream = Some(encrypt(stream.take(), tls.as_ref()).await?);
            client.tls_started(clock.now_us());
            continue;
        }
        match timeout(READ, poll_fn(|cx| connection.poll_read(cx, &mut buffer))).await {
            Ok(Ok(0)) => break "the relay closed the connection".to_owned(),
            Ok(Ok(read)) => {
                greeted.set(true);
                client.receive(clock.now_us(), &buffer[..read]);
            }
            Ok(Err(error)) => break format!("the connection was lost: {error}"),
            Err(_) => {
                if client.poll_timeout().is_some_and(|at_us| at_us <= clock.now_us()) {
                    client.handle_timeout(clock.now_us());
                }
            }
        }
    };
    met.ok_or_else(|| NotMet::Other(reason(config, &mut client, clock.now_us(), why)))
}

async fn write(stream: &mut Stream, client: &mut Client) -> io::Result<()> {
    while !client.outgoing().is_empty() {
        let wrote = poll_fn(|cx| stream.poll_write(cx, client.outgoing())).await?;
        client.wrote(wrote);
    }
    poll_fn(|cx| stream.poll_flush(cx)).await
}

async fn encrypt(stream: Option<Stream>, tls: Option<&Tls>) -> Result<Stream, NotMet> {
    let (Some(stream), Some(tls)) = (stream, tls) else {
        return Err(NotMet::Other("TLS without a connection".to_owned()));
    };
    let secured = timeout(LIMIT, stream.secure(tls)).await.map_err(|_| super::late(LIMIT))?;
    secured.map_err(|error| NotMet::NoTls(not_open(Step::StartTls, &error)))
}

/// Why the session did not come up: what it says itself, where it says more than that it is gone.
fn reason(config: &SmtpConfig, client: &mut Client, now_us: u64, why: String) -> String {
    client.disconnected(now_us);
    let mut reason = None;
    while let Some(event) = client.poll_event() {
        if let Event::Closed { why } = event {
            reason = Some(why);
        }
    }
    match reason {
        Some(CloseReason::Dropped) | None => why,
        Some(reason) => advised(config.tls, reason, None),
    }
}
