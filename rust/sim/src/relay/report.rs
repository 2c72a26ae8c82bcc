//! Reports of what became of messages: multipart/report with message/delivery-status (RFC 6522, RFC 3464).

use std::fmt::Write;

use bealert_wire::smtp::{Notify, Reply, read_xtext};

use super::draft::Draft;
use super::faults::{Action, Report};

/// A report on its way to whoever sent the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentReport {
    /// The reverse-path of the message it is about. Its own is empty (RFC 3464 §2, RFC 5321 §4.5.5).
    pub to: String,
    /// Header and body.
    pub content: Vec<u8>,
}

/// Between the parts; nothing of a message has it.
const BOUNDARY: &str = "=_report_of_the_simulated_relay_=";

/// Whether a report that says this was asked for (RFC 3461 §4.1). Nobody is told of reports.
pub(super) fn is_wanted(action: Action, sender: &str, notify: Notify) -> bool {
    let (success, failure, delay) = match notify {
        Notify::Default => (false, true, true),
        Notify::Never => return false,
        Notify::On { success, failure, delay } => (success, failure, delay),
    };
    !sender.is_empty()
        && match action {
            Action::Failed => failure,
            Action::Delayed => delay,
            Action::Delivered | Action::Relayed => success,
        }
}

/// The report about one recipient of a message, taken at `unix_s`.
pub(super) fn write(
    relay: &str,
    unix_s: u64,
    number: u64,
    draft: &Draft,
    recipient: &str,
    report: &Report,
) -> SentReport {
    let Report { action, reply } = report;
    let (date, to) = (date(unix_s), draft.sender());
    let mut text = String::new();
    let mut line = |line: std::fmt::Arguments<'_>| {
        // writing to a string never fails
        let _ = text.write_fmt(line);
        text.push_str("\r\n");
    };
    line(format_args!("From: Mail Delivery System <mailer-daemon@{relay}>"));
    line(format_args!("To: {to}"));
    line(format_args!("Subject: {}", subject(*action)));
    line(format_args!("Date: {date}"));
    line(format_args!("Message-ID: <report.{number}@{relay}>"));
    line(format_args!("Auto-Submitted: auto-replied"));
    line(format_args!("MIME-Version: 1.0"));
    line(format_args!("Content-Type: multipart/report; report-type=delivery-status;"));
    line(format_args!("\tboundary=\"{BOUNDARY}\""));
    line(format_args!("\r\n--{BOUNDARY}"));
    line(format_args!("Content-Type: text/plain; charset=us-ascii\r\n"));
    line(format_args!("Your message to <{recipient}>: {}.\r\n{reply}", action.word()));
    line(format_args!("\r\n--{BOUNDARY}"));
    line(format_args!("Content-Type: message/delivery-status\r\n"));
    line(format_args!("Reporting-MTA: dns; {relay}"));
    if let Some(envid) = draft.envid.as_ref().and_then(|envid| read_xtext(envid.as_bytes())) {
        line(format_args!("Original-Envelope-Id: {}", String::from_utf8_lossy(&envid)));
    }
    line(format_args!("Arrival-Date: {date}\r\n"));
    line(format_args!("Original-Recipient: rfc822; {recipient}"));
    line(format_args!("Final-Recipient: rfc822; {recipient}"));
    line(format_args!("Action: {}", action.word()));
    line(format_args!("Status: {}", status(*action, reply)));
    line(format_args!("Remote-MTA: dns; mx.{relay}"));
    line(format_args!("Diagnostic-Code: smtp; {reply}"));
    line(format_args!("Last-Attempt-Date: {date}"));
    line(format_args!("\r\n--{BOUNDARY}"));
    line(format_args!("Content-Type: text/rfc822-headers\r\n"));
    let mut content = text.into_bytes();
    content.extend_from_slice(header_of(&draft.content));
    content.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    SentReport { to: to.into(), content }
}

fn subject(action: Action) -> &'static str {
    match action {
        Action::Failed => "Undelivered Mail Returned to Sender",
        Action::Delayed => "Delayed Mail (still being retried)",
        Action::Delivered | Action::Relayed => "Successful Mail Delivery Report",
    }
}

fn status(action: Action, reply: &Reply) -> String {
    let class = match action {
        Action::Failed => 5,
        Action::Delayed => 4,
        Action::Delivered | Action::Relayed => 2,
    };
    reply.enhanced.map_or_else(|| format!("{class}.0.0"), |code| code.to_string())
}

/// The header of a message, its last line end included.
fn header_of(content: &[u8]) -> &[u8] {
    let end = memchr::memmem::find(content, b"\r\n\r\n").map_or(content.len(), |end| end + 2);
    &content[..end]
}

/// A date of RFC 5322 §3.3, in UTC.
fn date(unix_s: u64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    // from the first of March of year 0, so that a leap day ends its year; by eras of 400 years
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12;
    let year = era * 400 + year_of_era + u64::from(month < 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let name = DAYS[(days % 7) as usize];
    format!("{name}, {day} {} {year} {hour:02}:{minute:02}:{second:02} +0000", MONTHS[month as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_known_days() {
        assert_eq!(date(0), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(date(1_709_208_000), "Thu, 29 Feb 2024 12:00:00 +0000");
        assert_eq!(date(4_102_444_799), "Thu, 31 Dec 2099 23:59:59 +0000");
        assert_eq!(date(951_782_400), "Tue, 29 Feb 2000 00:00:00 +0000");
    }

    #[test]
    fn reports_go_to_who_asked_for_them() {
        let on = |success, failure, delay| Notify::On { success, failure, delay };
        assert!(is_wanted(Action::Failed, "a@b", Notify::Default));
        assert!(!is_wanted(Action::Failed, "", Notify::Default));
        assert!(!is_wanted(Action::Failed, "a@b", Notify::Never));
        assert!(!is_wanted(Action::Failed, "a@b", on(true, false, false)));
        assert!(is_wanted(Action::Delivered, "a@b", on(true, false, false)));
        assert!(!is_wanted(Action::Delivered, "a@b", Notify::Default));
        assert!(is_wanted(Action::Delayed, "a@b", on(false, false, true)));
    }
}
