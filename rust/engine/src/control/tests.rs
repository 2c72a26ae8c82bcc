use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bealert_core::model::CampaignId;

use super::holder::Holder;
use super::*;
use crate::config::Config;
use crate::engine::Waiter;
use crate::error::EngineError;
use crate::fork::Descriptors;
use crate::plan::{Plan, Planner, RecipientIn};

/// Keeps what it is asked, and answers what the test says.
#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<String>>,
    plans: Mutex<Vec<Plan>>,
    refuse: Mutex<Option<EngineError>>,
    /// Waits until the waiter gives up.
    slow: AtomicBool,
    gave_up: AtomicBool,
}

impl Fake {
    fn asked(&self, what: String, waiter: Waiter<'_>) -> Result<(), EngineError> {
        self.asked.lock().unwrap().push(what);
        while self.slow.load(Ordering::Relaxed) {
            if !waiter() {
                self.gave_up.store(true, Ordering::Relaxed);
                return Err(EngineError::Interrupted);
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.refuse.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

impl Holder for Fake {
    fn launch(
        &self,
        plan: &Plan,
        by: &str,
        key: &str,
        waiter: Waiter<'_>,
    ) -> Result<CampaignId, EngineError> {
        self.plans.lock().unwrap().push(plan.clone());
        self.asked(format!("launch {by} {key}"), waiter)?;
        Ok(CampaignId(42))
    }

    fn command(&self, command: CommandName, campaign: &str, waiter: Waiter<'_>) -> Result<(), EngineError> {
        self.asked(format!("{command:?} {campaign}"), waiter)
    }
}

struct Held {
    directory: PathBuf,
    fake: Arc<Fake>,
    server: Option<ControlServer>,
    _temporary: tempfile::TempDir,
}

fn held_in(name: &str) -> Held {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().join(name);
    fs::create_dir(&directory).unwrap();
    let fake = Arc::new(Fake::default());
    let server = Some(start(&directory, &fake));
    Held { directory, fake, server, _temporary: temporary }
}

fn held() -> Held {
    held_in("var")
}

fn start(directory: &Path, fake: &Arc<Fake>) -> ControlServer {
    ControlServer::start(directory, Arc::clone(fake) as Arc<dyn Holder>, &Descriptors::new()).unwrap()
}

fn plan(people: usize) -> Plan {
    let config = r#"{"gateways": [{"type": "smpp", "name": "a", "host": "h", "port": 1, "system_id": "i",
        "password": "", "sender": "BE"}], "scenarios": [{"name": "s", "kind": "info", "expiry_ms": 9,
        "sms": {"nl": "Hallo {{ name }}"}}]}"#;
    let mut planner = Planner::new(&Config::from_json(config).unwrap(), "s", vec![]).unwrap();
    for number in 0..people {
        let (id, phone) = (number.to_string(), Some("+32470123456"));
        planner.push(RecipientIn { id: &id, phone, name: Some("An"), ..RecipientIn::default() });
    }
    planner.finish(0).unwrap()
}

fn client(held: &Held) -> ControlClient {
    ControlClient::connect(&held.directory).unwrap()
}

#[test]
fn one_connection_carries_plans_and_commands() {
    let held = held();
    let mut client = client(&held);
    assert_eq!(client.ping(&mut || true).unwrap(), std::process::id());
    // Larger than what a socket takes at once.
    let plan = plan(20_000);
    assert!(plan.to_bytes().len() > 400_000);
    assert_eq!(client.launch(&plan, "me", "k-1", &mut || true).unwrap(), CampaignId(42));
    for name in ["pause", "resume", "cancel"] {
        let command = CommandName::from_name(name).unwrap();
        client.command(command, "k-1", &mut || true).unwrap();
    }
    assert_eq!(CommandName::from_name("stop"), None);
    let asked = ["launch me k-1", "Pause k-1", "Resume k-1", "Cancel k-1"];
    assert_eq!(*held.fake.asked.lock().unwrap(), asked);
    assert_eq!(*held.fake.plans.lock().unwrap(), [plan]);
}

#[test]
fn a_refusal_is_what_the_holders_own_caller_would_get() {
    let held = held();
    let mut client = client(&held);
    for error in [
        EngineError::PlanStale("the plan is older than 24 h".into()),
        EngineError::KeyConflict { key: "k\"1".into(), id: CampaignId(7) },
        EngineError::Ledger("full".into()),
        EngineError::UnknownCampaign("9".into()),
        EngineError::CampaignEnded { id: CampaignId(3), state: "cancelled" },
        EngineError::Closed,
        EngineError::Failed("panic".into()),
    ] {
        *held.fake.refuse.lock().unwrap() = Some(error.clone());
        let refused = client.command(CommandName::Pause, "9", &mut || true).unwrap_err();
        let ControlError::Holder(found) = refused else { panic!("{refused:?}") };
        assert_eq!(format!("{found:?}"), format!("{error:?}"));
    }
}

#[test]
fn without_a_holder_nobody_sends() {
    let mut held = held();
    let nobody =
        |directory: &Path| matches!(ControlClient::connect(directory), Err(ControlError::NobodySends(_)));
    assert!(nobody(&held.directory.join("elsewhere")));
    assert!(!nobody(&held.directory));
    held.server = None;
    assert!(!held.directory.join("control.sock").exists(), "it is taken away");
    assert!(nobody(&held.directory));
}

#[test]
fn what_a_killed_holder_left_is_replaced() {
    let mut held = held();
    let socket = held.directory.join("control.sock");
    fs::hard_link(&socket, held.directory.join("kept")).unwrap();
    held.server = None;
    fs::rename(held.directory.join("kept"), &socket).unwrap();
    fs::create_dir(held.directory.join("control.new")).unwrap();
    fs::write(held.directory.join("control.new/control.sock"), "").unwrap();
    // The thread that listened ends on its own; until then somebody may still be heard.
    let until = Instant::now() + Duration::from_secs(5);
    while ControlClient::connect(&held.directory).is_ok() && Instant::now() < until {
        thread::sleep(Duration::from_millis(1));
    }
    assert!(matches!(ControlClient::connect(&held.directory), Err(ControlError::NobodySends(_))));
    held.server = Some(start(&held.directory, &held.fake));
    assert!(client(&held).ping(&mut || true).is_ok());
    let left: Vec<_> =
        fs::read_dir(&held.directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["control.sock"]);
}

#[test]
fn the_socket_is_for_its_owner_alone() {
    let held = held();
    let mode = fs::metadata(held.directory.join("control.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
#[cfg(target_os = "linux")]
fn a_path_that_is_too_long_for_a_socket_works_all_the_same() {
    let held = held_in(&"d".repeat(200));
    assert!(client(&held).ping(&mut || true).is_ok());
}

#[test]
fn whoever_gives_up_waiting_is_gone_at_once_and_the_work_goes_on() {
    let held = held();
    held.fake.slow.store(true, Ordering::Relaxed);
    let mut looks = 3;
    let began = Instant::now();
    let given_up = client(&held).launch(&plan(1), "me", "k", &mut || {
        looks -= 1;
        looks > 0
    });
    assert!(matches!(given_up, Err(ControlError::Holder(EngineError::Interrupted))), "{given_up:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(!held.fake.gave_up.load(Ordering::Relaxed));
    held.fake.slow.store(false, Ordering::Relaxed);
    assert!(client(&held).ping(&mut || true).is_ok());
}

#[test]
fn the_end_of_the_holder_ends_what_is_waited_for() {
    let mut held = held();
    held.fake.slow.store(true, Ordering::Relaxed);
    let mut client = client(&held);
    let waiting = thread::spawn(move || client.command(CommandName::Pause, "1", &mut || true));
    while held.fake.asked.lock().unwrap().is_empty() {
        thread::sleep(Duration::from_millis(1));
    }
    held.server = None;
    let answer = waiting.join().unwrap();
    assert!(matches!(answer, Err(ControlError::Holder(EngineError::Closed))), "{answer:?}");
}

#[test]
fn nonsense_ends_its_connection_and_no_other() {
    let held = held();
    let mut other = client(&held);
    assert!(other.ping(&mut || true).is_ok());
    let long = [&u32::MAX.to_le_bytes()[..], b"{"].concat();
    let unknown = [&11_u32.to_le_bytes()[..], br#"{"op":"eat"}"#].concat();
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n"[..], &long, &unknown] {
        let mut stream = UnixStream::connect(held.directory.join("control.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(nonsense).unwrap();
        let mut answer = Vec::new();
        // The far end may reset, since it has not read everything.
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty());
    }
    assert!(other.ping(&mut || true).is_ok());
    assert!(held.fake.asked.lock().unwrap().is_empty());
}

#[test]
fn bytes_that_are_no_plan_are_refused() {
    let held = held();
    let mut stream = UnixStream::connect(held.directory.join("control.sock")).unwrap();
    let request = message::Request::Launch { by: "me".into(), key: "k".into() };
    frame::write_head(&mut stream, &request).unwrap();
    frame::write_body(&mut stream, b"no plan").unwrap();
    let answer: message::Answer = frame::read_head(&mut stream).unwrap().unwrap();
    assert!(matches!(answer, message::Answer::Error(message::Refusal::Request { .. })), "{answer:?}");
    assert!(held.fake.asked.lock().unwrap().is_empty());
}

#[test]
fn more_connections_than_there_are_places_are_told_so() {
    let held = held();
    let mut clients: Vec<ControlClient> = (0..16).map(|_| client(&held)).collect();
    assert!(clients.iter_mut().all(|client| client.ping(&mut || true).is_ok()));
    let refused = client(&held).ping(&mut || true).unwrap_err();
    assert!(matches!(refused, ControlError::Failed(_)), "{refused:?}");
    drop(clients);
    let until = Instant::now() + Duration::from_secs(5);
    while client(&held).ping(&mut || true).is_err() {
        assert!(Instant::now() < until, "places are given back");
    }
}
