//! The raw client: one thread, as few waits as the mode has, replies matched by their order.

use std::collections::VecDeque;
use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use memchr::memchr;
use rustix::event::{PollFd, PollFlags, poll};

use super::message::Message;
use super::options::{Blast, Mode};
use crate::clock::{now_ns, used_ns};

/// One read: replies are short.
const READ_OCTETS: usize = 64 << 10;

/// Sends, and prints one line of JSON.
pub fn run(chosen: &Blast) -> io::Result<()> {
    let mut job = Job::new(chosen);
    let mut lines = Vec::new();
    for _ in 0..chosen.connections {
        lines.push(Line::connect(chosen.port)?);
    }
    // The far end is there and has been greeted: what follows is sending.
    while lines.iter().any(|line| !line.greeted) {
        turn(&mut lines, |line| line.read(&mut job))?;
    }
    let (began_ns, cpu_ns) = (now_ns(), used_ns());
    for line in &mut lines {
        line.begin(&mut job);
        line.write()?;
    }
    while job.answered < chosen.count {
        turn(&mut lines, |line| line.read(&mut job))?;
    }
    let (elapsed_s, cpu_us) = ((now_ns() - began_ns) as f64 / 1e9, (used_ns() - cpu_ns) as f64 / 1e3);
    let count = chosen.count as f64;
    println!(
        "{{\"messages_per_second\": {:.1}, \"elapsed_s\": {elapsed_s:.3}, \"cpu_us_per_message\": {:.3}, \
         \"submitted\": {}, \"accepted\": {}, \"refused\": {}}}",
        count / elapsed_s,
        cpu_us / count,
        job.begun,
        job.answered - job.refused,
        job.refused,
    );
    Ok(())
}

/// Sleeps until some of the lines are ready, lets them read and then write.
fn turn(lines: &mut [Line], mut read: impl FnMut(&mut Line) -> io::Result<()>) -> io::Result<()> {
    let mut fds: Vec<PollFd<'_>> = lines
        .iter()
        .map(|line| {
            let mut flags = PollFlags::IN;
            flags.set(PollFlags::OUT, line.wrote < line.out.len());
            PollFd::new(&line.stream, flags)
        })
        .collect();
    poll(&mut fds, None)?;
    let ready: Vec<PollFlags> = fds.iter().map(PollFd::revents).collect();
    for (line, ready) in lines.iter_mut().zip(ready) {
        if ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            read(line)?;
        }
        if !ready.is_empty() {
            line.write()?;
        }
    }
    Ok(())
}

/// What all connections send together.
struct Job {
    message: Message,
    mode: Mode,
    window: u32,
    count: u64,
    begun: u64,
    answered: u64,
    refused: u64,
}

impl Job {
    fn new(chosen: &Blast) -> Self {
        Self {
            message: Message::new(chosen),
            mode: chosen.mode,
            window: if chosen.mode == Mode::Bdat { chosen.window } else { 1 },
            count: chosen.count,
            begun: 0,
            answered: 0,
            refused: 0,
        }
    }

    fn ended(&mut self, taken: bool) {
        self.answered += 1;
        self.refused += u64::from(!taken);
    }
}

struct Line {
    stream: TcpStream,
    greeted: bool,
    input: Vec<u8>,
    left: usize,
    out: Vec<u8>,
    wrote: usize,
    /// What the next replies are to, in order.
    expected: VecDeque<Expected>,
}

/// What a reply is to, with the number of the message.
#[derive(Clone, Copy)]
enum Expected {
    Greeting,
    Hello,
    Sender(u64),
    Recipient(u64),
    Data(u64),
    /// The body, however it was sent.
    Body,
}

impl Line {
    fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            greeted: false,
            input: vec![0; READ_OCTETS],
            left: 0,
            out: Vec::new(),
            wrote: 0,
            expected: VecDeque::from([Expected::Greeting]),
        })
    }

    fn begin(&mut self, job: &mut Job) {
        (0..job.window).for_each(|_| self.next(job));
    }

    /// One read, and what follows from the replies in it.
    fn read(&mut self, job: &mut Job) -> io::Result<()> {
        let read = match self.stream.read(&mut self.input[self.left..]) {
            Ok(0) => return Err(Error::new(ErrorKind::UnexpectedEof, "the far end has closed")),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let input = std::mem::take(&mut self.input);
        let end = self.left + read;
        let mut at = 0;
        while let Some(length) = memchr(b'\n', &input[at..end]) {
            let line = &input[at..at + length];
            at += length + 1;
            // `250-` is followed by more of the same reply (RFC 5321 §4.2.1)
            if line.get(3) != Some(&b'-') {
                let code = line.get(..3).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
                self.reply(job, code.ok_or_else(|| odd("no reply"))?)?;
            }
        }
        self.left = end - at;
        self.input = input;
        self.input.copy_within(at..end, 0);
        Ok(())
    }

    #[inline]
    fn reply(&mut self, job: &mut Job, code: u16) -> io::Result<()> {
        let expected = self.expected.pop_front().ok_or_else(|| odd("a reply to nothing"))?;
        let taken = (200..400).contains(&code);
        let steps = job.mode == Mode::Lockstep;
        match expected {
            Expected::Greeting => {
                self.out.extend_from_slice(b"EHLO bench.example.org\r\n");
                self.expected.push_back(Expected::Hello);
            }
            Expected::Hello => self.greeted = true,
            Expected::Sender(number) if steps && taken => {
                job.message.recipient.put(&mut self.out, number);
                self.expected.push_back(Expected::Recipient(number));
            }
            Expected::Recipient(number) if steps && taken => {
                job.message.body_command.put(&mut self.out, number);
                self.expected.push_back(Expected::Data(number));
            }
            Expected::Data(number) if taken => {
                job.message.body.put(&mut self.out, number);
                self.expected.push_back(Expected::Body);
                if job.mode == Mode::Joined {
                    self.next(job);
                }
            }
            Expected::Sender(_) | Expected::Recipient(_) if !steps => {}
            Expected::Sender(_) | Expected::Recipient(_) | Expected::Data(_) => {
                job.ended(false);
                self.next(job);
            }
            Expected::Body => {
                job.ended(taken);
                if job.mode != Mode::Joined {
                    self.next(job);
                }
            }
        }
        Ok(())
    }

    /// Begins the next message, as far as it may leave now.
    #[inline]
    fn next(&mut self, job: &mut Job) {
        if job.begun == job.count {
            return;
        }
        let number = job.begun;
        job.begun += 1;
        job.message.sender.put(&mut self.out, number);
        self.expected.push_back(Expected::Sender(number));
        if job.mode == Mode::Lockstep {
            return;
        }
        job.message.recipient.put(&mut self.out, number);
        self.expected.push_back(Expected::Recipient(number));
        job.message.body_command.put(&mut self.out, number);
        if job.mode == Mode::Bdat {
            job.message.body.put(&mut self.out, number);
            self.expected.push_back(Expected::Body);
        } else {
            self.expected.push_back(Expected::Data(number));
        }
    }

    /// Writes what waits, as far as the far end takes it.
    fn write(&mut self) -> io::Result<()> {
        while self.wrote < self.out.len() {
            match self.stream.write(&self.out[self.wrote..]) {
                Ok(wrote) => self.wrote += wrote,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.out.clear();
        self.wrote = 0;
        Ok(())
    }
}

fn odd(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
