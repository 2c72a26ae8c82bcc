//! What comes in over a connection, and the answers to it.

use bealert_wire::smtp::server::{Flaws, Protocol};
use bealert_wire::smtp::{EnhancedCode, Phase, Reply, ServerEvent};

use super::desk::Verdict;
use super::faults::{Action, Fate, Report};
use super::line::Line;
use super::report;
use super::{ConnectionId, RelaySim};

/// An answer that waits for its time.
#[derive(Debug)]
pub(super) struct Later {
    connection: ConnectionId,
    phase: Phase,
    answer: Answer,
}

#[derive(Debug)]
enum Answer {
    Yes,
    Reply(Reply),
    Garble(Vec<u8>),
}

impl RelaySim {
    /// Works on a connection until it waits: for its client, for an answer that takes its time, or for ever.
    pub(super) fn work(&mut self, now_us: u64, connection: ConnectionId) {
        loop {
            let Self { lines, desk, config, .. } = self;
            let Some(line) = lines.get(connection).filter(|line| !line.reset) else { return };
            let faults = &config.faults;
            let keeps_all = config.keep_messages;
            let (crowded, messages) = (line.crowded, line.messages);
            let Some(event) = line.session.poll_event() else { break };
            let (phase, verdict) = match event {
                ServerEvent::Content(piece) => {
                    line.draft.take(piece, keeps_all);
                    continue;
                }
                ServerEvent::Mail(mail) => {
                    let verdict = desk.mail(now_us, faults, messages, &mail);
                    if verdict.does(faults) {
                        line.draft.begin(&mail);
                        line.replied = 0;
                        line.messages += 1;
                    }
                    (Phase::Mail, verdict)
                }
                ServerEvent::Rcpt(rcpt) => {
                    let verdict = desk.rcpt(now_us, faults, line.draft.sender(), rcpt.recipient);
                    if verdict.does(faults) {
                        line.draft.add(&rcpt);
                    }
                    (Phase::Rcpt, verdict)
                }
                ServerEvent::Data => (Phase::Data, desk.judge(faults, Phase::Data)),
                ServerEvent::Complete { octets, flaws } => {
                    (Phase::Dot, self.take_message(now_us, connection, octets, flaws))
                }
                ServerEvent::Connected => (Phase::Greeting, desk.greeting(faults, crowded)),
                ServerEvent::Hello { .. } => (Phase::Ehlo, desk.judge(faults, Phase::Ehlo)),
                ServerEvent::StartTls => (Phase::StartTls, desk.judge(faults, Phase::StartTls)),
                ServerEvent::Credentials(said) => {
                    let verdict = desk.account(config, &said);
                    desk.books.authenticated += u64::from(verdict.does(&config.faults));
                    (Phase::Auth, verdict)
                }
                ServerEvent::Abandoned => {
                    line.draft.clear();
                    continue;
                }
                ServerEvent::Fault { .. } => {
                    desk.books.faults += 1;
                    continue;
                }
                ServerEvent::Closed { .. } => continue,
            };
            self.settle(now_us, connection, phase, verdict);
        }
        let latency_us = self.config.faults.latency_us;
        if let Some(line) = self.lines.get(connection) {
            line.send_off(now_us, latency_us);
        }
    }

    /// Judges a whole message, and enters it if it is taken. Over LMTP that is for one recipient at a time.
    #[inline]
    fn take_message(&mut self, now_us: u64, connection: ConnectionId, octets: u64, flaws: Flaws) -> Verdict {
        let Self { lines, desk, config, .. } = self;
        let Some(line) = lines.get(connection) else { return Verdict::Yes };
        let faults = &config.faults;
        let first = line.replied == 0;
        if first {
            desk.note_content(flaws, &line.draft);
        }
        let skipped = line.replied as usize;
        let count = if config.protocol == Protocol::Lmtp { 1 } else { usize::MAX };
        line.replied += 1;
        let recipients = || line.draft.recipients().skip(skipped).take(count);
        // one reply stands for all of them: the first that is no plain yes
        let verdicts = recipients().map(|(recipient, _)| desk.dot(faults, recipient));
        let verdict = verdicts.reduce(|one, other| if one == Verdict::Yes { other } else { one });
        let verdict = verdict.unwrap_or(NOBODY);
        if !verdict.does(faults) {
            return verdict;
        }
        let name = line.draft.name();
        let mut reports = Vec::new();
        for (recipient, notify) in recipients() {
            let bounces = desk.take(faults, recipient, name);
            if config.reports {
                let said = match verdict {
                    Verdict::Rule(place) => match &faults.rules[place].fate {
                        Fate::Report(report) => report.clone(),
                        _ => arrival(bounces),
                    },
                    _ => arrival(bounces),
                };
                if report::is_wanted(said.action, line.draft.sender(), notify) {
                    reports.push((recipient, said));
                }
            }
        }
        let unix_s = config.unix_origin_s.saturating_add(now_us / 1_000_000);
        for (recipient, said) in reports {
            desk.books.reports += 1;
            let number = desk.books.reports;
            let report = report::write(&config.name, unix_s, number, &line.draft, recipient, &said);
            self.reports.push(now_us.saturating_add(faults.report_us), report);
        }
        if first {
            desk.books.bytes += octets;
            if config.keep_messages {
                let encrypted = line.session.is_encrypted();
                desk.taken.keep(&line.draft, encrypted);
            }
        }
        verdict
    }

    /// Does what follows of a verdict, now or when it is time.
    #[inline]
    fn settle(&mut self, now_us: u64, connection: ConnectionId, phase: Phase, verdict: Verdict) {
        let faults = &self.config.faults;
        let books = &mut self.desk.books;
        let answer = match verdict {
            Verdict::Yes => Answer::Yes,
            Verdict::No(reply) => Answer::Reply(reply),
            Verdict::Rule(place) => match &faults.rules[place].fate {
                Fate::Reply(reply) => Answer::Reply(*reply),
                Fate::Report(_) => Answer::Yes,
                Fate::Garble(octets) => {
                    books.garbled += 1;
                    Answer::Garble(octets.clone())
                }
                Fate::Silent => {
                    books.silent += u64::from(phase == Phase::Dot);
                    return;
                }
                Fate::Swallow => {
                    books.swallowed += u64::from(phase == Phase::Dot);
                    return;
                }
                Fate::Reset | Fate::ResetAfter => {
                    self.reset(connection);
                    return;
                }
            },
        };
        let taken = phase == Phase::Dot && verdict.does(faults);
        if taken && faults.reset_every.is_some_and(|every| books.messages.is_multiple_of(every)) {
            self.reset(connection);
            return;
        }
        let mut delay_us = if phase == Phase::Dot { faults.work_us } else { 0 };
        let refused = matches!(answer, Answer::Reply(reply) if reply.code >= 400);
        if let (Some(tarpit), true) = (faults.tarpit, refused)
            && let Some(line) = self.lines.get(connection)
        {
            line.mistakes += 1;
            if line.mistakes > tarpit.after {
                delay_us = delay_us.saturating_add(tarpit.delay_us);
            }
            if tarpit.hang_up_at.is_some_and(|most| line.mistakes >= most) {
                let reply = Reply::new(421, Some(EnhancedCode(4, 7, 0)), "Too many errors");
                return self.give_later(
                    now_us,
                    delay_us,
                    Later { connection, phase, answer: Answer::Reply(reply) },
                );
            }
        }
        self.give_later(now_us, delay_us, Later { connection, phase, answer });
    }

    #[inline]
    fn give_later(&mut self, now_us: u64, delay_us: u64, later: Later) {
        if delay_us == 0 {
            return self.give(now_us, later);
        }
        self.answers.push(now_us.saturating_add(delay_us), later);
    }

    #[inline]
    fn give(&mut self, now_us: u64, later: Later) {
        let Later { connection, phase, answer } = later;
        let Some(Line { session, .. }) = self.lines.get(connection).filter(|line| !line.reset) else {
            return;
        };
        match answer {
            Answer::Yes => session.accept(now_us),
            Answer::Reply(reply) => {
                session.answer(now_us, &reply);
                if reply.code >= 400 {
                    self.desk.note_refusal(phase, &reply);
                }
            }
            Answer::Garble(octets) => session.answer_with_octets(now_us, &STANDS_FOR_YES, &octets),
        }
    }

    /// Gives the answers whose time has come, and goes on with their connections.
    pub(super) fn give_due(&mut self, now_us: u64) {
        while let Some(later) = self.answers.pop_due(now_us) {
            let connection = later.connection;
            self.give(now_us, later);
            self.work(now_us, connection);
        }
    }
}

/// What octets that are no reply stand for.
const STANDS_FOR_YES: Reply =
    Reply { code: 250, enhanced: None, text: bealert_wire::smtp::ReplyText::new_const() };

/// A message for which no recipient was accepted (RFC 2920 §3.1).
const NOBODY: Verdict = Verdict::No(Reply {
    code: 554,
    enhanced: Some(EnhancedCode(5, 5, 1)),
    text: bealert_wire::smtp::ReplyText::new_const(),
});

/// What a report says where no rule says it.
fn arrival(bounces: bool) -> Report {
    let (action, code, enhanced, text) = if bounces {
        (Action::Failed, 550, EnhancedCode(5, 1, 1), "No such user")
    } else {
        (Action::Delivered, 250, EnhancedCode(2, 0, 0), "Delivered")
    };
    Report { action, reply: Reply::new(code, Some(enhanced), text) }
}
