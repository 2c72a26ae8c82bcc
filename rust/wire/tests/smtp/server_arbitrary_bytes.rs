//! Whatever a client sends: no panic, the same replies and messages however it is cut, nothing without bound.

use bealert_wire::smtp::server::{Protocol, Quirks, ServerFault};
use bealert_wire::smtp::{Reply, ServerConfig};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::server_owner::{Owner, Taken, config, refusal};

/// Bytes that look like a dialogue: commands in any order, content, chunks, and what is none of it.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let lines = vec![
        "EHLO a.example\r\n",
        "HELO a.example\r\n",
        "LHLO a.example\r\n",
        "MAIL FROM:<a@b.example>\r\n",
        "MAIL FROM:<> SIZE=20 BODY=8BITMIME\r\n",
        "RCPT TO:<a@b.example>\r\n",
        "RCPT TO:<nobody@b.example> NOTIFY=NEVER\r\n",
        "DATA\r\n",
        "BDAT 7\r\n",
        "BDAT 7 LAST\r\n",
        "BDAT 0 LAST\r\n",
        "BDAT 99999999\r\n",
        "1234567",
        "RSET\r\n",
        "STARTTLS\r\n",
        "AUTH PLAIN AGEAYg==\r\n",
        "AUTH LOGIN\r\n",
        "YQ==\r\n",
        "*\r\n",
        "QUIT\r\n",
        ".\r\n",
        "..x\r\n",
        "\r\n",
        "x\r\n",
        ".\n",
        "\r",
        "\n",
        "\0",
        "é\r\n",
    ];
    let line = prop::sample::select(lines).prop_map(|line| line.as_bytes().to_vec());
    let any = prop_oneof![20 => line, 1 => vec(any::<u8>(), 0..30)];
    vec(any, 0..60).prop_map(|all| all.concat())
}

fn settings() -> impl Strategy<Value = ServerConfig> {
    (any::<bool>(), any::<[bool; 3]>(), prop_oneof![Just(0u64), Just(12)]).prop_map(|(lmtp, quirks, size)| {
        let mut settings = config();
        settings.protocol = if lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        settings.extensions.size = Some(size);
        settings.auth_in_plain = true;
        let [_, reads_refused_chunks, starts_without_recipients] = quirks;
        // what comes in one read with the dot is no property of the octets
        settings.quirks = Quirks { refuses_joined: false, reads_refused_chunks, starts_without_recipients };
        settings
    })
}

fn judge(what: &str, argument: &str) -> Option<Reply> {
    let refused = (what == "rcpt" && argument.starts_with("nobody")) || (what == "auth" && argument == "b");
    refused.then(|| refusal(550, (5, 1, 1)))
}

fn after(
    settings: ServerConfig,
    bytes: &[u8],
    cut: usize,
) -> (String, Vec<Taken>, Vec<ServerFault>, usize, bool) {
    let mut owner = Owner::judged(settings, judge);
    let mut said = owner.said();
    for piece in bytes.chunks(cut) {
        said += &owner.say(piece);
        if owner.server.wants_tls() {
            break;
        }
    }
    let close = owner.server.wants_close();
    owner.server.disconnected(owner.now);
    owner.work();
    assert!(owner.closed.is_some() && owner.server.poll_event().is_none());
    // whether something came behind what has to be last depends on the cut, and so does what follows of it
    (said, owner.taken, owner.faults, owner.abandoned, close)
}

proptest! {
    #[test]
    fn no_octets_make_it_panic_or_lose_count(settings in settings(), bytes in hostile(), cut in 1usize..400) {
        let (said, taken, ..) = after(settings, &bytes, cut);
        let whole = |line: &str| line.len() > 3 && line.as_bytes()[..3].iter().all(u8::is_ascii_digit);
        prop_assert!(said.lines().all(whole), "{said}");
        for message in taken {
            prop_assert!(message.recipients.iter().all(|who| who == "a@b.example"));
        }
    }

    #[test]
    fn content_is_the_same_however_it_is_cut(settings in settings(), bytes in hostile(), cut in 1usize..50) {
        // one octet at a time nothing ever comes behind a command, as of a client that waits
        let by_one = after(settings.clone(), &bytes, 1);
        let mut by_line = Owner::judged(settings, judge);
        by_line.said();
        let mut said = String::from("220 mx.example ESMTP\r\n");
        if by_one.0.starts_with("220 mx.example LMTP") {
            said = "220 mx.example LMTP\r\n".into();
        }
        'lines: for line in bytes.split_inclusive(|&octet| octet == b'\n') {
            for piece in line.chunks(cut) {
                said += &by_line.say(piece);
                if by_line.server.wants_tls() {
                    break 'lines;
                }
            }
        }
        prop_assert_eq!(said, by_one.0);
        prop_assert_eq!(by_line.taken, by_one.1);
    }
}
