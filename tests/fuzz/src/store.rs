//! Where inputs are kept: `corpus/TARGET` is where searching begins, `regressions/TARGET` what once failed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Target;

/// The directory of a target's seeds.
pub fn corpus(target: Target) -> PathBuf {
    root().join("corpus").join(target.name)
}

/// The directory of what once failed.
pub fn regressions(target: Target) -> PathBuf {
    root().join("regressions").join(target.name)
}

/// The files of a directory with their names, in order of name; none where there is no directory.
///
/// # Errors
/// What the file system says.
pub fn files(directory: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        files.push((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?));
    }
    files.sort();
    Ok(files)
}

/// Keeps an input that failed; where.
///
/// # Errors
/// What the file system says.
pub fn keep(target: Target, octets: &[u8]) -> io::Result<PathBuf> {
    let directory = regressions(target);
    fs::create_dir_all(&directory)?;
    let mark = octets.iter().fold(0xCBF2_9CE4_8422_2325_u64, |mark, octet| {
        (mark ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01B3)
    });
    let path = directory.join(format!("{mark:016x}"));
    fs::write(&path, octets)?;
    Ok(path)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
