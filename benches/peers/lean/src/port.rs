//! The octets of one connection of a far end: what has been read, and what waits to be written.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustls::{ServerConfig, ServerConnection};

/// While more than this waits to be written nothing is read: the client does not read either.
const MAX_WAITING_OCTETS: usize = 4 << 20;

pub struct Port {
    pub stream: TcpStream,
    /// What encrypts the octets, once the client has asked for it.
    tls: Option<Box<ServerConnection>>,
    input: Vec<u8>,
    /// How much of `input` has been read and not been used yet.
    left: usize,
    pub out: Vec<u8>,
    wrote: usize,
}

/// A buffer, and where the octets in it are that have not been used yet, old and new.
pub type Input = (Vec<u8>, Range<usize>);

/// How a connection goes on.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Stays,
    Closes,
    Resets,
}

impl Port {
    /// Reads at most so many octets at once.
    pub fn new(stream: TcpStream, read_octets: usize) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let (input, out) = (vec![0; read_octets], Vec::with_capacity(read_octets));
        Ok(Self { stream, tls: None, input, left: 0, out, wrote: 0 })
    }

    pub fn wants_input(&self) -> bool {
        self.waiting() < MAX_WAITING_OCTETS
    }

    pub fn waiting(&self) -> usize {
        let encrypted = self.tls.as_ref().is_some_and(|tls| tls.wants_write());
        self.out.len() - self.wrote + usize::from(encrypted)
    }

    /// What comes from here on is TLS, and what is written too.
    pub fn start_tls(&mut self, config: Arc<ServerConfig>) -> Next {
        match ServerConnection::new(config) {
            Ok(tls) => self.tls = Some(Box::new(tls)),
            Err(_) => return Next::Closes,
        }
        Next::Stays
    }

    pub fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// One read, and the buffer with the octets that are there now, to be given back. `None` where nothing came.
    pub fn read(&mut self) -> Result<Option<Input>, Next> {
        let room = &mut self.input[self.left..];
        let read = match &mut self.tls {
            None => self.stream.read(room),
            Some(tls) => decrypt(tls, &mut self.stream, room),
        };
        match read {
            Ok(0) => Err(Next::Closes),
            Ok(read) => Ok(Some((std::mem::take(&mut self.input), 0..self.left + read))),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(_) => Err(Next::Closes),
        }
    }

    /// Takes the buffer back, of which this was not used.
    pub fn give_back(&mut self, mut input: Vec<u8>, unused: Range<usize>) {
        self.left = unused.len();
        input.copy_within(unused, 0);
        self.input = input;
    }

    /// Writes what waits, as far as the client takes it.
    pub fn flush(&mut self) -> Next {
        if let Some(tls) = &mut self.tls {
            return encrypt(tls, &mut self.stream, &mut self.out);
        }
        while self.wrote < self.out.len() {
            match self.stream.write(&self.out[self.wrote..]) {
                Ok(wrote) => self.wrote += wrote,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Next::Stays,
                Err(_) => return Next::Closes,
            }
        }
        self.out.clear();
        self.wrote = 0;
        Next::Stays
    }

    /// Ends the connection with RST instead of FIN.
    pub fn reset(self) {
        let _ = set_socket_linger(&self.stream, Some(Duration::ZERO));
    }
}

/// Reads what is there until the room is full. No octet is the end, as with a socket.
fn decrypt(tls: &mut ServerConnection, stream: &mut TcpStream, room: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    loop {
        match tls.reader().read(&mut room[read..]) {
            Ok(0) => return Ok(read),
            Ok(more) => read += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => match tls.read_tls(stream) {
                Ok(0) => return Ok(read),
                Ok(_) => {
                    tls.process_new_packets().map_err(io::Error::other)?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock && read > 0 => return Ok(read),
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        }
        if read == room.len() {
            return Ok(read);
        }
    }
}

fn encrypt(tls: &mut ServerConnection, stream: &mut TcpStream, out: &mut Vec<u8>) -> Next {
    if tls.writer().write_all(out).is_err() {
        return Next::Closes;
    }
    out.clear();
    while tls.wants_write() {
        match tls.write_tls(stream) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Next::Stays,
            Err(_) => return Next::Closes,
        }
    }
    Next::Stays
}
