//! MAIL and RCPT with their parameters: each where the server offers its extension.

use super::super::ehlo::Extensions;
use super::super::envelope::{BodyKind, Envelope, MAX_ENVID_CHARS, Notify, SubmitError};
use super::super::path::check_path;
use super::super::xtext::write_xtext;

/// The most recipients of a transaction with a server that names no limit: every server takes as many
/// (RFC 5321 §4.5.3.1.8).
const MAX_RECIPIENTS: u32 = 100;

/// The longest ORCPT parameter (RFC 3461 §5): a longer one is left out.
const MAX_ORCPT_OCTETS: usize = 500;

/// What was found out about an envelope, so that its commands can be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    utf8: bool,
    eight_bit: bool,
    size: u64,
}

/// Refuses what this server would refuse, and what would be something else than a command.
#[inline]
pub(super) fn judge(offered: &Extensions, envelope: &Envelope<'_>, size: u64) -> Result<Judged, SubmitError> {
    let mut utf8 = envelope.utf8;
    if !envelope.sender.is_empty() {
        utf8 |= check_path(envelope.sender).map_err(SubmitError::Sender)?;
    }
    let limit = offered.limits.rcpt_max.unwrap_or(MAX_RECIPIENTS).min(MAX_RECIPIENTS);
    if envelope.recipients.is_empty() {
        return Err(SubmitError::NoRecipient);
    }
    if envelope.recipients.len() > limit as usize {
        return Err(SubmitError::ManyRecipients { limit });
    }
    for recipient in envelope.recipients {
        utf8 |= check_path(recipient).map_err(SubmitError::Recipient)?;
    }
    if utf8 && !offered.smtp_utf8 {
        return Err(SubmitError::NeedsUtf8);
    }
    // RFC 6531 §3.1: who takes UTF-8 headers takes 8-bit bodies.
    let eight_bit = envelope.body == BodyKind::EightBit;
    if eight_bit && !offered.eight_bit_mime {
        return Err(SubmitError::NeedsEightBit);
    }
    if let Some(envid) = envelope.envid {
        let printable = envid.bytes().all(|octet| (b' '..=b'~').contains(&octet));
        // xtext triples what it escapes.
        let escaped = envid.bytes().filter(|octet| matches!(octet, b' ' | b'+' | b'=')).count();
        if !printable || envid.is_empty() || envid.len() + 2 * escaped > MAX_ENVID_CHARS {
            return Err(SubmitError::Envid);
        }
    }
    match offered.size {
        Some(limit) if limit > 0 && size > limit => Err(SubmitError::TooLarge { size, limit }),
        _ => Ok(Judged { utf8, eight_bit, size }),
    }
}

/// As many octets as are said of a message, beside itself, at most: both commands with every parameter, what begins
/// a chunk or ends a message, and a RSET. xtext triples what it escapes.
#[inline]
pub(super) fn most_octets(envelope: &Envelope<'_>) -> usize {
    let recipients = envelope.recipients.iter().map(|recipient| 64 + 4 * recipient.len());
    256 + envelope.sender.len() + recipients.sum::<usize>()
}

/// Appends `MAIL FROM:<...>` and its parameters. What was judged stays below the length of a line: 512 octets and
/// what each extension adds (RFC 5321 §4.5.3.1.4).
#[inline]
pub(super) fn write_mail(offered: &Extensions, envelope: &Envelope<'_>, judged: Judged, out: &mut Vec<u8>) {
    out.extend_from_slice(b"MAIL FROM:<");
    out.extend_from_slice(envelope.sender.as_bytes());
    out.push(b'>');
    if offered.size.is_some() {
        out.extend_from_slice(b" SIZE=");
        write_number(judged.size, out);
    }
    if judged.eight_bit {
        out.extend_from_slice(b" BODY=8BITMIME");
    }
    if judged.utf8 {
        out.extend_from_slice(b" SMTPUTF8");
    }
    if offered.dsn {
        write_dsn(envelope, out);
    }
    if let (true, Some(priority)) = (offered.mt_priority, envelope.priority) {
        let priority = priority.clamp(-9, 9);
        out.extend_from_slice(if priority < 0 { b" MT-PRIORITY=-" } else { b" MT-PRIORITY=" });
        write_number(u64::from(priority.unsigned_abs()), out);
    }
    if let (Some(offer), Some(seconds)) = (offered.deliver_by, envelope.deliver_by_s) {
        // A server refuses less than its least, and 0 (RFC 2852 §4, §5).
        if seconds > 0 && seconds >= offer.least_s.unwrap_or(0) {
            out.extend_from_slice(b" BY=");
            write_number(u64::from(seconds.min(999_999_999)), out);
            out.extend_from_slice(b";R");
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Headers are enough in what comes back: the message is ours, and may be large (RFC 3461 §4.3).
fn write_dsn(envelope: &Envelope<'_>, out: &mut Vec<u8>) {
    if envelope.notify != Notify::Default || envelope.envid.is_some() {
        out.extend_from_slice(b" RET=HDRS");
    }
    if let Some(envid) = envelope.envid {
        out.extend_from_slice(b" ENVID=");
        write_xtext(envid.as_bytes(), out);
    }
}

/// Appends `RCPT TO:<...>` and its parameters.
#[inline]
pub(super) fn write_rcpt(offered: &Extensions, envelope: &Envelope<'_>, recipient: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"RCPT TO:<");
    out.extend_from_slice(recipient.as_bytes());
    out.push(b'>');
    if offered.dsn {
        write_notify(envelope.notify, out);
        // RFC 6533 §3 has another form for addresses above ASCII, which few servers know.
        if envelope.orcpt && recipient.is_ascii() {
            let start = out.len();
            out.extend_from_slice(b" ORCPT=rfc822;");
            write_xtext(recipient.as_bytes(), out);
            if out.len() - start > MAX_ORCPT_OCTETS {
                out.truncate(start);
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// NEVER stands alone (RFC 3461 §4.1).
fn write_notify(notify: Notify, out: &mut Vec<u8>) {
    let words: [(bool, &[u8]); 3] = match notify {
        Notify::Default => return,
        Notify::On { success, failure, delay } => {
            [(success, b"SUCCESS"), (failure, b"FAILURE"), (delay, b"DELAY")]
        }
        Notify::Never => [(false, b""); 3],
    };
    out.extend_from_slice(b" NOTIFY=");
    let mut any = false;
    for (_, word) in words.into_iter().filter(|(wanted, _)| *wanted) {
        if any {
            out.push(b',');
        }
        out.extend_from_slice(word);
        any = true;
    }
    if !any {
        out.extend_from_slice(b"NEVER");
    }
}

/// Appends a number in decimal.
pub(super) fn write_number(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
