//! The far end: one thread that answers everything.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;

use crate::clock::{now_ns, used_ns};
use crate::options::FarEnd;
use crate::port::{Next, Port};

/// One connection of a far end, of one protocol.
pub trait Line: Sized {
    /// What the command line asks of it.
    type Options;
    /// What all of them share.
    type Desk: Desk<Self::Options>;

    fn new(stream: TcpStream, desk: &mut Self::Desk) -> io::Result<Self>;

    fn port(&self) -> &Port;

    fn into_port(self) -> Port;

    /// When the next answer is due.
    fn due_ns(&self) -> Option<u64>;

    /// One read, and an answer to all that it gave.
    fn read(&mut self, now_ns: u64, desk: &mut Self::Desk) -> Next;

    /// Gives the answers whose time has come.
    fn handle_timeout(&mut self, now_ns: u64, desk: &mut Self::Desk);

    /// Writes what waits, as far as the client takes it.
    fn flush(&mut self) -> Next;
}

/// What the connections of a far end share: options, books, limits.
pub trait Desk<Options> {
    fn new(options: Options) -> Self;

    fn far_end(&self) -> &FarEnd;

    /// The books as one line.
    fn json(&self, cpu_ns: u64) -> String;
}

/// Listens until its parent ends, or for ever.
pub fn run<L: Line>(options: L::Options) -> io::Result<()> {
    let mut desk = L::Desk::new(options);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, desk.far_end().port))?;
    listener.set_nonblocking(true)?;
    println!("listening on {}", listener.local_addr()?);
    let with_parent = desk.far_end().with_parent;
    let mut lines: Vec<(L, bool)> = Vec::new();
    loop {
        let woken = wait(&listener, &mut lines, with_parent)?;
        let now_ns = now_ns();
        let had = lines.len();
        let mut at = 0;
        while at < lines.len() {
            let (line, ready) = &mut lines[at];
            match turn(line, *ready, now_ns, &mut desk) {
                Next::Stays => at += 1,
                Next::Closes => drop(lines.swap_remove(at)),
                Next::Resets => lines.swap_remove(at).0.into_port().reset(),
            }
        }
        // What came before the parent asked is in the books.
        if woken.parent {
            let read = io::stdin().lock().read(&mut [0; 64])?;
            say(&desk)?;
            if read == 0 {
                return Ok(());
            }
        }
        if woken.listener {
            accept(&listener, &mut lines, &mut desk)?;
        }
        if had > 0 && lines.is_empty() && !with_parent {
            say(&desk)?;
        }
    }
}

fn turn<L: Line>(line: &mut L, ready: bool, now_ns: u64, desk: &mut L::Desk) -> Next {
    line.handle_timeout(now_ns, desk);
    if ready && line.port().wants_input() {
        let next = line.read(now_ns, desk);
        if next != Next::Stays {
            return next;
        }
    }
    if line.port().waiting() > 0 { line.flush() } else { Next::Stays }
}

struct Woken {
    listener: bool,
    parent: bool,
}

/// Sleeps until a descriptor or an answer is ready, and notes which of the lines are.
fn wait<L: Line>(listener: &TcpListener, lines: &mut [(L, bool)], with_parent: bool) -> io::Result<Woken> {
    let stdin = io::stdin();
    let mut fds = Vec::with_capacity(2 + lines.len());
    fds.push(PollFd::new(listener, PollFlags::IN));
    fds.push(PollFd::new(&stdin, if with_parent { PollFlags::IN } else { PollFlags::empty() }));
    fds.extend(lines.iter().map(|(line, _)| {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, line.port().wants_input());
        flags.set(PollFlags::OUT, line.port().waiting() > 0);
        PollFd::from_borrowed_fd(line.port().stream.as_fd(), flags)
    }));
    let left = lines.iter().filter_map(|(line, _)| line.due_ns()).min().map(|due_ns| {
        let left_ns = due_ns.saturating_sub(now_ns());
        Timespec { tv_sec: (left_ns / 1_000_000_000) as i64, tv_nsec: (left_ns % 1_000_000_000) as _ }
    });
    match poll(&mut fds, left.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let found: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
    lines.iter_mut().zip(&found[2..]).for_each(|((_, ready), found)| *ready = *found);
    Ok(Woken { listener: found[0], parent: with_parent && found[1] })
}

/// Takes everybody who waits: a client that opens many connections waits for its last one.
fn accept<L: Line>(listener: &TcpListener, lines: &mut Vec<(L, bool)>, desk: &mut L::Desk) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => lines.push((L::new(stream, desk)?, false)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn say<Options>(desk: &impl Desk<Options>) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", desk.json(used_ns()))?;
    stdout.flush()
}
