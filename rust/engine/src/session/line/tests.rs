//! A far end that answers and breaks the connection before we have read it: what it answered counts.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bealert_wire::smpp::{
    self, Address, Esme, EsmeConfig, Message, Smsc, SmscConfig, SmscEvent, SubmitOptions, SubmitTemplate,
};
use bealert_wire::smtp::{self, Client, ClientConfig, Envelope, Phase};
use rustix::event::{PollFd, PollFlags, poll};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;

use super::*;
use crate::fork::Descriptors;
use crate::session::stream::{open_smpp, open_smtp};
use crate::session::tls::{Tls, Trust};

const NOW_US: u64 = 1_000_000;

/// A far end that has a message, and answers it when it is told to.
struct Peer {
    has_it: Receiver<()>,
    answer: Sender<()>,
    thread: JoinHandle<()>,
}

/// What a far end tells and waits for, from its side.
struct Cue {
    has_it: Sender<()>,
    answer: Receiver<()>,
}

impl Cue {
    fn wait(&self) {
        self.has_it.send(()).unwrap();
        self.answer.recv_timeout(Duration::from_secs(30)).unwrap();
    }
}

fn peer(serve: impl FnOnce(TcpStream, &Cue) + Send + 'static) -> (u16, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ((has_it_in, has_it), (answer, answer_out)) = (channel(), channel());
    let cue = Cue { has_it: has_it_in, answer: answer_out };
    let thread = thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
        serve(socket, &cue);
    });
    (port, Peer { has_it, answer, thread })
}

trait Socket: Read + Write {}
impl<T: Read + Write> Socket for T {}

/// A relay with PIPELINING that says `reply` to the first message.
fn relay(reply: &'static str, tls: Option<Arc<ServerConfig>>) -> (u16, Peer) {
    peer(move |socket, cue| {
        let mut socket: Box<dyn Socket> = match tls {
            Some(tls) => Box::new(StreamOwned::new(ServerConnection::new(tls).unwrap(), socket)),
            None => Box::new(socket),
        };
        socket.write_all(b"220 relay.example ESMTP\r\n").unwrap();
        hear(&mut socket, b"\r\n");
        socket.write_all(b"250-relay.example\r\n250 PIPELINING\r\n").unwrap();
        hear(&mut socket, b"DATA\r\n");
        socket.write_all(b"250 Ok\r\n250 Ok\r\n354 Go ahead\r\n").unwrap();
        hear(&mut socket, b"\r\n.\r\n");
        cue.wait();
        socket.write_all(reply.as_bytes()).unwrap();
    })
}

fn hear(socket: &mut impl Read, end: &[u8]) {
    let (mut heard, mut octet) = (Vec::new(), [0]);
    while !heard.ends_with(end) {
        socket.read_exact(&mut octet).unwrap();
        heard.extend_from_slice(&octet);
    }
}

/// Reads and writes as the loop does, until the far end has the message; then it answers and is gone, unread.
async fn send_and_lose<D: Dialogue>(line: &mut Line<D>, peer: Peer) {
    while peer.has_it.try_recv().is_err() {
        turn(line).await.expect("the connection is there");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    peer.answer.send(()).unwrap();
    peer.thread.join().unwrap();
    let socket = line.stream().socket();
    let mut broken = [PollFd::new(socket, PollFlags::HUP)];
    poll(&mut broken, None).unwrap();
}

async fn turn<D: Dialogue>(line: &mut Line<D>) -> Result<(), Lost> {
    let mut buffer = vec![0; PASS_BYTES];
    poll_fn(|cx| Poll::Ready(line.read(cx, NOW_US, &mut buffer))).await?;
    poll_fn(|cx| Poll::Ready(line.write(cx, NOW_US, &mut buffer))).await?;
    Ok(())
}

async fn write<D: Dialogue>(line: &mut Line<D>) -> Result<bool, Lost> {
    let mut buffer = vec![0; PASS_BYTES];
    poll_fn(|cx| Poll::Ready(line.write(cx, NOW_US, &mut buffer))).await
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// What became of the first message, and of the second, which is written when the relay is gone.
fn two_messages(reply: &'static str, encrypted: bool) -> [smtp::Event; 2] {
    let (port, peer) = relay(reply, encrypted.then(server_config));
    let tls = encrypted.then(|| Tls::new("127.0.0.1", Trust::Anybody).unwrap());
    let submit = |client: &mut Client, token| {
        let envelope = Envelope::new("a@alert.example", &["b@example.org"]);
        client.submit(NOW_US, token, &envelope, b"Subject: x\r\n\r\nx\r\n".as_slice()).unwrap();
    };
    runtime().block_on(async {
        let stream = open_smtp("127.0.0.1", port, tls, &Descriptors::new()).await.unwrap();
        let tls = if encrypted { smtp::TlsMode::Implicit } else { smtp::TlsMode::None };
        let mut client = Box::new(Client::new(ClientConfig { tls, ..ClientConfig::default() }));
        client.connected(NOW_US);
        let mut line = Line::new(stream, client);
        while line.room() == 0 {
            turn(&mut line).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        submit(&mut line.session, 1);
        send_and_lose(&mut line, peer).await;
        submit(&mut line.session, 2);
        assert!(matches!(write(&mut line).await, Err(Lost(Some(_)))));
        line.session.disconnected(NOW_US);
        let events: Vec<_> = std::iter::from_fn(|| line.session.poll_event()).collect();
        let about = |wanted| {
            let is = |event: &&smtp::Event| match event {
                smtp::Event::Accepted { token, .. }
                | smtp::Event::Refused { token, .. }
                | smtp::Event::Lost { token, .. }
                | smtp::Event::Unsent { token, .. } => *token == wanted,
                _ => false,
            };
            events.iter().find(is).unwrap().clone()
        };
        [about(1), about(2)]
    })
}

fn server_config() -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Arc::new(builder.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap())
}

#[test]
fn a_message_that_was_accepted_is_not_in_doubt() {
    for encrypted in [false, true] {
        let [first, second] = two_messages("250 2.0.0 Ok: queued as A1\r\n", encrypted);
        assert!(matches!(first, smtp::Event::Accepted { .. }), "{first:?}");
        assert!(matches!(second, smtp::Event::Unsent { .. }), "{second:?}");
    }
}

#[test]
fn a_message_that_the_relay_sent_back_is_not_in_doubt() {
    for encrypted in [false, true] {
        let [first, second] = two_messages("421 4.3.2 Going down\r\n", encrypted);
        assert!(matches!(first, smtp::Event::Refused { phase: Phase::Dot, .. }), "{first:?}");
        assert!(matches!(second, smtp::Event::Unsent { .. }), "{second:?}");
    }
}

/// An SMSC that takes one message, and is gone when it has answered it.
fn smsc() -> (u16, Peer) {
    peer(|mut socket, cue| {
        let mut smsc = Smsc::new(SmscConfig::default());
        smsc.connected(NOW_US);
        let mut buffer = [0; 4_096];
        loop {
            let read = socket.read(&mut buffer).unwrap();
            smsc.receive(NOW_US, &buffer[..read]);
            let mut answered = false;
            while let Some(event) = smsc.poll_event() {
                match event {
                    SmscEvent::Bind { reply, .. } => smsc.accept(NOW_US, reply),
                    SmscEvent::Submit { reply, .. } => {
                        cue.wait();
                        smsc.respond(NOW_US, reply, 0, "A1");
                        answered = true;
                    }
                    _ => {}
                }
            }
            socket.write_all(smsc.outgoing()).unwrap();
            smsc.wrote(smsc.outgoing().len());
            if answered {
                return;
            }
        }
    })
}

#[test]
fn a_short_message_that_was_accepted_is_not_in_doubt() {
    let (port, peer) = smsc();
    let template = SubmitTemplate::new(&SubmitOptions::new(Address::sender("BE-Alert").unwrap())).unwrap();
    let message = Message { destination: "32470123456", body: b"x", udhi: false, data_coding: 0 };
    runtime().block_on(async {
        let stream = open_smpp("127.0.0.1", port, &Descriptors::new()).await.unwrap();
        let mut esme = Box::new(Esme::new(EsmeConfig::default()));
        esme.connected(NOW_US);
        let mut line = Line::new(stream, esme);
        while line.room() == 0 {
            turn(&mut line).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        line.session.submit(NOW_US, 1, &template, &message).unwrap();
        send_and_lose(&mut line, peer).await;
        line.session.submit(NOW_US, 2, &template, &message).unwrap();
        assert!(matches!(write(&mut line).await, Err(Lost(Some(_)))));
        let mut events = std::iter::from_fn(|| line.session.poll_event());
        let accepted = events.any(|event| matches!(event, smpp::Event::Accepted { token: 1, .. }));
        assert!(accepted, "what was answered counts");
    });
}
