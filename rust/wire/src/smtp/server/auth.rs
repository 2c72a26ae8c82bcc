//! How a client proves who it is (RFC 4954; RFC 4616 for PLAIN).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::event::Credentials;
use crate::smtp::{AuthMechanisms, Mechanism};

/// What asks for a user name and for a password in LOGIN: "Username:" and "Password:" in base64.
const LOGIN_PROMPTS: [&str; 2] = ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"];

/// What is said before a token is refused: `{"status":"400","schemes":"Bearer"}`, and as RFC 7628 §3.2.2 has it
/// `{"status":"invalid_token"}`.
pub(super) fn token_refusal(mechanism: Mechanism) -> Option<&'static str> {
    match mechanism {
        Mechanism::Xoauth2 => Some("334 eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0="),
        Mechanism::Oauthbearer => Some("334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0="),
        Mechanism::Auto | Mechanism::Plain | Mechanism::Login => None,
    }
}

/// An exchange on its way.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) mechanism: Mechanism,
    user: String,
    secret: String,
    /// Of LOGIN: the user name is here.
    has_user: bool,
}

/// What follows a response of the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This is said, and a response waited for.
    Say(&'static str),
    /// All is here.
    Known,
    /// The client gave up, or what it sent can't be read.
    Failed,
}

/// The mechanism of this name, if it is offered.
pub(super) fn named(name: &str, offered: AuthMechanisms) -> Option<Mechanism> {
    let known = [
        ("PLAIN", offered.plain, Mechanism::Plain),
        ("LOGIN", offered.login, Mechanism::Login),
        ("XOAUTH2", offered.xoauth2, Mechanism::Xoauth2),
        ("OAUTHBEARER", offered.oauthbearer, Mechanism::Oauthbearer),
    ];
    let found = known.into_iter().find(|(known, offered, _)| *offered && known.eq_ignore_ascii_case(name));
    found.map(|(_, _, mechanism)| mechanism)
}

impl Exchange {
    /// Begins one, with the initial response if there was one.
    pub(super) fn begin(mechanism: Mechanism, initial: Option<&str>) -> (Self, Step) {
        let mut exchange = Self { mechanism, user: String::new(), secret: String::new(), has_user: false };
        let step = match initial {
            // RFC 4954 §4: a response of no octets
            Some("=") => exchange.take(""),
            Some(initial) => exchange.take(initial),
            None if mechanism == Mechanism::Login => Step::Say(LOGIN_PROMPTS[0]),
            None => Step::Say("334 "),
        };
        (exchange, step)
    }

    /// Takes a response, a line without its CRLF.
    pub(super) fn take(&mut self, response: &str) -> Step {
        // `*` cancels (RFC 4954 §4), and is no base64 either
        let decoded = STANDARD.decode(response).ok().and_then(|octets| String::from_utf8(octets).ok());
        let Some(decoded) = decoded else { return Step::Failed };
        match self.mechanism {
            Mechanism::Plain => self.take_plain(&decoded),
            Mechanism::Auto => Step::Failed,
            Mechanism::Login if self.has_user => {
                self.secret = decoded;
                Step::Known
            }
            Mechanism::Login => {
                (self.user, self.has_user) = (decoded, true);
                Step::Say(LOGIN_PROMPTS[1])
            }
            Mechanism::Xoauth2 => {
                let mut fields = decoded.split('\u{1}');
                let user = fields.next().and_then(|field| field.strip_prefix("user="));
                self.take_token(user.map(str::to_owned), fields, &decoded)
            }
            Mechanism::Oauthbearer => {
                let mut fields = decoded.split('\u{1}');
                // gs2-header: no channel binding, and the account as a saslname (RFC 5801 §4)
                let user = fields.next().and_then(|field| field.strip_prefix("n,a=")?.strip_suffix(','));
                let user = user.map(|user| user.replace("=2C", ",").replace("=3D", "="));
                self.take_token(user, fields, &decoded)
            }
        }
    }

    pub(super) fn credentials(&self) -> Credentials<'_> {
        Credentials { mechanism: self.mechanism, user: &self.user, secret: &self.secret }
    }

    /// authzid NUL authcid NUL password (RFC 4616 §2).
    fn take_plain(&mut self, decoded: &str) -> Step {
        let mut fields = decoded.split('\0');
        match [fields.next(), fields.next(), fields.next(), fields.next()] {
            [Some(_), Some(user), Some(secret), None] if !user.is_empty() => {
                (self.user, self.secret) = (user.into(), secret.into());
                Step::Known
            }
            _ => Step::Failed,
        }
    }

    /// `auth=Bearer `, perhaps with fields beside it, each ended by a control-A, and one more at the end.
    fn take_token<'a>(
        &mut self,
        user: Option<String>,
        mut fields: impl Iterator<Item = &'a str>,
        decoded: &str,
    ) -> Step {
        let token = fields.find_map(|field| field.strip_prefix("auth=Bearer "));
        match (user, token) {
            (Some(user), Some(token)) if decoded.ends_with("\u{1}\u{1}") => {
                (self.user, self.secret) = (user, token.into());
                Step::Known
            }
            _ => Step::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(exchange: &Exchange) -> (&str, &str) {
        (&exchange.user, &exchange.secret)
    }

    #[test]
    fn plain_at_once_or_when_asked() {
        let response = STANDARD.encode("\0account\0secret");
        let (exchange, step) = Exchange::begin(Mechanism::Plain, Some(&response));
        assert_eq!((step, of(&exchange)), (Step::Known, ("account", "secret")));
        let (mut exchange, step) = Exchange::begin(Mechanism::Plain, None);
        assert_eq!(step, Step::Say("334 "));
        assert_eq!(exchange.take(&STANDARD.encode("other\0account\0secret")), Step::Known);
        assert_eq!(of(&exchange), ("account", "secret"));
        for wrong in ["\0account", "account", "\0account\0a\0b", "\0\0secret"] {
            assert_eq!(exchange.take(&STANDARD.encode(wrong)), Step::Failed, "{wrong:?}");
        }
        for wrong in ["*", "not base64!", "/w=="] {
            assert_eq!(exchange.take(wrong), Step::Failed);
        }
    }

    #[test]
    fn login_asks_twice() {
        let (mut exchange, step) = Exchange::begin(Mechanism::Login, None);
        assert_eq!(step, Step::Say("334 VXNlcm5hbWU6"));
        assert_eq!(exchange.take(&STANDARD.encode("account")), Step::Say("334 UGFzc3dvcmQ6"));
        assert_eq!(
            (exchange.take(&STANDARD.encode("secret")), of(&exchange)),
            (Step::Known, ("account", "secret"))
        );
        let (_, step) = Exchange::begin(Mechanism::Login, Some(&STANDARD.encode("account")));
        assert_eq!(step, Step::Say("334 UGFzc3dvcmQ6"));
    }

    #[test]
    fn xoauth2_brings_a_token() {
        let response = STANDARD.encode("user=account\u{1}auth=Bearer token\u{1}\u{1}");
        let (exchange, step) = Exchange::begin(Mechanism::Xoauth2, Some(&response));
        assert_eq!((step, of(&exchange)), (Step::Known, ("account", "token")));
        let (_, step) = Exchange::begin(Mechanism::Xoauth2, Some(&STANDARD.encode("user=account\u{1}")));
        assert_eq!(step, Step::Failed);
    }

    #[test]
    fn oauthbearer_brings_a_token() {
        let response =
            STANDARD.encode("n,a=one=2Ctwo=3D,\u{1}host=h\u{1}port=587\u{1}auth=Bearer token\u{1}\u{1}");
        let (exchange, step) = Exchange::begin(Mechanism::Oauthbearer, Some(&response));
        assert_eq!((step, of(&exchange)), (Step::Known, ("one,two=", "token")));
        for wrong in ["n,a=account,\u{1}\u{1}", "user=account\u{1}auth=Bearer token\u{1}\u{1}"] {
            let (_, step) = Exchange::begin(Mechanism::Oauthbearer, Some(&STANDARD.encode(wrong)));
            assert_eq!(step, Step::Failed, "{wrong:?}");
        }
    }

    #[test]
    fn only_what_is_offered_is_known() {
        let offered = AuthMechanisms { plain: true, ..AuthMechanisms::default() };
        assert_eq!(named("plain", offered), Some(Mechanism::Plain));
        assert_eq!(named("LOGIN", offered), None);
        assert_eq!(named("CRAM-MD5", offered), None);
    }
}
