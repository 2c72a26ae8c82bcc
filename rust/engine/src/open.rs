//! Opening: the ledger, what it left to go on with, and the threads.

use std::collections::hash_map::RandomState;
use std::fmt::Display;
use std::hash::{BuildHasher, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use bealert_core::dispatch::{Dispatcher, Settings};
use bealert_core::ledger::{Ledger, LedgerReader, MemoryLedger, Retain};
use bealert_core::model::CampaignRow;

use crate::campaign::{Mailroom, Prepared};
use crate::clock::Clock;
use crate::config::{Config, GatewayConfig};
use crate::control::{ControlServer, WeakEngine};
use crate::engine::{Engine, Inner};
use crate::error::EngineError;
use crate::fork::Descriptors;
use crate::inbound::Inbound;
use crate::inbox::Inbox;
use crate::ledger::SqliteLedger;
use crate::log::Log;
use crate::r#loop::gateway::Gateway;
use crate::r#loop::store::Store;
use crate::r#loop::{Parts, run};
use crate::pool::{Pool, THREADS};
use crate::session::smpp::esme_config;
use crate::session::smtp::client_config;
use crate::shared::{Life, Shared};
use crate::view::EngineView;
use crate::writer::{Job, Writer, panic_text};

/// How long the ledger's thread may take to end after the loop has: a commit may be stuck in the
/// kernel, and callers are not to hang with it.
const LEDGER_END: Duration = Duration::from_secs(10);

/// Opens an engine.
pub(crate) fn open(config: Config) -> Result<Engine, EngineError> {
    match &config.data {
        None => open_on(config, Box::new(MemoryLedger::new()), Clock::start()),
        Some(directory) => {
            let ledger = SqliteLedger::open(directory)?;
            open_on(config, Box::new(ledger), Clock::start())
        }
    }
}

/// Opens an engine on a ledger.
pub(crate) fn open_on(
    config: Config,
    mut ledger: Box<dyn Ledger>,
    clock: Clock,
) -> Result<Engine, EngineError> {
    let hash_key = ledger.hash_key((random(), random()))?;
    let mailroom = Arc::new(check_accounts(&config, hash_key)?);
    let descriptors = Descriptors::new();
    let campaigns = ledger.open_campaigns()?;
    let mut reader = ledger.reader()?;
    let (last_seq, last_at_ms) = reader.last()?;
    let clock = clock.not_before(last_at_ms);
    let mut dispatcher =
        Dispatcher::new(Settings { now_us: clock.now_us(), wall_ms: clock.wall_ms(), last_seq, hash_key });
    let gateways = gateways(&config, &mailroom, &mut *ledger, &mut dispatcher, &descriptors)?;
    let inbound = config.bounces.as_ref().map(|bounces| Inbound::open(bounces, hash_key, &descriptors));
    let inbound = inbound.transpose().map_err(EngineError::Config)?;
    dispatcher.recover(clock.now_us(), campaigns.clone(), &mut *reader)?;
    gateways.iter().for_each(|gateway| gateway.remember(&dispatcher));
    let uncleared = reader.uncleared()?;

    let shared = Arc::new(Shared::new(clock, last_seq));
    let inbox = Arc::new(Inbox::default());
    let mut readers = vec![reader];
    while readers.len() < THREADS {
        readers.push(ledger.reader()?);
    }
    let store = store(&campaigns, &mailroom, readers, &inbox, &shared.log)?;
    let hash = dispatcher.address_hash();
    let writer = Writer::start(ledger, Arc::clone(&inbox), Arc::clone(&shared.log))?;
    for campaign in uncleared {
        // What a crash has left of a campaign that its archive file has; nobody waits for it.
        let (reply, _) = std::sync::mpsc::sync_channel(1);
        writer.push(Job::Retain(Retain::Clear(campaign), reply));
    }
    let directory = config.data.clone();
    let view = match &directory {
        Some(directory) => EngineView::of_directory(directory, &descriptors),
        None => EngineView::of_memory(&writer, &descriptors),
    };
    let parts = Parts {
        clock,
        dispatcher,
        gateways,
        inbound,
        store,
        inbox: Arc::clone(&inbox),
        writer: Arc::clone(&writer),
        shared: Arc::clone(&shared),
        campaigns: campaigns.iter().map(|row| (row.id, row.state)).collect(),
    };
    let (launching, launched) = (Mutex::default(), Condvar::new());
    let inner = Arc::new(Inner {
        config,
        clock,
        shared,
        inbox,
        writer,
        descriptors,
        view,
        hash,
        mailroom,
        directory,
        launching,
        launched,
    });
    let control = control(&inner);
    if let Err(error) = start_loop(parts, control) {
        inner.inbox.close();
        inner.writer.stop(LEDGER_END);
        return Err(error);
    }
    let keeps = inner.config.erase_after_ms.or(inner.config.archive_after_ms).is_some();
    if keeps && inner.directory.is_some() {
        crate::retention::keep(&inner)?;
    }
    Ok(Engine { inner })
}

/// Every account setting that has no place on the wire, such as a password of more than 8 octets (SMPP 3.4
/// §5.2.2), or that letters can't be sent with, with its gateway; or what letters are sent with.
fn check_accounts(config: &Config, hash_key: (u64, u64)) -> Result<Mailroom, EngineError> {
    let mut problems: Vec<String> = Vec::new();
    for gateway in &config.gateways {
        let mut note =
            |problem: &dyn Display| problems.push(format!("gateway {:?}: {problem}", gateway.name()));
        match gateway {
            GatewayConfig::Smpp(smpp) => {
                esme_config(smpp).problems().iter().for_each(|problem| note(problem))
            }
            GatewayConfig::Smtp(smtp) => {
                client_config(smtp).problems().iter().for_each(|problem| note(problem))
            }
        }
    }
    match Mailroom::of(config, hash_key) {
        Ok(mailroom) if problems.is_empty() => Ok(mailroom),
        Ok(_) => Err(EngineError::Config(problems.join("\n"))),
        Err(found) => {
            problems.extend(found);
            Err(EngineError::Config(problems.join("\n")))
        }
    }
}

/// Listens for commands of other processes. An engine that can't still sends.
fn control(inner: &Arc<Inner>) -> Option<ControlServer> {
    let holder = Arc::new(WeakEngine(Arc::downgrade(inner)));
    let server = ControlServer::start(inner.directory.as_deref()?, holder, &inner.descriptors);
    server.inspect_err(|error| inner.shared.log.error("engine", error.to_string())).ok()
}

fn gateways(
    config: &Config,
    mailroom: &Arc<Mailroom>,
    ledger: &mut dyn Ledger,
    dispatcher: &mut Dispatcher,
    descriptors: &Arc<Descriptors>,
) -> Result<Vec<Gateway>, EngineError> {
    let mut gateways: Vec<Gateway> = Vec::new();
    for gateway in &config.gateways {
        let name = gateway.name();
        let id = ledger.gateway(name)?;
        if gateways.iter().any(|known| known.id == id) {
            return Err(EngineError::Config(format!("two gateways have the name {name:?}; rename one")));
        }
        dispatcher.add_gateway(gateway.spec(id));
        let gateway = Gateway::new(id, gateway, descriptors, mailroom, random);
        gateways.push(gateway.map_err(|why| EngineError::Config(format!("gateway {name:?}: {why}")))?);
    }
    Ok(gateways)
}

fn store(
    campaigns: &[CampaignRow],
    mailroom: &Mailroom,
    readers: Vec<Box<dyn LedgerReader>>,
    inbox: &Arc<Inbox>,
    log: &Log,
) -> Result<Store, EngineError> {
    let mut store = Store::new(Pool::start(readers, inbox)?);
    for row in campaigns {
        match Prepared::of(row, mailroom) {
            Ok(prepared) => store.admit(Arc::new(prepared)),
            Err(why) => log.error("engine", format!("campaign {} can't go on: {why}", row.id)),
        }
    }
    Ok(store)
}

fn start_loop(parts: Parts, control: Option<ControlServer>) -> Result<(), EngineError> {
    let (inbox, writer) = (Arc::clone(&parts.inbox), Arc::clone(&parts.writer));
    let shared = Arc::clone(&parts.shared);
    let body = move || {
        let result = catch_unwind(AssertUnwindSafe(|| run(parts)));
        let how = match result {
            Ok(Ok(())) => Life::Closed,
            Ok(Err(text)) => Life::Failed(text),
            Err(panic) => Life::Failed(format!("the loop: {}", panic_text(&*panic))),
        };
        drop(control);
        // First the directory is free, then callers hear of the end: whoever opens again at once can.
        if !writer.stop(LEDGER_END) {
            let why =
                "closed, but the disk does not answer: the directory stays held until this process ends";
            shared.leave_unwritten(why.into());
        }
        inbox.close();
        shared.end(how);
    };
    let spawned = thread::Builder::new().name("bealert-loop".into()).spawn(body);
    spawned.map(drop).map_err(|error| EngineError::Failed(format!("no thread for the loop: {error}")))
}

/// A number nobody can foresee, from the operating system's randomness.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
