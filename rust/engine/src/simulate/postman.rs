//! Who carries reports to whoever sent the messages: into a Maildir, or over SMTP or LMTP.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use bealert_sim::relay::SentReport;

use super::maildir::Maildir;

/// Reports that wait to be carried; the relay waits when there are more.
const MAX_WAITING: usize = 65_536;

/// How long the other side may take to say something.
const PATIENCE: Duration = Duration::from_secs(30);

/// Until a report that was not taken is carried again.
const AGAIN: Duration = Duration::from_millis(250);

/// How often that is tried: a minute of it.
const TRIES: u32 = 240;

/// Where reports go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    Maildir(PathBuf),
    /// `host:port`, and whether it speaks LMTP.
    Server {
        address: String,
        lmtp: bool,
    },
}

/// Carries reports in the order in which they are made.
#[derive(Debug)]
pub(super) enum Postman {
    Maildir(Maildir),
    Walking(SyncSender<SentReport>),
}

impl Destination {
    /// `maildir:PATH`, `smtp://HOST:PORT` or `lmtp://HOST:PORT`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let server = |address: &str, lmtp| match address.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Self::Server { address: address.into(), lmtp })
            }
            _ => Err("must name a host and a port".to_owned()),
        };
        match text.split_once(':') {
            Some(("maildir", path)) if !path.is_empty() => Ok(Self::Maildir(path.into())),
            Some(("smtp", rest)) => server(rest.trim_start_matches('/'), false),
            Some(("lmtp", rest)) => server(rest.trim_start_matches('/'), true),
            _ => Err("must be maildir:PATH, smtp://HOST:PORT or lmtp://HOST:PORT".into()),
        }
    }
}

impl Postman {
    pub(super) fn start(destination: Destination) -> io::Result<Self> {
        match destination {
            Destination::Maildir(path) => Maildir::open(&path).map(Self::Maildir),
            Destination::Server { address, lmtp } => {
                let (sender, receiver) = sync_channel(MAX_WAITING);
                let walk = move || walk(&address, lmtp, &receiver);
                std::thread::Builder::new().name("bealert-reports".into()).spawn(walk)?;
                Ok(Self::Walking(sender))
            }
        }
    }

    pub(super) fn carry(&mut self, report: SentReport) -> io::Result<()> {
        match self {
            Self::Maildir(maildir) => maildir.deliver("", [report.to.as_str()], &report.content),
            Self::Walking(sender) => {
                sender.send(report).map_err(|_| io::Error::other("nobody carries reports any more"))
            }
        }
    }
}

/// Goes on until there is nobody who makes reports.
fn walk(address: &str, lmtp: bool, receiver: &Receiver<SentReport>) {
    let mut open = None;
    while let Ok(report) = receiver.recv() {
        for _ in 0..TRIES {
            let delivered = match open.take() {
                Some(dialogue) => Ok(dialogue),
                None => Dialogue::open(address, lmtp),
            };
            let delivered = delivered.and_then(|mut dialogue: Dialogue| {
                let code = dialogue.deliver(&report)?;
                Ok((dialogue, code))
            });
            match delivered {
                // a no for good is one, too
                Ok((dialogue, 200..=299 | 500..=599)) => {
                    open = Some(dialogue);
                    break;
                }
                Ok((dialogue, _)) => open = Some(dialogue),
                Err(_) => {}
            }
            std::thread::sleep(AGAIN);
        }
    }
}

/// Lock-step, one report at a time.
struct Dialogue(BufReader<TcpStream>);

impl Dialogue {
    fn open(address: &str, lmtp: bool) -> io::Result<Self> {
        let address = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut dialogue = Self(BufReader::new(stream));
        dialogue.reply()?;
        dialogue.say(if lmtp { "LHLO relay.example\r\n" } else { "EHLO relay.example\r\n" })?;
        Ok(dialogue)
    }

    /// The code of the last reply.
    fn deliver(&mut self, report: &SentReport) -> io::Result<u16> {
        for line in ["MAIL FROM:<>\r\n", &format!("RCPT TO:<{}>\r\n", report.to), "DATA\r\n"] {
            let code = self.say(line)?;
            if code >= 400 {
                self.say("RSET\r\n")?;
                return Ok(code);
            }
        }
        let mut octets = Vec::with_capacity(report.content.len() + 8);
        for line in report.content.split_inclusive(|&octet| octet == b'\n') {
            if line.starts_with(b".") {
                octets.push(b'.');
            }
            octets.extend_from_slice(line);
        }
        octets.extend_from_slice(b".\r\n");
        self.write(&octets)
    }

    fn say(&mut self, line: &str) -> io::Result<u16> {
        self.write(line.as_bytes())
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<u16> {
        self.0.get_mut().write_all(octets)?;
        self.reply()
    }

    fn reply(&mut self) -> io::Result<u16> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                let code = line.get(..3).and_then(|code| code.parse().ok());
                return code.ok_or_else(|| io::ErrorKind::InvalidData.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_told_apart() {
        let server = |lmtp| Ok(Destination::Server { address: "127.0.0.1:2526".into(), lmtp });
        assert_eq!(Destination::parse("smtp://127.0.0.1:2526"), server(false));
        assert_eq!(Destination::parse("lmtp://127.0.0.1:2526"), server(true));
        assert_eq!(Destination::parse("maildir:/var/x"), Ok(Destination::Maildir("/var/x".into())));
        for wrong in ["", "127.0.0.1:25", "smtp://", "lmtp://host", "maildir:", "http://host:1"] {
            assert!(Destination::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
