//! Command ids (SMPP 3.4 §5.1.2.1) and bind modes.

/// The bit that makes a command id the response to a request.
pub const RESPONSE: u32 = 0x8000_0000;

macro_rules! commands {
    ($($name:ident $code:literal $meaning:literal;)*) => {
        /// Every command of SMPP 3.4.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Command {
            $(#[doc = $meaning] $name = $code,)*
        }

        impl Command {
            /// The command with this id, if SMPP 3.4 has one.
            pub fn from_id(id: u32) -> Option<Self> {
                match id {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

commands! {
    BindReceiver 0x01 "bind_receiver";
    BindTransmitter 0x02 "bind_transmitter";
    QuerySm 0x03 "query_sm";
    SubmitSm 0x04 "submit_sm";
    DeliverSm 0x05 "deliver_sm";
    Unbind 0x06 "unbind";
    ReplaceSm 0x07 "replace_sm";
    CancelSm 0x08 "cancel_sm";
    BindTransceiver 0x09 "bind_transceiver";
    Outbind 0x0B "outbind";
    EnquireLink 0x15 "enquire_link";
    SubmitMulti 0x21 "submit_multi";
    AlertNotification 0x102 "alert_notification";
    DataSm 0x103 "data_sm";
    GenericNack 0x8000_0000 "generic_nack";
    BindReceiverResp 0x8000_0001 "bind_receiver_resp";
    BindTransmitterResp 0x8000_0002 "bind_transmitter_resp";
    QuerySmResp 0x8000_0003 "query_sm_resp";
    SubmitSmResp 0x8000_0004 "submit_sm_resp";
    DeliverSmResp 0x8000_0005 "deliver_sm_resp";
    UnbindResp 0x8000_0006 "unbind_resp";
    ReplaceSmResp 0x8000_0007 "replace_sm_resp";
    CancelSmResp 0x8000_0008 "cancel_sm_resp";
    BindTransceiverResp 0x8000_0009 "bind_transceiver_resp";
    EnquireLinkResp 0x8000_0015 "enquire_link_resp";
    SubmitMultiResp 0x8000_0021 "submit_multi_resp";
    DataSmResp 0x8000_0103 "data_sm_resp";
}

impl Command {
    /// The command id.
    pub fn id(self) -> u32 {
        self as u32
    }

    /// Whether this answers a request.
    pub fn is_response(self) -> bool {
        self.id() & RESPONSE != 0
    }

    /// The command that answers this one; `None` for responses and for what is never answered
    /// (outbind §4.1.7, alert_notification §4.12).
    pub fn response(self) -> Option<Self> {
        match self {
            Self::Outbind | Self::AlertNotification => None,
            request if request.is_response() => None,
            request => Self::from_id(request.id() | RESPONSE),
        }
    }
}

/// What a session may carry (SMPP 3.4 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BindMode {
    /// Messages to the SMSC only.
    Transmitter,
    /// Messages and receipts from the SMSC only.
    Receiver,
    /// Both.
    #[default]
    Transceiver,
}

impl BindMode {
    /// Whether submit_sm may go this way.
    pub fn submits(self) -> bool {
        self != Self::Receiver
    }

    /// Whether deliver_sm may come this way.
    pub fn delivers(self) -> bool {
        self != Self::Transmitter
    }

    /// The command that asks for this mode.
    pub fn command(self) -> Command {
        match self {
            Self::Transmitter => Command::BindTransmitter,
            Self::Receiver => Command::BindReceiver,
            Self::Transceiver => Command::BindTransceiver,
        }
    }

    /// The command that answers a bind in this mode.
    pub fn response(self) -> Command {
        match self {
            Self::Transmitter => Command::BindTransmitterResp,
            Self::Receiver => Command::BindReceiverResp,
            Self::Transceiver => Command::BindTransceiverResp,
        }
    }
}
