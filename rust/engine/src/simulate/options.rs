//! Options of a simulated far end as a host writes them: by name, in milliseconds, what is not said by default.

use bealert_sim::smsc::Limit;
use serde_json::{Map, Value};

use super::values::{above_0, narrow};

/// JSON, an option a field; `null` stands for none.
#[derive(Debug, Clone)]
pub(super) struct Options(Map<String, Value>);

impl Options {
    /// Reads them. The error names what is wrong.
    pub(super) fn from_json(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map(Self).map_err(|error| error.to_string())
    }

    /// Whether one is said.
    pub(super) fn says(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// One that is said, and is not none.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Sets each of them. An error gets the name of its option in front.
    pub(super) fn set(&self, mut set: impl FnMut(&str, &Value) -> Result<(), String>) -> Result<(), String> {
        let mut named = |(name, value): (&String, &Value)| {
            set(name, value).map_err(|problem| format!("{name} {problem}"))
        };
        self.0.iter().try_for_each(&mut named)
    }

    /// Gives a limit the burst that is said with it.
    pub(super) fn set_burst(&self, limit: &mut Option<Limit>) -> Result<(), String> {
        let Some(burst) = self.get("burst") else { return Ok(()) };
        let burst = above_0(burst).and_then(narrow).map_err(|problem| format!("burst {problem}"))?;
        limit.as_mut().ok_or("burst needs a limit")?.burst = burst;
        Ok(())
    }
}
