//! What a server offers in its reply to EHLO (RFC 5321 §4.1.1.1).

/// The extensions of a server, those of which a sender of alerts makes use.
///
/// ```
/// use bealert_wire::smtp::Extensions;
/// let mut extensions = Extensions::default();
/// for line in ["PIPELINING", "SIZE 10240000", "AUTH PLAIN LOGIN", "LIMITS MAILMAX=20"] {
///     extensions.read_line(line.as_bytes());
/// }
/// assert!(extensions.pipelining && extensions.auth.plain && !extensions.starttls);
/// assert_eq!((extensions.size, extensions.limits.mail_max), (Some(10_240_000), Some(20)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extensions {
    /// Commands may be sent in groups (RFC 2920).
    pub pipelining: bool,
    /// Sizes are declared (RFC 1870); 0 for no fixed limit.
    pub size: Option<u64>,
    /// Octets above ASCII in bodies (RFC 6152).
    pub eight_bit_mime: bool,
    /// Characters above ASCII in addresses and headers (RFC 6531).
    pub smtp_utf8: bool,
    /// Receipts on request (RFC 3461).
    pub dsn: bool,
    /// Enhanced codes in replies (RFC 2034).
    pub enhanced_status_codes: bool,
    /// BDAT (RFC 3030).
    pub chunking: bool,
    /// TLS on the same connection (RFC 3207).
    pub starttls: bool,
    /// Mechanisms of AUTH (RFC 4954).
    pub auth: AuthMechanisms,
    /// Limits it keeps to (RFC 9422).
    pub limits: Limits,
    /// Priorities (RFC 6710).
    pub mt_priority: bool,
    /// Deadlines (RFC 2852).
    pub deliver_by: Option<DeliverBy>,
    /// TLS all the way (RFC 8689).
    pub require_tls: bool,
}

/// The mechanisms of AUTH that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuthMechanisms {
    /// RFC 4616.
    pub plain: bool,
    /// Two prompts; no standard, and everywhere.
    pub login: bool,
    /// A bearer token as Google and Microsoft take it.
    pub xoauth2: bool,
    /// A bearer token as RFC 7628 has it.
    pub oauthbearer: bool,
    /// Any other.
    pub other: bool,
}

/// What a server says it takes (RFC 9422 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Transactions per connection.
    pub mail_max: Option<u32>,
    /// Recipients per transaction.
    pub rcpt_max: Option<u32>,
}

/// DELIVERBY as offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliverBy {
    /// The least time it takes, in seconds, where it names one (RFC 2852 §2).
    pub least_s: Option<u32>,
}

impl Extensions {
    /// Takes one line of the reply, without its code: a keyword and what follows. A keyword not known says nothing.
    pub fn read_line(&mut self, line: &[u8]) {
        let line = line.trim_ascii();
        let end = line.iter().position(|octet| octet.is_ascii_whitespace()).unwrap_or(line.len());
        let (keyword, rest) = line.split_at(end);
        let keyword = keyword.to_ascii_uppercase();
        let words = || rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        match &keyword[..] {
            b"PIPELINING" => self.pipelining = true,
            // Without a number the limit is not told (RFC 1870 §4).
            b"SIZE" => self.size = Some(words().next().and_then(decimal).unwrap_or(0)),
            b"8BITMIME" => self.eight_bit_mime = true,
            b"SMTPUTF8" => self.smtp_utf8 = true,
            b"DSN" => self.dsn = true,
            b"ENHANCEDSTATUSCODES" => self.enhanced_status_codes = true,
            b"CHUNKING" => self.chunking = true,
            b"STARTTLS" => self.starttls = true,
            b"AUTH" => words().for_each(|word| self.auth.read(word)),
            b"LIMITS" => words().for_each(|word| self.limits.read(word)),
            b"MT-PRIORITY" => self.mt_priority = true,
            b"DELIVERBY" => {
                let least_s = words().next().and_then(decimal).and_then(|value| u32::try_from(value).ok());
                self.deliver_by = Some(DeliverBy { least_s });
            }
            b"REQUIRETLS" => self.require_tls = true,
            // Clients of the last century wanted `AUTH=LOGIN`; some servers still say both.
            other => {
                if let Some(first) = other.strip_prefix(b"AUTH=") {
                    self.auth.read(first);
                    words().for_each(|word| self.auth.read(word));
                }
            }
        }
    }

    /// Its lines, without codes: what a server with these extensions says after its own name.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut flag = |offered: bool, keyword: &str| {
            if offered {
                lines.push(keyword.to_owned());
            }
        };
        flag(self.pipelining, "PIPELINING");
        flag(self.eight_bit_mime, "8BITMIME");
        flag(self.smtp_utf8, "SMTPUTF8");
        flag(self.dsn, "DSN");
        flag(self.enhanced_status_codes, "ENHANCEDSTATUSCODES");
        flag(self.chunking, "CHUNKING");
        flag(self.starttls, "STARTTLS");
        flag(self.mt_priority, "MT-PRIORITY");
        flag(self.require_tls, "REQUIRETLS");
        lines.extend(self.size.map(|size| format!("SIZE {size}")));
        lines.extend(self.deliver_by.map(|offer| match offer.least_s {
            Some(least_s) => format!("DELIVERBY {least_s}"),
            None => "DELIVERBY".to_owned(),
        }));
        lines.extend(self.auth.line());
        lines.extend(self.limits.line());
        lines
    }
}

impl AuthMechanisms {
    /// Whether any is offered.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }

    fn read(&mut self, word: &[u8]) {
        match &word.to_ascii_uppercase()[..] {
            b"PLAIN" => self.plain = true,
            b"LOGIN" => self.login = true,
            b"XOAUTH2" => self.xoauth2 = true,
            b"OAUTHBEARER" => self.oauthbearer = true,
            b"" => {}
            _ => self.other = true,
        }
    }

    fn line(&self) -> Option<String> {
        let names = [
            (self.plain, " PLAIN"),
            (self.login, " LOGIN"),
            (self.xoauth2, " XOAUTH2"),
            (self.oauthbearer, " OAUTHBEARER"),
        ];
        let names: String = names.iter().filter(|(offered, _)| *offered).map(|(_, name)| *name).collect();
        (!names.is_empty()).then(|| format!("AUTH{names}"))
    }
}

impl Limits {
    fn read(&mut self, word: &[u8]) {
        let Some(at) = word.iter().position(|octet| *octet == b'=') else { return };
        // A limit of 0 would mean that nothing can be sent; such a server says so elsewhere.
        let value = decimal(&word[at + 1..]).filter(|value| *value > 0);
        let value = value.map(|value| u32::try_from(value).unwrap_or(u32::MAX));
        match &word[..at].to_ascii_uppercase()[..] {
            b"MAILMAX" => self.mail_max = value,
            b"RCPTMAX" => self.rcpt_max = value,
            _ => {}
        }
    }

    fn line(&self) -> Option<String> {
        let mail = self.mail_max.map(|max| format!(" MAILMAX={max}")).unwrap_or_default();
        let rcpt = self.rcpt_max.map(|max| format!(" RCPTMAX={max}")).unwrap_or_default();
        (!mail.is_empty() || !rcpt.is_empty()).then(|| format!("LIMITS{mail}{rcpt}"))
    }
}

/// RFC 1870 §4 allows 20 digits, more than fit: such a limit is none.
fn decimal(digits: &[u8]) -> Option<u64> {
    let plain = !digits.is_empty() && digits.len() <= 20 && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| {
        digits
            .iter()
            .fold(0u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    })
}
