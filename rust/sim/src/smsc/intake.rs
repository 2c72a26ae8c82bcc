//! What comes in over a connection, and the answers to it.

use bealert_wire::smpp::{BindMode, MessageId, Password, ReceiptState, Reply, SmscEvent, SubmitSm, status};

use super::desk::Verdict;
use super::line::Line;
use super::{ConnectionId, SmscSim};

/// An answer to a submit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Response {
    connection: ConnectionId,
    reply: Reply,
    answer: Answer,
    /// In percent, where it is told.
    load: Option<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    /// Taken, with this number in the id.
    Taken(u64),
    Refused(u32),
}

impl SmscSim {
    pub(super) fn take_events(&mut self, now_us: u64, connection: ConnectionId) {
        while let Some(line) = self.lines.get(connection) {
            let (account, deaf) = (line.account, line.reset);
            let Some(event) = line.session.poll_event() else { return };
            match event {
                // a line that broke before it came
                SmscEvent::Submit { .. } | SmscEvent::Bind { .. } if deaf => {}
                SmscEvent::Submit { reply, submit } => {
                    // the session takes submits only when bound, which opens the account
                    let Some(account) = account else { continue };
                    self.take_submit(now_us, connection, account, reply, &submit);
                }
                SmscEvent::Bind { reply, system_id, password, mode, .. } => {
                    self.take_bind(now_us, connection, reply, &system_id, &password, mode);
                }
                SmscEvent::Answered { token, status } => self.answered(now_us, token, status),
                SmscEvent::Unanswered { token } => self.unanswered(token),
                SmscEvent::Fault { .. } => self.desk.books.faults += 1,
                SmscEvent::Unbound | SmscEvent::Closed { .. } => {}
            }
        }
    }

    /// Gives the answers that waited for receipts to be answered, if they are.
    pub(super) fn release_held(&mut self, now_us: u64, account: u32) {
        if self.lines.all().all(|line| line.held.is_empty()) || self.receipts_wait(account) {
            return;
        }
        for connection in self.lines.ids() {
            let Some(line) = self.lines.get(connection).filter(|line| line.account == Some(account)) else {
                continue;
            };
            for response in std::mem::take(&mut line.held) {
                self.send(now_us, response);
            }
        }
    }

    /// Whether a receipt of the account is ready or unanswered.
    fn receipts_wait(&mut self, account: u32) -> bool {
        let unanswered = |line: &Line| line.account == Some(account) && line.session.unanswered() > 0;
        !self.accounts.get(account).ready.is_empty() || self.lines.all().any(unanswered)
    }

    fn take_bind(
        &mut self,
        now_us: u64,
        connection: ConnectionId,
        reply: Reply,
        system_id: &str,
        password: &Password,
        mode: BindMode,
    ) {
        let Some(line) = self.lines.get(connection) else { return };
        let differs =
            |wanted: &Option<String>, got: &str| wanted.as_ref().is_some_and(|wanted| wanted != got);
        let refusal = match self.config.faults.refuse_binds {
            Some(status) => Some(status),
            None if differs(&self.config.system_id, system_id) => Some(status::ESME_RINVSYSID),
            None if differs(&self.config.password, password.expose()) => Some(status::ESME_RINVPASWD),
            None => None,
        };
        if let Some(status) = refusal {
            self.desk.books.refused_binds += 1;
            return line.session.refuse(now_us, reply, status);
        }
        self.desk.books.binds += 1;
        line.session.accept(now_us, reply);
        let account = self.accounts.open(system_id);
        line.account = Some(account);
        if mode.delivers() {
            self.accounts.get(account).add_receiver(connection);
        }
    }

    #[inline]
    fn take_submit(
        &mut self,
        now_us: u64,
        connection: ConnectionId,
        account: u32,
        reply: Reply,
        submit: &SubmitSm,
    ) {
        let bucket = &mut self.accounts.get(account).bucket;
        if self.config.faults.tells_load {
            bucket.count(now_us);
        }
        match self.desk.judge(now_us, &self.config.faults, bucket, submit) {
            Verdict::Swallowed => {}
            Verdict::Refused(status) => {
                self.answer(now_us, connection, account, reply, Answer::Refused(status))
            }
            Verdict::Accepted(acceptance) => {
                let answer = Answer::Taken(acceptance.number);
                let receipt = acceptance.receipt.map(|state| state == ReceiptState::Delivered);
                self.diary.taken(submit, receipt, || self.config.id(acceptance.number));
                if acceptance.early {
                    self.queue_receipt(now_us, now_us, account, submit, acceptance);
                    self.send_receipts(now_us, account);
                    let sent = self.accounts.get(account).ready.is_empty();
                    self.desk.books.early_receipts += u64::from(sent);
                }
                if !acceptance.silent {
                    self.answer(now_us, connection, account, reply, answer);
                }
                if !acceptance.early {
                    let delay_us =
                        self.config.faults.response_us.saturating_add(self.config.faults.receipt_us);
                    self.queue_receipt(now_us, now_us.saturating_add(delay_us), account, submit, acceptance);
                }
            }
        }
        if self.config.faults.reset_every.is_some_and(|every| self.desk.books.submits.is_multiple_of(every)) {
            self.reset(connection);
        }
    }

    /// Answers now or when it is time.
    #[inline]
    fn answer(&mut self, now_us: u64, connection: ConnectionId, account: u32, reply: Reply, answer: Answer) {
        let limit = self.config.faults.limit.filter(|_| self.config.faults.tells_load);
        let load = limit.map(|limit| self.accounts.get(account).bucket.load(now_us, limit));
        let response = Response { connection, reply, answer, load };
        match self.config.faults.response_us {
            0 => self.respond(now_us, response),
            delay_us => self.responses.push(now_us.saturating_add(delay_us), response),
        }
    }

    #[inline]
    pub(super) fn respond(&mut self, now_us: u64, response: Response) {
        if self.config.faults.receipts_first
            && let Some(account) = self.lines.get(response.connection).and_then(|line| line.account)
            && self.receipts_wait(account)
        {
            return self
                .lines
                .get(response.connection)
                .into_iter()
                .for_each(|line| line.held.push_back(response));
        }
        self.send(now_us, response);
    }

    #[inline]
    fn send(&mut self, now_us: u64, response: Response) {
        let Response { connection, reply, answer, load } = response;
        let Some(line) = self.lines.get(connection).filter(|line| !line.reset) else { return };
        let (status, id) = match answer {
            Answer::Refused(status) => (status, MessageId::new()),
            Answer::Taken(number) => (status::ESME_ROK, self.config.id(number)),
        };
        match load {
            Some(load) => line.session.respond_with_load(reply, status, &id, load),
            None => line.session.respond(now_us, reply, status, &id),
        }
    }
}
