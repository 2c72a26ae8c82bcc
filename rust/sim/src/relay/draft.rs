//! A message on its way in.

use bealert_wire::smtp::server::{MailFrom, RcptTo};
use bealert_wire::smtp::{BodyKind, Notify};

/// The most octets of a message that are looked at for its header, where it is not kept whole: several times what
/// signatures and trace fields take.
const HEAD_OCTETS: usize = 32 * 1024;

/// The envelope and the beginning of a message. One of them serves a connection for all its messages, so that
/// nothing is allocated for each.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Sender and recipients, one behind the other.
    text: String,
    sender_octets: usize,
    /// Where each recipient ends, and what was asked for it.
    recipients: Vec<(usize, Notify)>,
    pub(super) content: Vec<u8>,
    /// The empty line behind the header is here.
    has_header: bool,
    pub(super) body: Option<BodyKind>,
    pub(super) utf8: bool,
    pub(super) envid: Option<String>,
    pub(super) priority: Option<i8>,
    pub(super) deliver_by_s: Option<i64>,
}

impl Draft {
    pub(super) fn begin(&mut self, mail: &MailFrom<'_>) {
        self.clear();
        self.text.push_str(mail.sender);
        self.sender_octets = mail.sender.len();
        (self.body, self.utf8) = (mail.body, mail.utf8);
        self.envid = mail.envid.map(str::to_owned);
        (self.priority, self.deliver_by_s) = (mail.priority, mail.deliver_by_s);
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.recipients.clear();
        self.content.clear();
        (self.sender_octets, self.has_header) = (0, false);
    }

    pub(super) fn add(&mut self, rcpt: &RcptTo<'_>) {
        self.text.push_str(rcpt.recipient);
        self.recipients.push((self.text.len(), rcpt.notify));
    }

    /// Takes content: all of it, or what is needed to know it again.
    #[inline]
    pub(super) fn take(&mut self, piece: &[u8], whole: bool) {
        if !whole && (self.has_header || self.content.len() > HEAD_OCTETS) {
            return;
        }
        let looked_at = self.content.len().saturating_sub(3);
        self.content.extend_from_slice(piece);
        self.has_header = self.has_header
            || self.content.starts_with(b"\r\n")
            || memchr::memmem::find(&self.content[looked_at..], b"\r\n\r\n").is_some();
    }

    pub(super) fn sender(&self) -> &str {
        &self.text[..self.sender_octets]
    }

    pub(super) fn recipients(&self) -> impl Iterator<Item = (&str, Notify)> {
        let starts = std::iter::once(self.sender_octets).chain(self.recipients.iter().map(|&(end, _)| end));
        starts.zip(&self.recipients).map(|(start, &(end, notify))| (&self.text[start..end], notify))
    }

    /// What it is called (RFC 5322 §3.6.4), or where it says nothing of it, its beginning.
    #[inline]
    pub(super) fn name(&self) -> &[u8] {
        field(&self.content, b"message-id:").unwrap_or(&self.content)
    }
}

/// The value of a header field, without what surrounds it; of the first such field.
fn field<'a>(content: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut start = 0;
    loop {
        let rest = &content[start..];
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..end].trim_ascii_end();
        if line.is_empty() {
            return None;
        }
        if let Some((begins, value)) = line.split_at_checked(name.len())
            && begins.eq_ignore_ascii_case(name)
        {
            let value = value.trim_ascii();
            // folded behind the colon (RFC 5322 §2.2.3)
            let folded =
                || rest.get(end + 1..)?.split(|&octet| octet == b'\n').next().map(<[u8]>::trim_ascii);
            return if value.is_empty() { folded() } else { Some(value) };
        }
        start += end + 1;
        if start >= content.len() {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_id_is_found_in_the_header_alone() {
        for (content, name) in [
            (&b"Subject: a\r\nMESSAGE-id:  <1@b> \r\n\r\nx"[..], Some(&b"<1@b>"[..])),
            (b"Message-ID:\r\n <1@b>\r\n\r\nx", Some(b"<1@b>")),
            (b"Subject: a\r\n\r\nMessage-ID: <1@b>\r\n", None),
            (b"X-Message-ID: <1@b>\r\n", None),
            (b"\r\nMessage-ID: <1@b>\r\n", None),
            (b"", None),
        ] {
            assert_eq!(field(content, b"message-id:"), name, "{}", String::from_utf8_lossy(content));
        }
    }

    #[test]
    fn only_the_header_is_kept_unless_the_whole_is_wanted() {
        let content = b"Message-ID: <1@b>\r\n\r\nbody\r\n";
        for cut in 1..content.len() {
            let mut draft = Draft::default();
            draft.begin(&MailFrom::default());
            content.chunks(cut).for_each(|piece| draft.take(piece, false));
            draft.take(&[b'x'; 1000], false);
            assert_eq!(draft.name(), b"<1@b>", "by {cut}");
            assert!(draft.content.len() < 100);
            draft.begin(&MailFrom::default());
            content.chunks(cut).for_each(|piece| draft.take(piece, true));
            assert_eq!(draft.content, content);
        }
    }
}
