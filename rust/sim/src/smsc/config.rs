//! The settings of a simulated SMSC.

use std::fmt::Write;

use bealert_wire::smpp::MessageId;

use super::faults::Faults;

/// What stays the same for a whole run.
#[derive(Clone)]
pub struct SimConfig {
    /// The one account it knows; `None` for any.
    pub system_id: Option<String>,
    /// The secret of every account; `None` for any.
    pub password: Option<String>,
    /// Its name for itself in bind responses.
    pub name: String,
    /// Decides what the shares of [`Faults`] hit.
    pub seed: u64,
    /// Whether [`SmscSim::messages`](super::SmscSim::messages) is to know what was taken: some 200 octets each.
    pub keep_messages: bool,
    /// Whether [`SmscSim::take_diary`](super::SmscSim::take_diary) is to tell what happened.
    pub keep_diary: bool,
    /// What every message id begins with.
    pub id_prefix: String,
    /// The number of the first message id. Two simulators give the same ids unless this or the prefix differs,
    /// as two gateways of different providers may.
    pub id_start: u64,
    /// How many different ids it gives before they begin again: a careless far end, or one that wants its ids to
    /// meet. 0: it gives none at all. `None`: no two are the same.
    pub ids: Option<u64>,
    /// The wall clock at time 0, in seconds since 1970 UTC: for the dates in receipts.
    pub unix_origin_s: u64,
    /// How it behaves at the start.
    pub faults: Faults,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            system_id: None,
            password: None,
            name: "SMSC".into(),
            seed: 1,
            keep_messages: false,
            keep_diary: false,
            id_prefix: String::new(),
            id_start: 1,
            ids: None,
            // 2024-02-29 12:00 UTC: any day will do, and the same one each run
            unix_origin_s: 1_709_208_000,
            faults: Faults::default(),
        }
    }
}

impl SimConfig {
    /// The message id with this number.
    pub(super) fn id(&self, number: u64) -> MessageId {
        let mut id = MessageId::new();
        let number = match self.ids {
            None => number,
            Some(0) => return id,
            Some(ids) => number % ids,
        };
        write!(id, "{}{number}", self.id_prefix).expect("a prefix of 40 characters and 20 digits fit");
        id
    }
}

impl std::fmt::Debug for SimConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimConfig")
            .field("system_id", &self.system_id)
            .field("seed", &self.seed)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
