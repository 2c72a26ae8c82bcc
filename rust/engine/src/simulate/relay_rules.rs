//! Rules of a simulated relay as a host writes them.

use bealert_sim::relay::{Action, AddressPattern, Fate, Phase, Report, Rule};
use bealert_wire::smtp::{EnhancedCode, Reply};
use serde_json::Value;

use super::values::{fields, narrow, share, text, whole};

/// What happens in one place: `phase` ("dot" if it is not said); `prefix` or `suffix` of an address; `share`;
/// `times`; and one of `reply` ("550 5.1.1 No such user"), `garble` (text that is no reply), `answer` ("silent",
/// "swallow", "reset", "reset_after") and `report` ("failed", "delayed", "delivered", "relayed"), of which a `reply`
/// beside it says why.
pub(super) fn rule(value: &Value) -> Result<Rule, String> {
    let known = ["phase", "prefix", "suffix", "share", "times", "reply", "garble", "answer", "report"];
    let said = fields(value, &known)?;
    let phase = said("phase").map_or(Ok(Phase::Dot), phase)?;
    let who = match (said("prefix"), said("suffix")) {
        (None, None) => None,
        (Some(prefix), None) => Some(AddressPattern::Prefix(text(prefix)?)),
        (None, Some(suffix)) => Some(AddressPattern::Suffix(text(suffix)?)),
        _ => return Err("each take one of prefix and suffix".into()),
    };
    let reply = said("reply").map(reply).transpose()?;
    let fate = match (reply, said("garble"), said("answer"), said("report")) {
        (Some(reply), None, None, None) => Fate::Reply(reply),
        (None, Some(octets), None, None) => Fate::Garble(text(octets)?.into_bytes()),
        (None, None, Some(answer), None) => match answer.as_str() {
            Some("silent") => Fate::Silent,
            Some("swallow") => Fate::Swallow,
            Some("reset") => Fate::Reset,
            Some("reset_after") => Fate::ResetAfter,
            _ => return Err("know the answers \"silent\", \"swallow\", \"reset\" and \"reset_after\"".into()),
        },
        (reply, None, None, Some(word)) => {
            let action = action(word)?;
            Fate::Report(Report { action, reply: reply.unwrap_or_else(|| usual_reason(action)) })
        }
        _ => return Err("each take one of reply, garble, answer and report".into()),
    };
    let share = said("share").map_or(Ok(1.0), share)?;
    let times = said("times").map(|times| whole(times).and_then(narrow)).transpose()?;
    Ok(Rule { phase, who, share, times, fate })
}

fn phase(value: &Value) -> Result<Phase, String> {
    Ok(match value.as_str() {
        Some("connect") => Phase::Greeting,
        Some("ehlo") => Phase::Ehlo,
        Some("starttls") => Phase::StartTls,
        Some("auth") => Phase::Auth,
        Some("mail") => Phase::Mail,
        Some("rcpt") => Phase::Rcpt,
        Some("data") => Phase::Data,
        Some("dot") => Phase::Dot,
        _ => return Err("know the phases connect, ehlo, starttls, auth, mail, rcpt, data and dot".into()),
    })
}

/// Code, perhaps an enhanced code, and text.
fn reply(value: &Value) -> Result<Reply, String> {
    let line = text(value)?;
    let wrong = || format!("know no reply {line:?}; one is \"550 5.1.1 No such user\"");
    let (code, rest) = line.split_at_checked(3).ok_or_else(wrong)?;
    let code = code.parse().ok().filter(|code| (200..600).contains(code)).ok_or_else(wrong)?;
    let rest = rest.trim_start();
    let (enhanced, rest) = match EnhancedCode::parse(rest.as_bytes()) {
        Some((enhanced, octets)) => (Some(enhanced), rest[octets..].trim_start()),
        None => (None, rest),
    };
    Ok(Reply::new(code, enhanced, rest))
}

fn action(value: &Value) -> Result<Action, String> {
    let actions = [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed];
    let known = actions.into_iter().find(|action| value.as_str() == Some(action.word()));
    known.ok_or_else(|| "know the reports \"failed\", \"delayed\", \"delivered\" and \"relayed\"".into())
}

fn usual_reason(action: Action) -> Reply {
    match action {
        Action::Failed => Reply::new(550, Some(EnhancedCode(5, 1, 1)), "No such user"),
        Action::Delayed => Reply::new(451, Some(EnhancedCode(4, 4, 1)), "No answer from host"),
        Action::Delivered => Reply::new(250, Some(EnhancedCode(2, 0, 0)), "Delivered"),
        Action::Relayed => Reply::new(250, Some(EnhancedCode(2, 0, 0)), "Relayed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Result<Rule, String> {
        rule(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn rules_in_all_their_forms() {
        let reply = Reply::new(552, Some(EnhancedCode(5, 2, 2)), "Mailbox full");
        let full = of(
            r#"{"phase": "rcpt", "suffix": "@full.example", "reply": "552 5.2.2 Mailbox full", "times": 2}"#,
        );
        let wanted =
            Rule::of(Phase::Rcpt, AddressPattern::Suffix("@full.example".into()), Fate::Reply(reply));
        assert_eq!(full, Ok(Rule { times: Some(2), ..wanted }));
        assert_eq!(of(r#"{"answer": "silent", "share": 0.5}"#).unwrap().share, 0.5);
        assert_eq!(of(r#"{"garble": "what"}"#), Ok(Rule::always(Phase::Dot, Fate::Garble(b"what".to_vec()))));
        let Fate::Report(report) = of(r#"{"report": "failed"}"#).unwrap().fate else { panic!() };
        assert_eq!(report.reply.to_string(), "550 5.1.1 No such user");
        let Fate::Report(report) = of(r#"{"report": "failed", "reply": "552 5.2.2 full"}"#).unwrap().fate
        else {
            panic!()
        };
        assert_eq!(report.reply.to_string(), "552 5.2.2 full");
        let Fate::Reply(reply) = of(r#"{"reply": "421 bye"}"#).unwrap().fate else { panic!() };
        assert_eq!((reply.code, reply.enhanced, reply.text.as_str()), (421, None, "bye"));
    }

    #[test]
    fn what_is_none_is_told() {
        for json in [
            "{}",
            "5",
            r#"{"reply": "55"}"#,
            r#"{"reply": "999 x"}"#,
            r#"{"reply": "550 x", "answer": "silent"}"#,
            r#"{"answer": "shout"}"#,
            r#"{"phase": "quit", "answer": "silent"}"#,
            r#"{"prefix": "a", "suffix": "b", "answer": "silent"}"#,
            r#"{"report": "lost"}"#,
            r#"{"answer": "silent", "share": 2}"#,
            r#"{"answer": "silent", "often": 2}"#,
        ] {
            assert!(of(json).is_err(), "{json}");
        }
    }
}
