//! Status codes: their names, and what a sender does about each class of them (SMPP 3.4 §5.1.3).

use std::fmt;

/// What a status asks of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusClass {
    /// The far end took the request.
    Accepted,
    /// The far end takes no more for now: the whole bind slows down, and the request did not count.
    Throttled,
    /// This request may succeed later.
    Retry,
    /// This request will not succeed as it is.
    Permanent,
    /// The account cannot bind like this; trying again quickly makes it worse.
    BindFatal,
}

/// The class of any status. Codes without a name here (the vendors' own 0x400 to 0x4FF among them) are
/// [`StatusClass::Permanent`] until an account says otherwise.
pub fn class(status: u32) -> StatusClass {
    find(status).map_or(StatusClass::Permanent, |&(_, _, class)| class)
}

/// The name of a status: `ESME_RTHROTTLED`, or `vendor` or `reserved` for one without a name.
/// [`Status`] displays those with their number.
pub fn name(status: u32) -> &'static str {
    match find(status) {
        Some(&(_, name, _)) => name,
        None if VENDOR.contains(&status) => "vendor",
        None => "reserved",
    }
}

/// A status for people: `ESME_RTHROTTLED (0x58)`, `vendor 0x401`, `reserved 0x50`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u32);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match find(self.0) {
            Some(&(_, name, _)) => write!(f, "{name} (0x{:02X})", self.0),
            None => write!(f, "{} 0x{:02X}", name(self.0), self.0),
        }
    }
}

/// The codes that vendors give meaning to (SMPP 3.4 §5.1.3).
const VENDOR: std::ops::RangeInclusive<u32> = 0x400..=0x4FF;

fn find(status: u32) -> Option<&'static (u32, &'static str, StatusClass)> {
    let at = TABLE.binary_search_by_key(&status, |&(code, _, _)| code).ok()?;
    Some(&TABLE[at])
}

macro_rules! statuses {
    ($($code:literal $name:ident $class:ident $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: u32 = $code;)*
        const TABLE: &[(u32, &str, StatusClass)] = &[$(($code, stringify!($name), StatusClass::$class)),*];
    };
}

// In ascending order: `find` searches it by halves.
statuses! {
    0x00 ESME_ROK Accepted "No error.";
    0x01 ESME_RINVMSGLEN Permanent "Message length is invalid.";
    0x02 ESME_RINVCMDLEN Permanent "Command length is invalid.";
    0x03 ESME_RINVCMDID Permanent "Invalid command id.";
    0x04 ESME_RINVBNDSTS Retry "Incorrect bind status for the given command.";
    0x05 ESME_RALYBND Retry "Already bound: an old session of ours has not ended there yet.";
    0x06 ESME_RINVPRTFLG Permanent "Invalid priority flag.";
    0x07 ESME_RINVREGDLVFLG Permanent "Invalid registered delivery flag.";
    0x08 ESME_RSYSERR Retry "System error.";
    0x0A ESME_RINVSRCADR Permanent "Invalid source address.";
    0x0B ESME_RINVDSTADR Permanent "Invalid destination address.";
    0x0C ESME_RINVMSGID Permanent "Message id is invalid.";
    0x0D ESME_RBINDFAIL BindFatal "Bind failed.";
    0x0E ESME_RINVPASWD BindFatal "Invalid password.";
    0x0F ESME_RINVSYSID BindFatal "Invalid system id.";
    0x11 ESME_RCANCELFAIL Permanent "Cancel failed.";
    0x13 ESME_RREPLACEFAIL Permanent "Replace failed.";
    0x14 ESME_RMSGQFUL Throttled "Message queue full.";
    0x15 ESME_RINVSERTYP Permanent "Invalid service type.";
    0x33 ESME_RINVNUMDESTS Permanent "Invalid number of destinations.";
    0x34 ESME_RINVDLNAME Permanent "Invalid distribution list name.";
    0x40 ESME_RINVDESTFLAG Permanent "Destination flag is invalid.";
    0x42 ESME_RINVSUBREP Permanent "Submit with replace is not supported or failed.";
    0x43 ESME_RINVESMCLASS Permanent "Invalid esm_class.";
    0x44 ESME_RCNTSUBDL Permanent "Cannot submit to a distribution list.";
    0x45 ESME_RSUBMITFAIL Retry "submit_sm failed.";
    0x48 ESME_RINVSRCTON Permanent "Invalid source TON.";
    0x49 ESME_RINVSRCNPI Permanent "Invalid source NPI.";
    0x50 ESME_RINVDSTTON Permanent "Invalid destination TON.";
    0x51 ESME_RINVDSTNPI Permanent "Invalid destination NPI.";
    0x53 ESME_RINVSYSTYP BindFatal "Invalid system type.";
    0x54 ESME_RINVREPFLAG Permanent "Invalid replace_if_present flag.";
    0x55 ESME_RINVNUMMSGS Permanent "Invalid number of messages.";
    0x58 ESME_RTHROTTLED Throttled "More messages than the account may send now.";
    0x61 ESME_RINVSCHED Permanent "Invalid scheduled delivery time.";
    0x62 ESME_RINVEXPIRY Permanent "Invalid validity period.";
    0x63 ESME_RINVDFTMSGID Permanent "Predefined message is invalid or not found.";
    0x64 ESME_RX_T_APPN Retry "Temporary error of the receiving application.";
    0x65 ESME_RX_P_APPN Permanent "Permanent error of the receiving application.";
    0x66 ESME_RX_R_APPN Permanent "The receiving application rejects the message.";
    0x67 ESME_RQUERYFAIL Permanent "query_sm failed.";
    0xC0 ESME_RINVOPTPARSTREAM Permanent "Error in the optional part of the PDU.";
    0xC1 ESME_ROPTPARNOTALLWD Permanent "Optional parameter not allowed.";
    0xC2 ESME_RINVPARLEN Permanent "Invalid parameter length.";
    0xC3 ESME_RMISSINGOPTPARAM Permanent "Expected optional parameter missing.";
    0xC4 ESME_RINVOPTPARAMVAL Permanent "Invalid optional parameter value.";
    0xFE ESME_RDELIVERYFAILURE Permanent "Delivery failure (data_sm_resp).";
    0xFF ESME_RUNKNOWNERR Retry "Unknown error.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_complete_for_lookup() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
        for &(code, known, known_class) in TABLE {
            assert_eq!((name(code), class(code)), (known, known_class));
        }
    }

    #[test]
    fn every_class_has_its_codes() {
        assert_eq!(class(0), StatusClass::Accepted);
        for status in [0x58, 0x14] {
            assert_eq!(class(status), StatusClass::Throttled);
        }
        for status in [0x08, 0x64, 0x45] {
            assert_eq!(class(status), StatusClass::Retry);
        }
        for status in [0x0A, 0x0B, 0x01, 0x401, u32::MAX] {
            assert_eq!(class(status), StatusClass::Permanent);
        }
        for status in [0x0D, 0x0E, 0x0F] {
            assert_eq!(class(status), StatusClass::BindFatal);
        }
    }

    #[test]
    fn any_code_displays() {
        assert_eq!(Status(0x58).to_string(), "ESME_RTHROTTLED (0x58)");
        assert_eq!(Status(0x4FF).to_string(), "vendor 0x4FF");
        assert_eq!(Status(u32::MAX).to_string(), "reserved 0xFFFFFFFF");
    }
}
