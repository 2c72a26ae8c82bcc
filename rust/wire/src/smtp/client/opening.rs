//! From the greeting to the first message: EHLO, TLS, account.

use super::super::config::TlsMode;
use super::super::ehlo::Extensions;
use super::super::event::{Event, Phase, Ready};
use super::super::fault::CloseReason;
use super::super::mode::Mode;
use super::super::replies::ReplyLine;
use super::super::reply::Reply;
use super::super::sasl::{Mechanism, TokenStatus};
use super::ring::{Prompt, What};
use super::{Client, Stage};

/// The longest command line (RFC 5321 §4.5.3.1.4): what does not fit is said when asked for (RFC 4954 §4).
const MAX_COMMAND_OCTETS: usize = 512;

/// The lines of the reply to EHLO as they come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hello {
    extensions: Extensions,
    /// The first line, which names the server, has been seen.
    named: bool,
}

impl Hello {
    pub(super) fn line(&mut self, line: ReplyLine<'_>) {
        if std::mem::replace(&mut self.named, true) && line.code / 100 == 2 {
            self.extensions.read_line(line.text);
        }
    }
}

impl Client {
    pub(super) fn take_greeting(&mut self, now_us: u64, reply: Reply) {
        if reply.is_positive() {
            self.greeting = Some(reply);
            self.say_ehlo(now_us);
        } else {
            self.depart(now_us, CloseReason::NotServed { reply });
        }
    }

    fn say_ehlo(&mut self, now_us: u64) {
        self.hello = Hello::default();
        let command = format!("EHLO {}\r\n", self.config.name());
        self.say(now_us, What::Ehlo, &command);
    }

    pub(super) fn take_ehlo(&mut self, now_us: u64, reply: Reply) {
        if reply.is_positive() {
            self.extensions = self.hello.extensions;
            self.go_on(now_us);
        } else if reply.is_permanent() {
            // A server of before 1995 knows HELO only (RFC 5321 §4.1.1.1).
            let command = format!("HELO {}\r\n", self.config.name());
            self.say(now_us, What::Helo, &command);
        } else {
            self.depart(now_us, CloseReason::NotServed { reply });
        }
    }

    pub(super) fn take_helo(&mut self, now_us: u64, reply: Reply) {
        if reply.is_positive() {
            self.helo = true;
            self.extensions = Extensions::default();
            self.go_on(now_us);
        } else {
            self.depart(now_us, CloseReason::NotServed { reply });
        }
    }

    /// The server is known: TLS, then the account, then messages.
    fn go_on(&mut self, now_us: u64) {
        let wanted = matches!(self.config.tls, TlsMode::Required | TlsMode::Opportunistic);
        if !self.tls && wanted {
            if self.extensions.starttls {
                return self.say(now_us, What::StartTls, "STARTTLS\r\n");
            }
            if self.config.tls == TlsMode::Required {
                self.events.push_back(Event::TlsRefused { reply: None });
                return self.depart(now_us, CloseReason::TlsNotOffered);
            }
        }
        self.log_in(now_us);
    }

    pub(super) fn take_starttls(&mut self, now_us: u64, reply: Reply) {
        if reply.is_positive() {
            self.stage = Stage::TlsPending;
        } else if self.config.tls == TlsMode::Required {
            self.events.push_back(Event::TlsRefused { reply: Some(reply) });
            self.depart(now_us, CloseReason::TlsRefused { reply });
        } else {
            self.log_in(now_us);
        }
    }

    pub(super) fn take_tls(&mut self, now_us: u64) {
        if self.stage != Stage::TlsPending {
            return;
        }
        self.stage = Stage::Opening;
        self.tls = true;
        self.replies.clear();
        self.extensions = Extensions::default();
        self.say_ehlo(now_us);
    }

    fn log_in(&mut self, now_us: u64) {
        let Some(account) = &self.config.auth else { return self.ready() };
        if !self.tls {
            return self.depart(now_us, CloseReason::AuthWithoutTls);
        }
        let Some(mechanism) = account.choose(self.extensions.auth) else {
            return self.depart(now_us, CloseReason::AuthNotOffered);
        };
        let word = match mechanism {
            Mechanism::Login => {
                return self.say(now_us, What::Auth(Prompt::User), "AUTH LOGIN\r\n");
            }
            Mechanism::Xoauth2 => "XOAUTH2",
            Mechanism::Oauthbearer => "OAUTHBEARER",
            Mechanism::Plain | Mechanism::Auto => "PLAIN",
        };
        let command = format!("AUTH {word} {}\r\n", account.initial(mechanism));
        if command.len() <= MAX_COMMAND_OCTETS {
            self.say(now_us, What::Auth(after(mechanism)), &command);
        } else {
            self.say(now_us, What::Auth(Prompt::Initial(mechanism)), &format!("AUTH {word}\r\n"));
        }
    }

    pub(super) fn take_auth(&mut self, now_us: u64, prompt: Prompt, reply: Reply) {
        if prompt == Prompt::GivenUp && (reply.is_positive() || reply.is_intermediate()) {
            return self.out_of_step(Phase::Auth, reply);
        }
        if reply.is_positive() {
            self.authenticated = true;
            return self.ready();
        }
        if !reply.is_intermediate() {
            self.events.push_back(Event::AuthRefused { reply });
            let status = self.token_status;
            return self.depart(now_us, CloseReason::AuthRefused { reply, status });
        }
        let account = self.config.auth.as_ref().expect("only an account is asked for");
        let (answer, next) = match prompt {
            Prompt::Initial(mechanism) => (account.initial(mechanism), after(mechanism)),
            Prompt::User => (account.prompted(0), Prompt::Password),
            Prompt::Password => (account.prompted(1), Prompt::Over),
            Prompt::Token(answer) => {
                self.token_status = TokenStatus::read(&reply.text);
                (answer.to_owned(), Prompt::Over)
            }
            Prompt::Over | Prompt::GivenUp => ("*".to_owned(), Prompt::GivenUp),
        };
        self.say(now_us, What::Auth(next), &format!("{answer}\r\n"));
    }

    fn ready(&mut self) {
        self.stage = Stage::Ready;
        let offered = self.extensions;
        let highest = match (offered.pipelining, offered.chunking) {
            (false, _) => Mode::Lockstep,
            (true, false) => Mode::Joined,
            (true, true) => Mode::Bdat,
        };
        self.mode = highest.min(self.config.mode).min(self.config.learnt.ceiling);
        let caps = [
            self.config.messages_per_connection,
            self.config.learnt.messages_per_connection,
            offered.limits.mail_max,
        ];
        self.cap = caps.into_iter().flatten().min().unwrap_or(u32::MAX).max(1);
        self.events.push_back(Event::Ready(Box::new(Ready {
            greeting: self.greeting.expect("EHLO follows the greeting"),
            extensions: offered,
            helo: self.helo,
            tls: self.tls,
            authenticated: self.authenticated,
            mode: self.mode,
        })));
    }
}

/// What is said if the server asks on, once all is told.
fn after(mechanism: Mechanism) -> Prompt {
    match mechanism {
        Mechanism::Xoauth2 => Prompt::Token(""),
        Mechanism::Oauthbearer => Prompt::Token("AQ=="),
        Mechanism::Auto | Mechanism::Plain | Mechanism::Login => Prompt::Over,
    }
}
