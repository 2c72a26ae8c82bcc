//! Cutting a byte stream into PDUs by their command_length (SMPP 3.4 §3.2, §3.3).

use super::pdu::HEADER_OCTETS;

/// The longest PDU taken: a message_payload of 65,535 octets (SMPP 3.4 §5.3.2.32), the mandatory fields of
/// data_sm around it, and room for further TLVs. Longer ones are a broken or hostile stream.
pub const MAX_PDU_OCTETS: usize = 70_000;

/// A command_length outside [`HEADER_OCTETS`] to [`MAX_PDU_OCTETS`]. The stream cannot be followed any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLength(pub u32);

/// The PDU that has come in part, and nothing else: whole PDUs are read where they lie.
#[derive(Debug, Default)]
pub struct Frames {
    partial: Vec<u8>,
    /// The PDU in `partial` has been handed out, and goes before the next one.
    taken: bool,
}

impl Frames {
    /// The next whole PDU out of `input`, header included, moving `input` past it. `None` once `input` is used
    /// up; what was the beginning of a PDU is kept for the next call. How the stream is cut into calls makes no
    /// difference to the PDUs that come out, nor to where an error does.
    pub fn next<'f, 'i: 'f>(&'f mut self, input: &mut &'i [u8]) -> Result<Option<&'f [u8]>, BadLength> {
        if self.taken {
            self.partial.clear();
            self.taken = false;
        }
        if self.partial.is_empty() {
            match announced(input)? {
                Some(length) if length <= input.len() => {
                    let (pdu, rest) = input.split_at(length);
                    *input = rest;
                    return Ok(Some(pdu));
                }
                _ => {
                    self.keep(input, usize::MAX);
                    return Ok(None);
                }
            }
        }
        self.keep(input, LENGTH_OCTETS);
        let Some(length) = announced(&self.partial)? else {
            return Ok(None);
        };
        self.keep(input, length);
        if self.partial.len() < length {
            return Ok(None);
        }
        self.taken = true;
        Ok(Some(&self.partial))
    }

    /// Moves octets from `input` until `partial` has `until` of them.
    fn keep(&mut self, input: &mut &[u8], until: usize) {
        let missing = until.saturating_sub(self.partial.len());
        let (head, rest) = input.split_at(missing.min(input.len()));
        self.partial.extend_from_slice(head);
        *input = rest;
    }
}

/// The octets of command_length itself.
const LENGTH_OCTETS: usize = 4;

fn announced(octets: &[u8]) -> Result<Option<usize>, BadLength> {
    let Some(head) = octets.first_chunk::<LENGTH_OCTETS>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*head);
    match usize::try_from(length) {
        Ok(octets) if (HEADER_OCTETS..=MAX_PDU_OCTETS).contains(&octets) => Ok(Some(octets)),
        _ => Err(BadLength(length)),
    }
}
