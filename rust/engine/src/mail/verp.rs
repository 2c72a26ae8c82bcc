//! Return paths that say whose letter came back (VERP), and that nobody else can make.

use siphasher::sip::SipHasher24;
use thiserror::Error;

use bealert_core::dispatch::Named;

use super::address::{MAX_LOCAL, MailAddress};

/// Octets of a token: campaign, ordinal, attempt, and 8 that prove it.
const OCTETS: usize = 4 + 4 + 1 + 8;

/// Characters of a token in base 32.
const CHARACTERS: usize = (OCTETS * 8).div_ceil(5);

/// What stands between an address and a token: subaddressing that relays and mailboxes know (RFC 5233).
const SEPARATOR: char = '+';

/// Letters and digits in an order of their own (RFC 4648 §6), lower case: hosts on the way may fold the case of a
/// local part, and dots or signs might mean something to them.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Keeps these proofs apart from everything else that is made with the ledger's secret.
const DOMAIN: (u64, u64) = (0x6265_616c_6572_7420, 0x7665_7270_2031_2020);

/// Which letter a return path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// Number of the campaign.
    pub campaign: u32,
    /// The recipient's number in it.
    pub ordinal: u32,
    /// Which attempt, or [`Named::ANY`] in a return path.
    pub attempt: u8,
}

impl Token {
    /// Whether it is that of the whole letter that another one names an attempt of.
    pub(crate) fn names_letter_of(self, other: Token) -> bool {
        self == Token { attempt: Named::ANY, ..other }
    }
}

/// Signs tokens, and knows its own: a forged bounce can't mark anybody's letter as undelivered.
///
/// ```
/// use bealert_engine::mail::{Token, Verp, judge};
/// let verp = Verp::new((1, 2));
/// let (token, mut path) = (Token { campaign: 7, ordinal: 4_711, attempt: 1 }, String::new());
/// verp.address(&judge("bounces@alert.example").unwrap(), token, &mut path);
/// assert!(path.starts_with("bounces+") && path.ends_with("@alert.example"));
/// assert_eq!(verp.verify(&path), Some(token));
/// assert_eq!(Verp::new((1, 3)).verify(&path), None);
/// ```
#[derive(Clone)]
pub struct Verp {
    key: (u64, u64),
}

impl std::fmt::Debug for Verp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verp")
    }
}

/// Why an address can't take bounces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum VerpProblem {
    /// No room for the token: a local part has 64 octets (RFC 5321 §4.5.3.1.1).
    #[error("the part before the @ has {octets} bytes: at most {most}, since a token of 29 follows")]
    TooLong {
        /// How many it has.
        octets: usize,
        /// How many it may have.
        most: usize,
    },
    /// It can't be in an envelope of a relay without SMTPUTF8.
    #[error("the part before the @ must be ASCII")]
    Utf8,
}

impl Verp {
    /// With the ledger's secret ([`bealert_core::ledger::Ledger::hash_key`]).
    #[must_use]
    pub fn new(hash_key: (u64, u64)) -> Self {
        Self { key: (hash_key.0 ^ DOMAIN.0, hash_key.1 ^ DOMAIN.1) }
    }

    /// Whether tokens fit into addresses made of `base`.
    ///
    /// # Errors
    /// [`VerpProblem`].
    pub fn fits(base: &MailAddress) -> Result<(), VerpProblem> {
        let (octets, most) = (base.local().len(), MAX_LOCAL - 1 - CHARACTERS);
        if base.utf8() {
            return Err(VerpProblem::Utf8);
        }
        if octets > most { Err(VerpProblem::TooLong { octets, most }) } else { Ok(()) }
    }

    /// Puts the return path of a letter into `out`, replacing what is there: `bounces+TOKEN@alert.example`.
    pub fn address(&self, base: &MailAddress, token: Token, out: &mut String) {
        out.clear();
        out.push_str(base.local());
        out.push(SEPARATOR);
        self.write(token, out);
        out.push('@');
        out.push_str(base.domain());
    }

    /// The token as it stands in an address and in ENVID: 28 letters and digits.
    #[must_use]
    pub fn sign(&self, token: Token) -> String {
        let mut text = String::with_capacity(CHARACTERS);
        self.write(token, &mut text);
        text
    }

    /// Appends what [`Verp::sign`] gives.
    pub(crate) fn append(&self, token: Token, out: &mut String) {
        self.write(token, out);
    }

    /// The return path of every try of a letter: a relay that greylists takes it for the same sender.
    pub(crate) fn return_path(&self, base: &MailAddress, token: Token, out: &mut String) {
        self.address(base, Token { attempt: Named::ANY, ..token }, out);
    }

    /// The token of an address that this ledger made, or of a token alone; `None` for everything else.
    #[must_use]
    pub fn verify(&self, address: &str) -> Option<Token> {
        let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
        let text = local.rsplit_once(SEPARATOR).map_or(local, |(_, token)| token);
        let octets = decode(text.as_bytes())?;
        let number = |at: usize| octets[at..at + 4].iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet));
        let token = Token { campaign: number(0), ordinal: number(4), attempt: octets[8] };
        (self.octets(token) == octets).then_some(token)
    }

    fn octets(&self, token: Token) -> [u8; OCTETS] {
        let mut octets = [0; OCTETS];
        octets[..4].copy_from_slice(&token.campaign.to_be_bytes());
        octets[4..8].copy_from_slice(&token.ordinal.to_be_bytes());
        octets[8] = token.attempt;
        let proof = SipHasher24::new_with_keys(self.key.0, self.key.1).hash(&octets[..9]);
        octets[9..].copy_from_slice(&proof.to_be_bytes());
        octets
    }

    fn write(&self, token: Token, out: &mut String) {
        base32(&self.octets(token), out);
    }
}

/// Appends octets in base 32, without padding.
pub(super) fn base32(octets: &[u8], out: &mut String) {
    let (mut bits, mut held) = (0_u32, 0);
    for octet in octets {
        bits = bits << 8 | u32::from(*octet);
        held += 8;
        while held >= 5 {
            held -= 5;
            out.push(char::from(ALPHABET[(bits >> held & 31) as usize]));
        }
    }
    if held > 0 {
        out.push(char::from(ALPHABET[(bits << (5 - held) & 31) as usize]));
    }
}

fn decode(text: &[u8]) -> Option<[u8; OCTETS]> {
    if text.len() != CHARACTERS {
        return None;
    }
    let mut octets = [0; OCTETS];
    let (mut bits, mut held, mut at) = (0_u32, 0, 0);
    for character in text {
        let character = character.to_ascii_lowercase();
        let digit = match character {
            b'a'..=b'z' => character - b'a',
            b'2'..=b'7' => character - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u32::from(digit);
        held += 5;
        if held >= 8 {
            held -= 8;
            *octets.get_mut(at)? = (bits >> held & 0xFF) as u8;
            at += 1;
        }
    }
    // What is left over of the last character is not free: two texts would be one token.
    (at == OCTETS && bits & ((1 << held) - 1) == 0).then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::super::address::judge;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_base_has_room_for_the_token_or_is_refused() {
        let base = |local: &str| judge(&format!("{local}@alert.example")).unwrap();
        assert_eq!(Verp::fits(&base(&"b".repeat(35))), Ok(()));
        let problem = VerpProblem::TooLong { octets: 36, most: 35 };
        assert_eq!(Verp::fits(&base(&"b".repeat(36))), Err(problem));
        assert_eq!(Verp::fits(&base("é")), Err(VerpProblem::Utf8));
        let mut path = String::new();
        let token = Token { campaign: u32::MAX, ordinal: u32::MAX, attempt: u8::MAX };
        Verp::new((1, 2)).address(&base(&"b".repeat(35)), token, &mut path);
        assert_eq!(path.find('@'), Some(MAX_LOCAL));
        assert_eq!(judge(&path).unwrap().as_str(), path, "it is an address");
    }

    proptest! {
        #[test]
        fn point_18_a_token_is_known_again_and_no_other_is(
            campaign: u32, ordinal: u32, attempt: u8, key: (u64, u64), at in 0..CHARACTERS, other in "[a-z2-7]",
        ) {
            let verp = Verp::new(key);
            let token = Token { campaign, ordinal, attempt };
            let text = verp.sign(token);
            prop_assert_eq!(verp.verify(&text), Some(token));
            prop_assert_eq!(verp.verify(&format!("Bounces+x+{}@Alert.example", text.to_uppercase())), Some(token));
            let mut forged = text.clone();
            forged.replace_range(at..=at, &other);
            prop_assert_eq!(verp.verify(&forged), (forged == text).then_some(token));
            prop_assert_eq!(Verp::new((key.0, key.1 ^ 1)).verify(&text), None);
        }

        #[test]
        fn whatever_is_no_token_is_none(address in "\\PC{0,60}") {
            prop_assert_eq!(Verp::new((1, 2)).verify(&address), None);
        }
    }
}
