//! What a message costs the client: no allocation, and little memory for a connection.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use bealert_wire::smtp::{Client, Content, Envelope, Event, Mode, Notify};

use crate::scripted::config;

/// As a compiled letter: octets that are the same for all, and a value.
struct Letter<'a>(&'a [u8], u64);

impl Content for Letter<'_> {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0[..2_000]);
        out.extend_from_slice(&self.0[2_000..]);
        black_box(self.1);
    }

    fn dot_free(&self) -> bool {
        true
    }
}

const RUNGS: [Mode; 4] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat];

/// A client and a relay that says what was written down before.
struct Canned {
    client: Client,
    mode: Mode,
    body: Vec<u8>,
    /// What it says to a message, or with BDAT to a window; one read each.
    reads: Vec<String>,
    sent: u64,
}

impl Canned {
    fn new(mode: Mode) -> Self {
        let line = "Gevaar in de Kerkstraat. Blijf binnen, sluit ramen en deuren, luister naar de radio.\r\n";
        let (sender, to, data, dot) =
            ("250 2.1.0 Ok\r\n", "250 2.1.5 Ok\r\n", "354 go on\r\n", "250 2.0.0 Ok: queued as 4bXkq1\r\n");
        let reads = match mode {
            Mode::Lockstep => [sender, to, data, dot].map(str::to_owned).to_vec(),
            Mode::Pipelined => vec![[sender, to, data].concat(), dot.to_owned()],
            Mode::Joined => vec![[dot, sender, to, data].concat()],
            // the first of a window has no RSET before it
            Mode::Bdat => {
                vec![["250 Ok\r\n", sender, to, dot].concat().repeat(16).split_off("250 Ok\r\n".len())]
            }
        };
        let mut canned = Self {
            client: Client::new(config(mode)),
            mode,
            body: line.repeat(4_096 / line.len()).into_bytes(),
            reads,
            sent: 0,
        };
        canned.client.connected(0);
        let offers = "250-x\r\n250-PIPELINING\r\n250-SIZE 10000000\r\n250-DSN\r\n250 CHUNKING\r\n";
        for opening in ["220 hi\r\n", offers] {
            canned.client.receive(0, opening.as_bytes());
            canned.write();
        }
        assert_eq!(canned.client.mode(), mode);
        if mode == Mode::Joined {
            canned.submit();
            canned.write();
            canned.client.receive(0, [sender, to, data].concat().as_bytes());
        }
        while canned.client.poll_event().is_some() {}
        canned
    }

    fn send(&mut self, count: u64) {
        let mut done = 0;
        while done < count {
            self.submit();
            self.write();
            for read in &self.reads {
                self.client.receive(done, read.as_bytes());
                self.client.wrote(self.client.outgoing().len());
            }
            while let Some(event) = self.client.poll_event() {
                match black_box(event) {
                    Event::Accepted { .. } => done += 1,
                    other => panic!("{}: {other:?}", self.mode),
                }
            }
        }
    }

    fn write(&mut self) {
        self.client.wrote(self.client.outgoing().len());
    }

    fn submit(&mut self) {
        while self.client.room() > 0 {
            let to = ["user000001234@example.org"];
            let notify = Notify::On { success: true, failure: true, delay: false };
            let envelope =
                Envelope { notify, ..Envelope::new("bounces+aaaaaaaabbbbbbbbccccccccdd@alert.example", &to) };
            let letter = Letter(&self.body, self.sent);
            self.client.submit(self.sent, self.sent, &envelope, &letter).unwrap();
            self.sent += 1;
        }
    }
}

#[test]
fn nothing_is_allocated_per_message_and_a_connection_keeps_little() {
    for mode in RUNGS {
        let before = LIVE.get();
        let mut canned = Canned::new(mode);
        canned.send(1_000);
        let (allocations, kept) = (ALLOCATIONS.get(), LIVE.get() - before);
        canned.send(10_000);
        assert_eq!(ALLOCATIONS.get() - allocations, 0, "{mode}");
        assert_eq!(LIVE.get() - before, kept, "{mode}");
        // a window of BDAT is written at once: 16 messages, and as much again for how a buffer grows
        let most = if mode == Mode::Bdat { 160 * 1_024 } else { 64 * 1_024 };
        assert!(kept < most, "{mode}: {kept}");
    }
}

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
}

/// The allocator of the system, counting by thread.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it came; counting touches cells of this thread alone, which
// have no destructor and need no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        LIVE.set(LIVE.get() + layout.size() as i64);
        // SAFETY: as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - layout.size() as i64);
        // SAFETY: as it came.
        unsafe { System.dealloc(pointer, layout) }
    }
}
