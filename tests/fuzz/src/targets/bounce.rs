//! What comes to a return path.

use bealert_engine::mail::{Token, Verp, read_bounce};

/// Of the letter that the seeds are about.
pub(crate) const TOKEN: Token = Token { campaign: 7, ordinal: 4_711, attempt: 2 };

/// Of the ledger that sent it.
pub(crate) const KEY: (u64, u64) = (3, 4);

/// The octets: a message, as it came by LMTP to the letter's own address, and as it lies in a Maildir.
pub(crate) fn read(octets: &[u8]) -> bool {
    let verp = Verp::new(KEY);
    let recipient = format!("bounces+{}@be-alert.be", verp.sign(TOKEN));
    let mut understood = false;
    for recipient in [Some(&*recipient), None] {
        for bounced in read_bounce(octets, recipient, &verp).unwrap_or_default() {
            understood = true;
            assert_eq!(bounced.token, TOKEN, "nobody can make another one");
            assert!(bounced.diagnostic.is_none_or(|said| said.len() <= 200 && said.is_ascii()));
            assert!(bounced.recipient.is_none_or(|address| address.len() <= 254));
        }
    }
    assert!(read_bounce(octets, None, &Verp::new((KEY.0, KEY.1 + 1))).is_err(), "no other ledger's");
    understood
}
