//! What the raw client sends: octets that are made once, in which a number is patched for each message.

use super::options::{Blast, Mode};
use crate::number::digits;

/// As `bealert bench`: `user000000000@example.org`.
const NUMBER: &str = "000000000";

const LINE: &str = "Exercise: this text measures a relay, please do nothing. Four kilobytes";

/// The octets of a message, apart from each other as far as the client may have to wait between them.
pub struct Message {
    pub sender: Patched,
    pub recipient: Patched,
    /// DATA, or BDAT with its size.
    pub body_command: Patched,
    /// With the dot that ends it, where it needs one.
    pub body: Patched,
}

/// Octets, and where the number stands in them.
pub struct Patched {
    octets: Vec<u8>,
    at: Vec<usize>,
}

impl Message {
    pub fn new(chosen: &Blast) -> Self {
        let mut body = format!(
            "From: BE-Alert <bench@example.org>\r\nTo: user{NUMBER}@example.org\r\n\
             Subject: Exercise {NUMBER}\r\nMessage-ID: <{NUMBER}.bench@example.org>\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        );
        while body.len() < chosen.size.saturating_sub(2) {
            let room = chosen.size - 2 - body.len();
            body.push_str(&LINE[..LINE.len().min(room)]);
            body.push_str("\r\n");
        }
        let body_command = match chosen.mode {
            Mode::Bdat => format!("BDAT {} LAST\r\n", body.len()),
            _ => {
                body.push_str(".\r\n");
                "DATA\r\n".to_owned()
            }
        };
        Self {
            sender: Patched::new("MAIL FROM:<bench@example.org>\r\n".into()),
            recipient: Patched::new(format!("RCPT TO:<user{NUMBER}@example.org>\r\n")),
            body_command: Patched::new(body_command),
            body: Patched::new(body),
        }
    }
}

impl Patched {
    fn new(text: String) -> Self {
        let at = text.match_indices(NUMBER).map(|(at, _)| at).collect();
        Self { octets: text.into_bytes(), at }
    }

    #[inline]
    pub fn put(&self, out: &mut Vec<u8>, number: u64) {
        let start = out.len();
        out.extend_from_slice(&self.octets);
        for at in &self.at {
            digits(number, &mut out[start + at..start + at + NUMBER.len()]);
        }
    }
}
