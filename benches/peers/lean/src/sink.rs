//! The far end: one thread that answers everything.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::desk::Desk;
use crate::line::{Line, Next};
use crate::options::Sink;

/// Listens until its parent ends, or for ever.
pub fn run(options: Sink) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
    listener.set_nonblocking(true)?;
    println!("listening on {}", listener.local_addr()?);
    let mut desk = Desk::new(options);
    let mut lines: Vec<Line> = Vec::new();
    loop {
        let woken = wait(&listener, &mut lines, &desk)?;
        let now_ns = now_ns();
        let had = lines.len();
        let mut at = 0;
        while at < lines.len() {
            match turn(&mut lines[at], now_ns, &mut desk) {
                Next::Stays => at += 1,
                Next::Closes => drop(lines.swap_remove(at)),
                Next::Resets => lines.swap_remove(at).reset(),
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
            accept(&listener, &mut lines)?;
        }
        if had > 0 && lines.is_empty() && !desk.options.with_parent {
            say(&desk)?;
        }
    }
}

fn turn(line: &mut Line, now_ns: u64, desk: &mut Desk) -> Next {
    line.handle_timeout(now_ns, desk);
    if line.ready && line.wants_input() {
        let next = line.read(now_ns, desk);
        if next != Next::Stays {
            return next;
        }
    }
    if line.waiting() > 0 { line.flush() } else { Next::Stays }
}

struct Woken {
    listener: bool,
    parent: bool,
}

/// Sleeps until a descriptor or an answer is ready.
fn wait(listener: &TcpListener, lines: &mut [Line], desk: &Desk) -> io::Result<Woken> {
    let stdin = io::stdin();
    let mut fds = Vec::with_capacity(2 + lines.len());
    fds.push(PollFd::new(listener, PollFlags::IN));
    let parent = if desk.options.with_parent { PollFlags::IN } else { PollFlags::empty() };
    fds.push(PollFd::new(&stdin, parent));
    fds.extend(lines.iter().map(|line| {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, line.wants_input());
        flags.set(PollFlags::OUT, line.waiting() > 0);
        PollFd::from_borrowed_fd(line.stream.as_fd(), flags)
    }));
    let left = lines.iter().filter_map(Line::due_ns).min().map(|due_ns| {
        let left_ns = due_ns.saturating_sub(now_ns());
        Timespec { tv_sec: (left_ns / 1_000_000_000) as i64, tv_nsec: (left_ns % 1_000_000_000) as _ }
    });
    match poll(&mut fds, left.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
    lines.iter_mut().zip(&ready[2..]).for_each(|(line, ready)| line.ready = *ready);
    Ok(Woken { listener: ready[0], parent: desk.options.with_parent && ready[1] })
}

fn accept(listener: &TcpListener, lines: &mut Vec<Line>) -> io::Result<()> {
    match listener.accept() {
        Ok((stream, _)) => lines.push(Line::new(stream)?),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

fn say(desk: &Desk) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let cpu_ns = used.tv_sec as u64 * 1_000_000_000 + used.tv_nsec as u64;
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", desk.books.json(cpu_ns))?;
    stdout.flush()
}

/// The clock that every process of a machine shares.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
