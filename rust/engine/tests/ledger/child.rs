//! A test of this binary run again in a process of its own, which the parent may kill.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Tells the test that it is the child, and which directory it is about.
const DIR: &str = "BEALERT_LEDGER_TEST_DIR";

/// What a child's line begins with; the test harness prints some of its own.
const SAYS: &str = "child: ";

/// A running child, killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

/// Starts the test of that name as a child. File size signals are ignored in it, so that a limit
/// set by setrlimit(2) is an error of write(2).
pub(crate) fn start(test: &str, dir: &Path) -> Running {
    start_in(test, dir, &[])
}

/// The same in an environment.
pub(crate) fn start_in(test: &str, dir: &Path, environment: &[(&str, PathBuf)]) -> Running {
    let mut child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    Running { child, lines }
}

/// In the child: the directory. `None` in the parent's run of the same test.
pub(crate) fn dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

/// In the child: tells the parent.
pub(crate) fn say(what: impl std::fmt::Display) {
    println!("\n{SAYS}{what}");
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next thing it says; `None` when it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(said) = line.trim_end().strip_prefix(SAYS) {
                return Some(said.to_owned());
            }
        }
    }

    /// Kills it, and gives what it had said but nobody had heard.
    pub(crate) fn kill(&mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // A line that was cut short has not been said.
        std::iter::from_fn(|| self.hear()).collect()
    }

    pub(crate) fn succeeds(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
