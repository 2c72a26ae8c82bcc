//! A mail server that brings reports to the engine over LMTP.

#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use bealert_engine::{BounceListener, BounceProtocol, BouncesConfig};

const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn at(port: u16, protocol: BounceProtocol) -> BouncesConfig {
    BouncesConfig::Listen(BounceListener { listen: format!("127.0.0.1:{port}"), protocol })
}

/// A session with the listener that has greeted.
pub(crate) struct Bringer(BufReader<TcpStream>);

impl Bringer {
    pub(crate) fn greeted(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut bringer = Self(BufReader::new(stream));
        assert_eq!(bringer.reply(), "220 bealert LMTP\r\n");
        assert!(bringer.say("LHLO mx.example\r\n").starts_with("250 "));
        bringer
    }

    /// The replies to MAIL, RCPT, DATA and the content.
    pub(crate) fn bring(&mut self, to: &str, content: &str) -> String {
        self.say("MAIL FROM:<>\r\n");
        self.say(&format!("RCPT TO:<{to}>\r\n"));
        self.say("DATA\r\n");
        self.say(&format!("{content}.\r\n"))
    }

    pub(crate) fn say(&mut self, text: &str) -> String {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
        self.reply()
    }

    pub(crate) fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    }
}

/// A report about somebody's letter.
pub(crate) fn report(action: &str) -> String {
    format!(
        "From: mailer-daemon@mx.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; user000000000@example.org\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
}
