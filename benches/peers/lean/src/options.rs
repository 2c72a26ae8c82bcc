//! What the command line asks for.

use std::str::FromStr;

/// What the far end does.
#[derive(Debug, Clone, Default)]
pub struct Sink {
    /// 0 picks a free one.
    pub port: u16,
    /// How long an answer takes.
    pub latency_ms: u64,
    /// Receipts that are asked for never come.
    pub silent_receipts: bool,
    /// Receipts sent without waiting for an answer; 0 for no bound.
    pub unanswered_receipts: u32,
    /// Messages per second that are taken, more are throttled; 0 for no limit.
    pub limit: u32,
    /// What the limit lets through at once.
    pub burst: u32,
    /// Resets a connection after so many messages; 0 for never.
    pub reset_every: u32,
    /// So many numbers make a group, whose first arrival is told; 0 for none.
    pub group: u64,
    /// Ends with its standard input, and says its books for each line of it.
    pub with_parent: bool,
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
    let mut chosen = Sink { burst: 100, ..Sink::default() };
    read(words, |name, words| {
        match name {
            "--port" => chosen.port = value(name, words)?,
            "--latency-ms" => chosen.latency_ms = value(name, words)?,
            "--silent-receipts" => chosen.silent_receipts = true,
            "--unanswered-receipts" => chosen.unanswered_receipts = value(name, words)?,
            "--limit" => chosen.limit = value(name, words)?,
            "--burst" => chosen.burst = value(name, words)?,
            "--reset-every" => chosen.reset_every = value(name, words)?,
            "--group" => chosen.group = value(name, words)?,
            "--with-parent" => chosen.with_parent = true,
            _ => return Err(format!("unknown option {name}")),
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

fn read<I: Iterator<Item = String>>(
    mut words: I,
    mut take: impl FnMut(&str, &mut I) -> Result<(), String>,
) -> Result<(), String> {
    while let Some(name) = words.next() {
        take(&name, &mut words)?;
    }
    Ok(())
}

fn value<T: FromStr>(name: &str, words: &mut impl Iterator<Item = String>) -> Result<T, String> {
    let word = words.next().ok_or_else(|| format!("{name} needs a value"))?;
    word.parse().map_err(|_| format!("{name} can't be {word}"))
}
