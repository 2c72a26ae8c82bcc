//! One connection of the far end.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::Finder;

use super::desk::Desk;
use super::options::Sink;
use crate::number::{digits, number};
use crate::port::{Next, Port};

/// One read: a window of 32 messages of 4 KB.
const READ_OCTETS: usize = 128 << 10;

/// A line that is longer is no command (RFC 5321 §4.5.3.1.4 asks for 512, with parameters more).
const MAX_COMMAND: usize = 4_096;

static END_OF_DATA: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\r\n.\r\n"));

pub struct Line {
    port: Port,
    awaits: Awaits,
    /// What the transaction has come to: MAIL accepted, and these numbers.
    sender: bool,
    recipients: Vec<u64>,
    /// Octets of the body so far.
    octets: u64,
    /// Replies that wait for their time, oldest first: all take as long.
    late: VecDeque<(u64, Vec<u8>)>,
    /// Messages that this connection has brought.
    taken: u32,
    /// What has come in the read that is being worked through.
    mail_in_read: bool,
    body_in_read: bool,
}

/// What the next octets are.
#[derive(Clone, Copy)]
enum Awaits {
    Command,
    /// A body that a dot ends. It begins with the CRLF of DATA, so that a dot at its start is seen.
    Data,
    /// So many octets of a chunk.
    Chunk {
        left: u64,
        last: bool,
    },
}

impl crate::sink::Line for Line {
    type Options = Sink;
    type Desk = Desk;

    fn new(stream: TcpStream, desk: &mut Desk) -> io::Result<Self> {
        desk.connections += 1;
        let mut port = Port::new(stream, READ_OCTETS)?;
        port.stream.set_nodelay(!desk.options.nagle)?;
        port.out.extend_from_slice(b"220 lean ESMTP\r\n");
        port.flush();
        Ok(Self {
            port,
            awaits: Awaits::Command,
            sender: false,
            recipients: Vec::new(),
            octets: 0,
            late: VecDeque::new(),
            taken: 0,
            mail_in_read: false,
            body_in_read: false,
        })
    }

    fn port(&self) -> &Port {
        &self.port
    }

    fn into_port(self) -> Port {
        self.port
    }

    fn due_ns(&self) -> Option<u64> {
        self.late.front().map(|(due_ns, _)| *due_ns)
    }

    fn read(&mut self, now_ns: u64, desk: &mut Desk) -> Next {
        let (input, there) = match self.port.read() {
            Ok(Some(read)) => read,
            Ok(None) => return Next::Stays,
            Err(next) => return next,
        };
        (self.mail_in_read, self.body_in_read) = (false, false);
        let (unused, next) = self.take(now_ns, desk, &input, there);
        self.port.give_back(input, unused);
        if desk.options.far_end.latency_ms > 0 && self.port.waiting() > 0 {
            let due_ns = now_ns + desk.options.far_end.latency_ms * 1_000_000;
            self.late.push_back((due_ns, std::mem::take(&mut self.port.out)));
        }
        next
    }

    fn handle_timeout(&mut self, now_ns: u64, _: &mut Desk) {
        while self.late.front().is_some_and(|(due_ns, _)| *due_ns <= now_ns) {
            let Some((_, replies)) = self.late.pop_front() else { break };
            self.port.out.extend_from_slice(&replies);
            if self.port.flush() != Next::Stays {
                break;
            }
        }
    }

    fn flush(&mut self) -> Next {
        self.port.flush()
    }
}

impl Line {
    /// Works through what is there; what is left of it belongs to what comes next.
    fn take(
        &mut self,
        now_ns: u64,
        desk: &mut Desk,
        input: &[u8],
        mut rest: Range<usize>,
    ) -> (Range<usize>, Next) {
        let was_plain = !self.port.has_tls();
        loop {
            let there = &input[rest.clone()];
            let next = match self.awaits {
                Awaits::Command => {
                    let Some(end) = memchr(b'\n', there) else {
                        let next = if there.len() > MAX_COMMAND { Next::Closes } else { Next::Stays };
                        return (rest, next);
                    };
                    let command = &there[..end];
                    let next = self.command(now_ns, desk, command.strip_suffix(b"\r").unwrap_or(command));
                    if was_plain && self.port.has_tls() {
                        // nothing that came in plain is taken for encrypted (RFC 3207 §4.2)
                        return (rest.end..rest.end, next);
                    }
                    let keeps = if matches!(self.awaits, Awaits::Data) { 1 } else { 0 };
                    rest.start += (end + 1).saturating_sub(2 * keeps);
                    next
                }
                Awaits::Data => match END_OF_DATA.find(there) {
                    Some(at) => {
                        self.octets += at as u64;
                        rest.start += at + END_OF_DATA.needle().len();
                        self.end_of_body(now_ns, desk)
                    }
                    None => {
                        let seen = there.len().saturating_sub(END_OF_DATA.needle().len() - 1);
                        self.octets += seen as u64;
                        rest.start += seen;
                        return (rest, Next::Stays);
                    }
                },
                Awaits::Chunk { left, last } => {
                    let took = left.min(there.len() as u64);
                    self.octets += took;
                    rest.start += took as usize;
                    if took < left {
                        self.awaits = Awaits::Chunk { left: left - took, last };
                        return (rest, Next::Stays);
                    }
                    self.awaits = Awaits::Command;
                    if last {
                        desk.chunked += 1;
                        self.end_of_body(now_ns, desk)
                    } else {
                        self.reply(desk, b"250 2.0.0 Go on\r\n")
                    }
                }
            };
            if next != Next::Stays {
                return (rest, next);
            }
        }
    }

    fn command(&mut self, now_ns: u64, desk: &mut Desk, command: &[u8]) -> Next {
        let mut verb = [0; 4];
        let length = command.len().min(verb.len());
        verb[..length].copy_from_slice(&command[..length]);
        verb.make_ascii_uppercase();
        match &verb {
            b"MAIL" => {
                desk.joined += u64::from(self.body_in_read);
                self.mail_in_read = true;
                self.recipients.clear();
                self.octets = 0;
                self.sender = desk.has_room(now_ns);
                let reply: &[u8] = if self.sender { b"250 2.1.0 Ok\r\n" } else { b"451 4.3.2 Too much\r\n" };
                self.reply(desk, reply)
            }
            b"RCPT" if self.sender => {
                desk.grouped += u64::from(self.mail_in_read);
                self.recipients.push(recipient(command));
                self.reply(desk, b"250 2.1.5 Ok\r\n")
            }
            b"DATA" if !self.recipients.is_empty() => {
                self.awaits = Awaits::Data;
                self.reply(desk, b"354 Go ahead\r\n")
            }
            b"BDAT" => self.chunk(command),
            b"EHLO" => self.greet(desk),
            b"STAR" => self.start_tls(desk),
            b"HELO" => self.reply(desk, b"250 lean\r\n"),
            b"NOOP" | b"RSET" => {
                desk.idle += 1;
                self.sender &= verb == *b"NOOP";
                self.reply(desk, b"250 2.0.0 Ok\r\n")
            }
            b"QUIT" => {
                self.reply(desk, b"221 2.0.0 Bye\r\n");
                self.port.flush();
                Next::Closes
            }
            _ => self.reply(desk, b"503 5.5.1 Not now\r\n"),
        }
    }

    fn greet(&mut self, desk: &Desk) -> Next {
        let mut reply = b"250-lean\r\n".to_vec();
        if !desk.options.no_pipelining {
            reply.extend_from_slice(b"250-PIPELINING\r\n");
        }
        if !desk.options.no_chunking {
            reply.extend_from_slice(b"250-CHUNKING\r\n");
        }
        if desk.tls.is_some() && !self.port.has_tls() {
            reply.extend_from_slice(b"250-STARTTLS\r\n");
        }
        reply.extend_from_slice(b"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 52428800\r\n");
        self.reply(desk, &reply)
    }

    fn start_tls(&mut self, desk: &Desk) -> Next {
        let Some(config) = desk.tls.clone().filter(|_| !self.port.has_tls()) else {
            return self.reply(desk, b"503 5.5.1 Not now\r\n");
        };
        self.reply(desk, b"220 2.0.0 Go ahead\r\n");
        match self.port.flush() {
            Next::Stays => self.port.start_tls(config),
            other => other,
        }
    }

    /// BDAT and its size (RFC 3030 §2). A chunk that nobody takes is read all the same.
    fn chunk(&mut self, command: &[u8]) -> Next {
        let mut words = command.split(|octet| *octet == b' ').skip(1).filter(|word| !word.is_empty());
        let size = words.next().and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
        let Some(left) = size else { return Next::Closes };
        let last = words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"LAST"));
        self.awaits = Awaits::Chunk { left, last };
        Next::Stays
    }

    fn end_of_body(&mut self, now_ns: u64, desk: &mut Desk) -> Next {
        self.awaits = Awaits::Command;
        self.body_in_read = true;
        self.sender = false;
        if self.recipients.is_empty() {
            return self.reply(desk, b"503 5.5.1 Nobody to send it to\r\n");
        }
        desk.took(now_ns, &self.recipients, self.octets);
        self.recipients.clear();
        self.taken += 1;
        let every = desk.options.far_end.reset_every;
        if every > 0 && self.taken >= every {
            // what it took is in its books, the replies that were not written yet are lost
            desk.arrivals.reset(now_ns);
            return Next::Resets;
        }
        let mut reply = *b"250 2.0.0 Ok: queued as 0000000000\r\n";
        digits(desk.messages, &mut reply[24..34]);
        self.reply(desk, &reply)
    }

    #[inline]
    fn reply(&mut self, desk: &Desk, reply: &[u8]) -> Next {
        if desk.options.nagle {
            let _ = self.port.stream.write_all(reply);
        } else {
            self.port.out.extend_from_slice(reply);
        }
        Next::Stays
    }
}

/// The first number that stands in a command: 7 in `RCPT TO:<user000000007@example.org>`.
#[inline]
fn recipient(command: &[u8]) -> u64 {
    let at = command.iter().position(u8::is_ascii_digit).unwrap_or(command.len());
    number(&command[at..])
}
