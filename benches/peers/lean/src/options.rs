//! What the command line asks for, as far as both protocols have it.

use std::str::FromStr;

/// What a far end does, whichever protocol it speaks.
#[derive(Debug, Clone)]
pub struct FarEnd {
    /// 0 picks a free one.
    pub port: u16,
    /// How long an answer takes.
    pub latency_ms: u64,
    /// Messages per second that are taken, more are sent back; 0 for no limit.
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

impl Default for FarEnd {
    fn default() -> Self {
        Self { port: 0, latency_ms: 0, limit: 0, burst: 100, reset_every: 0, group: 0, with_parent: false }
    }
}

impl FarEnd {
    /// Takes the option if it is one of these.
    pub fn take(&mut self, name: &str, words: &mut impl Iterator<Item = String>) -> Result<(), String> {
        match name {
            "--port" => self.port = value(name, words)?,
            "--latency-ms" => self.latency_ms = value(name, words)?,
            "--limit" => self.limit = value(name, words)?,
            "--burst" => self.burst = value(name, words)?,
            "--reset-every" => self.reset_every = value(name, words)?,
            "--group" => self.group = value(name, words)?,
            "--with-parent" => self.with_parent = true,
            _ => return Err(format!("unknown option {name}")),
        }
        Ok(())
    }
}

/// Gives every option to `take`, which reads its value from the words that follow.
pub fn read<I: Iterator<Item = String>>(
    mut words: I,
    mut take: impl FnMut(&str, &mut I) -> Result<(), String>,
) -> Result<(), String> {
    while let Some(name) = words.next() {
        take(&name, &mut words)?;
    }
    Ok(())
}

pub fn value<T: FromStr>(name: &str, words: &mut impl Iterator<Item = String>) -> Result<T, String> {
    let word = words.next().ok_or_else(|| format!("{name} needs a value"))?;
    word.parse().map_err(|_| format!("{name} can't be {word}"))
}
