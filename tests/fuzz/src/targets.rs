//! The targets, one per way in.

pub(crate) mod block;
pub(crate) mod bounce;
pub(crate) mod config;
pub(crate) mod control;
pub(crate) mod ehlo;
pub(crate) mod esme;
pub(crate) mod ledger;
pub(crate) mod letter;
pub(crate) mod number;
pub(crate) mod pdu;
pub(crate) mod receipt;
pub(crate) mod reply;
pub(crate) mod smsc;
pub(crate) mod smtp_client;
pub(crate) mod smtp_server;
pub(crate) mod snapshot;
pub(crate) mod template;
pub(crate) mod text;
