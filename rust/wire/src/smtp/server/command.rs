//! The commands of a client, read line by line (RFC 5321 §4.1.1).

use super::params::{self, MailFrom, RcptTo};
use super::path;

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Says who calls, and asks for no extension.
    Helo(&'a str),
    /// Says who calls, and asks what is offered.
    Ehlo(&'a str),
    /// The same over LMTP (RFC 2033 §4.1).
    Lhlo(&'a str),
    /// Begins a transaction.
    Mail(MailFrom<'a>),
    /// Adds a recipient.
    Rcpt(RcptTo<'a>),
    /// The content follows the reply.
    Data,
    /// This many octets of the content follow the command itself (RFC 3030 §2).
    Bdat {
        /// Of this chunk.
        octets: u64,
        /// Whether it is the last one.
        last: bool,
    },
    /// Gives the transaction up.
    Rset,
    /// Nothing.
    Noop,
    /// Asks whether somebody is known.
    Vrfy,
    /// Asks who is on a list.
    Expn,
    /// Asks for help.
    Help,
    /// Ends.
    Quit,
    /// Asks for TLS (RFC 3207).
    StartTls,
    /// Says who it is and proves it (RFC 4954).
    Auth {
        /// As it was written.
        mechanism: &'a str,
        /// The initial response in base64; `=` where it is empty.
        initial: Option<&'a str>,
    },
}

/// Why a line is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandError {
    /// No verb of SMTP: 500 5.5.1.
    Unknown,
    /// Octets that are no UTF-8, or controls: 500 5.5.2.
    Characters,
    /// A known verb with arguments that its grammar does not allow: 501 5.5.4.
    Arguments,
    /// A path that the grammar does not allow: 501 5.1.7 or 5.1.3.
    Path,
    /// A parameter that nobody knows: 555 5.5.4.
    Parameter,
}

impl<'a> Command<'a> {
    /// Reads one line, given without its CRLF.
    pub fn parse(line: &'a [u8]) -> Result<Self, CommandError> {
        let line = str::from_utf8(line).map_err(|_| CommandError::Characters)?;
        if line.bytes().any(|octet| octet < 32 || octet == 127) {
            return Err(CommandError::Characters);
        }
        let verb = line.bytes().position(|octet| octet == b' ').unwrap_or(line.len());
        let (verb, rest) = line.split_at(verb);
        // of every command but MAIL and RCPT the argument stands behind one space
        let argument = rest.trim_matches(' ');
        let is = |known: &str| verb.eq_ignore_ascii_case(known);
        match verb.len() {
            4 if is("MAIL") => params::mail(after(rest, " FROM:")?).map(Self::Mail),
            4 if is("RCPT") => params::rcpt(after(rest, " TO:")?).map(Self::Rcpt),
            4 if is("DATA") => alone(argument, Self::Data),
            4 if is("BDAT") => bdat(argument),
            4 if is("EHLO") => greeting(argument).map(Self::Ehlo),
            4 if is("HELO") => greeting(argument).map(Self::Helo),
            4 if is("LHLO") => greeting(argument).map(Self::Lhlo),
            4 if is("RSET") => alone(argument, Self::Rset),
            4 if is("QUIT") => alone(argument, Self::Quit),
            4 if is("NOOP") => Ok(Self::Noop),
            4 if is("VRFY") => with(argument, Self::Vrfy),
            4 if is("EXPN") => with(argument, Self::Expn),
            4 if is("HELP") => Ok(Self::Help),
            4 if is("AUTH") => auth(argument),
            8 if is("STARTTLS") => alone(argument, Self::StartTls),
            _ => Err(CommandError::Unknown),
        }
    }
}

/// What follows `front`, in whatever case it is written.
fn after<'a>(text: &'a str, front: &str) -> Result<&'a str, CommandError> {
    match text.split_at_checked(front.len()) {
        Some((begins, rest)) if begins.eq_ignore_ascii_case(front) => Ok(rest),
        _ => Err(CommandError::Arguments),
    }
}

fn alone<'a>(argument: &str, command: Command<'a>) -> Result<Command<'a>, CommandError> {
    if argument.is_empty() { Ok(command) } else { Err(CommandError::Arguments) }
}

fn with<'a>(argument: &str, command: Command<'a>) -> Result<Command<'a>, CommandError> {
    if argument.is_empty() { Err(CommandError::Arguments) } else { Ok(command) }
}

/// A domain or an address literal (RFC 5321 §4.1.1.1).
fn greeting(argument: &str) -> Result<&str, CommandError> {
    let whole = path::domain_octets(argument).is_some_and(|octets| octets == argument.len());
    if whole && !argument.is_empty() { Ok(argument) } else { Err(CommandError::Arguments) }
}

fn bdat(argument: &str) -> Result<Command<'_>, CommandError> {
    let (octets, last) = match argument.split_once(' ') {
        Some((octets, last)) if last.eq_ignore_ascii_case("LAST") => (octets, true),
        Some(_) => return Err(CommandError::Arguments),
        None => (argument, false),
    };
    let plain = octets.bytes().all(|octet| octet.is_ascii_digit());
    let octets = octets.parse().ok().filter(|_| plain).ok_or(CommandError::Arguments)?;
    Ok(Command::Bdat { octets, last })
}

fn auth(argument: &str) -> Result<Command<'_>, CommandError> {
    let (mechanism, initial) = match argument.split_once(' ') {
        Some((mechanism, initial)) => (mechanism, Some(initial)),
        None => (argument, None),
    };
    if mechanism.is_empty() || initial.is_some_and(|initial| initial.contains(' ')) {
        return Err(CommandError::Arguments);
    }
    Ok(Command::Auth { mechanism, initial })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_any_case() {
        for (line, command) in [
            ("ehlo client.example", Command::Ehlo("client.example")),
            ("HELO [192.0.2.1]", Command::Helo("[192.0.2.1]")),
            ("Lhlo client.example", Command::Lhlo("client.example")),
            ("DATA", Command::Data),
            ("data ", Command::Data),
            ("BDAT 0 LAST", Command::Bdat { octets: 0, last: true }),
            ("bdat 86", Command::Bdat { octets: 86, last: false }),
            ("RSET", Command::Rset),
            ("NOOP whatever", Command::Noop),
            ("VRFY somebody", Command::Vrfy),
            ("EXPN list", Command::Expn),
            ("HELP", Command::Help),
            ("quit", Command::Quit),
            ("StartTLS", Command::StartTls),
            ("AUTH PLAIN AGEAYg==", Command::Auth { mechanism: "PLAIN", initial: Some("AGEAYg==") }),
            ("AUTH login", Command::Auth { mechanism: "login", initial: None }),
        ] {
            assert_eq!(Command::parse(line.as_bytes()), Ok(command), "{line}");
        }
        let Ok(Command::Mail(mail)) = Command::parse(b"mail from:<a@b> SIZE=3") else { panic!() };
        assert_eq!((mail.sender, mail.size), ("a@b", Some(3)));
        let Ok(Command::Rcpt(rcpt)) = Command::parse(b"RCPT TO:<a@b>") else { panic!() };
        assert_eq!(rcpt.recipient, "a@b");
    }

    #[test]
    fn lines_that_are_none() {
        use CommandError::{Arguments, Characters, Path, Unknown};
        for (line, problem) in [
            (&b""[..], Unknown),
            (b"HELLO", Unknown),
            (b" DATA", Unknown),
            (b"MAIL", Arguments),
            (b"MAIL TO:<a@b>", Arguments),
            (b"MAIL FROM: <a@b>", Path),
            (b"RCPT TO:<>", Path),
            (b"DATA now", Arguments),
            (b"EHLO", Arguments),
            (b"EHLO not/a/domain", Arguments),
            (b"EHLO a b", Arguments),
            (b"BDAT", Arguments),
            (b"BDAT -1", Arguments),
            (b"BDAT 99999999999999999999999", Arguments),
            (b"BDAT 5 FIRST", Arguments),
            (b"VRFY", Arguments),
            (b"AUTH", Arguments),
            (b"AUTH PLAIN a b", Arguments),
            (b"NOOP \xFF", Characters),
            (b"NOOP \x00", Characters),
            (b"RCPT TO:<a@b>\rDATA", Characters),
        ] {
            assert_eq!(Command::parse(line), Err(problem), "{}", String::from_utf8_lossy(line));
        }
    }
}
