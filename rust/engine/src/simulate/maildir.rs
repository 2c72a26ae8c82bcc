//! A Maildir to look into: one file for each message, with the line ends of this system.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::unix_now_s;

/// A directory with `tmp`, `new` and `cur`. Files appear in `new` whole; they are not synced to the disk.
#[derive(Debug)]
pub(super) struct Maildir {
    root: PathBuf,
    delivered: u64,
}

impl Maildir {
    /// Opens it, and makes what it lacks.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        for part in ["tmp", "new", "cur"] {
            fs::create_dir_all(root.join(part))?;
        }
        Ok(Self { root: root.into(), delivered: 0 })
    }

    /// Puts a message in, with its envelope in front, as deliverers do.
    pub(super) fn deliver<'a>(
        &mut self,
        sender: &str,
        recipients: impl IntoIterator<Item = &'a str>,
        content: &[u8],
    ) -> io::Result<()> {
        self.delivered += 1;
        let name = format!("{}.{}_{}.simulated", unix_now_s(), std::process::id(), self.delivered);
        let mut octets = format!("Return-Path: <{sender}>\n").into_bytes();
        for recipient in recipients {
            octets.extend_from_slice(format!("Delivered-To: {recipient}\n").as_bytes());
        }
        for line in content.split_inclusive(|&octet| octet == b'\n') {
            match line.strip_suffix(b"\r\n") {
                Some(line) => {
                    octets.extend_from_slice(line);
                    octets.push(b'\n');
                }
                None => octets.extend_from_slice(line),
            }
        }
        let fresh = self.root.join("tmp").join(&name);
        fs::write(&fresh, octets)?;
        fs::rename(fresh, self.root.join("new").join(name))
    }
}
