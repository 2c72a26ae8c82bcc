//! A large campaign every day for a week: opening and its memory stay as they were on the second day.
//!
//! Each morning a process of its own opens the directory, so that its memory is that of opening alone.
//! `make growth` sends a million a day and prints the figures.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bealert_engine::Engine;
use bealert_engine::ledger::{SqliteLedger, open_reader};

use crate::far::{Far, Manners};
use crate::host::{bound, close, config, ended, gateway, now_ms, plan};

const DAY_MS: i64 = 86_400_000;
const DAYS: i64 = 7;

/// People a day, unless `GROWTH_PEOPLE` says otherwise.
const PEOPLE: u32 = 40_000;

/// What tells the child that it is one: the directory, and the wall clock it opens at.
const CHILD: (&str, &str) = ("GROWTH_DIR", "GROWTH_WALL_MS");

/// Two looks at the memory of a process that does the same may differ by that much.
const NOISE_KB: u64 = 6 * 1_024;

#[test]
fn opening_stays_as_it_was() {
    if let (Ok(dir), Ok(wall_ms)) = (std::env::var(CHILD.0), std::env::var(CHILD.1)) {
        return open_in_the_morning(Path::new(&dir), wall_ms.parse().unwrap());
    }
    let people = std::env::var("GROWTH_PEOPLE").map_or(PEOPLE, |count| count.parse().unwrap());
    let dir = tempfile::tempdir_in(std::env::var("GROWTH_ON").unwrap_or_else(|_| ".".into())).unwrap();
    let first_ms = now_ms() - DAYS * DAY_MS;
    let mut mornings = Vec::new();
    for day in 0..DAYS {
        let sent_s = send(dir.path(), first_ms + day * DAY_MS, people, &format!("day {day}"));
        // Ten hours later yesterday's campaign still takes late receipts, those before do not.
        let morning = morning(dir.path(), first_ms + day * DAY_MS + 10 * DAY_MS / 24);
        let size = |name: &str| std::fs::metadata(dir.path().join(name)).map_or(0, |file| file.len() >> 20);
        println!(
            "day {}: {people} sent and receipted in {sent_s:.1} s; next morning open after {} ms ({} ms of CPU), peak {} MB; ledger {} MB, log {} MB",
            day + 1,
            morning.open_ms,
            morning.cpu_ms,
            morning.peak_kb / 1_024,
            size("ledger.sqlite"),
            size("ledger.sqlite-wal"),
        );
        mornings.push(morning);
    }
    // The first day's ledger is smaller than every other; from the second on nothing may grow.
    let (second, last) = (&mornings[1], &mornings[DAYS as usize - 1]);
    assert!(last.peak_kb <= second.peak_kb + NOISE_KB, "{mornings:?}");
    assert!(last.cpu_ms <= 3 * second.cpu_ms + 200, "{mornings:?}");
    let mut reader = open_reader(dir.path()).unwrap();
    let ids: Vec<_> = reader.campaigns().unwrap().iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), DAYS as usize);
    for (id, day) in ids.iter().zip(1..) {
        // Only what late receipts may still correct has a snapshot.
        assert_eq!(reader.snapshot(*id).unwrap().is_some(), day == DAYS, "day {day}");
    }
}

fn send(dir: &Path, wall_ms: i64, people: u32, key: &str) -> f64 {
    let far = Far::start(Manners::default());
    let ledger = SqliteLedger::open(dir).unwrap();
    let config = config(Some(dir), &[gateway("a", far.port, r#", "window": 100"#)]);
    let engine = Engine::open_at(config, Box::new(ledger), wall_ms).unwrap();
    bound(&engine);
    let plan = plan(&engine, "letter", people);
    let began = Instant::now();
    let id = engine.launch(&plan, "test", key, &mut || true).unwrap();
    ended(&engine, id, Duration::from_secs(300));
    let took_s = began.elapsed().as_secs_f64();
    // Its end is kept behind the commits.
    let kept = || {
        let mut reader = open_reader(dir).unwrap();
        let last = reader.last().unwrap().0;
        // After the end come at most some rows of gateways.
        reader.snapshot(id).unwrap().is_some_and(|head| head.seq + 100 >= last)
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while !kept() {
        assert!(Instant::now() < deadline, "the end of {id} is not kept");
        std::thread::sleep(Duration::from_millis(5));
    }
    close(&engine);
    took_s
}

#[derive(Debug)]
struct Morning {
    open_ms: u64,
    cpu_ms: u64,
    peak_kb: u64,
}

fn morning(dir: &Path, wall_ms: i64) -> Morning {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["week::opening_stays_as_it_was", "--exact", "--nocapture"])
        .env(CHILD.0, dir)
        .env(CHILD.1, wall_ms.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    assert!(child.status.success(), "{said}");
    let figure = |name: &str| {
        let line = said.lines().find_map(|line| line.split_once(name)).expect("the child says it");
        line.1.trim().parse().unwrap()
    };
    Morning { open_ms: figure("open_ms"), cpu_ms: figure("cpu_ms"), peak_kb: figure("peak_kb") }
}

fn open_in_the_morning(dir: &Path, wall_ms: i64) {
    let began = Instant::now();
    let ledger = SqliteLedger::open(dir).unwrap();
    let engine =
        Engine::open_at(config(Some(dir), &[gateway("a", 9, "")]), Box::new(ledger), wall_ms).unwrap();
    println!("open_ms {}", began.elapsed().as_millis());
    // Nanoseconds that this thread had a processor: others on the machine don't count.
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let cpu_ns: u64 = scheduled.split(' ').next().unwrap().parse().unwrap();
    println!("cpu_ms {}", cpu_ns / 1_000_000);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("peak_kb {}", peak.trim().trim_end_matches(" kB"));
    // Time for what opening has removed later: snapshots of the day before.
    std::thread::sleep(Duration::from_millis(300));
    close(&engine);
}
