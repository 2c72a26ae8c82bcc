//! The settings of a simulator as a host writes them: by name, in milliseconds, every one with a default.

use bealert_sim::smsc::{Fate, Faults, Limit, NumberPattern, NumberRule, SimConfig};
use bealert_wire::smpp::{MAX_WINDOW, ReceiptForm, ReceiptState};
use serde::Deserialize;

/// What can be said about a simulator. [`Faults`] tells what each fault does.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)] // each is the setting of that name, in milliseconds where it says so
pub struct SimulatorOptions {
    pub response_ms: f64,
    pub receipt_ms: f64,
    pub receipts: f64,
    pub failed: f64,
    pub early_receipts: f64,
    pub repeated_receipts: f64,
    pub silent: f64,
    pub swallowed: f64,
    pub queue_full: f64,
    /// Parts per second; `None` for as many as come.
    pub limit: Option<f64>,
    /// How many at once within the limit; a tenth of a second's worth unless given.
    pub burst: Option<u32>,
    /// Whether responses tell the load, as a share of the limit.
    pub tells_load: bool,
    pub reset_every: Option<u64>,
    pub unanswered_receipts: u32,
    pub receipt_form: FormOption,
    pub receipt_retry_ms: f64,
    pub receipt_timeout_ms: f64,
    pub refuse_binds: Option<u32>,
    pub numbers: Vec<NumberOptions>,
    pub seed: u64,
    pub system_id: Option<String>,
    pub password: Option<String>,
    pub name: String,
    pub keep_messages: bool,
    pub id_prefix: String,
    pub id_start: u64,
}

/// What happens to certain numbers: one of `prefix` and `suffix`, and one of `status`, `receipt` and `answer`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NumberOptions {
    /// The beginning of the numbers, digits only.
    pub prefix: Option<String>,
    /// Their end.
    pub suffix: Option<String>,
    /// They are refused with this.
    pub status: Option<u32>,
    /// Their receipt says this, in the words of SMPP 3.4 appendix B ("UNDELIV"); "none" for no receipt.
    pub receipt: Option<String>,
    /// "silent": taken and never answered. "swallow": neither.
    pub answer: Option<AnswerOption>,
    /// To how many submits to each number; `None` for all.
    pub times: Option<u32>,
}

/// How receipts tell what they tell.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum FormOption {
    Both,
    Text,
    Tlvs,
}

/// What becomes of a response.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum AnswerOption {
    Silent,
    Swallow,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        let config = SimConfig::default();
        let faults = config.faults;
        Self {
            response_ms: ms(faults.response_us),
            receipt_ms: ms(faults.receipt_us),
            receipts: faults.receipts,
            failed: faults.failed,
            early_receipts: faults.early_receipts,
            repeated_receipts: faults.repeated_receipts,
            silent: faults.silent,
            swallowed: faults.swallowed,
            queue_full: faults.queue_full,
            limit: None,
            burst: None,
            tells_load: faults.tells_load,
            reset_every: faults.reset_every,
            unanswered_receipts: faults.unanswered_receipts,
            receipt_form: FormOption::Both,
            receipt_retry_ms: ms(faults.receipt_retry_us),
            receipt_timeout_ms: ms(faults.receipt_timeout_us),
            refuse_binds: faults.refuse_binds,
            numbers: Vec::new(),
            seed: config.seed,
            system_id: config.system_id,
            password: config.password,
            name: config.name,
            keep_messages: config.keep_messages,
            id_prefix: config.id_prefix,
            id_start: config.id_start,
        }
    }
}

impl SimulatorOptions {
    /// Reads options from JSON. The error names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    /// The settings these options stand for. The error names the option that is out of its range.
    pub fn config(self) -> Result<SimConfig, String> {
        let faults = self.faults()?;
        Ok(SimConfig {
            system_id: self.system_id,
            password: self.password,
            name: self.name,
            seed: self.seed,
            keep_messages: self.keep_messages,
            id_prefix: self.id_prefix,
            id_start: self.id_start,
            faults,
            ..SimConfig::default()
        })
    }

    fn faults(&self) -> Result<Faults, String> {
        if !(1..=MAX_WINDOW).contains(&self.unanswered_receipts) {
            return Err(format!("unanswered_receipts must be 1 to {MAX_WINDOW}"));
        }
        if self.reset_every == Some(0) {
            return Err("reset_every must be above 0".into());
        }
        Ok(Faults {
            response_us: us("response_ms", self.response_ms)?,
            receipt_us: us("receipt_ms", self.receipt_ms)?,
            receipts: share("receipts", self.receipts)?,
            failed: share("failed", self.failed)?,
            early_receipts: share("early_receipts", self.early_receipts)?,
            repeated_receipts: share("repeated_receipts", self.repeated_receipts)?,
            silent: share("silent", self.silent)?,
            swallowed: share("swallowed", self.swallowed)?,
            queue_full: share("queue_full", self.queue_full)?,
            limit: self.limit()?,
            tells_load: self.tells_load,
            reset_every: self.reset_every,
            unanswered_receipts: self.unanswered_receipts,
            receipt_form: match self.receipt_form {
                FormOption::Both => ReceiptForm::TextAndTlvs,
                FormOption::Text => ReceiptForm::Text,
                FormOption::Tlvs => ReceiptForm::Tlvs,
            },
            receipt_retry_us: us("receipt_retry_ms", self.receipt_retry_ms)?,
            receipt_timeout_us: us("receipt_timeout_ms", self.receipt_timeout_ms)?,
            refuse_binds: self.refuse_binds,
            numbers: self.numbers.iter().map(NumberOptions::rule).collect::<Result<_, _>>()?,
        })
    }

    fn limit(&self) -> Result<Option<Limit>, String> {
        let Some(per_second) = self.limit else {
            return if self.burst.is_some() { Err("burst needs a limit".into()) } else { Ok(None) };
        };
        if !(per_second > 0.0 && per_second.is_finite()) {
            return Err("limit must be above 0".into());
        }
        let usual = Limit::per_second(per_second);
        match self.burst {
            Some(0) => Err("burst must be above 0".into()),
            burst => Ok(Some(Limit { burst: burst.unwrap_or(usual.burst), ..usual })),
        }
    }
}

impl NumberOptions {
    fn rule(&self) -> Result<NumberRule, String> {
        let pattern = match (&self.prefix, &self.suffix) {
            (Some(prefix), None) => NumberPattern::Prefix(prefix.clone()),
            (None, Some(suffix)) => NumberPattern::Suffix(suffix.clone()),
            _ => return Err("numbers: each rule takes one of prefix and suffix".into()),
        };
        let fate = match (self.status, &self.receipt, self.answer) {
            (Some(0), None, None) => return Err("numbers: status 0 is no refusal".into()),
            (Some(status), None, None) => Fate::Refuse(status),
            (None, Some(word), None) if word.eq_ignore_ascii_case("none") => Fate::NoReceipt,
            (None, Some(word), None) => Fate::Receipt(state(word)?),
            (None, None, Some(AnswerOption::Silent)) => Fate::Silent,
            (None, None, Some(AnswerOption::Swallow)) => Fate::Swallow,
            _ => return Err("numbers: each rule takes one of status, receipt and answer".into()),
        };
        Ok(NumberRule { pattern, fate, times: self.times })
    }
}

const STATES: [ReceiptState; 8] = [
    ReceiptState::Enroute,
    ReceiptState::Delivered,
    ReceiptState::Expired,
    ReceiptState::Deleted,
    ReceiptState::Undeliverable,
    ReceiptState::Accepted,
    ReceiptState::Unknown,
    ReceiptState::Rejected,
];

fn state(word: &str) -> Result<ReceiptState, String> {
    let known = STATES.into_iter().find(|state| state.word().eq_ignore_ascii_case(word));
    known.ok_or_else(|| {
        let words = STATES.map(ReceiptState::word).join(", ");
        format!("numbers: receipt {word:?} is none of {words}, none")
    })
}

fn share(name: &str, share: f64) -> Result<f64, String> {
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(format!("{name} must be between 0 and 1")) }
}

/// The longest delay: a year, so that adding it to a time never leaves the clock.
const MAX_DELAY_MS: f64 = 365.0 * 86_400_000.0;

fn us(name: &str, ms: f64) -> Result<u64, String> {
    if !(0.0..=MAX_DELAY_MS).contains(&ms) {
        return Err(format!("{name} must be between 0 and a year"));
    }
    Ok((ms * 1_000.0).round() as u64)
}

fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Result<SimConfig, String> {
        SimulatorOptions::from_json(json)?.config()
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
            r#"{"response_ms": 1.5, "limit": 500, "seed": 7, "system_id": "a", "receipt_form": "text",
                "numbers": [{"suffix": "13", "status": 11, "times": 2}, {"prefix": "32", "receipt": "undeliv"},
                            {"suffix": "1", "receipt": "none"}, {"suffix": "2", "answer": "swallow"}]}"#,
        )
        .unwrap();
        let faults = config.faults;
        assert_eq!((faults.response_us, config.seed, config.system_id.as_deref()), (1_500, 7, Some("a")));
        assert_eq!(faults.limit, Some(Limit { per_second: 500.0, burst: 50 }));
        assert_eq!(faults.receipt_form, ReceiptForm::Text);
        let fates: Vec<Fate> = faults.numbers.iter().map(|rule| rule.fate).collect();
        let undeliverable = Fate::Receipt(ReceiptState::Undeliverable);
        assert_eq!(fates, [Fate::Refuse(11), undeliverable, Fate::NoReceipt, Fate::Swallow]);
        assert_eq!(faults.numbers[0].times, Some(2));
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (json, name) in [
            (r#"{"respons_ms": 1}"#, "respons_ms"),
            (r#"{"failed": 1.1}"#, "failed"),
            (r#"{"receipts": -0.1}"#, "receipts"),
            (r#"{"limit": 0}"#, "limit"),
            (r#"{"burst": 5}"#, "burst"),
            (r#"{"response_ms": -1}"#, "response_ms"),
            (r#"{"receipt_ms": 1e18}"#, "receipt_ms"),
            (r#"{"unanswered_receipts": 0}"#, "unanswered_receipts"),
            (r#"{"reset_every": 0}"#, "reset_every"),
            (r#"{"numbers": [{"status": 1}]}"#, "numbers"),
            (r#"{"numbers": [{"suffix": "1"}]}"#, "numbers"),
            (r#"{"numbers": [{"suffix": "1", "status": 1, "receipt": "none"}]}"#, "numbers"),
            (r#"{"numbers": [{"suffix": "1", "receipt": "GONE"}]}"#, "GONE"),
        ] {
            let problem = config(json).unwrap_err();
            assert!(problem.contains(name), "{json}: {problem}");
        }
    }
}
