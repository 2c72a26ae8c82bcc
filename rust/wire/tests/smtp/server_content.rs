//! What a message holds comes out as it was put in, and only CRLF, dot, CRLF ends it.

use bealert_wire::smtp::BodyKind;
use bealert_wire::smtp::server::{Flaws, ServerFault};

use crate::server_owner::{Owner, config};

const GROUP: &str = "MAIL FROM:<a@b> BODY=8BITMIME\r\nRCPT TO:<c@d>\r\nDATA\r\n";

#[test]
fn a_strangers_line_does_not_end_the_message() {
    for smuggled in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r.\r\n", "\r\n.\r"] {
        let mut owner = Owner::greeted(config());
        owner.say(GROUP);
        let sent = format!("x{smuggled}MAIL FROM:<evil@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n\r\n.\r\n");
        assert_eq!(owner.codes(sent), [250], "{smuggled:?}");
        assert_eq!(owner.taken.len(), 1, "{smuggled:?}");
        assert!(owner.taken[0].flaws.bare_newline, "{smuggled:?}");
    }
}

#[test]
fn dots_are_taken_away_and_octets_kept_however_it_is_cut() {
    let wire = "Subject: café\r\n\r\n..\r\n..two\r\n.x\r\nlast\r\n.\r\n";
    let content = "Subject: café\r\n\r\n.\r\n.two\r\nx\r\nlast\r\n";
    for cut in 1..wire.len() {
        let mut owner = Owner::greeted(config());
        owner.say(GROUP);
        wire.as_bytes().chunks(cut).for_each(|piece| {
            owner.say(piece);
        });
        assert_eq!(owner.taken[0].content, content.as_bytes(), "cut by {cut}");
        let flaws = Flaws { eight_bit: true, ..Flaws::default() };
        assert_eq!((owner.taken[0].flaws, owner.taken[0].body), (flaws, Some(BodyKind::EightBit)));
    }
}

#[test]
fn a_message_without_content() {
    let mut owner = Owner::greeted(config());
    owner.say(GROUP);
    assert_eq!(owner.codes(".\r\n"), [250]);
    assert_eq!(owner.taken[0].content, b"");
}

#[test]
fn more_than_is_taken_is_read_to_its_end_and_refused() {
    let mut settings = config();
    settings.extensions.size = Some(1_000);
    let mut owner = Owner::greeted(settings);
    assert_eq!(owner.codes("MAIL FROM:<a@b> SIZE=1001\r\n"), [552]);
    assert_eq!(owner.codes(GROUP), [250, 250, 354]);
    let lines = "x".repeat(98) + "\r\n";
    assert_eq!(owner.codes(format!("{}.\r\nNOOP\r\n", lines.repeat(11))), [552, 250]);
    assert_eq!(owner.faults, [ServerFault::TooLarge, ServerFault::TooLarge]);
    assert_eq!((owner.taken.len(), owner.abandoned), (0, 1));
    owner.say(GROUP);
    assert_eq!(owner.codes(format!("{}.\r\n", lines.repeat(10))), [250]);
    assert_eq!(owner.taken[0].content.len(), 1_000);
}

#[test]
fn a_nul_is_told() {
    let mut owner = Owner::greeted(config());
    owner.say(GROUP);
    owner.say(b"a\0b\r\n.\r\n");
    assert!(owner.taken[0].flaws.nul && !owner.taken[0].flaws.bare_newline);
}
