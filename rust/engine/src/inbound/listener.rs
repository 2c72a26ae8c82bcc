//! Where receipts are handed over: an LMTP or SMTP server of a few connections.

use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::task::{Context, Poll};

use bealert_wire::smtp::server::Protocol;
use bealert_wire::smtp::{EnhancedCode, Extensions, Reply, Server, ServerConfig, ServerEvent};

use super::carrier::Carrier;
use super::letterbox::Counts;
use crate::config::{BounceListener, BounceProtocol};
use crate::fork::{Descriptor, Descriptors};
use crate::mail::Verp;
use crate::session::Pass;
use crate::session::accepted::Accepted;

/// Connections at once: a mail server makes 20 to one destination unless told otherwise.
const MAX_CONNECTIONS: usize = 64;

/// What a report may have at most, in octets; it returns a letter, with its attachments where the reporter is generous.
const MAX_SIZE_OCTETS: u64 = 64 * 1024 * 1024;

/// Octets of reports that are read in a pass before sending has its turn: some milliseconds of it.
const MAX_PASS_OCTETS: usize = 256 * 1_024;

/// How long accepting rests when the system has no descriptor left.
const ACCEPT_RETRY_US: u64 = 100_000;

/// A port where receipts are taken.
pub(crate) struct Listener {
    /// Until the loop runs, which is where a socket can be waited for.
    bound: Option<TcpListener>,
    listener: Option<tokio::net::TcpListener>,
    descriptor: Option<Descriptor>,
    descriptors: Arc<Descriptors>,
    protocol: Protocol,
    verp: Verp,
    carriers: Vec<Carrier>,
    /// The number of the last connection.
    bearer: u16,
    accept_again_us: Option<u64>,
    pub(super) counts: Counts,
}

impl Listener {
    pub(super) fn bind(
        config: &BounceListener,
        verp: Verp,
        descriptors: &Arc<Descriptors>,
    ) -> io::Result<Self> {
        let bound = TcpListener::bind(&config.listen)?;
        bound.set_nonblocking(true)?;
        let descriptor = Some(descriptors.note(bound.as_raw_fd()));
        let protocol = match config.protocol {
            BounceProtocol::Lmtp => Protocol::Lmtp,
            BounceProtocol::Smtp => Protocol::Smtp,
        };
        Ok(Self {
            bound: Some(bound),
            listener: None,
            descriptor,
            descriptors: Arc::clone(descriptors),
            protocol,
            verp,
            carriers: Vec::new(),
            bearer: 0,
            accept_again_us: None,
            counts: Counts::default(),
        })
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        self.accept(cx, pass);
        let Self { carriers, verp, counts, .. } = self;
        let (mut more, mut octets, mut gone) = (false, 0, Vec::new());
        let count = carriers.len();
        for offset in 0..count {
            if octets >= MAX_PASS_OCTETS {
                // the others have their turn in the next pass, and first
                carriers.rotate_left(offset);
                more = true;
                break;
            }
            let carrier = &mut carriers[offset];
            carrier.server.handle_timeout(pass.now_us);
            let read = carrier.read(cx, pass);
            // what came before an end counts
            octets += carrier.work(pass, verp, counts);
            match read {
                Ok(any) => more |= any,
                Err(_) => gone.push(carrier.bearer),
            }
        }
        self.forget(pass, &gone);
        more
    }

    pub(super) fn answer(&mut self, now_us: u64, bearer: u16, reply: u64, ok: bool) {
        if let Some(carrier) = self.carriers.iter_mut().find(|carrier| carrier.bearer == bearer) {
            carrier.answer(now_us, reply, ok);
        }
    }

    pub(super) fn flush(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) -> bool {
        let Self { carriers, verp, counts, .. } = self;
        let (mut octets, mut gone) = (0, Vec::new());
        for carrier in carriers {
            if octets < MAX_PASS_OCTETS {
                octets += carrier.work(pass, verp, counts);
            }
            if !carrier.write(cx).unwrap_or(false) {
                gone.push(carrier.bearer);
            }
        }
        self.forget(pass, &gone);
        octets > 0
    }

    fn forget(&mut self, pass: &mut Pass<'_>, gone: &[u16]) {
        gone.iter().for_each(|&bearer| pass.dispatcher.bearer_gone(bearer));
        self.carriers.retain(|carrier| !gone.contains(&carrier.bearer));
    }

    pub(super) fn timeout(&self) -> Option<u64> {
        let sessions = self.carriers.iter().filter_map(|carrier| carrier.server.poll_timeout());
        sessions.chain(self.accept_again_us).min()
    }

    pub(super) fn close(&mut self, now_us: u64) {
        (self.bound, self.listener, self.descriptor, self.accept_again_us) = (None, None, None, None);
        self.carriers.iter_mut().for_each(|carrier| carrier.close(now_us));
    }

    fn accept(&mut self, cx: &mut Context<'_>, pass: &mut Pass<'_>) {
        if let Some(bound) = self.bound.take() {
            match tokio::net::TcpListener::from_std(bound) {
                Ok(listener) => self.listener = Some(listener),
                Err(error) => pass.log.error("receipts", format!("nobody can bring receipts: {error}")),
            }
        }
        if self.accept_again_us.is_some_and(|again_us| again_us > pass.now_us) {
            return;
        }
        self.accept_again_us = None;
        while let Some(listener) = &self.listener {
            match listener.poll_accept(cx) {
                Poll::Pending => return,
                Poll::Ready(Ok((stream, _))) => {
                    let descriptor = self.descriptors.note(stream.as_raw_fd());
                    // one that is gone already needs no session
                    let Ok(stream) = Accepted::new(stream, false) else { continue };
                    self.begin(pass.now_us, descriptor, stream);
                }
                Poll::Ready(Err(_)) => {
                    self.accept_again_us = Some(pass.now_us.saturating_add(ACCEPT_RETRY_US));
                    return;
                }
            }
        }
    }

    fn begin(&mut self, now_us: u64, descriptor: Descriptor, stream: Accepted) {
        let mut server = Server::new(config(self.protocol));
        server.connected(now_us, false);
        if self.carriers.len() >= MAX_CONNECTIONS && server.poll_event() == Some(ServerEvent::Connected) {
            let reply = Reply::new(421, Some(EnhancedCode(4, 7, 0)), "Too many connections");
            server.answer(now_us, &reply);
        }
        // 0 is the bearer of a Maildir; one that is still there keeps its number
        loop {
            self.bearer = self.bearer.wrapping_add(1).max(1);
            if self.carriers.iter().all(|carrier| carrier.bearer != self.bearer) {
                break;
            }
        }
        self.carriers.push(Carrier::new(descriptor, self.bearer, stream, server));
    }
}

/// What is offered to those who bring receipts.
fn config(protocol: Protocol) -> ServerConfig {
    let extensions = Extensions {
        pipelining: true,
        size: Some(MAX_SIZE_OCTETS),
        eight_bit_mime: true,
        smtp_utf8: true,
        enhanced_status_codes: true,
        chunking: true,
        ..Extensions::default()
    };
    ServerConfig { name: "bealert".into(), protocol, extensions, ..ServerConfig::default() }
}
