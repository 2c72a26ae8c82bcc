//! The bodies of the bind commands and their responses (SMPP 3.4 §4.1).

use super::field::{DecodeError, Field, Reader, put_c_string};
use super::tlv::{self, Tlvs, tag};

/// The longest system_id, NUL not counted (SMPP 3.4 §5.2.1).
pub const MAX_SYSTEM_ID_CHARS: usize = 15;
/// The longest password, NUL not counted (SMPP 3.4 §5.2.2).
pub const MAX_PASSWORD_CHARS: usize = 8;
/// The longest system_type, NUL not counted (SMPP 3.4 §5.2.3).
pub const MAX_SYSTEM_TYPE_CHARS: usize = 12;

/// The version this crate speaks (SMPP 3.4 §5.2.4).
pub const VERSION_3_4: u8 = 0x34;
/// The version of a peer that names none, and gets no TLVs (SMPP 3.4 §3.4).
pub const VERSION_3_3: u8 = 0x33;

/// What is accepted from a peer: accounts with longer secrets than the specification allows are common.
const MAX_CREDENTIAL_CHARS: usize = 64;
/// The longest address_range, NUL not counted (SMPP 3.4 §5.2.7).
const MAX_ADDRESS_RANGE_CHARS: usize = 40;

/// A request to bind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bind<'a> {
    /// Who binds.
    pub system_id: &'a [u8],
    /// The secret of the account.
    pub password: &'a [u8],
    /// The kind of ESME, as the SMSC wants it named.
    pub system_type: &'a [u8],
    /// The version the ESME speaks.
    pub interface_version: u8,
    /// Type of number of the addresses served.
    pub address_ton: u8,
    /// Numbering plan of the addresses served.
    pub address_npi: u8,
    /// The addresses served, mostly empty.
    pub address_range: &'a [u8],
}

impl std::fmt::Debug for Bind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bind")
            .field("system_id", &String::from_utf8_lossy(self.system_id))
            .field("interface_version", &self.interface_version)
            .finish_non_exhaustive()
    }
}

impl<'a> Bind<'a> {
    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let bind = Self {
            system_id: reader.c_string(MAX_CREDENTIAL_CHARS, Field::SystemId)?,
            password: reader.c_string(MAX_CREDENTIAL_CHARS, Field::Password)?,
            system_type: reader.c_string(MAX_CREDENTIAL_CHARS, Field::SystemType)?,
            interface_version: reader.u8(Field::InterfaceVersion)?,
            address_ton: reader.u8(Field::AddressRange)?,
            address_npi: reader.u8(Field::AddressRange)?,
            address_range: reader.last_c_string(MAX_ADDRESS_RANGE_CHARS, Field::AddressRange)?,
        };
        Tlvs::parse(reader.rest())?;
        Ok(bind)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_c_string(out, self.system_id);
        put_c_string(out, self.password);
        put_c_string(out, self.system_type);
        out.extend_from_slice(&[self.interface_version, self.address_ton, self.address_npi]);
        put_c_string(out, self.address_range);
    }
}

/// The answer to a bind. A refusal mostly has no body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BindResp<'a> {
    /// The SMSC's name for itself.
    pub system_id: &'a [u8],
    /// The version it speaks, where it says so.
    pub version: Option<u8>,
}

impl<'a> BindResp<'a> {
    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let system_id = reader.last_c_string(MAX_CREDENTIAL_CHARS, Field::SystemId)?;
        let tlvs = Tlvs::parse(reader.rest())?;
        let version = tlvs.find(tag::SC_INTERFACE_VERSION).and_then(|value| value.first().copied());
        Ok(Self { system_id, version })
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_c_string(out, self.system_id);
        if let Some(version) = self.version {
            tlv::put(out, tag::SC_INTERFACE_VERSION, &[version]);
        }
    }
}
