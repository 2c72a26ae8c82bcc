//! What a message costs the client: no allocation, and little memory for a connection.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use bealert_wire::smtp::{Client, ClientConfig, Content, Envelope, Event, MAX_WAITING_OCTETS, Mode, Notify};

use crate::scripted::config;

const RUNGS: [Mode; 4] = [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat];

/// What a connection may cost in all is 64 KB; buffers of TLS and of the driver are beside this.
const MOST_OCTETS: i64 = 56 * 1_024;

/// Of a letter as they mostly are, its commands included.
const USUAL_OCTETS: usize = 5_000;

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

/// A relay that takes everything, and keeps of it only what it has to say.
#[derive(Default)]
struct Relay {
    line: Vec<u8>,
    content: bool,
    chunk: usize,
    says: Vec<u8>,
}

impl Relay {
    fn hear(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() {
            if self.chunk > 0 {
                let some = self.chunk.min(octets.len());
                (self.chunk, octets) = (self.chunk - some, &octets[some..]);
                if self.chunk == 0 {
                    self.says.extend_from_slice(b"250 2.0.0 Ok: queued as 4bXkq1\r\n");
                }
                continue;
            }
            let end = octets.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |at| at + 1);
            self.line.extend_from_slice(&octets[..end]);
            octets = &octets[end..];
            if self.line.ends_with(b"\n") {
                self.hear_line();
                self.line.clear();
            }
        }
    }

    fn hear_line(&mut self) {
        let reply = match &self.line[..4.min(self.line.len())] {
            _ if self.content && self.line != b".\r\n" => return,
            _ if self.content => "250 2.0.0 Ok: queued as 4bXkq1\r\n",
            b"EHLO" => "250-x\r\n250-PIPELINING\r\n250-SIZE 10000000\r\n250-DSN\r\n250 CHUNKING\r\n",
            b"DATA" => "354 go on\r\n",
            b"BDAT" => {
                let digits = self.line[5..].iter().take_while(|octet| octet.is_ascii_digit());
                self.chunk = digits.fold(0, |size, digit| size * 10 + usize::from(digit - b'0'));
                return;
            }
            _ => "250 2.1.0 Ok\r\n",
        };
        self.content = reply.starts_with('3');
        self.says.extend_from_slice(reply.as_bytes());
    }
}

struct Line {
    client: Client,
    /// What was allocated before it.
    before: i64,
    relay: Relay,
    body: Vec<u8>,
    /// The most octets that the transport takes at once.
    write: usize,
    sent: u64,
    taken: u64,
}

impl Line {
    fn new(mode: Mode, window: u16, write: usize) -> Self {
        let line = "Gevaar in de Kerkstraat. Blijf binnen, sluit ramen en deuren, luister naar de radio.\r\n";
        let body = line.repeat(4_096 / line.len()).into_bytes();
        let relay = Relay { says: Vec::with_capacity(64 * 1_024), ..Relay::default() };
        let before = LIVE.get();
        PEAK.set(before);
        let mut client = Client::new(ClientConfig { window, ..config(mode) });
        client.connected(0);
        client.receive(0, b"220 hi\r\n");
        let mut line = Self { client, before, relay, body, write, sent: 0, taken: 0 };
        line.turn(false);
        assert_eq!(line.client.mode(), mode);
        line
    }

    /// Hands in as much as it takes, until so many were taken by the relay.
    fn send(&mut self, count: u64) {
        let until = self.taken + count;
        while self.taken < until {
            while self.client.room() > 0 {
                self.submit();
            }
            self.turn(true);
        }
    }

    fn finish(&mut self) {
        while self.taken < self.sent {
            self.turn(false);
        }
    }

    fn submit(&mut self) {
        let to = ["user000001234@example.org"];
        let notify = Notify::On { success: true, failure: true, delay: false };
        let envelope =
            Envelope { notify, ..Envelope::new("bounces+aaaaaaaabbbbbbbbccccccccdd@alert.example", &to) };
        let letter = Letter(&self.body, self.sent);
        self.client.submit(self.sent, self.sent, &envelope, &letter).unwrap();
        self.sent += 1;
    }

    /// One write, the replies to it, and what they tell; those are kept waiting until the window is full if that is
    /// to be.
    fn turn(&mut self, full: bool) {
        let outgoing = self.client.outgoing();
        let some = outgoing.len().min(self.write);
        self.relay.hear(&outgoing[..some]);
        self.client.wrote(some);
        if full && (self.client.room() > 0 || !self.client.outgoing().is_empty()) {
            return;
        }
        self.client.receive(self.sent, &self.relay.says);
        self.relay.says.clear();
        while let Some(event) = self.client.poll_event() {
            match black_box(event) {
                Event::Accepted { .. } => self.taken += 1,
                Event::Ready(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn nothing_is_allocated_per_message_and_a_connection_keeps_little() {
    for mode in RUNGS {
        let mut line = Line::new(mode, 16, usize::MAX);
        line.send(1_000);
        let (allocations, kept) = (ALLOCATIONS.get(), LIVE.get() - line.before);
        line.send(10_000);
        assert_eq!(ALLOCATIONS.get() - allocations, 0, "{mode}");
        assert_eq!(LIVE.get() - line.before, kept, "{mode}");
        assert!(kept < MOST_OCTETS, "{mode}: {kept}");
    }
}

#[test]
fn a_connection_holds_little_at_any_moment_however_slowly_it_goes_and_however_deep_the_window() {
    for mode in RUNGS {
        for write in [usize::MAX, 1_448] {
            for (window, limit) in [(1, MOST_OCTETS), (16, MOST_OCTETS), (64, 64 * 1_024), (256, 144 * 1_024)]
            {
                let mut line = Line::new(mode, window, write);
                line.send(1_000);
                let most = PEAK.get() - line.before;
                assert!(most < limit, "{mode}, {window} deep, by {write}: {most}");
            }
        }
    }
}

#[test]
fn a_window_waits_for_the_transport_and_not_in_memory() {
    let mut line = Line::new(Mode::Bdat, 256, usize::MAX);
    line.send(2);
    line.finish();
    line.sent = 0;
    while line.client.room() > 0 {
        line.submit();
    }
    let waiting = line.client.outgoing().len();
    assert!((MAX_WAITING_OCTETS..MAX_WAITING_OCTETS + USUAL_OCTETS).contains(&waiting), "{waiting}");
    assert_eq!(line.client.room_once_written(), 256 - line.sent as u32, "the window has room");
    line.client.wrote(waiting);
    assert_eq!(line.client.room(), 256 - line.sent as u32);
}

#[test]
fn a_letter_that_is_larger_than_what_may_wait_goes_alone_and_leaves_no_memory_behind() {
    for mode in RUNGS {
        let mut line = Line::new(mode, 16, usize::MAX);
        line.send(10);
        line.finish();
        let usual = std::mem::take(&mut line.body);
        line.body = [&[b'x'; 998][..], b"\r\n"].concat().repeat(1_000);
        for _ in 0..3 {
            assert!(line.client.room() > 0, "{mode}");
            line.submit();
            assert_eq!(line.client.room(), 0, "{mode}: nothing behind it before it has left");
            line.finish();
        }
        line.body = usual;
        line.send(100);
        let kept = LIVE.get() - line.before;
        assert!(kept < MOST_OCTETS, "{mode}: {kept}");
    }
}

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

fn count(octets: i64) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    LIVE.set(LIVE.get() + octets);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

/// The allocator of the system, counting by thread.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it came; counting touches cells of this thread alone, which
// have no destructor and need no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, octets: usize) -> *mut u8 {
        count(octets as i64 - layout.size() as i64);
        // SAFETY: as it came.
        unsafe { System.realloc(pointer, layout, octets) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - layout.size() as i64);
        // SAFETY: as it came.
        unsafe { System.dealloc(pointer, layout) }
    }
}
