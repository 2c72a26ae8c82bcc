//! What the command line asks of the ends of SMPP.

use crate::options::{FarEnd, read, value};

/// What the far end does.
#[derive(Debug, Clone, Default)]
pub struct Sink {
    pub far_end: FarEnd,
    /// Receipts that are asked for never come.
    pub silent_receipts: bool,
    /// Receipts sent without waiting for an answer; 0 for no bound.
    pub unanswered_receipts: u32,
}

/// What the raw client sends.
#[derive(Debug, Clone, Default)]
pub struct Blast {
    pub port: u16,
    pub count: u64,
    pub window: u32,
    pub receipts: bool,
}

pub fn sink(words: impl Iterator<Item = String>) -> Result<Sink, String> {
    let mut chosen = Sink::default();
    read(words, |name, words| {
        match name {
            "--silent-receipts" => chosen.silent_receipts = true,
            "--unanswered-receipts" => chosen.unanswered_receipts = value(name, words)?,
            _ => chosen.far_end.take(name, words)?,
        }
        Ok(())
    })?;
    Ok(chosen)
}

pub fn blast(words: impl Iterator<Item = String>) -> Result<Blast, String> {
    let mut chosen = Blast::default();
    read(words, |name, words| {
        match name {
            "--port" => chosen.port = value(name, words)?,
            "--count" => chosen.count = value(name, words)?,
            "--window" => chosen.window = value(name, words)?,
            "--receipts" => chosen.receipts = true,
            _ => return Err(format!("unknown option {name}")),
        }
        Ok(())
    })?;
    if chosen.port == 0 || chosen.count == 0 || chosen.window == 0 {
        return Err("blast needs --port, --count and --window".into());
    }
    Ok(chosen)
}
