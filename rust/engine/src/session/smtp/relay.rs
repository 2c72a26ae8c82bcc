//! What the connections of one relay have in common: how they are made, what earlier ones have learnt.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bealert_core::dispatch::{Dispatcher, Handout};
use bealert_core::model::Kind;
use bealert_sim::client::{Breaker, HeardMail, hear_mail};
use bealert_wire::smtp::{
    BodyKind, Client, ClientConfig, CloseReason, Credentials, Envelope, Event, Learnt, Lesson, Mechanism,
    Mode, Notify, Secret, Timeouts, TlsMode as WireTls,
};

use super::advice::advised;
use super::in_plain::InPlain;
use super::offer::Offer;
use super::returns::Returns;
use super::secret::{self, Renewed};
use crate::campaign::Mailroom;
use crate::config::{AuthMechanism, SmtpConfig, SmtpMode, SmtpTimeouts, TlsMode};
use crate::r#loop::store::Mail;
use crate::session::tls::{Tls, Trust};

/// Without a message for so long a connection is given back: the least of what relays are known to wait, and
/// far below the five minutes of RFC 5321 §4.5.3.2.7.
const IDLE_US: u64 = 30_000_000;

/// How urgent warnings and preventive alerts are to a relay (RFC 6710; its Annex A has 4 for "immediate" and 2
/// for "priority").
const WARNING: i8 = 4;
const PREVENTIVE: i8 = 2;

/// A relay, shared by its sessions.
pub(crate) struct Relay {
    config: SmtpConfig,
    client: ClientConfig,
    tls: Option<Tls>,
    /// Whom bounces return to: with a token in it where they are received.
    returns: Returns,
    mailroom: Arc<Mailroom>,
    learnt: Mutex<Learnt>,
    refusals: Mutex<Refusals>,
    breaker: Mutex<Breaker>,
    in_plain: Mutex<InPlain>,
    renewed: Mutex<Renewed>,
}

/// How often a relay refused, by its reply codes.
pub(crate) type Refusals = Vec<(u16, u64)>;

impl Relay {
    /// # Errors
    /// What in the configuration makes connections impossible, in words.
    pub(crate) fn new(config: &SmtpConfig, mailroom: &Arc<Mailroom>) -> Result<Self, String> {
        let client = client_config(config);
        let tls = tls_of(config)?;
        let returns = Returns::of(config, mailroom.hash_key())?;
        let (config, mailroom) = (config.clone(), Arc::clone(mailroom));
        let (learnt, refusals, breaker, in_plain, renewed) = Default::default();
        Ok(Self { config, client, tls, returns, mailroom, learnt, refusals, breaker, in_plain, renewed })
    }

    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    pub(crate) fn address(&self) -> (&str, u16) {
        (&self.config.host, self.config.port)
    }

    /// How long a connection, or its handshake, may take.
    pub(crate) fn connect_us(&self) -> u64 {
        self.config.timeouts.connect_ms.saturating_mul(1_000)
    }

    /// What a connection is encrypted with from its first octet.
    pub(crate) fn implicit_tls(&self) -> Option<Tls> {
        self.tls.clone().filter(|_| self.config.tls == TlsMode::Implicit)
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// How connections are to be encrypted.
    pub(crate) fn tls_mode(&self) -> TlsMode {
        self.config.tls
    }

    /// The pure session of a new connection.
    pub(crate) fn client(&self, now_us: u64) -> Client {
        let tls = lock(&self.in_plain).mode(now_us, self.client.tls);
        let auth = self.client.auth.as_ref().map(|account| lock(&self.renewed).account(account));
        Client::new(ClientConfig { tls, auth, learnt: *lock(&self.learnt), ..self.client.clone() })
    }

    /// The file of the account's secret, if it stands in one.
    pub(crate) fn secret_file(&self) -> Option<PathBuf> {
        self.config.password_file.clone().filter(|_| self.client.auth.is_some())
    }

    /// Reads the account's secret again, on a thread that may wait for a disk.
    pub(crate) async fn renew_secret(&self, path: PathBuf) {
        let read = tokio::task::spawn_blocking(move || secret::read(&path)).await;
        let read = read.unwrap_or_else(|_| Err("the secret file was not read".to_owned()));
        lock(&self.renewed).take(read);
    }

    /// Why a connection ended, and what is likely to be wrong.
    pub(crate) fn advised(&self, reason: CloseReason, error: Option<&io::Error>) -> String {
        let why = advised(self.config.tls, reason, error);
        match (reason, lock(&self.renewed).problem()) {
            (CloseReason::AuthRefused { .. }, Some(problem)) => format!("{why}; {problem}"),
            _ => why,
        }
    }

    /// TLS that the relay offered has failed. Where the next connections do without it, gives whether that is news.
    pub(crate) fn tls_failed(&self, now_us: u64, why: &str) -> Option<bool> {
        InPlain::is_allowed(&self.client).then(|| lock(&self.in_plain).failed(now_us, why))
    }

    pub(crate) fn tls_works(&self) {
        lock(&self.in_plain).works();
    }

    /// Keeps what a connection has taught; gives it in words where the next ones are made otherwise for it.
    pub(crate) fn learn(&self, lesson: Lesson) -> Option<String> {
        let mut learnt = lock(&self.learnt);
        let news = learnt.take(lesson);
        if !news {
            return None;
        }
        Some(match lesson {
            Lesson::TooFast { mode } => {
                format!("it does not bear {mode} as it says; {} from here on", learnt.ceiling)
            }
            Lesson::Bears { mode } => {
                format!("it bears {mode} after all: it says 503 to one command at a time, too")
            }
            Lesson::EndedAfter { messages } => {
                format!("it ends connections after {messages} messages; they are replaced before")
            }
            Lesson::PunishesRefusals { refusals } => {
                format!("it slows down who was refused {refusals} times; connections are replaced before")
            }
            Lesson::BearsRefusals { .. } | Lesson::KeptToCap { .. } => return None,
        })
    }

    /// Keeps what it offers that plans need to know.
    pub(crate) fn met(&self, offer: &Offer) {
        self.mailroom.hear_largest(self.name(), offer.largest());
    }

    /// Tells the dispatcher what an event of one of its connections means for a message.
    #[inline]
    pub(crate) fn hear(&self, now_us: u64, dispatcher: &mut Dispatcher, event: &Event) -> HeardMail {
        hear_mail(now_us, dispatcher, &mut lock(&self.breaker), event)
    }

    /// So many people were failed in a row before this process began.
    pub(crate) fn remember(&self, failed: u32) {
        *lock(&self.breaker) = Breaker::remembering(failed);
    }

    /// Counts a refusal.
    pub(crate) fn refused(&self, code: u16) {
        let mut refusals = lock(&self.refusals);
        match refusals.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            // Codes have three digits: there are a few hundred at most.
            None => refusals.push((code, 1)),
        }
    }

    /// How often it refused, by the code of its reply.
    pub(crate) fn refusals(&self) -> Refusals {
        let mut refusals = lock(&self.refusals).clone();
        refusals.sort_unstable();
        refusals
    }

    /// Messages unanswered on one connection, at most.
    pub(crate) fn window(&self) -> u32 {
        match self.client.mode {
            Mode::Bdat => u32::from(self.client.window),
            Mode::Joined => 2,
            Mode::Pipelined | Mode::Lockstep => 1,
        }
    }

    /// Under which conditions a message is handed over. `sender` gets the reverse-path.
    #[inline]
    pub(crate) fn envelope<'a>(
        &'a self,
        handout: &Handout,
        mail: &Mail<'_>,
        wall_ms: i64,
        sender: &'a mut String,
        recipients: &'a [&'a str],
    ) -> Envelope<'a> {
        let (sender, envid) = self.returns.path(handout, mail.ordinal, sender);
        let receipts = self.config.receipts && envid.is_some();
        Envelope {
            sender,
            recipients,
            // Implied where an address needs it.
            utf8: false,
            // What is signed must not be changed on the way, and nothing above ASCII is ever written.
            body: BodyKind::SevenBit,
            notify: match receipts {
                true => Notify::On { success: true, failure: true, delay: false },
                false => Notify::Default,
            },
            envid,
            orcpt: receipts,
            priority: match mail.kind {
                Kind::Warning => Some(WARNING),
                Kind::Preventive => Some(PREVENTIVE),
                Kind::News | Kind::Info => None,
            },
            deliver_by_s: u32::try_from((mail.expires_at_ms - wall_ms) / 1_000)
                .ok()
                .filter(|left_s| *left_s > 0),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What connections are encrypted with, if they are.
///
/// # Errors
/// A host or roots that no certificate can be verified with, or an account that would be told to a relay without
/// verifying it, in words.
pub(crate) fn tls_of(config: &SmtpConfig) -> Result<Option<Tls>, String> {
    if config.username.is_some() && matches!(config.tls, TlsMode::None | TlsMode::Opportunistic) {
        let tls = config.tls.name();
        return Err(format!("tls: must be \"required\" or \"implicit\" with a username, not \"{tls}\""));
    }
    let trust = match config.tls {
        TlsMode::None => None,
        TlsMode::Opportunistic => Some(Trust::Anybody),
        TlsMode::Required | TlsMode::Implicit => Some(Trust::Roots(config.ca.as_deref())),
    };
    trust.map(|trust| Tls::new(&config.host, trust)).transpose()
}

/// The settings of the pure session.
pub(crate) fn client_config(config: &SmtpConfig) -> ClientConfig {
    let password = config.password.clone().unwrap_or_default();
    let auth = config.username.clone().map(|user| Credentials {
        user,
        secret: match config.auth {
            AuthMechanism::Xoauth2 | AuthMechanism::Oauthbearer => Secret::Token(password),
            _ => Secret::Password(password),
        },
        mechanism: match config.auth {
            AuthMechanism::Auto => Mechanism::Auto,
            AuthMechanism::Plain => Mechanism::Plain,
            AuthMechanism::Login => Mechanism::Login,
            AuthMechanism::Xoauth2 => Mechanism::Xoauth2,
            AuthMechanism::Oauthbearer => Mechanism::Oauthbearer,
        },
    });
    ClientConfig {
        ehlo_name: config.ehlo_name.clone().unwrap_or_else(host_name),
        tls: match config.tls {
            TlsMode::None => WireTls::None,
            TlsMode::Opportunistic => WireTls::Opportunistic,
            TlsMode::Required => WireTls::Required,
            TlsMode::Implicit => WireTls::Implicit,
        },
        auth,
        mode: match config.mode {
            SmtpMode::Auto | SmtpMode::Joined => Mode::Joined,
            SmtpMode::Lockstep => Mode::Lockstep,
            SmtpMode::Pipelined => Mode::Pipelined,
            SmtpMode::Bdat => Mode::Bdat,
        },
        window: config.window,
        timeouts: timeouts(&config.timeouts),
        messages_per_connection: config.messages_per_connection,
        connection_age_us: Some(config.connection_age_ms.saturating_mul(1_000)),
        learnt: Learnt::default(),
    }
}

fn timeouts(config: &SmtpTimeouts) -> Timeouts {
    let us = |ms: u64| ms.saturating_mul(1_000);
    Timeouts {
        greeting_us: us(config.greeting_ms),
        command_us: us(config.command_ms),
        mail_us: us(config.command_ms),
        rcpt_us: us(config.command_ms),
        data_us: us(config.data_ms),
        block_us: us(config.block_ms),
        dot_us: us(config.dot_ms),
        idle_us: IDLE_US,
    }
}

/// The name of this host where it is a full one, as relays want to hear it (RFC 5321 §4.1.1.1).
fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let full = name.contains('.')
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-.".contains(&octet));
    if full { name } else { "localhost".to_owned() }
}
