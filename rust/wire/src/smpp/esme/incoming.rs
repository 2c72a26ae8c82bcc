//! What an ESME makes of each PDU that comes in.

use super::{Esme, Phase};
use crate::smpp::bind::{BindResp, VERSION_3_3};
use crate::smpp::command::Command;
use crate::smpp::event::{Event, Reply};
use crate::smpp::fault::{CloseReason, ProtocolFault};
use crate::smpp::field::text;
use crate::smpp::link::Incoming;
use crate::smpp::message::ShortMessage;
use crate::smpp::pdu::{Body, Header, MessageResp};
use crate::smpp::receipt::Receipt;
use crate::smpp::status;
use crate::smpp::window::Request;

impl Esme {
    #[inline]
    pub(super) fn take(&mut self, now_us: u64, incoming: Incoming<'_>) {
        if let Some(what) = incoming.fault {
            self.events.push_back(Event::Fault { what });
        }
        if let Some(load) = incoming.load {
            self.events.push_back(Event::Congestion { load });
        }
        let Some((header, body)) = incoming.body else {
            return;
        };
        match body {
            Body::SubmitSmResp(response) => self.take_response(now_us, header, response),
            Body::DeliverSm(message) => self.take_message(header, &message),
            Body::DataSm(message) => self.take_message(header, &message.as_short_message()),
            Body::BindResp(mode, response) if mode == self.config.bind => {
                self.take_bind(now_us, header, response)
            }
            Body::GenericNack => self.take_nack(now_us, header),
            Body::Unbind => {
                self.link.put(Body::UnbindResp, 0, header.sequence);
                if !self.link.is_closing() {
                    self.events.push_back(Event::Unbound);
                }
                self.link.close(now_us, CloseReason::PeerUnbound);
            }
            Body::UnbindResp if matches!(self.phase, Phase::Unbinding { .. }) => {
                if let Phase::Unbinding { why, .. } = self.phase {
                    self.link.close(now_us, why);
                }
            }
            Body::SubmitSm(_) | Body::Bind(..) => self.not_allowed(header),
            _ => self.unexpected(header),
        }
    }

    #[inline]
    fn take_response(&mut self, now_us: u64, header: Header, response: MessageResp<'_>) {
        let Some(request) = self.link.window.release(header.sequence) else {
            return self.unexpected(header);
        };
        if let Some(load) = response.tlvs.congestion() {
            self.events.push_back(Event::Congestion { load });
        }
        let Request { token, late, .. } = request;
        let took_us = took_us(now_us, request);
        self.events.push_back(match header.status {
            status::ESME_ROK => Event::Accepted { token, id: text(response.message_id), took_us, late },
            status => Event::Rejected { token, status, took_us, late },
        });
    }

    fn take_message(&mut self, header: Header, message: &ShortMessage<'_>) {
        if matches!(self.phase, Phase::Idle | Phase::Binding { .. }) {
            return self.not_allowed(header);
        }
        let Some(response) = Command::from_id(header.command).and_then(Command::response) else {
            return;
        };
        let reply = Reply { sequence: header.sequence, response };
        self.owed += 1;
        self.events.push_back(match Receipt::find(message) {
            Some(receipt) => Event::Receipt { reply, receipt },
            None => Event::Message {
                reply,
                source: String::from_utf8_lossy(message.source).into_owned(),
                destination: String::from_utf8_lossy(message.destination).into_owned(),
            },
        });
    }

    fn take_bind(&mut self, now_us: u64, header: Header, response: BindResp<'_>) {
        match self.phase {
            Phase::Binding { sequence, .. } if sequence == header.sequence && !self.link.is_closing() => {}
            _ => return self.unexpected(header),
        }
        if header.status != status::ESME_ROK {
            return self.refused(now_us, header.status);
        }
        self.phase = Phase::Bound;
        self.version = response.version.unwrap_or(VERSION_3_3);
        self.link.go_live(now_us);
        let smsc = String::from_utf8_lossy(response.system_id).into_owned();
        self.events.push_back(Event::Bound { smsc, version: self.version });
    }

    /// A nack is the answer to the request it names (SMPP 3.4 §4.3); the one to an enquiry is a sign of life.
    fn take_nack(&mut self, now_us: u64, header: Header) {
        let status = if header.status == status::ESME_ROK { status::ESME_RUNKNOWNERR } else { header.status };
        if let Phase::Binding { sequence, .. } = self.phase
            && (header.sequence == sequence || header.sequence == 0)
        {
            return self.refused(now_us, status);
        }
        match self.link.window.release(header.sequence) {
            Some(request) => {
                let Request { token, late, .. } = request;
                let took_us = took_us(now_us, request);
                self.events.push_back(Event::Rejected { token, status, took_us, late });
            }
            None => {
                let what = ProtocolFault::Nacked { status, sequence: header.sequence };
                self.events.push_back(Event::Fault { what });
            }
        }
    }

    fn refused(&mut self, now_us: u64, status: u32) {
        if !self.link.is_closing() {
            self.events.push_back(Event::BindRefused { status });
        }
        self.link.close(now_us, CloseReason::BindRefused { status });
    }

    fn not_allowed(&mut self, header: Header) {
        if let Some(response) = Command::from_id(header.command).and_then(Command::response) {
            self.link.refuse(response, status::ESME_RINVBNDSTS, header.sequence);
        }
        let what = ProtocolFault::UnexpectedRequest { command: header.command };
        self.events.push_back(Event::Fault { what });
    }

    fn unexpected(&mut self, header: Header) {
        let what = ProtocolFault::UnexpectedResponse { command: header.command, sequence: header.sequence };
        self.events.push_back(Event::Fault { what });
    }
}

fn took_us(now_us: u64, request: Request) -> u32 {
    u32::try_from(now_us.saturating_sub(request.submitted_us)).unwrap_or(u32::MAX)
}
