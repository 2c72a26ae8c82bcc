//! Where what comes back by mail is received.

use std::path::PathBuf;

use serde::Deserialize;

/// How bounces and delivery reports reach the engine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum BouncesConfig {
    /// The host's mail server hands them over.
    Listen(BounceListener),
    /// The host's mail server writes them to a directory.
    Maildir(BounceMaildir),
}

/// A port where reports are taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BounceListener {
    /// Address and port, such as `127.0.0.1:2526`.
    pub listen: String,
    /// What is spoken there.
    #[serde(default)]
    pub protocol: BounceProtocol,
}

/// A directory where reports are found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BounceMaildir {
    /// The Maildir: what stands in `new` is read.
    pub maildir: PathBuf,
}

/// What is spoken where reports are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BounceProtocol {
    /// RFC 2033: made for the last hop.
    #[default]
    Lmtp,
    /// RFC 5321.
    Smtp,
}
