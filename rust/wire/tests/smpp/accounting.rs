//! Any mixture of submits, answers, silence, receipts, time and resets: every request is accounted for exactly
//! once, and truthfully.

use std::collections::{BTreeMap, BTreeSet};

use bealert_wire::smpp::{EsmeConfig, Event, Output, Reply, SmscEvent, status};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::arbitrary_bytes::final_token;
use crate::pair::{GRACE, Pair, TIMEOUT, esme_config};

#[derive(Debug, Clone)]
enum Step {
    Submit,
    /// The transport takes some bytes of the ESME.
    Write(usize),
    /// The transport brings some bytes of the SMSC.
    Read(usize),
    Respond(prop::sample::Index, u32),
    Deliver,
    Answer,
    Wait(u64),
    Unbind,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Submit),
        6 => (1usize..400).prop_map(Step::Write),
        6 => (1usize..400).prop_map(Step::Read),
        6 => (any::<prop::sample::Index>(), prop_oneof![3 => Just(0u32), 1 => Just(0x58)])
            .prop_map(|(pick, status)| Step::Respond(pick, status)),
        2 => Just(Step::Deliver),
        2 => Just(Step::Answer),
        3 => (1..TIMEOUT / 2).prop_map(Step::Wait),
        1 => Just(Step::Unbind),
    ]
}

#[derive(Default)]
struct Books {
    submitted: BTreeSet<u64>,
    /// Final events by token.
    ended: BTreeMap<u64, Event>,
    timed_out: BTreeSet<u64>,
    /// What the SMSC read, and what it answered.
    reached: BTreeSet<u64>,
    answered: BTreeMap<u64, u32>,
    closed: bool,
    open: Vec<(u64, Reply)>,
    owed: Vec<Reply>,
}

impl Books {
    fn note(&mut self, event: Event) {
        assert!(!self.closed, "{event:?} after the last event");
        match &event {
            Event::TimedOut { token } => assert!(self.timed_out.insert(*token)),
            Event::Accepted { token, late, .. } | Event::Rejected { token, late, .. } => {
                assert_eq!(*late, self.timed_out.contains(token));
            }
            Event::Receipt { reply, .. } => self.owed.push(*reply),
            Event::Closed { .. } => self.closed = true,
            _ => {}
        }
        if let Some(token) = final_token(&event) {
            let before = self.ended.insert(token, event);
            assert_eq!(before, None, "{token} ended twice");
        }
    }

    fn drain(&mut self, pair: &mut Pair) {
        loop {
            match pair.esme.poll_output() {
                Output::Event(event) => self.note(event),
                Output::Timeout(Some(at)) => {
                    assert!(at > pair.now, "a deadline that has passed: {at} at {}", pair.now);
                    break;
                }
                _ => break,
            }
        }
        while let Some(event) = pair.smsc.poll_event() {
            if let SmscEvent::Submit { reply, submit } = event {
                let token = submit.destination[5..].parse().unwrap();
                assert!(self.reached.insert(token));
                self.open.push((token, reply));
            }
        }
    }
}

fn run(pair: &mut Pair, steps: Vec<Step>) -> Books {
    let mut books = Books::default();
    for (at, step) in steps.into_iter().enumerate() {
        match step {
            Step::Submit => {
                let (room, token) = (pair.esme.room(), at as u64);
                assert_eq!(pair.submit(token).is_ok(), room > 0);
                if room > 0 {
                    books.submitted.insert(token);
                }
            }
            Step::Write(most) => {
                let bytes = pair.esme.outgoing();
                let bytes = bytes[..bytes.len().min(most)].to_vec();
                pair.esme.wrote(bytes.len());
                pair.smsc.receive(pair.now, &bytes);
            }
            Step::Read(most) => {
                let bytes = pair.smsc.outgoing();
                let bytes = bytes[..bytes.len().min(most)].to_vec();
                pair.smsc.wrote(bytes.len());
                pair.esme.receive(pair.now, &bytes);
            }
            Step::Respond(pick, status) if !books.open.is_empty() => {
                let (token, reply) = books.open.swap_remove(pick.index(books.open.len()));
                pair.smsc.respond(pair.now, reply, status, &token.to_string());
                books.answered.insert(token, status);
            }
            Step::Deliver if pair.smsc.room() > 0 => pair.deliver(at as u64, "r"),
            Step::Answer => {
                if let Some(reply) = books.owed.pop() {
                    pair.esme.answer(pair.now, reply, status::ESME_ROK);
                }
            }
            Step::Wait(us) => {
                pair.now += us;
                pair.esme.handle_timeout(pair.now);
            }
            Step::Unbind => pair.esme.unbind(pair.now),
            _ => {}
        }
        books.drain(pair);
        assert!(pair.esme.in_flight() <= 6);
    }
    books
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn every_request_ends_once_and_truthfully(steps in vec(step(), 1..150), wrap in any::<bool>()) {
        let first_sequence = if wrap { 0x7FFF_FFF8 } else { 1 };
        let mut pair = Pair::bound_with(EsmeConfig { first_sequence, ..esme_config(6) });
        let mut books = run(&mut pair, steps);
        pair.esme.disconnected(pair.now);
        books.drain(&mut pair);
        prop_assert!(books.closed);
        prop_assert!(books.ended.keys().eq(books.submitted.iter()), "each ends, and no other");
        for (token, event) in &books.ended {
            match event {
                Event::Unsent { .. } => prop_assert!(!books.reached.contains(token), "{token} was sent"),
                Event::Accepted { id, .. } => {
                    prop_assert_eq!(books.answered.get(token), Some(&0));
                    prop_assert_eq!(id.as_str(), token.to_string());
                }
                Event::Rejected { status, .. } => prop_assert_eq!(books.answered.get(token), Some(status)),
                _ => {}
            }
        }
    }

    /// Left alone, with a transport that works, every session with a mute SMSC comes to its end by itself.
    #[test]
    fn deadlines_lead_to_the_end(steps in vec(step(), 1..60)) {
        let mut pair = Pair::bound(6);
        let mut books = run(&mut pair, steps);
        if books.submitted.len() == books.ended.len() && !pair.esme.wants_close() {
            pair.esme.unbind(pair.now);
        }
        let limit = pair.now + 3 * TIMEOUT + GRACE;
        loop {
            pair.esme.wrote(pair.esme.outgoing().len());
            books.drain(&mut pair);
            if pair.esme.wants_close() {
                break;
            }
            let at = pair.esme.poll_timeout();
            prop_assert!(at.is_some_and(|at| at > pair.now && at <= limit), "{at:?} at {}", pair.now);
            pair.now = at.unwrap();
            pair.esme.handle_timeout(pair.now);
        }
        pair.esme.disconnected(pair.now);
        books.drain(&mut pair);
        prop_assert_eq!(books.ended.len(), books.submitted.len());
    }
}
