//! BDAT (RFC 3030): chunks of exact octets, and a refused one is read and thrown away.

use crate::server_owner::{Owner, config, refusal};

const GROUP: &str = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";

#[test]
fn a_window_of_messages_in_one_write() {
    let mut owner = Owner::greeted(config());
    let message = "Subject: x\r\n\r\n.\r\n..\r\nno dot is taken away";
    let one = format!("{GROUP}BDAT {} LAST\r\n{message}", message.len());
    assert_eq!(owner.codes(one.repeat(5)), [250, 250, 250].repeat(5));
    assert_eq!(owner.taken.len(), 5);
    assert!(owner.taken.iter().all(|taken| taken.content == message.as_bytes()));
    assert_eq!(owner.faults, []);
}

#[test]
fn several_chunks_however_they_are_cut() {
    let wire = format!("{GROUP}BDAT 5\r\nMAIL BDAT 3\r\n\r\n\rBDAT 0 LAST\r\n");
    for cut in 1..wire.len() {
        let mut owner = Owner::greeted(config());
        let codes: Vec<u16> = wire.as_bytes().chunks(cut).flat_map(|piece| owner.codes(piece)).collect();
        assert_eq!(codes, [250, 250, 250, 250, 250], "cut by {cut}");
        assert_eq!(owner.taken[0].content, b"MAIL \r\n\r", "cut by {cut}");
    }
}

#[test]
fn a_refused_chunk_is_not_read_as_commands() {
    let nobody = |what: &str, _: &str| (what == "rcpt").then(|| refusal(550, (5, 1, 1)));
    let evil = "QUIT\r\nMAIL FROM:<evil@b>\r\n";
    let group = format!("{GROUP}BDAT {} LAST\r\n{evil}RSET\r\n", evil.len());
    let mut owner = Owner::judged(config(), nobody);
    owner.say("EHLO client.example\r\n");
    assert_eq!(owner.codes(&group), [250, 550, 554, 250]);
    assert_eq!(owner.taken, []);
    // without a MAIL
    assert_eq!(owner.codes(format!("BDAT {} LAST\r\n{evil}NOOP\r\n", evil.len())), [503, 250]);

    let mut settings = config();
    settings.quirks.reads_refused_chunks = true;
    let mut owner = Owner::judged(settings, nobody);
    owner.say("EHLO client.example\r\n");
    assert_eq!(owner.codes(&group), [250, 550, 554, 221], "a server that does not discard it");
}

#[test]
fn where_it_is_not_offered_it_is_read_all_the_same() {
    let mut settings = config();
    settings.extensions.chunking = false;
    let mut owner = Owner::greeted(settings);
    assert_eq!(owner.codes(format!("{GROUP}BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")), [250, 250, 502, 250]);
}

#[test]
fn data_and_bdat_do_not_mix() {
    let mut owner = Owner::greeted(config());
    assert_eq!(owner.codes(format!("{GROUP}BDAT 2\r\nx\nDATA\r\n")), [250, 250, 250, 503]);
    assert_eq!(owner.codes("RCPT TO:<late@d>\r\nBDAT 0 LAST\r\n"), [503, 250]);
    assert_eq!(owner.taken[0].content, b"x\n");
}

#[test]
fn a_message_that_is_too_large_is_over_at_the_chunk_that_makes_it_so() {
    let mut settings = config();
    settings.extensions.size = Some(10);
    let mut owner = Owner::greeted(settings);
    let group = format!("{GROUP}BDAT 8\r\n12345678BDAT 8\r\n12345678BDAT 4 LAST\r\n1234NOOP\r\n");
    assert_eq!(owner.codes(group), [250, 250, 250, 552, 503, 250]);
    assert_eq!((owner.taken.len(), owner.abandoned), (0, 1));
}
