//! How outcomes reach their table: the statement that runs once per message, and so decides how many
//! of them a second has.

use bealert_core::ledger::Outcome;
use rusqlite::{CachedStatement, Connection};

use super::batch::{WriteError, refuse};
use super::{columns, sql};

/// Outcomes in one statement, largest first: the first is where the cost per row levels out.
const ROWS_PER_INSERT: [usize; 2] = [64, 8];

/// Parameter of an outcome that stands alone: its detail comes last.
const DETAIL: usize = SHARED + OWN + 1;

/// Parameters that the rows of one statement share.
const SHARED: usize = 6;

/// Parameters that each row of such a statement has for itself.
const OWN: usize = 5;

/// The statements that insert outcomes. Made once: their text is also the key of the prepared one.
///
/// Most outcomes follow each other in sequence and differ in little. A run of them goes out in one
/// statement, where what they share is bound once, and only the first names its sequence: SQLite counts
/// the others on from the end of the table, and so need not look for the place of each.
pub(super) struct OutcomeInserts {
    runs: [String; ROWS_PER_INSERT.len()],
    alone: String,
}

impl OutcomeInserts {
    pub(super) fn new() -> Self {
        Self { runs: ROWS_PER_INSERT.map(run_insert), alone: alone_insert() }
    }

    /// Appends outcomes, each with its own sequence; one that is there already is an error.
    pub(super) fn append(&self, connection: &Connection, outcomes: &[Outcome]) -> Result<(), WriteError> {
        let mut rest = outcomes;
        while let Some(first) = rest.first() {
            let alike = rest.iter().zip(first.seq..).take_while(|(row, seq)| follows(first, row, *seq));
            let (mut run, after) = rest.split_at(alike.count().max(1));
            for (size, insert) in ROWS_PER_INSERT.into_iter().zip(&self.runs) {
                run = insert_runs(connection, insert, size, run)?;
            }
            if !run.is_empty() {
                let mut statement = connection.prepare_cached(&self.alone)?;
                for outcome in run {
                    bind_alone(&mut statement, outcome)?;
                    statement.raw_execute()?;
                }
            }
            rest = after;
        }
        Ok(())
    }
}

/// Whether a row can stand in a run that begins with `first`, at this place of it.
fn follows(first: &Outcome, row: &Outcome, seq: u64) -> bool {
    row.seq == seq
        && row.detail.is_none()
        && (row.campaign, row.channel, row.gateway) == (first.campaign, first.channel, first.gateway)
        && (row.attempt, row.part) == (first.attempt, first.part)
}

/// Inserts as much of a run as fills statements of this size, and gives the rest.
fn insert_runs<'a>(
    connection: &Connection,
    insert: &str,
    size: usize,
    mut run: &'a [Outcome],
) -> Result<&'a [Outcome], WriteError> {
    if run.len() < size {
        return Ok(run);
    }
    let mut statement = connection.prepare_cached(insert)?;
    bind_shared(&mut statement, &run[0])?;
    while let Some((some, rest)) = run.split_at_checked(size) {
        statement.raw_bind_parameter(1, some[0].seq as i64)?;
        for (index, outcome) in some.iter().enumerate() {
            bind_own(&mut statement, SHARED + index * OWN, outcome)?;
        }
        statement.raw_execute()?;
        // It counts on from the greatest sequence there is: that has to be the one before.
        if connection.last_insert_rowid() != some[size - 1].seq as i64 {
            return Err(refuse("the journal has rows beyond its end"));
        }
        run = rest;
    }
    Ok(run)
}

/// All but the sequence, which is the first parameter.
fn bind_shared(statement: &mut CachedStatement<'_>, outcome: &Outcome) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(2, outcome.campaign.0)?;
    statement.raw_bind_parameter(3, outcome.channel as u8)?;
    statement.raw_bind_parameter(4, outcome.attempt)?;
    statement.raw_bind_parameter(5, outcome.part)?;
    statement.raw_bind_parameter(6, columns::gateway_column(outcome.gateway))
}

fn bind_own(statement: &mut CachedStatement<'_>, before: usize, outcome: &Outcome) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(before + 1, outcome.ordinal)?;
    statement.raw_bind_parameter(before + 2, outcome.step as u8)?;
    statement.raw_bind_parameter(before + 3, remote(outcome))?;
    statement.raw_bind_parameter(before + 4, outcome.at_ms)?;
    statement.raw_bind_parameter(before + 5, outcome.took_us)
}

fn bind_alone(statement: &mut CachedStatement<'_>, outcome: &Outcome) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(1, outcome.seq as i64)?;
    bind_shared(statement, outcome)?;
    bind_own(statement, SHARED, outcome)?;
    statement.raw_bind_parameter(DETAIL, outcome.detail.as_deref())
}

fn remote(outcome: &Outcome) -> Option<&str> {
    (!outcome.remote.is_empty()).then_some(outcome.remote.as_str())
}

fn alone_insert() -> String {
    insert_of([row("?1", SHARED, &format!("?{DETAIL}"))])
}

fn run_insert(rows: usize) -> String {
    let sequence = |at| if at == 0 { "?1" } else { "NULL" };
    insert_of((0..rows).map(|at| row(sequence(at), SHARED + at * OWN, "NULL")))
}

fn insert_of(rows: impl IntoIterator<Item = String>) -> String {
    let rows: Vec<String> = rows.into_iter().collect();
    format!("{} {}", sql::OUTCOME_INSERT.trim_end(), rows.join(","))
}

/// One row, in the order of the table, whose own parameters come after so many others.
fn row(seq: &str, before: usize, detail: &str) -> String {
    let [ordinal, state, remote, at_ms, took_us] = std::array::from_fn(|own| before + own + 1);
    format!("({seq}, ?2, ?{ordinal}, ?3, ?4, ?5, ?6, ?{state}, ?{remote}, ?{at_ms}, ?{took_us}, {detail})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::reader::list;
    use bealert_core::model::{CampaignId, Channel, GatewayId};
    use bealert_core::outcome::Step;

    #[test]
    fn each_row_keeps_its_sequence_and_its_own_values() {
        let connection = journal();
        let mut outcomes: Vec<Outcome> = (5..400).map(outcome).collect();
        // other rows stand between these, and some differ in what a run shares
        outcomes.retain(|row| row.seq % 97 != 0);
        outcomes[20].detail = Some("0x0B".into());
        outcomes[21].attempt = 2;
        outcomes[150].gateway = GatewayId(4);
        outcomes[151].part = 3;
        outcomes[200].campaign = CampaignId(9);
        OutcomeInserts::new().append(&connection, &outcomes).expect("they are new");
        let found = found(&connection);
        for (found, given) in found.iter().zip(&outcomes) {
            assert_eq!(found, given);
        }
        assert_eq!(found.len(), outcomes.len());
    }

    #[test]
    fn what_is_there_already_is_an_error() {
        for first in [1, 64, 100] {
            let connection = journal();
            let inserts = OutcomeInserts::new();
            inserts.append(&connection, &(1..=100).map(outcome).collect::<Vec<_>>()).expect("new");
            let again: Vec<Outcome> = (first..first + 64).map(outcome).collect();
            assert!(inserts.append(&connection, &again).is_err(), "{first}");
        }
    }

    #[test]
    fn rows_beyond_the_end_are_noticed() {
        let connection = journal();
        let inserts = OutcomeInserts::new();
        inserts.append(&connection, &[outcome(1_000)]).expect("new");
        assert!(inserts.append(&connection, &(1..=8).map(outcome).collect::<Vec<_>>()).is_err());
    }

    fn journal() -> Connection {
        let connection = Connection::open_in_memory().expect("memory");
        connection.execute_batch(include_str!("sql/schema_1.sql")).expect("a schema");
        connection
    }

    fn found(connection: &Connection) -> Vec<Outcome> {
        list(connection, sql::OUTCOMES, (0, i64::MAX), columns::outcome).expect("outcomes")
    }

    fn outcome(seq: u64) -> Outcome {
        Outcome {
            seq,
            campaign: CampaignId(1),
            ordinal: seq as u32 * 3,
            channel: Channel::Sms,
            attempt: 1,
            part: 0,
            gateway: GatewayId(1),
            step: if seq.is_multiple_of(3) { Step::Delivered } else { Step::Accepted },
            remote: if seq.is_multiple_of(7) { Default::default() } else { id(seq) },
            at_ms: 1_700_000_000_000 + seq as i64 / 10,
            took_us: seq as u32,
            detail: None,
        }
    }

    fn id(seq: u64) -> bealert_core::ledger::RemoteId {
        bealert_core::ledger::RemoteId::from(&format!("id{seq}")).expect("it fits")
    }
}
