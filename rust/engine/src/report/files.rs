//! `report.json` and `report.csv`: each is there as a whole, or not at all.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bealert_core::model::Channel;
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

/// A report can't be written. What was there before is still there.
#[derive(Debug, Error)]
#[error("{} can't be written: {source}{}", .path.display(), hint(.source))]
pub struct WriteError {
    /// Which file or directory.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
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
        csv.write_record(COLUMNS)?;
        for row in self.rows() {
            csv.write_record(cells(&row).iter().map(|cell| cell.as_bytes()))?;
        }
        csv.flush()
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
        Some(digits) if row.channel != Channel::Email => digits.into(),
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
    // Two that write at once do not write into one file.
    let beside = directory.join(format!(".{name}.{}", std::process::id()));
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
        _ => "",
    }
}
