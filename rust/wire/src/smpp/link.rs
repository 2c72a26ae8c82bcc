//! What both ends of a session share: the stream out, the window, keep-alive and closing.

use super::command::{Command, RESPONSE};
use super::fault::{CloseReason, ProtocolFault};
use super::frame::{BadLength, Frames};
use super::pdu::{Body, Header, MessageResp};
use super::status;
use super::tlv::Tlvs;
use super::window::{Request, Window};
use crate::outbox::Outbox;

/// How long a closing session waits for the transport to take its last bytes, before it drops them.
const CLOSE_GRACE_US: u64 = 5_000_000;

/// The most octets that may wait while the far end goes on sending: it does not read what it asks for. Far above
/// what a full window of short messages needs.
const MAX_WAITING_OCTETS: usize = 8 * 1024 * 1024;

/// One end of a session, without its role.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) window: Window,
    outbox: Outbox,
    response_timeout_us: u64,
    /// 0 for no enquiries of ours.
    enquire_interval_us: u64,
    /// Whether the session is bound, so that silence is judged.
    live: bool,
    heard_us: u64,
    /// Until when an enquire_link of ours may go unanswered.
    enquiry_us: Option<u64>,
    closing: Option<Closing>,
    /// Nothing more goes out.
    mute: bool,
    /// Nothing that comes in means anything any more.
    deaf: bool,
}

#[derive(Debug, Clone, Copy)]
struct Closing {
    reason: CloseReason,
    deadline_us: u64,
}

/// What a role has to look at in a PDU, after the link has done its part.
#[derive(Debug, Default)]
pub(crate) struct Incoming<'a> {
    pub(crate) fault: Option<ProtocolFault>,
    /// The load that came with an answer which has no body to look at.
    pub(crate) load: Option<u8>,
    pub(crate) body: Option<(Header, Body<'a>)>,
}

impl Link {
    pub(crate) fn new(window: Window, response_timeout_us: u64, enquire_interval_us: u64) -> Self {
        Self {
            window,
            outbox: Outbox::default(),
            response_timeout_us,
            enquire_interval_us,
            live: false,
            heard_us: 0,
            enquiry_us: None,
            closing: None,
            mute: false,
            deaf: false,
        }
    }

    /// Silence is judged from now on.
    pub(crate) fn go_live(&mut self, now_us: u64) {
        self.live = true;
        self.heard_us = now_us;
    }

    pub(crate) fn response_deadline(&self, now_us: u64) -> u64 {
        now_us.saturating_add(self.response_timeout_us)
    }

    /// The next PDU of `bytes`. A length that cannot be is answered, and ends the session.
    pub(crate) fn next<'f, 'i: 'f>(
        &mut self,
        now_us: u64,
        frames: &'f mut Frames,
        bytes: &mut &'i [u8],
    ) -> Option<Incoming<'f>> {
        if self.deaf {
            return None;
        }
        if self.outbox.waiting().len() > MAX_WAITING_OCTETS {
            self.abort(now_us, CloseReason::NotReading);
            return None;
        }
        match frames.next(bytes) {
            Ok(pdu) => pdu.map(|pdu| self.open(now_us, pdu)),
            Err(BadLength(length)) => {
                self.put(Body::GenericNack, status::ESME_RINVCMDLEN, 0);
                self.close(now_us, CloseReason::Violation);
                self.deaf = true;
                Some(Incoming { fault: Some(ProtocolFault::BadLength { length }), ..Incoming::default() })
            }
        }
    }

    /// Reads one PDU, and answers what needs no role to answer it.
    #[inline]
    fn open<'a>(&mut self, now_us: u64, pdu: &'a [u8]) -> Incoming<'a> {
        self.heard_us = now_us;
        self.enquiry_us = None;
        let Ok((header, octets)) = Header::split(pdu) else {
            return Incoming::default();
        };
        let Some(command) = Command::from_id(header.command) else {
            return self.unknown(header);
        };
        match Body::decode(command, octets) {
            Ok(Body::EnquireLink) => {
                self.put(Body::EnquireLinkResp, 0, header.sequence);
                Incoming::default()
            }
            Ok(Body::EnquireLinkResp) => {
                let load = Tlvs::parse(octets).ok().and_then(Tlvs::congestion);
                Incoming { load, ..Incoming::default() }
            }
            Ok(Body::Other(command)) => self.other(header, command),
            Ok(body) => Incoming { body: Some((header, body)), ..Incoming::default() },
            Err(error) => {
                let fault = Some(ProtocolFault::Undecodable { command: header.command, error });
                match command.response() {
                    Some(response) => {
                        self.refuse(response, error.status(), header.sequence);
                        Incoming { fault, ..Incoming::default() }
                    }
                    // the header still tells what became of our request
                    None => Incoming {
                        fault,
                        body: Some((header, Body::salvage(command, octets))),
                        ..Incoming::default()
                    },
                }
            }
        }
    }

    fn unknown(&mut self, header: Header) -> Incoming<'static> {
        // A response is never answered: two such peers would go on for ever.
        if header.command & RESPONSE == 0 {
            self.put(Body::GenericNack, status::ESME_RINVCMDID, header.sequence);
        }
        let fault = Some(ProtocolFault::UnknownCommand { command: header.command });
        Incoming { fault, ..Incoming::default() }
    }

    fn other(&mut self, header: Header, command: Command) -> Incoming<'static> {
        let fault = match command {
            Command::AlertNotification => return Incoming::default(),
            Command::Outbind => ProtocolFault::UnexpectedRequest { command: header.command },
            other if other.is_response() => {
                ProtocolFault::UnexpectedResponse { command: header.command, sequence: header.sequence }
            }
            _ => return self.unknown(header),
        };
        Incoming { fault: Some(fault), ..Incoming::default() }
    }

    /// Queues a PDU.
    #[inline]
    pub(crate) fn put(&mut self, body: Body<'_>, status: u32, sequence: u32) {
        if !self.mute {
            body.encode(status, sequence, self.outbox.buffer());
        }
    }

    /// Queues the response that refuses a request: a header alone, but for deliver_sm_resp, whose empty
    /// message_id is always there (SMPP 3.4 §4.4.2 note, §4.6.2).
    pub(crate) fn refuse(&mut self, response: Command, status: u32, sequence: u32) {
        match response {
            Command::DeliverSmResp => self.put(Body::DeliverSmResp(MessageResp::default()), status, sequence),
            response => self.put(Body::Other(response), status, sequence),
        }
    }

    /// Queues a request that takes no slot, and gives its number.
    pub(crate) fn request(&mut self, body: Body<'_>) -> u32 {
        let sequence = self.window.skip_sequence();
        self.put(body, 0, sequence);
        sequence
    }

    /// Takes a slot for a request, and gives its number and the buffer to write it to.
    #[inline]
    pub(crate) fn occupy(&mut self, now_us: u64, token: u64) -> (u32, &mut Vec<u8>) {
        let sequence = self.window.occupy(token, now_us, self.outbox.end());
        (sequence, self.outbox.buffer())
    }

    /// The next request that was not answered in time. If its bytes are still here the transport is stuck, and
    /// the session ends instead: nothing is uncertain about what never left.
    pub(crate) fn overdue(&mut self, now_us: u64) -> Option<Request> {
        let oldest = self.window.oldest()?;
        if self.response_deadline(oldest.submitted_us) > now_us || self.is_closing() {
            return None;
        }
        if !self.outbox.reached(oldest.start) {
            self.abort(now_us, CloseReason::Stalled);
            return None;
        }
        Some(oldest)
    }

    /// Sends an enquiry after silence, ends a session whose far end stays silent, and drops what a closing
    /// session could not get rid of.
    pub(crate) fn handle_timeout(&mut self, now_us: u64) {
        if let Some(closing) = self.closing {
            if closing.deadline_us <= now_us {
                self.silence();
            }
        } else if self.silence_deadline().is_some_and(|deadline_us| deadline_us <= now_us) {
            if self.enquiry_us.is_some() {
                self.abort(now_us, CloseReason::Silent);
            } else {
                self.request(Body::EnquireLink);
                self.enquiry_us = Some(self.response_deadline(now_us));
            }
        }
    }

    /// When [`Self::handle_timeout`] or [`Self::overdue`] has something to do.
    pub(crate) fn deadline(&self) -> Option<u64> {
        if let Some(closing) = self.closing {
            return (!self.outbox.waiting().is_empty()).then_some(closing.deadline_us);
        }
        let answer = self.window.oldest().map(|request| self.response_deadline(request.submitted_us));
        [answer, self.silence_deadline()].into_iter().flatten().min()
    }

    fn silence_deadline(&self) -> Option<u64> {
        match self.enquiry_us {
            Some(deadline_us) => Some(deadline_us),
            None if self.live && self.enquire_interval_us > 0 => {
                Some(self.heard_us.saturating_add(self.enquire_interval_us))
            }
            None => None,
        }
    }

    /// Closes once what waits has been written.
    pub(crate) fn close(&mut self, now_us: u64, reason: CloseReason) {
        let deadline_us = now_us.saturating_add(CLOSE_GRACE_US);
        self.closing.get_or_insert(Closing { reason, deadline_us });
    }

    /// Closes at once: the far end is not there to read anything.
    pub(crate) fn abort(&mut self, now_us: u64, reason: CloseReason) {
        self.close(now_us, reason);
        self.silence();
    }

    fn silence(&mut self) {
        self.mute = true;
        self.deaf = true;
        self.outbox.discard();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.is_some()
    }

    pub(crate) fn outgoing(&self) -> &[u8] {
        self.outbox.waiting()
    }

    pub(crate) fn wrote(&mut self, octets: usize) {
        self.outbox.wrote(octets);
    }

    /// Whether the transport took any byte of this request.
    pub(crate) fn left(&self, request: Request) -> bool {
        self.outbox.reached(request.start)
    }

    /// The transport is gone. Says why.
    pub(crate) fn end(&mut self) -> CloseReason {
        self.silence();
        self.closing.map_or(CloseReason::Dropped, |closing| closing.reason)
    }
}
