//! A session towards a client that says anything: what receives bounces, and what the simulated relay is made of.

use bealert_wire::smtp::server::{Protocol, Quirks};
use bealert_wire::smtp::{
    AuthMechanisms, EnhancedCode, Extensions, Reply, Server, ServerConfig, ServerEvent,
};

use crate::peer::{LATER_US, NOW_US};

/// What a client got of a session, and what was taken of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    said: Vec<u8>,
    /// Those that came to their end, once for each reply to them.
    messages: Vec<Vec<u8>>,
    /// What came of one that did not yet.
    open: Vec<u8>,
}

/// The octets: which server it is, how long a read is, then what the client says, whose next line follows the reply
/// to the one before.
pub(crate) fn read(octets: &[u8]) -> bool {
    let [how, cut, said @ ..] = octets else { return false };
    let whole = heard(*how, said, usize::MAX);
    assert_eq!(heard(*how, said, usize::from(*cut) + 1), whole, "however it is cut");
    // all at once it may be told that it did not wait, but it loses nobody's octets
    let mut server = server(*how);
    let mut taken = Heard::default();
    said.chunks(64).for_each(|piece| hear(&mut server, piece, &mut taken));
    end(server);
    !whole.messages.is_empty()
}

fn heard(how: u8, said: &[u8], cut: usize) -> Heard {
    let mut server = server(how);
    let mut heard = Heard::default();
    for line in said.split_inclusive(|octet| *octet == b'\n') {
        line.chunks(cut).for_each(|piece| hear(&mut server, piece, &mut heard));
        if server.wants_tls() {
            server.tls_started(NOW_US);
        }
    }
    end(server);
    // how much of it came before it was cut off says nothing
    heard.open.clear();
    let replies = heard.said.split_inclusive(|octet| *octet == b'\n');
    let is_reply = |line: &[u8]| line.ends_with(b"\r\n") && line[..3].iter().all(u8::is_ascii_digit);
    assert!(replies.into_iter().all(is_reply), "{}", String::from_utf8_lossy(&heard.said));
    heard
}

/// Hands octets in, says yes to most of what is asked, and takes the replies.
fn hear(server: &mut Server, octets: &[u8], heard: &mut Heard) {
    server.receive(NOW_US, octets);
    while let Some(event) = server.poll_event() {
        let refused = match event {
            ServerEvent::Content(piece) => {
                heard.open.extend_from_slice(piece);
                continue;
            }
            ServerEvent::Complete { octets, .. } => {
                assert_eq!(octets, heard.open.len() as u64);
                heard.messages.push(heard.open.clone());
                false
            }
            ServerEvent::Rcpt(rcpt) => rcpt.recipient.starts_with("no"),
            ServerEvent::Credentials(said) => said.secret != "secret",
            ServerEvent::Mail(_) => {
                heard.open.clear();
                false
            }
            ServerEvent::Abandoned => {
                heard.open.clear();
                continue;
            }
            ServerEvent::Fault { .. } | ServerEvent::Closed { .. } => continue,
            _ => false,
        };
        if refused {
            server.answer(NOW_US, &Reply::new(550, Some(EnhancedCode(5, 1, 1)), "no"));
        } else {
            server.accept(NOW_US);
        }
    }
    heard.said.extend_from_slice(server.outgoing());
    server.wrote(server.outgoing().len());
}

fn end(mut server: Server) {
    server.handle_timeout(LATER_US);
    server.disconnected(LATER_US);
    let last =
        std::iter::from_fn(|| server.poll_event().map(|event| matches!(event, ServerEvent::Closed { .. })));
    assert_eq!(last.last(), Some(true), "the end is told, and last");
    assert!(server.outgoing().is_empty() && server.poll_timeout().is_none() && !server.wants_close());
}

fn server(how: u8) -> Server {
    let is = |bit: u8| how & 1 << bit != 0;
    let config = ServerConfig {
        protocol: if is(0) { Protocol::Lmtp } else { Protocol::Smtp },
        extensions: Extensions {
            pipelining: true,
            size: Some(if is(1) { 16 } else { 0 }),
            eight_bit_mime: true,
            smtp_utf8: true,
            dsn: true,
            enhanced_status_codes: is(2),
            chunking: true,
            starttls: true,
            auth: AuthMechanisms { plain: true, login: true, xoauth2: true, oauthbearer: true, other: false },
            ..Extensions::default()
        },
        auth_in_plain: is(3),
        quirks: Quirks { reads_refused_chunks: is(4), starts_without_recipients: is(5), ..Quirks::default() },
        ..ServerConfig::default()
    };
    let mut server = Server::new(config);
    server.connected(NOW_US, false);
    server
}
