//! The crate smpp34 natively: a task per slot of the window, each awaiting its answer, as its own `perf_esme`
//! does. It has no ledger and no limit.
//!
//! `peer-smpp34 --port P --count N --window W [--receipts]` prints one line of JSON. Where it does
//! not come to its end, that line has `stalled_after`: with receipts, its answers to them wait for slots of the
//! window, and Nagle's algorithm, which it leaves on, holds them back for 40 ms each.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rustix::time::{ClockId, clock_gettime};
use smpp34::client::{BIND_TYPE, SMSC, SmppClient, SmppClientListener};
use smpp34::{SmppConnectionInformation, deliver_sm, deliver_sm_resp};
use tokio::sync::{Mutex, oneshot};

/// As `bealert bench`: numbers of +888, which no telephone network routes.
const FIRST_NUMBER: u64 = 88_810_000_000_000;

/// Without news from the far end. Its own response timer is 30 s; nothing here takes a second.
const GIVE_UP: Duration = Duration::from_secs(5);

/// In all: what crawls is not waited for, its pace until then is told.
const STOP_AFTER: Duration = Duration::from_secs(15);

const LOOK_EVERY: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Counted {
    accepted: AtomicU64,
    receipts: AtomicU64,
}

struct Listener {
    bound: Mutex<Option<oneshot::Sender<Arc<SMSC>>>>,
    counted: Arc<Counted>,
}

#[async_trait]
impl SmppClientListener for Listener {
    async fn on_smsc_bound(&self, smsc: SMSC, _session: &String) {
        if let Some(bound) = self.bound.lock().await.take() {
            let _ = bound.send(Arc::new(smsc));
        }
    }

    async fn on_deliver_sm(
        &self,
        receipt: deliver_sm,
        _connection: &SmppConnectionInformation,
        _session: &String,
    ) -> deliver_sm_resp {
        self.counted.receipts.fetch_add(1, Relaxed);
        receipt.accept()
    }
}

struct Chosen {
    port: u16,
    count: u64,
    window: usize,
    receipts: bool,
}

fn main() -> ExitCode {
    let Some(chosen) = read() else {
        eprintln!("peer-smpp34 --port P --count N --window W [--receipts]");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let counted = Arc::new(Counted::default());
    let client = match runtime.block_on(bind(&chosen, &counted)) {
        Ok((client, smsc)) => {
            let next = Arc::new(AtomicU64::new(0));
            for _ in 0..chosen.window {
                let slot = slot(smsc.clone(), next.clone(), counted.clone(), chosen.count, chosen.receipts);
                runtime.spawn(slot);
            }
            client
        }
        Err(_) => {
            eprintln!("no bind");
            return ExitCode::FAILURE;
        }
    };
    let (began, cpu_us) = (Instant::now(), cpu_us());
    let last = watch(&chosen, &counted);
    say(&chosen, &counted, last.duration_since(began), self::cpu_us() - cpu_us);
    std::mem::forget((client, runtime));
    ExitCode::SUCCESS
}

async fn bind(
    chosen: &Chosen,
    counted: &Arc<Counted>,
) -> Result<(SmppClient, Arc<SMSC>), oneshot::error::RecvError> {
    let (sender, bound) = oneshot::channel();
    let listener = Arc::new(Listener { bound: Mutex::new(Some(sender)), counted: counted.clone() });
    let mut client = SmppClient::new(
        "127.0.0.1".into(),
        chosen.port,
        false,
        BIND_TYPE::TRX,
        "bench".into(),
        "bench".into(),
        String::new(),
        1,
        1,
        String::new(),
        listener,
        chosen.window,
    );
    client.start().await;
    Ok((client, bound.await?))
}

/// One slot of the window: sends, awaits the answer, sends the next.
async fn slot(smsc: Arc<SMSC>, next: Arc<AtomicU64>, counted: Arc<Counted>, count: u64, receipts: bool) {
    loop {
        let number = next.fetch_add(1, Relaxed);
        if number >= count {
            return;
        }
        let text = format!("Exercise: this text measures a gateway, please do nothing. Number b{number:09}");
        let answered = smsc
            .submit_sm()
            .source_addr_ton(5)
            .source_addr_npi(0)
            .source_addr("BE-Alert")
            .dest_addr_ton(1)
            .dest_addr_npi(1)
            .destination_addr((FIRST_NUMBER + number).to_string())
            .registered_delivery(u8::from(receipts))
            .short_message(text.into_bytes())
            .send()
            .await;
        if answered.is_ok() {
            counted.accepted.fetch_add(1, Relaxed);
        }
    }
}

/// Waits until everything has come or nothing comes any more; gives when the last of it came. On a thread of its
/// own: when the client stalls, so may the timers of its runtime.
fn watch(chosen: &Chosen, counted: &Counted) -> Instant {
    let awaited = chosen.count * if chosen.receipts { 2 } else { 1 };
    let began = Instant::now();
    let (mut had, mut last) = (0, began);
    loop {
        let have = counted.accepted.load(Relaxed) + counted.receipts.load(Relaxed);
        if have != had {
            (had, last) = (have, Instant::now());
        }
        if have >= awaited || last.elapsed() > GIVE_UP || began.elapsed() > STOP_AFTER {
            return last;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn say(chosen: &Chosen, counted: &Counted, elapsed: Duration, cpu_us: f64) {
    let (accepted, receipts) = (counted.accepted.load(Relaxed), counted.receipts.load(Relaxed));
    let stalled = accepted < chosen.count || (chosen.receipts && receipts < chosen.count);
    let stalled =
        if stalled { format!(", \"stalled_after\": {}", accepted.min(chosen.count)) } else { String::new() };
    println!(
        "{{\"messages_per_second\": {:.1}, \"elapsed_s\": {:.3}, \"cpu_us_per_message\": {:.3}, \"submitted\": {}, \
         \"accepted\": {accepted}, \"delivered\": {receipts}{stalled}}}",
        accepted as f64 / elapsed.as_secs_f64().max(1e-9),
        elapsed.as_secs_f64(),
        cpu_us / accepted.max(1) as f64,
        chosen.count,
    );
}

fn read() -> Option<Chosen> {
    let mut chosen = Chosen { port: 0, count: 0, window: 0, receipts: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--port" => chosen.port = words.next()?.parse().ok()?,
            "--count" => chosen.count = words.next()?.parse().ok()?,
            "--window" => chosen.window = words.next()?.parse().ok()?,
            "--receipts" => chosen.receipts = true,
            _ => return None,
        }
    }
    (chosen.port > 0 && chosen.count > 0 && chosen.window > 0).then_some(chosen)
}

fn cpu_us() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 * 1e6 + used.tv_nsec as f64 / 1e3
}
