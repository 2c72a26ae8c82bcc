//! SMPP 3.4, both roles: [`Esme`] sends messages and takes receipts, [`Smsc`] takes messages and sends receipts.
//!
//! # How a message goes
//!
//! ```
//! use bealert_wire::smpp::{Address, Esme, EsmeConfig, Event, Message, SubmitOptions, SubmitTemplate};
//! # use bealert_wire::smpp::{Smsc, SmscConfig, SmscEvent};
//!
//! let mut esme = Esme::new(EsmeConfig { system_id: "bealert".into(), ..EsmeConfig::default() });
//! # let mut smsc = Smsc::new(SmscConfig::default());
//! # smsc.connected(0);
//! esme.connected(0); // the bind waits in esme.outgoing()
//! # smsc.receive(0, esme.outgoing());
//! # esme.wrote(esme.outgoing().len());
//! # let Some(SmscEvent::Bind { reply, .. }) = smsc.poll_event() else { panic!() };
//! # smsc.accept(0, reply);
//! # let from_smsc = smsc.outgoing().to_vec();
//! esme.receive(1_000, &from_smsc);
//! assert!(matches!(esme.poll_event(), Some(Event::Bound { .. })));
//!
//! let template = SubmitTemplate::new(&SubmitOptions::new(Address::sender("BE-Alert")?))?;
//! let message = Message { destination: "32470123456", body: b"Blijf binnen.", udhi: false, data_coding: 0 };
//! assert_eq!(esme.room(), 10);
//! esme.submit(1_100, 7, &template, &message)?; // its outcome comes with the token 7
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! - **The window.** At most [`EsmeConfig::window`] submits are unanswered; responses come in any order and are
//!   found without hashing. Keep-alives, unbind and the answers to receipts never wait for a slot (SMPP 5.0 §2.6.4).
//! - **Accounting.** Every token ends in exactly one [`Event::Accepted`], [`Event::Rejected`], [`Event::Lost`] or
//!   [`Event::Unsent`]. A slot is taken before its bytes exist, so no response is too early; a request that timed
//!   out keeps its slot, so none is too late while the session lives. `Unsent` means that no byte was given to the
//!   transport: sending it again cannot double it.
//! - **Ending.** A session with half its window timed out, or with nothing left but timed-out requests, drains
//!   and closes by itself. Whatever closes it, [`Esme::wants_close`] says so and [`Event::Closed`] says why.
//! - **Bad peers.** What cannot be read gets the nack or response the specification has for it, and one
//!   [`Event::Fault`]. A peer that is silent, or sends without reading, is given up.

mod address;
mod bind;
mod command;
mod config;
mod delivery;
mod esme;
mod event;
mod fault;
mod field;
mod frame;
mod link;
mod message;
mod pdu;
mod receipt;
mod smsc;
pub mod status;
mod submit;
mod template;
mod time;
pub mod tlv;
mod window;

pub use address::{
    Address, AddressError, MAX_ADDRESS_CHARS, MAX_ALPHANUMERIC_SEPTETS, NPI_ISDN, NPI_UNKNOWN,
    TON_ALPHANUMERIC, TON_INTERNATIONAL, TON_UNKNOWN,
};
pub use bind::{
    Bind, BindResp, MAX_PASSWORD_CHARS, MAX_SYSTEM_ID_CHARS, MAX_SYSTEM_TYPE_CHARS, VERSION_3_3, VERSION_3_4,
};
pub use command::{BindMode, Command, RESPONSE};
pub use config::{ConfigProblem, EsmeConfig, SmscConfig};
pub use delivery::{DeliverReceipt, ReceiptForm};
pub use esme::Esme;
pub use event::{Event, Output, Password, Reply, SmscEvent};
pub use fault::{CloseReason, ProtocolFault};
pub use field::{DecodeError, Field, Problem};
pub use frame::{BadLength, Frames, MAX_PDU_OCTETS};
pub use message::{
    DataSm, ESM_INTERMEDIATE, ESM_KIND, ESM_RECEIPT, ESM_UDHI, MAX_SERVICE_TYPE_CHARS,
    MAX_SHORT_MESSAGE_OCTETS, ShortMessage,
};
pub use pdu::{Body, HEADER_OCTETS, Header, MAX_MESSAGE_ID_CHARS, MAX_SEQUENCE, MessageResp};
pub use receipt::{MessageId, Receipt, ReceiptState};
pub use smsc::Smsc;
pub use status::{Status, StatusClass, class, name};
pub use submit::{Octets, SubmitSm};
pub use template::{MAX_BODY_OCTETS, Message, SubmitError, SubmitOptions, SubmitTemplate, TemplateError};
pub use time::{MAX_RELATIVE_S, TIME_CHARS, Time, TimeError, TimeText};
pub use window::MAX_WINDOW;
