//! Texts of short messages: which alphabet a text needs, how many parts it takes, and the octets of each part
//! as they stand in `short_message` (SMPP 3.4 §5.2.22).
//!
//! A text is sent in the GSM 7-bit default alphabet (3GPP TS 23.038 §6.2.1) when every character of it is there,
//! and in UCS-2 (§6.2.3) otherwise; nothing is replaced, dropped or cut short. Septets are written unpacked, one
//! to an octet, which is what a gateway expects behind `data_coding` 0.

mod gsm;
mod header;
mod split;
mod ucs2;

pub use gsm::{decode_gsm, gsm_septets};
pub use header::{Concat, split_header};
pub use split::{Encoding, MAX_PARTS, Parts, Shape, TooLong, shape};
pub use ucs2::{BadUcs2, decode_ucs2};

#[cfg(test)]
mod tests;
