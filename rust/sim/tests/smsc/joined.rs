//! One simulator and any number of ESMEs, joined by wires that are byte queues.

use bealert_sim::smsc::{ConnectionId, Faults, SimConfig, SmscSim};
use bealert_wire::smpp::{
    Address, BindMode, Esme, EsmeConfig, Event, Message, Receipt, SubmitOptions, SubmitTemplate,
};

pub(crate) const MS: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000_000;

pub(crate) struct Joined {
    pub(crate) smsc: SmscSim,
    pub(crate) now: u64,
    pub(crate) callers: Vec<Caller>,
    /// What a caller answers a receipt with, by the times it was asked so far.
    pub(crate) answer: fn(u64) -> Option<u32>,
    asked: u64,
}

pub(crate) struct Caller {
    pub(crate) esme: Esme,
    pub(crate) connection: ConnectionId,
    /// What it heard, and when, oldest first.
    pub(crate) heard: Vec<(u64, Event)>,
    pub(crate) template: SubmitTemplate,
    gone: bool,
}

impl Joined {
    pub(crate) fn with(faults: Faults) -> Self {
        Self::new(SimConfig { faults, keep_messages: true, ..SimConfig::default() })
    }

    pub(crate) fn new(config: SimConfig) -> Self {
        let smsc = SmscSim::new(config);
        Self { smsc, now: SECOND, callers: Vec::new(), answer: |_| Some(0), asked: 0 }
    }

    /// Another connection of the account "bealert", bound; its place among the callers.
    pub(crate) fn bind(&mut self, mode: BindMode) -> usize {
        self.bind_as("bealert", "secret", mode)
    }

    pub(crate) fn bind_as(&mut self, system_id: &str, password: &str, bind: BindMode) -> usize {
        let mut esme = Esme::new(EsmeConfig {
            system_id: system_id.into(),
            password: password.into(),
            bind,
            window: 10_000,
            response_timeout_us: 10 * SECOND,
            enquire_interval_us: 0,
            ..EsmeConfig::default()
        });
        esme.connected(self.now);
        let connection = self.smsc.connect(self.now);
        let template =
            SubmitTemplate::new(&SubmitOptions::new(Address::sender("BE-Alert").unwrap())).unwrap();
        self.callers.push(Caller { esme, connection, heard: Vec::new(), template, gone: false });
        self.exchange();
        self.callers.len() - 1
    }

    /// Hands one message in; nothing moves before [`Self::exchange`].
    pub(crate) fn submit(&mut self, caller: usize, token: u64) {
        let destination = format!("32470{token:06}");
        self.submit_part(caller, token, &destination, b"Blijf binnen.", false, 0);
    }

    pub(crate) fn submit_part(
        &mut self,
        caller: usize,
        token: u64,
        destination: &str,
        body: &[u8],
        udhi: bool,
        data_coding: u8,
    ) {
        let message = Message { destination, body, udhi, data_coding };
        let caller = &mut self.callers[caller];
        caller.esme.submit(self.now, token, &caller.template, &message).unwrap();
    }

    /// Hands in many and lets them arrive.
    pub(crate) fn send(&mut self, caller: usize, tokens: impl IntoIterator<Item = u64>) {
        tokens.into_iter().for_each(|token| self.submit(caller, token));
        self.exchange();
    }

    /// Moves bytes until there are none, without time passing.
    pub(crate) fn exchange(&mut self) {
        while (0..self.callers.len()).any(|caller| self.pass(caller)) {}
    }

    /// Lets time pass, each timeout at its time.
    pub(crate) fn wait(&mut self, span_us: u64) {
        let end = self.now + span_us;
        loop {
            let callers = self.callers.iter().filter(|caller| !caller.gone);
            let esmes = callers.filter_map(|caller| caller.esme.poll_timeout());
            let next = esmes.chain(self.smsc.poll_timeout()).min().filter(|&next| next <= end);
            self.now = self.now.max(next.unwrap_or(end));
            self.smsc.handle_timeout(self.now);
            for caller in self.callers.iter_mut().filter(|caller| !caller.gone) {
                caller.esme.handle_timeout(self.now);
            }
            self.exchange();
            if next.is_none() {
                return;
            }
        }
    }

    /// The transport of a caller is cut, what is on it lost.
    pub(crate) fn cut(&mut self, caller: usize) {
        let caller = &mut self.callers[caller];
        caller.gone = true;
        caller.esme.disconnected(self.now);
        self.smsc.disconnected(self.now, caller.connection);
        self.exchange();
    }

    /// Tokens accepted, in order.
    pub(crate) fn accepted(&self, caller: usize) -> Vec<u64> {
        self.pick(caller, |event| if let Event::Accepted { token, .. } = event { Some(*token) } else { None })
    }

    /// Tokens refused, with their status.
    pub(crate) fn rejected(&self, caller: usize) -> Vec<(u64, u32)> {
        self.pick(caller, |event| match event {
            Event::Rejected { token, status, .. } => Some((*token, *status)),
            _ => None,
        })
    }

    pub(crate) fn receipts(&self, caller: usize) -> Vec<Receipt> {
        self.pick(
            caller,
            |event| if let Event::Receipt { receipt, .. } = event { Some(*receipt) } else { None },
        )
    }

    pub(crate) fn pick<T>(&self, caller: usize, what: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        self.callers[caller].heard.iter().filter_map(|(_, event)| what(event)).collect()
    }

    fn pass(&mut self, caller: usize) -> bool {
        let caller = &mut self.callers[caller];
        if caller.gone {
            return false;
        }
        let up = caller.esme.outgoing().to_vec();
        caller.esme.wrote(up.len());
        self.smsc.receive(self.now, caller.connection, &up);
        let down = self.smsc.outgoing(caller.connection).to_vec();
        self.smsc.wrote(caller.connection, down.len());
        caller.esme.receive(self.now, &down);
        if self.smsc.wants_close(caller.connection) || caller.esme.wants_close() {
            caller.gone = true;
            caller.esme.disconnected(self.now);
            self.smsc.disconnected(self.now, caller.connection);
        }
        while let Some(event) = caller.esme.poll_event() {
            if let Event::Receipt { reply, .. } = event
                && let Some(status) = (self.answer)(self.asked)
            {
                caller.esme.answer(self.now, reply, status);
            }
            self.asked += u64::from(matches!(event, Event::Receipt { .. }));
            caller.heard.push((self.now, event));
        }
        !up.is_empty() || !down.is_empty()
    }
}
