//! The options of a simulated SMSC.

use bealert_sim::smsc::{Fate, Faults, Limit, NumberPattern, NumberRule, SimConfig};
use bealert_wire::smpp::{MAX_WINDOW, ReceiptForm, ReceiptState};
use serde_json::Value;

use super::options::Options;
use super::values::{above_0, delay_us, fields, flag, maybe, narrow, per_second, share, text, whole};

/// What a host says of a simulated SMSC: JSON with the fields of [`SimConfig`] and [`Faults`], whose documentation
/// tells what each does, but delays as `..._ms`, and `limit` and `burst` as numbers. `null` stands for none.
#[derive(Debug, Clone)]
pub struct SmscOptions(Options);

impl SmscOptions {
    /// Reads options from JSON. The error names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, String> {
        Options::from_json(json).map(Self)
    }

    /// The settings these options stand for. The error names the option that is unknown or out of its range.
    pub fn config(self) -> Result<SimConfig, String> {
        let mut config = SimConfig::default();
        self.0.set(|name, value| {
            set_config(&mut config, name, value).unwrap_or_else(|| set_fault(&mut config.faults, name, value))
        })?;
        self.0.set_burst(&mut config.faults.limit)?;
        Ok(config)
    }

    /// Whether an option is said.
    pub fn says(&self, name: &str) -> bool {
        self.0.says(name)
    }

    /// Changes these of the faults, while it runs. The error names an option that is none, or out of its range.
    pub fn change(self, mut faults: Faults) -> Result<Faults, String> {
        self.0.set(|name, value| set_fault(&mut faults, name, value))?;
        self.0.set_burst(&mut faults.limit)?;
        Ok(faults)
    }
}

/// `None` where it is no setting of the whole run.
fn set_config(config: &mut SimConfig, name: &str, value: &Value) -> Option<Result<(), String>> {
    let done = match name {
        "system_id" => maybe(value, text).map(|text| config.system_id = text),
        "password" => maybe(value, text).map(|text| config.password = text),
        "name" => text(value).map(|text| config.name = text),
        "seed" => whole(value).map(|seed| config.seed = seed),
        "keep_messages" => flag(value).map(|keep| config.keep_messages = keep),
        "id_prefix" => text(value).map(|text| config.id_prefix = text),
        "ids" => maybe(value, whole).map(|ids| config.ids = ids),
        "id_start" => whole(value).map(|start| config.id_start = start),
        _ => return None,
    };
    Some(done)
}

fn set_fault(faults: &mut Faults, name: &str, value: &Value) -> Result<(), String> {
    match name {
        "response_ms" => faults.response_us = delay_us(value)?,
        "receipt_ms" => faults.receipt_us = delay_us(value)?,
        "receipts" => faults.receipts = share(value)?,
        "failed" => faults.failed = share(value)?,
        "early_receipts" => faults.early_receipts = share(value)?,
        "repeated_receipts" => faults.repeated_receipts = share(value)?,
        "silent" => faults.silent = share(value)?,
        "swallowed" => faults.swallowed = share(value)?,
        "queue_full" => faults.queue_full = share(value)?,
        "limit" => faults.limit = maybe(value, per_second)?.map(Limit::per_second),
        "burst" => {}
        "tells_load" => faults.tells_load = flag(value)?,
        "reset_every" => faults.reset_every = maybe(value, above_0)?,
        "unanswered_receipts" => faults.unanswered_receipts = window(value)?,
        "receipt_form" => faults.receipt_form = form(value)?,
        "receipt_retry_ms" => faults.receipt_retry_us = delay_us(value)?,
        "receipt_timeout_ms" => faults.receipt_timeout_us = delay_us(value)?,
        "receipts_first" => faults.receipts_first = flag(value)?,
        "deaf" => faults.deaf = flag(value)?,
        "refuse_binds" => faults.refuse_binds = maybe(value, status)?,
        "numbers" => {
            faults.numbers =
                value.as_array().ok_or("must be a list")?.iter().map(rule).collect::<Result<_, _>>()?
        }
        _ => return Err("is no option of a simulated SMSC, or cannot change while it runs".into()),
    }
    Ok(())
}

/// What happens to certain numbers: one of `prefix` and `suffix`, and one of `status`, `receipt` ("UNDELIV", the
/// words of SMPP 3.4 appendix B; "none") and `answer` ("silent", "swallow"); `times` per number, `null` for all.
fn rule(value: &Value) -> Result<NumberRule, String> {
    let said = fields(value, &["prefix", "suffix", "status", "receipt", "answer", "times"])?;
    let pattern = match (said("prefix"), said("suffix")) {
        (Some(prefix), None) => NumberPattern::Prefix(text(prefix)?),
        (None, Some(suffix)) => NumberPattern::Suffix(text(suffix)?),
        _ => return Err("each take one of prefix and suffix".into()),
    };
    let fate = match (said("status"), said("receipt"), said("answer")) {
        (Some(refusal), None, None) => Fate::Refuse(status(refusal)?),
        (None, Some(word), None) if text(word)?.eq_ignore_ascii_case("none") => Fate::NoReceipt,
        (None, Some(word), None) => Fate::Receipt(state(&text(word)?)?),
        (None, None, Some(answer)) => match answer.as_str() {
            Some("silent") => Fate::Silent,
            Some("swallow") => Fate::Swallow,
            _ => return Err("know the answers \"silent\" and \"swallow\"".into()),
        },
        _ => return Err("each take one of status, receipt and answer".into()),
    };
    let times = said("times").map(|times| whole(times).and_then(narrow)).transpose()?;
    Ok(NumberRule { pattern, fate, times })
}

fn state(word: &str) -> Result<ReceiptState, String> {
    let known = ReceiptState::ALL.into_iter().find(|state| state.word().eq_ignore_ascii_case(word));
    known.ok_or_else(|| {
        let words = ReceiptState::ALL.map(ReceiptState::word).join(", ");
        format!("know no receipt {word:?}, but {words}, none")
    })
}

fn form(value: &Value) -> Result<ReceiptForm, String> {
    match value.as_str() {
        Some("both") => Ok(ReceiptForm::TextAndTlvs),
        Some("text") => Ok(ReceiptForm::Text),
        Some("tlvs") => Ok(ReceiptForm::Tlvs),
        _ => Err("must be \"both\", \"text\" or \"tlvs\"".into()),
    }
}

/// A command_status that refuses (SMPP 3.4 §5.1.3).
fn status(value: &Value) -> Result<u32, String> {
    let status = above_0(value).map_err(|_| "must be a status, and 0 is no refusal")?;
    u32::try_from(status).map_err(|_| "must be a status of 32 bits".into())
}

fn window(value: &Value) -> Result<u32, String> {
    let count = whole(value)?;
    let fits = u32::try_from(count).ok().filter(|count| (1..=MAX_WINDOW).contains(count));
    fits.ok_or_else(|| format!("must be 1 to {MAX_WINDOW}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Result<SimConfig, String> {
        SmscOptions::from_json(json)?.config()
    }

    #[test]
    fn nothing_said_is_the_default() {
        let config = config("{}").unwrap();
        assert_eq!(config.faults, Faults::default());
        assert_eq!((config.seed, config.keep_messages, config.id_start), (1, false, 1));
    }

    #[test]
    fn every_option_arrives() {
        let config = config(
            r#"{"response_ms": 1.5, "limit": 500, "seed": 7, "system_id": "a", "receipt_form": "text", "burst": null,
                "receipts_first": true, "ids": 3, "deaf": true, "refuse_binds": 14, "reset_every": null,
                "receipt_retry_ms": 20, "receipt_timeout_ms": 30, "name": "X", "id_prefix": "p", "id_start": 9,
                "numbers": [{"suffix": "13", "status": 11, "times": 2}, {"prefix": "32", "receipt": "undeliv"},
                            {"suffix": "1", "receipt": "none"}, {"suffix": "2", "answer": "swallow"}]}"#,
        )
        .unwrap();
        let faults = config.faults;
        assert_eq!((faults.response_us, config.seed, config.system_id.as_deref()), (1_500, 7, Some("a")));
        assert_eq!((config.name.as_str(), config.id_prefix.as_str(), config.id_start), ("X", "p", 9));
        assert_eq!(faults.limit, Some(Limit { per_second: 500.0, burst: 50 }));
        assert_eq!(faults.receipt_form, ReceiptForm::Text);
        assert_eq!((faults.receipt_retry_us, faults.receipt_timeout_us), (20_000, 30_000));
        assert!(faults.receipts_first && faults.deaf);
        assert_eq!((config.ids, faults.refuse_binds, faults.reset_every), (Some(3), Some(14), None));
        let fates: Vec<Fate> = faults.numbers.iter().map(|rule| rule.fate).collect();
        let undeliverable = Fate::Receipt(ReceiptState::Undeliverable);
        assert_eq!(fates, [Fate::Refuse(11), undeliverable, Fate::NoReceipt, Fate::Swallow]);
        assert_eq!(faults.numbers[0].times, Some(2));
    }

    #[test]
    fn while_it_runs_only_what_is_said_changes() {
        let before = config(r#"{"response_ms": 5, "limit": 100}"#).unwrap().faults;
        let change = |json: &str| SmscOptions::from_json(json).unwrap().change(before.clone());
        assert_eq!(change(r#"{"deaf": true}"#), Ok(Faults { deaf: true, ..before.clone() }));
        assert_eq!(change(r#"{"burst": 7}"#).unwrap().limit, Some(Limit { per_second: 100.0, burst: 7 }));
        assert!(change(r#"{"seed": 5}"#).unwrap_err().contains("seed"));
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (json, name) in [
            (r#"{"respons_ms": 1}"#, "respons_ms"),
            (r#"{"failed": 1.1}"#, "failed"),
            (r#"{"receipts": -0.1}"#, "receipts"),
            (r#"{"limit": 0}"#, "limit"),
            (r#"{"burst": 5}"#, "burst"),
            (r#"{"limit": 5, "burst": 0}"#, "burst"),
            (r#"{"response_ms": -1}"#, "response_ms"),
            (r#"{"receipt_ms": 1e18}"#, "receipt_ms"),
            (r#"{"unanswered_receipts": 0}"#, "unanswered_receipts"),
            (r#"{"reset_every": 0}"#, "reset_every"),
            (r#"{"ids": -1}"#, "ids"),
            (r#"{"seed": "a"}"#, "seed"),
            (r#"{"numbers": [{"status": 1}]}"#, "numbers"),
            (r#"{"numbers": [{"suffix": "1"}]}"#, "numbers"),
            (r#"{"numbers": [{"suffix": "1", "status": 0}]}"#, "numbers"),
            (r#"{"numbers": [{"suffix": "1", "stats": 1}]}"#, "stats"),
            (r#"{"numbers": [{"suffix": "1", "status": 1, "receipt": "none"}]}"#, "numbers"),
            (r#"{"numbers": [{"suffix": "1", "receipt": "GONE"}]}"#, "GONE"),
        ] {
            let problem = config(json).unwrap_err();
            assert!(problem.contains(name), "{json}: {problem}");
        }
    }
}
