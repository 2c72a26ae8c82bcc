//! The engine: what drives the pure crates with sockets, files, threads and time.
//!
//! A host holds an [`Engine`]. One thread runs the dispatcher and every session (`loop`), a second one
//! writes the ledger (`writer`), a small pool renders blocks (`pool`). Planning and launching run on
//! the host's own threads. Nothing here knows Python, and the engine's threads call nothing of the host.

mod blocks;
mod campaign;
mod check;
mod clock;
mod config;
pub mod control;
mod engine;
mod error;
mod events;
mod fork;
mod ids;
mod inbound;
mod inbox;
mod launch;
pub mod ledger;
mod log;
mod r#loop;
pub mod mail;
mod metrics;
mod open;
pub mod plan;
mod pool;
mod reader;
pub mod report;
mod retention;
mod session;
mod shared;
pub mod simulate;
#[doc(hidden)]
pub mod untrusted;
mod view;
mod wake;
pub mod world;
mod writer;

pub use check::{GatewayCheck, RelayCheck, SmscCheck};
pub use config::{
    AuthMechanism, BindKind, BounceListener, BounceMaildir, BounceProtocol, BouncesConfig, Config,
    DkimConfig, GatewayConfig, RetryConfig, ScenarioConfig, SmppConfig, SmtpConfig, SmtpMode, SmtpTimeouts,
    TlsMode,
};
pub use engine::{Engine, Waiter};
pub use error::EngineError;
pub use events::{EventOut, Subscription, Watch};
pub use log::{Level, LogRecord};
pub use view::EngineView;

pub use bealert_core::dispatch::Progress;
pub use bealert_core::model::{CampaignId, CampaignRow, CampaignState, Channel, Kind};
