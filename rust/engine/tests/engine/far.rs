//! A small SMSC on loopback, on the server half of `wire`, that keeps books and can misbehave.

#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use std::collections::{HashMap, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bealert_wire::smpp::{
    DeliverReceipt, ReceiptForm, ReceiptState, Smsc, SmscConfig, SmscEvent, SubmitSm, status,
};

#[derive(Clone)]
pub(crate) struct Manners {
    pub receipts: bool,
    /// Refuses every bind with this status.
    pub refuses: Option<u32>,
    /// Messages per second before it throttles.
    pub limit: Option<usize>,
    /// Closes the connection after this many submits, without an answer to the last ones.
    pub reset_every: Option<u64>,
    /// Reads nothing, and its kernel keeps little for it.
    pub deaf: bool,
    /// Takes messages and never answers.
    pub silent: bool,
    /// Answers after this.
    pub delay: Duration,
    /// Every n-th message is reported undeliverable.
    pub undeliverable_every: Option<u64>,
    /// Sends the receipt before the response.
    pub early: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            receipts: true,
            refuses: None,
            limit: None,
            reset_every: None,
            deaf: false,
            silent: false,
            delay: Duration::ZERO,
            undeliverable_every: None,
            early: false,
        }
    }
}

#[derive(Default)]
pub(crate) struct Books {
    pub accepted: u64,
    pub throttled: u64,
    pub binds: u64,
    pub unbinds: u64,
    pub sessions_at_once: usize,
    pub receipts_answered: u64,
    pub receipts_refused: u64,
    /// Accepted messages by destination and body.
    pub messages: HashMap<(String, Vec<u8>), u64>,
    /// When each was accepted.
    pub times: Vec<Instant>,
    open: usize,
}

impl Books {
    pub(crate) fn duplicates(&self) -> u64 {
        self.messages.values().map(|count| count - 1).sum()
    }
}

pub(crate) struct Far {
    pub port: u16,
    pub books: Arc<Mutex<Books>>,
    manners: Arc<Mutex<Manners>>,
    stop: Arc<AtomicBool>,
}

impl Far {
    pub(crate) fn start(manners: Manners) -> Self {
        Self::start_on(0, manners)
    }

    pub(crate) fn start_on(port: u16, manners: Manners) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if manners.deaf {
            socket2::SockRef::from(&listener).set_recv_buffer_size(16 * 1024).unwrap();
        }
        let books = Arc::new(Mutex::new(Books::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let manners = Arc::new(Mutex::new(manners));
        let far = Self { port, books: books.clone(), manners: manners.clone(), stop: stop.clone() };
        listener.set_nonblocking(true).unwrap();
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let (books, stop, manners) = (books.clone(), stop.clone(), manners.clone());
                        thread::spawn(move || serve(stream, &books, &stop, &manners));
                    }
                    Err(_) => thread::sleep(Duration::from_millis(1)),
                }
            }
        });
        far
    }

    pub(crate) fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.manners.lock().unwrap());
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Taken {
    due: Instant,
    reply: bealert_wire::smpp::Reply,
    submit: SubmitSm,
}

fn serve(mut stream: TcpStream, books: &Mutex<Books>, stop: &AtomicBool, manners: &Mutex<Manners>) {
    stream.set_nonblocking(false).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let origin = Instant::now();
    let now = || 1_000_000 + origin.elapsed().as_micros() as u64;
    let mut smsc = Smsc::new(SmscConfig { system_id: "FAR".into(), ..SmscConfig::default() });
    smsc.connected(now());
    let mut buffer = vec![0; 65_536];
    let mut taken: VecDeque<Taken> = VecDeque::new();
    let mut receipts: VecDeque<(String, SubmitSm, u64)> = VecDeque::new();
    let mut submits = 0;
    let mut recent: VecDeque<Instant> = VecDeque::new();
    {
        let mut books = books.lock().unwrap();
        books.open += 1;
        books.sessions_at_once = books.sessions_at_once.max(books.open);
    }
    loop {
        let manner = manners.lock().unwrap().clone();
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if manner.deaf && submits > 0 {
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => smsc.receive(now(), &buffer[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
        smsc.handle_timeout(now());
        let mut reset = false;
        while let Some(event) = smsc.poll_event() {
            match event {
                SmscEvent::Bind { reply, .. } => match manner.refuses {
                    Some(status) => smsc.refuse(now(), reply, status),
                    None => {
                        books.lock().unwrap().binds += 1;
                        smsc.accept(now(), reply);
                    }
                },
                SmscEvent::Submit { reply, submit } => {
                    submits += 1;
                    reset |= manner.reset_every.is_some_and(|every| submits >= every);
                    taken.push_back(Taken { due: Instant::now() + manner.delay, reply, submit });
                }
                SmscEvent::Answered { status, .. } => {
                    let mut books = books.lock().unwrap();
                    if status == 0 { books.receipts_answered += 1 } else { books.receipts_refused += 1 }
                }
                SmscEvent::Unbound => books.lock().unwrap().unbinds += 1,
                _ => {}
            }
        }
        while taken.front().is_some_and(|taken| taken.due <= Instant::now()) && !manner.silent {
            let Taken { reply, submit, .. } = taken.pop_front().unwrap();
            let mut books = books.lock().unwrap();
            if let Some(limit) = manner.limit {
                let second_ago = Instant::now() - Duration::from_secs(1);
                while recent.front().is_some_and(|at| *at < second_ago) {
                    recent.pop_front();
                }
                if recent.len() >= limit {
                    books.throttled += 1;
                    smsc.respond(now(), reply, status::ESME_RTHROTTLED, "");
                    continue;
                }
                recent.push_back(Instant::now());
            }
            books.accepted += 1;
            books.times.push(Instant::now());
            let number = books.accepted;
            *books.messages.entry((submit.destination.to_string(), submit.body.to_vec())).or_default() += 1;
            drop(books);
            let id = format!("{number:x}");
            if manner.receipts && submit.wants_receipt() {
                receipts.push_back((id.clone(), submit, number));
            }
            if manner.early {
                deliver(&mut smsc, &mut receipts, &manner, now());
            }
            smsc.respond(now(), reply, 0, &id);
        }
        deliver(&mut smsc, &mut receipts, &manner, now());
        while !smsc.outgoing().is_empty() {
            let wrote = match stream.write(smsc.outgoing()) {
                Ok(wrote) => wrote,
                Err(_) => break,
            };
            smsc.wrote(wrote);
        }
        if reset || (smsc.wants_close() && smsc.outgoing().is_empty()) {
            break;
        }
    }
    books.lock().unwrap().open -= 1;
}

fn deliver(smsc: &mut Smsc, receipts: &mut VecDeque<(String, SubmitSm, u64)>, manner: &Manners, now: u64) {
    while smsc.room() > 0
        && let Some((id, submit, number)) = receipts.pop_front()
    {
        let bad = manner.undeliverable_every.is_some_and(|every| number.is_multiple_of(every));
        let receipt = DeliverReceipt {
            id: &id,
            state: if bad { ReceiptState::Undeliverable } else { ReceiptState::Delivered },
            code: if bad { "001" } else { "000" },
            source: &submit.destination,
            destination: &submit.source,
            submitted_s: 1_700_000_000,
            done_s: 1_700_000_001,
            text: "",
            form: ReceiptForm::TextAndTlvs,
        };
        smsc.deliver(now, number, &receipt).unwrap();
    }
}
