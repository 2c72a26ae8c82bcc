//! The secret of an account, read again for each connection: a token lives for an hour, an engine for months.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bealert_wire::smtp::{Credentials, Secret};

/// A secret file is a password or a token; something larger is the wrong file.
const LARGEST_OCTETS: u64 = 64 * 1024;

/// An account whose secret stands in a file.
#[derive(Debug, Default)]
pub(crate) struct Renewed {
    secret: Option<String>,
    /// Why the file could not be read the last time.
    problem: Option<String>,
}

impl Renewed {
    /// Takes what [`read`] gave. What can't be read now leaves what was read before.
    pub(crate) fn take(&mut self, read: Result<String, String>) {
        match read {
            Ok(secret) => (self.secret, self.problem) = (Some(secret), None),
            Err(why) => self.problem = Some(why),
        }
    }

    /// The account as it is to be told now.
    pub(crate) fn account(&self, configured: &Credentials) -> Credentials {
        let mut account = configured.clone();
        if let Some(fresh) = &self.secret {
            match &mut account.secret {
                Secret::Password(secret) | Secret::Token(secret) => secret.clone_from(fresh),
            }
        }
        account
    }

    /// What is to be said beside a refusal of the account.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

/// Reads a secret as it is read on open, without the end of its line.
///
/// # Errors
/// Why it can't be read, in words that show nothing of it.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let mut octets = Vec::new();
    let place = path.display();
    File::open(path)
        .and_then(|file| file.take(LARGEST_OCTETS + 1).read_to_end(&mut octets))
        .map_err(|error| format!("the secret file {place} can't be read: {error}"))?;
    if octets.len() as u64 > LARGEST_OCTETS {
        return Err(format!("the secret file {place} has over {LARGEST_OCTETS} octets"));
    }
    let mut secret =
        String::from_utf8(octets).map_err(|_| format!("the secret file {place} is not UTF-8 text"))?;
    secret.truncate(secret.trim_end_matches(['\r', '\n']).len());
    if secret.is_empty() {
        return Err(format!("the secret file {place} is empty"));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use bealert_wire::smtp::Mechanism;

    use super::*;

    #[test]
    fn a_file_is_read_as_on_open_or_told_without_what_it_holds() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        assert!(read(&path).unwrap_err().contains("can't be read"));
        let large = vec![b'x'; LARGEST_OCTETS as usize + 1];
        for (octets, read_as) in [
            (&b"t0k\r\n"[..], Ok("t0k")),
            (b" t0 k ", Ok(" t0 k ")),
            (b"\n", Err("is empty")),
            (b"hunter\xFF", Err("is not UTF-8")),
            (&large, Err("octets")),
        ] {
            std::fs::write(&path, octets).unwrap();
            match (read(&path), read_as) {
                (Ok(secret), Ok(expected)) => assert_eq!(secret, expected),
                (Err(why), Err(words)) => assert!(why.contains(words) && !why.contains("hunter"), "{why}"),
                (got, _) => panic!("{got:?} of {read_as:?}"),
            }
        }
    }

    #[test]
    fn what_was_read_before_is_told_while_the_file_is_away() {
        let secret = Secret::Token("first".into());
        let configured = Credentials { user: "u".into(), secret, mechanism: Mechanism::Xoauth2 };
        let mut renewed = Renewed::default();
        assert_eq!(renewed.account(&configured), configured);
        renewed.take(Ok("second".into()));
        assert_eq!(renewed.account(&configured).secret, Secret::Token("second".into()));
        renewed.take(Err("it is away".into()));
        assert_eq!(renewed.account(&configured).secret, Secret::Token("second".into()));
        assert_eq!(renewed.problem(), Some("it is away"));
        renewed.take(Ok("third".into()));
        assert_eq!(renewed.problem(), None);
    }
}
