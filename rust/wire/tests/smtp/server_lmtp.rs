//! LMTP (RFC 2033): LHLO, and a reply for each recipient after the content.

use bealert_wire::smtp::ServerConfig;
use bealert_wire::smtp::server::Protocol;

use crate::server_owner::{Judge, Owner, config, refusal};

fn lmtp() -> ServerConfig {
    ServerConfig { protocol: Protocol::Lmtp, ..config() }
}

#[test]
fn every_accepted_recipient_gets_its_own_reply() {
    let judge: Judge = |what, argument| match (what, argument) {
        ("rcpt", "nobody@d") => Some(refusal(550, (5, 1, 1))),
        // the second reply
        ("dot", "2") => Some(refusal(452, (4, 2, 2))),
        _ => None,
    };
    let mut owner = Owner::judged(lmtp(), judge);
    assert_eq!(owner.said(), "220 mx.example LMTP\r\n");
    assert_eq!(owner.codes("EHLO client.example\r\n"), [500]);
    assert_eq!(owner.codes("LHLO client.example\r\n"), [250]);
    let group =
        "MAIL FROM:<>\r\nRCPT TO:<a@d>\r\nRCPT TO:<nobody@d>\r\nRCPT TO:<b@d>\r\nRCPT TO:<c@d>\r\nDATA\r\n";
    assert_eq!(owner.codes(group), [250, 250, 550, 250, 250, 354]);
    assert_eq!(owner.codes("x\r\n.\r\nNOOP\r\n"), [250, 452, 250, 250]);
    assert_eq!(owner.taken[0].recipients, ["a@d", "b@d", "c@d"]);
    // and by BDAT
    let group = "MAIL FROM:<>\r\nRCPT TO:<a@d>\r\nRCPT TO:<b@d>\r\nBDAT 1 LAST\r\nx";
    assert_eq!(owner.codes(group), [250, 250, 250, 250, 250]);
}
