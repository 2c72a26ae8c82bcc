//! smtp.md 6.8 and 6.9: nothing that is handed in becomes a second command, and no command is too long.

use bealert_wire::smtp::{ClientConfig, ConfigProblem, Envelope, Mode, Notify, PathProblem, SubmitError};

use crate::scripted::{ALL, Server, Session, config, message};

fn try_submit(session: &mut Session, envelope: &Envelope<'_>) -> Result<(), SubmitError> {
    let before = session.client.outgoing().to_vec();
    let result = session.client.submit(session.now, 1, envelope, &message(1));
    if result.is_err() {
        assert_eq!(session.client.outgoing(), before, "nothing of it is kept");
        assert_eq!(session.client.in_flight(), 0);
    }
    result
}

#[test]
fn point_08_controls_in_an_address_or_id_are_refused_wherever_they_stand() {
    for control in (0u8..0x20).chain([0x7F]) {
        let control = char::from(control);
        for bad in [
            format!("a{control}b@example.org"),
            format!("a@exam{control}ple.org"),
            format!("a@example.org{control}"),
            format!("\"a{control}b\"@example.org"),
            format!("a@example.org>{control}\nRCPT TO:<b@example.org"),
        ] {
            let mut session = Session::in_mode(Mode::Joined);
            let recipients = [bad.as_str()];
            assert_eq!(
                try_submit(&mut session, &Envelope::new("s@alert.example", &recipients)),
                Err(SubmitError::Recipient(PathProblem::Character)),
                "{bad:?}"
            );
            assert_eq!(
                try_submit(&mut session, &Envelope::new(&bad, &["a@example.org"])),
                Err(SubmitError::Sender(PathProblem::Character))
            );
        }
        let id = format!("id{control}1");
        let envelope = Envelope { envid: Some(&id), ..Envelope::new("s@alert.example", &["a@example.org"]) };
        assert_eq!(try_submit(&mut Session::in_mode(Mode::Joined), &envelope), Err(SubmitError::Envid));
    }
}

#[test]
fn point_08_our_own_name_cannot_hold_a_command() {
    for bad in ["a b", "a\r\nMAIL FROM:<x@y>", "", "[", "[]", "a\0", "\u{e9}.example", "[127.0.0.1]x"] {
        let config = ClientConfig { ehlo_name: bad.to_owned(), ..config(Mode::Joined) };
        assert_eq!(config.problems(), [ConfigProblem::EhloName], "{bad:?}");
        let mut session = Session::ready(config, Server::offering(ALL));
        session.queue.push_back(1);
        session.run();
        assert_eq!(session.server.taken.len(), 1, "it works with another name");
    }
    for good in ["mail.alert.example", "[127.0.0.1]", "[IPv6:::1]", "localhost"] {
        let config = ClientConfig { ehlo_name: good.to_owned(), ..config(Mode::Joined) };
        assert_eq!(config.problems(), []);
        let mut session = Session::new(config, Server::offering(ALL));
        session.run();
        assert_eq!(session.server.heard, [format!("EHLO {good}")]);
    }
}

#[test]
fn point_09_local_part_and_domain_have_their_lengths() {
    let mut session = Session::in_mode(Mode::Joined);
    let long = format!("{}@example.org", "a".repeat(65));
    let recipients = [long.as_str()];
    let envelope = Envelope::new("s@alert.example", &recipients);
    assert_eq!(try_submit(&mut session, &envelope), Err(SubmitError::Recipient(PathProblem::LocalPart)));
    let long = format!("a@{}", "b".repeat(256));
    assert_eq!(
        try_submit(&mut session, &Envelope::new(&long, &["a@example.org"])),
        Err(SubmitError::Sender(PathProblem::Domain))
    );
}

#[test]
fn point_09_no_command_is_longer_than_its_extensions_allow() {
    let offers: Vec<&str> =
        ALL.iter().copied().filter(|line| *line != "CHUNKING").chain(["MT-PRIORITY", "DELIVERBY"]).collect();
    let mut session = Session::ready(config(Mode::Lockstep), Server::offering(&offers));
    // `+` and `=` take three octets each in an ORCPT
    let longest = format!("{}@{}", "+".repeat(64), "b".repeat(255));
    let id = "i".repeat(100);
    let recipients = [longest.as_str()];
    let envelope = Envelope {
        utf8: true,
        notify: Notify::On { success: true, failure: true, delay: true },
        envid: Some(&id),
        orcpt: true,
        priority: Some(-9),
        deliver_by_s: Some(u32::MAX),
        ..Envelope::new(&longest, &recipients)
    };
    try_submit(&mut session, &envelope).unwrap();
    session.run();
    for line in &session.server.heard {
        // 512, and 26 + 10 + 500 + 15 + 17 for MAIL, 500 for RCPT (RFC 1870, 6531, 3461, 6710, 2852)
        let limit = match line.get(..4) {
            Some("MAIL") => 512 + 26 + 10 + 500 + 15 + 17,
            Some("RCPT") => 512 + 500,
            _ => 512,
        };
        assert!(line.len() + 2 <= limit, "{} octets: {line}", line.len());
    }
    assert_eq!(session.server.taken.len(), 1);
}

#[test]
fn no_recipient_and_too_many_are_refused() {
    let mut session = Session::in_mode(Mode::Joined);
    assert_eq!(
        try_submit(&mut session, &Envelope::new("s@alert.example", &[])),
        Err(SubmitError::NoRecipient)
    );
    let many = ["a@example.org"; 101];
    let envelope = Envelope::new("s@alert.example", &many);
    assert_eq!(try_submit(&mut session, &envelope), Err(SubmitError::ManyRecipients { limit: 100 }));
    try_submit(&mut session, &Envelope { recipients: &many[..100], ..envelope }).unwrap();
}

#[test]
fn the_empty_sender_is_one() {
    let mut session = Session::in_mode(Mode::Joined);
    try_submit(&mut session, &Envelope::new("", &["a@example.org"])).unwrap();
    session.run();
    assert_eq!(session.server.heard[0], format!("MAIL FROM:<> SIZE={}", crate::scripted::text(1).len()));
}
