//! A far end in a process of its own, and the raw client against it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub struct Sink {
    child: Child,
    pub port: String,
}

impl Sink {
    /// `lean sink` or `lean smtp-sink`.
    pub fn start(what: &str, options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lean"))
            .args([what, "--with-parent"])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the sink starts");
        let mut first = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut first).expect("it says where it listens");
        child.stdout = Some(stdout.into_inner());
        let port = first.trim().rsplit(':').next().expect("a port").to_owned();
        Self { child, port }
    }

    /// Whether `lean blast` or `lean smtp-blast` has come to its end, and what it said.
    pub fn blast(&self, what: &str, options: &[&str]) -> (bool, String) {
        let done = Command::new(env!("CARGO_BIN_EXE_lean"))
            .args([what, "--port", &self.port])
            .args(options)
            .output()
            .expect("the client runs");
        (done.status.success(), String::from_utf8(done.stdout).expect("JSON"))
    }

    /// What it has seen when it ends.
    pub fn books(self) -> String {
        let said = self.child.wait_with_output().expect("it ends with its input");
        String::from_utf8(said.stdout).expect("JSON")
    }
}

/// A number in a line of JSON.
pub fn figure(json: &str, name: &str) -> f64 {
    let (_, rest) = json.split_once(&format!("\"{name}\": ")).expect(name);
    let end = rest.find([',', '}']).expect("a value ends");
    rest[..end].parse().expect(name)
}
