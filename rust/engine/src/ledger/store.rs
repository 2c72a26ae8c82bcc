//! Opening the file: whose it is, its schema, its permissions and its settings.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bealert_core::ledger::LedgerError;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, ffi};

use super::sql;

/// The schemas so far; `user_version` says how many of them a file has.
pub(super) const SCHEMAS: [&str; 3] =
    [include_str!("sql/schema_1.sql"), include_str!("sql/schema_2.sql"), include_str!("sql/schema_3.sql")];

/// "BEAL": tells a ledger from the database of another program.
const APPLICATION_ID: i32 = 0x4245_414C;

/// The first SQLite without the WAL-reset bug (sqlite.org/wal.html, "The WAL-Reset Bug").
const SQLITE_MIN: i32 = 3_051_003;

/// How long a statement waits for a lock of another connection: a checkpoint or a recovery.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Prepared statements kept per connection; more than there are.
const STATEMENTS: usize = 64;

/// The database file of a data directory.
pub(super) fn file(dir: &Path) -> PathBuf {
    dir.join("ledger.sqlite")
}

/// Makes the directory, for its owner only, where there is none.
pub(super) fn make_dir(dir: &Path) -> Result<(), LedgerError> {
    if dir.is_dir() {
        return Ok(());
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.and_then(|()| dir.parent().map_or(Ok(()), sync_dir)).map_err(|error| io(dir, error))
}

/// A writing connection; makes the file and brings its schema up to date.
pub(super) fn connect(dir: &Path) -> Result<Connection, LedgerError> {
    let version = rusqlite::version_number();
    if version < SQLITE_MIN {
        let why = format!("SQLite {version} can corrupt a log; {SQLITE_MIN} or later is needed");
        return Err(LedgerError::Io(why));
    }
    let path = file(dir);
    make_file(&path).and_then(|()| sync_dir(dir)).map_err(|error| io(&path, error))?;
    let mut connection = open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let found = schema_of(&connection, &path)?;
    set_up(&mut connection, found).map_err(failed)?;
    Ok(connection)
}

/// Another writing connection of the holder, to a file that [`connect`] has brought up to date.
pub(super) fn connect_again(dir: &Path) -> Result<Connection, LedgerError> {
    let connection = open(&file(dir), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch(sql::PRAGMAS).map_err(failed)?;
    Ok(connection)
}

/// A reading connection, beside a holder or without one, and the schema of the file.
pub(super) fn connect_reading(dir: &Path) -> Result<(Connection, usize), LedgerError> {
    let path = file(dir);
    if !path.is_file() {
        return Err(LedgerError::Io(format!("there is no ledger in {}", dir.display())));
    }
    let connection = open(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match schema_of(&connection, &path)? {
        0 => Err(LedgerError::Io(format!("{} is no ledger yet", path.display()))),
        schema => Ok((connection, schema)),
    }
}

/// Puts everything committed into the database file and empties the log.
///
/// # Errors
/// Where that does not succeed whole: what the log holds can't be called durable then.
pub(super) fn checkpoint(connection: &Connection) -> Result<(), LedgerError> {
    let busy = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .map_err(failed)?;
    if busy != 0 {
        return Err(LedgerError::Io("a reader kept the log from being checkpointed".into()));
    }
    Ok(())
}

/// An error of the file system, with the path it is about.
pub(super) fn io(path: &Path, error: std::io::Error) -> LedgerError {
    LedgerError::Io(format!("{}: {error}", path.display()))
}

/// An error of SQLite outside a commit.
pub(super) fn failed(error: rusqlite::Error) -> LedgerError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => LedgerError::Damaged(error.to_string()),
        _ if matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..)
        ) =>
        {
            LedgerError::Damaged(error.to_string())
        }
        _ => LedgerError::Io(told(&error)),
    }
}

/// An error of SQLite for people; of an I/O error, in what it happened (sqlite.org/rescode.html).
pub(super) fn told(error: &rusqlite::Error) -> String {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    let call = match extended {
        Some(ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_SHORT_READ) => "reading",
        Some(ffi::SQLITE_IOERR_WRITE) => "writing",
        Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => "fsync",
        Some(ffi::SQLITE_IOERR_TRUNCATE) => "truncating",
        Some(code) if code & 0xFF == ffi::SQLITE_IOERR && code != ffi::SQLITE_IOERR => {
            return format!("{error} (code {code})");
        }
        _ => return error.to_string(),
    };
    format!("{error} ({call})")
}

/// Made by us and not by SQLite, whose files take the umask; the log takes the mode of this one.
///
/// A file that is there is not opened: closing it would drop every lock that this process has on it
/// (POSIX fcntl), and whoever closes the database elsewhere would take its log away from our readers.
fn make_file(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made.map(drop),
    }
    if std::fs::metadata(path)?.permissions().mode() & 0o777 != 0o600 {
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    Ok(())
}

pub(super) fn sync_dir(dir: &Path) -> std::io::Result<()> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir)?.sync_all()
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, LedgerError> {
    // A connection has one user at a time, so SQLite's own mutex is not needed.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The schema version of the file, 0 if it is empty; looked at before anything is written to it.
fn schema_of(connection: &Connection, path: &Path) -> Result<usize, LedgerError> {
    let number = |what: &str| connection.query_row(what, [], |row| row.get::<_, i32>(0));
    let look = || -> rusqlite::Result<(i32, i32, i32)> {
        Ok((
            number("PRAGMA application_id")?,
            number("PRAGMA user_version")?,
            number("SELECT count(*) FROM sqlite_schema")?,
        ))
    };
    let foreign =
        || LedgerError::Io(format!("{} is no ledger of ours; choose another directory", path.display()));
    match look() {
        Ok((0, 0, 0)) => Ok(0),
        Ok((APPLICATION_ID, found, _)) => {
            let known = SCHEMAS.len() as u32;
            let found = u32::try_from(found).map_err(|_| foreign())?;
            if found > known {
                return Err(LedgerError::Newer { found, known });
            }
            Ok(found as usize)
        }
        Ok(_) => Err(foreign()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Err(foreign()),
        Err(error) => Err(failed(error)),
    }
}

fn set_up(connection: &mut Connection, found: usize) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch(sql::PRAGMAS)?;
    if found == SCHEMAS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for schema in &SCHEMAS[found..] {
        transaction.execute_batch(schema)?;
    }
    name_schema(&transaction)?;
    transaction.commit()
}

/// Says whose file it is, and that it has every schema.
pub(super) fn name_schema(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", SCHEMAS.len() as i32)
}

/// An archive file, made where that is asked for.
pub(super) fn open_archive(path: &Path, make: bool) -> Result<Connection, LedgerError> {
    if make {
        make_file(path).map_err(|error| io(path, error))?;
    }
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// An archive file that is only read.
pub(super) fn open_archive_reading(path: &Path) -> Result<Connection, LedgerError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema_of(&connection, path).map(|_| connection)
}
