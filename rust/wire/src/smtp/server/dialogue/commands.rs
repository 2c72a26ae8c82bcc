//! What a line means where it comes.

use super::{Asked, Dialogue, MAX_AUTH_LINE_OCTETS, MAX_LINE_OCTETS, Phase, Step};
use crate::smtp::server::auth::{self, Exchange};
use crate::smtp::server::command::Command;
use crate::smtp::server::event::{Hello, ServerClosed, ServerEvent, ServerFault};
use crate::smtp::server::inbox::Mark;
use crate::smtp::server::params::{MailFrom, RcptTo};
use crate::smtp::server::replies::{self, Said};
use crate::smtp::{Extensions, Notify};

impl Dialogue {
    /// Takes one line off what came.
    #[inline]
    pub(super) fn read_line<'a>(&mut self, bytes: &'a [u8], mark: &mut Mark) -> Step<'a> {
        let unread = mark.unread(bytes);
        let most = if matches!(self.phase, Phase::Commands) { MAX_LINE_OCTETS } else { MAX_AUTH_LINE_OCTETS };
        let Some(end) = memchr::memchr(b'\n', unread) else {
            if unread.len() > most {
                self.phase = Phase::Overlong;
            }
            if matches!(self.phase, Phase::Overlong) {
                mark.advance(unread.len());
            }
            return Step::Nothing;
        };
        let place = mark.place();
        mark.advance(end + 1);
        if end >= most || matches!(self.phase, Phase::Overlong) {
            (self.phase, self.exchange) = (Phase::Commands, None);
            return self.fault(replies::LINE_TOO_LONG, ServerFault::LineTooLong);
        }
        let Some(line) = unread[..end].strip_suffix(b"\r") else {
            (self.phase, self.exchange) = (Phase::Commands, None);
            return self.fault(replies::BARE_NEWLINE, ServerFault::BareNewline);
        };
        let more = unread.len() > end + 1;
        match self.phase {
            Phase::Responses => self.take_response(line),
            Phase::Refusal(refusal) => {
                self.phase = Phase::Commands;
                self.write(&refusal);
                Step::Again
            }
            _ if place < self.stale_until => {
                self.say(replies::OUT_OF_ORDER);
                Step::Again
            }
            _ => self.take_command(line, more),
        }
    }

    /// `more` came behind the line.
    #[inline]
    fn take_command<'a>(&mut self, line: &'a [u8], more: bool) -> Step<'a> {
        let command = match Command::parse(line) {
            Ok(command) => command,
            Err(error) => {
                let verb_is_mail = line.first().is_some_and(|first| first.eq_ignore_ascii_case(&b'M'));
                let (said, what) = replies::of_error(error, verb_is_mail);
                return self.fault(said, what);
            }
        };
        if self.refused && command != Command::Quit {
            return self.fault(replies::NO_SERVICE, ServerFault::Sequence);
        }
        if more && self.must_be_last(&command) {
            return self.fault(replies::PIPELINED, ServerFault::Pipelined);
        }
        match command {
            Command::Mail(mail) => self.take_mail(mail),
            Command::Rcpt(rcpt) => self.take_rcpt(rcpt),
            Command::Data => self.take_data(),
            Command::Bdat { octets, last } => self.take_bdat(octets, last),
            Command::Helo(name) => self.take_hello(name, Hello::Helo),
            Command::Ehlo(name) => self.take_hello(name, Hello::Ehlo),
            Command::Lhlo(name) => self.take_hello(name, Hello::Lhlo),
            Command::StartTls => self.take_starttls(),
            Command::Auth { mechanism, initial } => self.take_auth(mechanism, initial),
            Command::Rset => {
                self.abandon();
                self.say_and_go_on(replies::DONE)
            }
            Command::Noop => self.say_and_go_on(replies::DONE),
            Command::Vrfy => self.say_and_go_on(replies::MAYBE),
            Command::Expn => self.say_and_go_on(replies::NOT_DONE),
            Command::Help => self.say_and_go_on(replies::HELP),
            Command::Quit => {
                self.say(replies::BYE);
                self.close(ServerClosed::Quit);
                Step::Again
            }
        }
    }

    /// Which commands end a group (RFC 2920 §3.1); without PIPELINING each does.
    fn must_be_last(&self, command: &Command<'_>) -> bool {
        match command {
            Command::Ehlo(_) | Command::Helo(_) | Command::Lhlo(_) | Command::Auth { .. } | Command::Data => {
                true
            }
            // its octets follow
            Command::Bdat { .. } => false,
            // what follows is thrown away, and told
            Command::StartTls => false,
            Command::Mail(_) | Command::Rcpt(_) => !self.offered().pipelining,
            _ => false,
        }
    }

    /// What this client may use.
    fn offered(&self) -> Extensions {
        match self.hello {
            Some(Hello::Ehlo | Hello::Lhlo) => self.config.extensions,
            _ => Extensions::default(),
        }
    }

    fn take_hello<'a>(&mut self, name: &'a str, how: Hello) -> Step<'a> {
        if self.is_lmtp() != (how == Hello::Lhlo) {
            return self.fault(replies::WRONG_GREETING, ServerFault::Sequence);
        }
        self.ask(Asked::Hello(how), ServerEvent::Hello { name, how })
    }

    fn take_starttls(&mut self) -> Step<'static> {
        if self.encrypted || !self.offered().starttls || self.transaction.open {
            return self.fault(replies::OUT_OF_ORDER, ServerFault::Sequence);
        }
        self.ask(Asked::StartTls, ServerEvent::StartTls)
    }

    fn take_auth(&mut self, mechanism: &str, initial: Option<&str>) -> Step<'static> {
        if self.authenticated || self.transaction.open || !self.offered().auth.any() {
            return self.fault(replies::OUT_OF_ORDER, ServerFault::Sequence);
        }
        if !self.encrypted && !self.config.auth_in_plain {
            return self.fault(replies::NOT_ENCRYPTED, ServerFault::NotEncrypted);
        }
        let Some(mechanism) = auth::named(mechanism, self.config.extensions.auth) else {
            return self.fault(replies::NO_MECHANISM, ServerFault::Authentication);
        };
        let (exchange, step) = Exchange::begin(mechanism, initial);
        self.exchange = Some(exchange);
        self.go_on_with(step)
    }

    fn take_response(&mut self, line: &[u8]) -> Step<'static> {
        let response = str::from_utf8(line).unwrap_or("*");
        match &mut self.exchange {
            Some(exchange) => {
                let step = exchange.take(response);
                self.go_on_with(step)
            }
            None => {
                self.phase = Phase::Commands;
                Step::Again
            }
        }
    }

    fn go_on_with(&mut self, step: auth::Step) -> Step<'static> {
        self.phase = Phase::Commands;
        match (step, &self.exchange) {
            (auth::Step::Say(line), _) => {
                self.phase = Phase::Responses;
                self.say_plain(line);
                Step::Again
            }
            (auth::Step::Known, Some(exchange)) => {
                self.asked = Some(Asked::Credentials(exchange.mechanism));
                Step::Credentials
            }
            _ => {
                self.exchange = None;
                self.fault(replies::NO_CREDENTIALS, ServerFault::Authentication)
            }
        }
    }

    #[inline]
    fn take_mail<'a>(&mut self, mail: MailFrom<'a>) -> Step<'a> {
        if self.hello.is_none() {
            return self.fault(replies::GREET_FIRST, ServerFault::Sequence);
        }
        if self.config.tls_required && !self.encrypted {
            return self.fault(replies::NOT_ENCRYPTED, ServerFault::NotEncrypted);
        }
        if self.config.auth_required && !self.authenticated {
            return self.fault(replies::NOT_AUTHENTICATED, ServerFault::NotAuthenticated);
        }
        if self.transaction.open {
            return self.fault(replies::OUT_OF_ORDER, ServerFault::Sequence);
        }
        if !may_say(&self.offered(), &mail) {
            return self.fault(replies::NOT_OFFERED, ServerFault::Parameter);
        }
        if !mail.utf8 && !mail.sender.is_ascii() {
            return self.fault(replies::NOT_ASCII, ServerFault::NotAscii);
        }
        let limit_octets = self.limit_octets();
        if limit_octets > 0 && mail.size.is_some_and(|octets| octets > limit_octets) {
            return self.fault(replies::TOO_LARGE, ServerFault::TooLarge);
        }
        self.ask(Asked::Mail { utf8: mail.utf8 }, ServerEvent::Mail(mail))
    }

    #[inline]
    fn take_rcpt<'a>(&mut self, rcpt: RcptTo<'a>) -> Step<'a> {
        if !self.transaction.open || self.transaction.chunked {
            return self.out_of_order();
        }
        if (rcpt.notify != Notify::Default || rcpt.orcpt.is_some()) && !self.offered().dsn {
            return self.fault(replies::NOT_OFFERED, ServerFault::Parameter);
        }
        if !self.transaction.utf8 && !rcpt.recipient.is_ascii() {
            return self.fault(replies::NOT_ASCII, ServerFault::NotAscii);
        }
        if self.transaction.recipients >= self.config.max_recipients {
            return self.fault(replies::TOO_MANY, ServerFault::TooManyRecipients);
        }
        self.transaction.named += 1;
        self.ask(Asked::Rcpt, ServerEvent::Rcpt(rcpt))
    }

    #[inline]
    fn take_data(&mut self) -> Step<'static> {
        let starts = self.transaction.recipients > 0 || self.config.quirks.starts_without_recipients;
        if !self.transaction.open || self.transaction.chunked || self.transaction.named == 0 {
            return self.out_of_order();
        }
        if !starts {
            return self.say_and_go_on(replies::NO_RECIPIENTS);
        }
        self.ask(Asked::Data, ServerEvent::Data)
    }

    fn take_bdat(&mut self, octets: u64, last: bool) -> Step<'static> {
        let (refusal, fault) = if !self.offered().chunking {
            (Some(replies::NOT_DONE), true)
        } else if !self.transaction.open || self.transaction.named == 0 {
            // behind a MAIL that was refused in the same group it is no fault
            (Some(replies::OUT_OF_ORDER), false)
        } else if self.transaction.recipients == 0 {
            (Some(replies::NO_RECIPIENTS), false)
        } else {
            (None, false)
        };
        let says_at_once = refusal.filter(|_| self.config.quirks.reads_refused_chunks);
        if let Some(said) = says_at_once {
            return self.say_and_go_on(said);
        }
        self.transaction.chunked |= refusal.is_none();
        self.phase = Phase::Chunk { left: octets, last, refusal };
        if fault { Step::Event(ServerEvent::Fault { what: ServerFault::Sequence }) } else { Step::Again }
    }

    /// Behind a MAIL that was refused, RCPT and DATA of the same group are no fault of their own (RFC 2920 §3.1).
    fn out_of_order(&mut self) -> Step<'static> {
        self.say_and_go_on(replies::OUT_OF_ORDER)
    }

    fn say_and_go_on(&mut self, said: Said) -> Step<'static> {
        self.say(said);
        Step::Again
    }

    #[inline]
    fn ask<'a>(&mut self, asked: Asked, event: ServerEvent<'a>) -> Step<'a> {
        self.asked = Some(asked);
        Step::Event(event)
    }
}

/// Whether every parameter is one of an extension that is offered.
#[inline]
fn may_say(offered: &Extensions, mail: &MailFrom<'_>) -> bool {
    (mail.size.is_none() || offered.size.is_some())
        && (mail.body.is_none() || offered.eight_bit_mime)
        && (!mail.utf8 || offered.smtp_utf8)
        && ((mail.envid.is_none() && mail.returns_full.is_none()) || offered.dsn)
        && (mail.priority.is_none() || offered.mt_priority)
        && (mail.deliver_by_s.is_none() || offered.deliver_by.is_some())
        && (mail.auth.is_none() || offered.auth.any())
        && (!mail.require_tls || offered.require_tls)
}
