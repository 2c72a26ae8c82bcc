//! The octets of one connection of a far end: what has been read, and what waits to be written.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

/// While more than this waits to be written nothing is read: the client does not read either.
const MAX_WAITING_OCTETS: usize = 4 << 20;

pub struct Port {
    pub stream: TcpStream,
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
        Ok(Self { stream, input, left: 0, out, wrote: 0 })
    }

    pub fn wants_input(&self) -> bool {
        self.waiting() < MAX_WAITING_OCTETS
    }

    pub fn waiting(&self) -> usize {
        self.out.len() - self.wrote
    }

    /// One read, and the buffer with the octets that are there now, to be given back. `None` where nothing came.
    pub fn read(&mut self) -> Result<Option<Input>, Next> {
        match self.stream.read(&mut self.input[self.left..]) {
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
