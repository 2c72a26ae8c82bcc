//! Frames: lengths in front of what is said, little end first, so that neither side guesses where it ends.
//!
//! A request is a head (4 octets of length, JSON) and a body (8 octets of length, any octets); an answer is a head.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Octets of a head: a few names and a message for people.
const MAX_HEAD: u32 = 1 << 20;

/// Octets of a body: a plan takes some 70 for each of its people, and none has thirty million.
const MAX_BODY: u64 = 2 << 30;

/// Octets made room for before they have come: a length alone can't exhaust memory.
const FIRST_ROOM: usize = 1 << 20;

/// Writes a head.
pub(super) fn write_head(out: &mut impl Write, head: &impl Serialize) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    let length = u32::try_from(head.len()).ok().filter(|length| *length <= MAX_HEAD);
    let length = length.ok_or_else(|| broken("what is said is too long"))?;
    // In one write: the far end wakes once.
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend_from_slice(&head);
    out.write_all(&frame)
}

/// Reads a head; `None` where the far end has nothing more to say.
pub(super) fn read_head<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    if !begins(input, &mut length)? {
        return Ok(None);
    }
    let length = u32::from_le_bytes(length);
    if length > MAX_HEAD {
        return Err(broken("what is said is too long"));
    }
    let mut head = vec![0; length as usize];
    input.read_exact(&mut head)?;
    Ok(Some(serde_json::from_slice(&head)?))
}

/// Writes a body.
pub(super) fn write_body(out: &mut impl Write, body: &[u8]) -> io::Result<()> {
    if body.len() as u64 > MAX_BODY {
        return Err(broken("the plan has too many people for one campaign; split it"));
    }
    out.write_all(&(body.len() as u64).to_le_bytes())?;
    out.write_all(body)?;
    out.flush()
}

/// Reads a body.
pub(super) fn read_body(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_BODY {
        return Err(broken("the plan is too long"));
    }
    let mut body = Vec::with_capacity((length as usize).min(FIRST_ROOM));
    let read = input.take(length).read_to_end(&mut body)?;
    if read as u64 == length { Ok(body) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Whether there is another frame: its first octets are in `octets` then.
fn begins(input: &mut impl Read, octets: &mut [u8]) -> io::Result<bool> {
    let read = loop {
        match input.read(octets) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    if read > 0 {
        input.read_exact(&mut octets[read..])?;
    }
    Ok(read > 0)
}

fn broken(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
