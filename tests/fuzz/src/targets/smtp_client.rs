//! A session towards a relay that says anything.

use bealert_wire::smtp::{
    Client, ClientConfig, Credentials, Envelope, Event, Mechanism, Mode, Secret, TlsMode,
};

use crate::peer::{LATER_US, NOW_US};

/// Messages handed in, as there is room for them.
const MESSAGES: u64 = 6;

/// What a relay says that is ready.
const OPENING: &[u8] = b"220 hi\r\n250-x\r\n250-PIPELINING\r\n250-DSN\r\n250 CHUNKING\r\n";

/// The octets: how it speaks, how long a read is, then what the relay says. With the highest bit of the first the
/// session has yet to be opened, with TLS and an account.
pub(crate) fn read(octets: &[u8]) -> bool {
    let [how, cut, said @ ..] = octets else { return false };
    let whole = heard(*how, said, usize::MAX);
    assert_eq!(heard(*how, said, usize::from(*cut) + 1), whole, "however it is cut");
    whole.iter().any(|event| matches!(event, Event::Accepted { .. } | Event::Ready(_)))
}

/// What becomes of the messages; each line is heard before more is written.
fn heard(how: u8, said: &[u8], cut: usize) -> Vec<Event> {
    let mut client = client(how);
    let (mut events, mut given, mut asked) = (Vec::new(), 0, 0);
    for line in said.split_inclusive(|octet| *octet == b'\n') {
        while client.room() > 0 && given < MESSAGES {
            submit(&mut client, given);
            given += 1;
        }
        let out = client.outgoing();
        let bodies = out.windows(8).filter(|octets| octets == b"Subject:").count();
        assert!(client.mode() == Mode::Bdat || bodies <= asked, "a message nobody asked for");
        client.wrote(out.len());
        if client.wants_tls() {
            client.tls_started(NOW_US);
        }
        asked = usize::from(line.starts_with(b"3"));
        line.chunks(cut).for_each(|piece| client.receive(NOW_US, piece));
        events.extend(std::iter::from_fn(|| client.poll_event()));
    }
    client.handle_timeout(LATER_US);
    client.disconnected(LATER_US);
    events.extend(std::iter::from_fn(|| client.poll_event()));
    assert!(client.outgoing().is_empty() && client.poll_timeout().is_none() && client.room() == 0);
    let ended = |event: &Event| match event {
        Event::Accepted { token, .. }
        | Event::Refused { token, .. }
        | Event::Lost { token, .. }
        | Event::Unsent { token, .. } => Some(*token),
        _ => None,
    };
    let mut tokens: Vec<u64> = events.iter().filter_map(ended).collect();
    tokens.sort_unstable();
    assert_eq!(tokens, (0..given).collect::<Vec<_>>(), "each message ends once");
    assert!(matches!(events.last(), Some(Event::Closed { .. })));
    assert!(events.len() <= given as usize + said.len() / 4 + 8, "no more events than lines ask for");
    events
}

fn client(how: u8) -> Client {
    let mode = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat][usize::from(how) % 4];
    let opened = how & 0x80 == 0;
    let secret = if how & 0x40 == 0 { Secret::Password("x".into()) } else { Secret::Token("x".into()) };
    let account = Credentials { user: "bealert".into(), secret, mechanism: Mechanism::Auto };
    let config = ClientConfig {
        mode,
        tls: if opened { TlsMode::None } else { TlsMode::Opportunistic },
        auth: (!opened && how & 0x20 == 0).then_some(account),
        ..ClientConfig::default()
    };
    let mut client = Client::new(config);
    client.connected(NOW_US);
    if opened {
        for line in OPENING.split_inclusive(|octet| *octet == b'\n') {
            client.receive(NOW_US, line);
            client.wrote(client.outgoing().len());
        }
        assert!(matches!(client.poll_event(), Some(Event::Ready(_))));
    }
    client
}

fn submit(client: &mut Client, token: u64) {
    let to = ["an@example.org", "bo@example.org"];
    let envelope = Envelope::new("bounces@alert.example", &to[..1]);
    client.submit(NOW_US, token, &envelope, &b"Subject: x\r\n\r\n.\r\n"[..]).expect("there is room");
}
