//! An ESME over a blocking socket.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::{Duration, Instant};

use bealert_engine::simulate::Smsc;
use bealert_wire::smpp::{
    Address, BindMode, Esme, EsmeConfig, Event, Message, SubmitOptions, SubmitTemplate,
};

/// How long a read may wait before the test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Caller {
    esme: Esme,
    stream: TcpStream,
    template: SubmitTemplate,
    origin: Instant,
    /// Heard and not asked for yet.
    heard: Vec<Event>,
    /// Whether it answers receipts.
    pub(crate) answers: bool,
}

impl Caller {
    pub(crate) fn bind(simulator: &Smsc, bind: BindMode) -> Self {
        let stream = TcpStream::connect(simulator.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut esme = Esme::new(EsmeConfig { bind, window: 100, ..EsmeConfig::default() });
        esme.connected(0);
        let template =
            SubmitTemplate::new(&SubmitOptions::new(Address::sender("BE-Alert").unwrap())).unwrap();
        let (origin, heard) = (Instant::now(), Vec::new());
        let mut caller = Self { esme, stream, template, origin, heard, answers: true };
        caller.hear(1, |event| matches!(event, Event::Bound { .. }));
        caller
    }

    /// Submits all of them and gives their answers.
    pub(crate) fn send(&mut self, tokens: Range<u64>) -> Vec<Event> {
        let mut waiting = tokens.clone();
        let mut answers = Vec::new();
        while answers.len() < (tokens.end - tokens.start) as usize {
            let now = self.now();
            for token in waiting.by_ref().take(self.esme.room() as usize) {
                let destination = format!("32470{token:06}");
                let message = Message {
                    destination: &destination,
                    body: b"Blijf binnen.",
                    udhi: false,
                    data_coding: 0,
                };
                self.esme.submit(now, token, &self.template, &message).unwrap();
            }
            answers.extend(
                self.hear(1, |event| matches!(event, Event::Accepted { .. } | Event::Rejected { .. })),
            );
        }
        answers
    }

    /// Waits until it has heard at least `count` such events, and gives them.
    pub(crate) fn hear(&mut self, count: usize, which: impl Fn(&Event) -> bool) -> Vec<Event> {
        loop {
            if self.heard.iter().filter(|event| which(event)).count() >= count {
                return self.heard.extract_if(.., |event| which(event)).collect();
            }
            self.exchange().unwrap();
        }
    }

    /// Waits until the connection has ended, and gives how.
    pub(crate) fn end(&mut self) -> ErrorKind {
        loop {
            if let Err(error) = self.exchange() {
                return error.kind();
            }
        }
    }

    fn exchange(&mut self) -> std::io::Result<()> {
        self.flush()?;
        let mut buffer = [0; 64 * 1024];
        let read = self.stream.read(&mut buffer)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let now = self.now();
        self.esme.receive(now, &buffer[..read]);
        while let Some(event) = self.esme.poll_event() {
            if let Event::Receipt { reply, .. } = event
                && self.answers
            {
                self.esme.answer(now, reply, 0);
            }
            self.heard.push(event);
        }
        self.flush()
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let bytes = self.esme.outgoing();
        self.stream.write_all(bytes)?;
        let wrote = bytes.len();
        self.esme.wrote(wrote);
        Ok(())
    }

    fn now(&self) -> u64 {
        self.origin.elapsed().as_micros() as u64
    }
}
