//! What the command line asks of the ends of SMTP.

use std::path::PathBuf;
use std::str::FromStr;

use crate::options::{FarEnd, read, value};

/// What the far end does.
#[derive(Debug, Clone, Default)]
pub struct Sink {
    pub far_end: FarEnd,
    /// PIPELINING is not offered.
    pub no_pipelining: bool,
    /// CHUNKING is not offered.
    pub no_chunking: bool,
    /// Each reply in a write of its own, and Nagle's algorithm left on, as some servers do.
    pub nagle: bool,
    /// STARTTLS is offered, with a new certificate that is written there.
    pub starttls: Option<PathBuf>,
}

/// What the raw client sends.
#[derive(Debug, Clone)]
pub struct Blast {
    pub port: u16,
    pub count: u64,
    pub connections: u32,
    pub mode: Mode,
    /// Messages of a connection that wait for their reply, with BDAT.
    pub window: u32,
    /// Octets of each message.
    pub size: usize,
}

/// How often the client waits for a round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// After each command and the body: four times a message.
    Lockstep,
    /// After DATA and the body: MAIL, RCPT and DATA are one group (RFC 2920 §3.1).
    Pipelined,
    /// After DATA: the body is joined to the next group.
    Joined,
    /// Only where the window is full (RFC 3030).
    Bdat,
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "lockstep" => Ok(Self::Lockstep),
            "pipelined" => Ok(Self::Pipelined),
            "joined" => Ok(Self::Joined),
            "bdat" => Ok(Self::Bdat),
            _ => Err(()),
        }
    }
}

pub fn sink(words: impl Iterator<Item = String>) -> Result<Sink, String> {
    let mut chosen = Sink::default();
    read(words, |name, words| {
        match name {
            "--no-pipelining" => chosen.no_pipelining = true,
            "--no-chunking" => chosen.no_chunking = true,
            "--nagle" => chosen.nagle = true,
            "--starttls" => chosen.starttls = Some(value(name, words)?),
            _ => chosen.far_end.take(name, words)?,
        }
        Ok(())
    })?;
    Ok(chosen)
}

pub fn blast(words: impl Iterator<Item = String>) -> Result<Blast, String> {
    let mut chosen = Blast { port: 0, count: 0, connections: 0, mode: Mode::Joined, window: 16, size: 4_096 };
    read(words, |name, words| {
        match name {
            "--port" => chosen.port = value(name, words)?,
            "--count" => chosen.count = value(name, words)?,
            "--connections" => chosen.connections = value(name, words)?,
            "--mode" => chosen.mode = value(name, words)?,
            "--window" => chosen.window = value(name, words)?,
            "--size" => chosen.size = value(name, words)?,
            _ => return Err(format!("unknown option {name}")),
        }
        Ok(())
    })?;
    if chosen.port == 0 || chosen.count == 0 || chosen.connections == 0 || chosen.window == 0 {
        return Err("smtp-blast needs --port, --count and --connections".into());
    }
    Ok(chosen)
}
