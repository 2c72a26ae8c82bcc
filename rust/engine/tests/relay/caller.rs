//! A client that writes what it is told and reads what comes, in plain or over TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use bealert_engine::simulate::Relay;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

pub(crate) struct Caller {
    stream: TcpStream,
    tls: Option<rustls::ClientConnection>,
    unread: Vec<u8>,
}

/// A certificate that vouches for itself.
pub(crate) struct Certificate {
    pub(crate) pem: String,
    pub(crate) key: String,
}

pub(crate) fn certificate() -> Certificate {
    let made = rcgen::generate_simple_self_signed(["relay.example".to_owned()]).unwrap();
    Certificate { pem: made.cert.pem(), key: made.signing_key.serialize_pem() }
}

fn group(number: u64) -> String {
    format!("MAIL FROM:<alert@be.example>\r\nRCPT TO:<user{number}@b.example>\r\nDATA\r\n")
}

/// A message, with its dot.
pub(crate) fn message(number: u64) -> String {
    format!("From: alert@be.example\r\nMessage-ID: <{number}@be.example>\r\n\r\nBlijf binnen.\r\n.\r\n")
}

impl Caller {
    pub(crate) fn connect(relay: &Relay) -> Self {
        let stream = TcpStream::connect(relay.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { stream, tls: None, unread: Vec::new() }
    }

    pub(crate) fn greeted(relay: &Relay) -> Self {
        let mut caller = Self::connect(relay);
        assert_eq!(caller.codes("", 1), [220]);
        assert_eq!(caller.codes("EHLO client.example\r\n", 1), [250]);
        caller
    }

    pub(crate) fn secure(&mut self, certificate: &Certificate) {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate.pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        let name = ServerName::try_from("relay.example").unwrap();
        let connection = rustls::ClientConnection::new(Arc::new(config.with_no_client_auth()), name);
        self.tls = Some(connection.unwrap());
    }

    /// Each message with the group of the next one in one write.
    pub(crate) fn send_joined(&mut self, numbers: std::ops::Range<u64>) {
        assert_eq!(self.codes(&group(numbers.start), 3), [250, 250, 354]);
        for number in numbers.clone() {
            if number + 1 == numbers.end {
                assert_eq!(self.codes(&message(number), 1), [250]);
            } else {
                let joined = message(number) + &group(number + 1);
                assert_eq!(self.codes(&joined, 4), [250, 250, 250, 354]);
            }
        }
    }

    pub(crate) fn say(&mut self, text: &str) -> String {
        self.write(text);
        self.read(1)
    }

    /// The codes of so many replies.
    pub(crate) fn codes(&mut self, text: &str, count: usize) -> Vec<u16> {
        self.write(text);
        let said = self.read(count);
        said.lines().filter(is_last).map(|line| line[..3].parse().unwrap()).collect()
    }

    pub(crate) fn write(&mut self, text: &str) {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.stream).write_all(text.as_bytes()).unwrap(),
            None => self.stream.write_all(text.as_bytes()).unwrap(),
        }
    }

    pub(crate) fn read(&mut self, count: usize) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.unread).into_owned();
            let mut ends = text.split_inclusive('\n').scan(0, |end, line| {
                *end += line.len();
                Some((*end, line))
            });
            let wanted =
                ends.by_ref().filter(|(_, line)| line.ends_with('\n') && is_last(line)).nth(count - 1);
            if let Some((end, _)) = wanted {
                self.unread.drain(..end);
                return text[..end].to_owned();
            }
            let mut buffer = [0; 4_096];
            let read = self.read_some(&mut buffer).unwrap();
            assert!(read > 0, "it hung up after {text:?}");
            self.unread.extend_from_slice(&buffer[..read]);
        }
    }

    /// How it ends: with an error, or in order.
    pub(crate) fn end(&mut self) -> Option<ErrorKind> {
        loop {
            match self.read_some(&mut [0; 4_096]) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(error.kind()),
            }
        }
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.stream).read(buffer),
            None => self.stream.read(buffer),
        }
    }
}

fn is_last(line: &&str) -> bool {
    line.as_bytes().get(3) == Some(&b' ')
}
