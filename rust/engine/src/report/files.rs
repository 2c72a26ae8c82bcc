//! `report.json` and `report.csv`: each is there as a whole, or not at all.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

use super::cells::{neutral, time};
use super::{Report, ReportRow};

/// The columns of `report.csv`.
const COLUMNS: [&str; 13] = [
    "id",
    "name",
    "channel",
    "address",
    "state",
    "reason",
    "gateway",
    "attempts",
    "parts",
    "submitted_at",
    "receipt_at",
    "remote",
    "possibly_doubled",
];

/// Files that this process has begun.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// A report can't be written. What was there before is still there.
#[derive(Debug, Error)]
#[error("{} can't be written: {source}{}", .path.display(), self.hint())]
pub struct WriteError {
    /// Which file or directory.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl WriteError {
    /// What to do about it, to stand behind the reason.
    pub fn hint(&self) -> &'static str {
        hint(&self.source)
    }
}

impl Report {
    /// Writes `report.json` and `report.csv` into a directory, which is made if need be. They name people and
    /// numbers, so they are for the user who writes them alone.
    ///
    /// # Errors
    /// [`WriteError`], with the file it is about.
    pub fn write(&self, directory: &Path) -> Result<(), WriteError> {
        let failed = |source| WriteError { path: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(failed)?;
        replace(directory, "report.json", |out| {
            out.write_all(self.json().as_bytes())?;
            out.write_all(b"\n")
        })?;
        replace(directory, "report.csv", |out| self.write_csv(out))?;
        // What was renamed is there after a power cut, too.
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
    }

    fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(COLUMNS).map_err(said)?;
        for row in self.rows() {
            csv.write_record(cells(&row).iter().map(|cell| cell.as_bytes())).map_err(said)?;
        }
        csv.flush()
    }
}

/// What the file system said: callers go by its kind.
fn said(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn cells<'a>(row: &'a ReportRow<'_>) -> [Cow<'a, str>; COLUMNS.len()] {
    let text = |text: Option<&'a str>| text.map_or(Cow::Borrowed(""), neutral);
    let at = |at_ms: Option<i64>| at_ms.map_or(Cow::Borrowed(""), |at_ms| time(at_ms).into());
    [
        neutral(row.id),
        text(row.name),
        row.channel.name().into(),
        address(row),
        row.state.into(),
        text(row.reason),
        text(row.gateway),
        row.attempts.to_string().into(),
        row.parts.to_string().into(),
        at(row.submitted_at_ms),
        at(row.receipt_at_ms),
        text(row.remote),
        if row.possibly_doubled { "yes".into() } else { "no".into() },
    ]
}

/// A number is written in digits without its `+`: nothing of it is lost, and no spreadsheet calculates with it.
fn address<'a>(row: &'a ReportRow<'_>) -> Cow<'a, str> {
    let digits = row.address.strip_prefix('+').filter(|digits| digits.bytes().all(|d| d.is_ascii_digit()));
    match digits {
        Some(digits) if row.channel.dials() => digits.into(),
        _ => neutral(&row.address),
    }
}

/// Writes beside the file, and puts it in its place once it is whole and on the disk.
fn replace(
    directory: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let path = directory.join(name);
    // Two that write at once, here or in another process, do not write into one file.
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let beside = directory.join(format!(".{name}.{}.{number}", std::process::id()));
    let written = write_new(&beside, write).and_then(|()| fs::rename(&beside, &path));
    written.map_err(|source| {
        // Half a file is of no use, and there may be no room for it.
        drop(fs::remove_file(&beside));
        WriteError { path, source }
    })
}

fn write_new(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room, or choose another directory, and write it again"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a directory that you may write to"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "; a file is where a directory should be, choose another place"
        }
        io::ErrorKind::NotFound => "; no directory can be made there, choose another place",
        _ => "; choose another directory, and write it again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_leaves_what_was_there_and_says_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("report.csv"), "before").unwrap();
        let full = replace(directory.path(), "report.csv", |out| {
            out.write_all(b"half")?;
            Err(io::Error::from_raw_os_error(28))
        });
        let error = full.unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
        assert!(
            error.to_string().contains("report.csv") && error.to_string().contains("make room"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(directory.path().join("report.csv")).unwrap(), "before");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_impossible_place_is_named_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        for place in [file.clone(), file.join("below"), "/proc/nowhere".into()] {
            let source = fs::create_dir_all(&place).unwrap_err();
            let text = WriteError { path: place.clone(), source }.to_string();
            assert!(text.starts_with(place.to_str().unwrap()) && text.contains("; "), "{text}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_the_file_system_says_to_the_csv_is_kept() {
        let mut csv = csv::Writer::from_writer(File::options().write(true).open("/dev/full").unwrap());
        let mut written = Ok(());
        while written.is_ok() {
            written = csv.write_record([[b'x'; 1_000]]).map_err(said);
        }
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
