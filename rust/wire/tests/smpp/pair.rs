//! An ESME and an SMSC joined by a wire that is two byte queues.

use bealert_wire::smpp::{
    Address, DeliverReceipt, Esme, EsmeConfig, Event, Message, ReceiptForm, ReceiptState, Reply, Smsc,
    SmscConfig, SmscEvent, SubmitError, SubmitOptions, SubmitSm, SubmitTemplate,
};

pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const TIMEOUT: u64 = 10 * SECOND;
/// The most receipts that may be unanswered.
pub(crate) const RECEIPTS: u32 = 64;
pub(crate) const GRACE: u64 = 3 * SECOND;

pub(crate) struct Pair {
    pub(crate) esme: Esme,
    pub(crate) smsc: Smsc,
    pub(crate) now: u64,
    pub(crate) template: SubmitTemplate,
    /// The most octets one read returns.
    pub(crate) cut: usize,
}

pub(crate) fn esme_config(window: u32) -> EsmeConfig {
    EsmeConfig {
        system_id: "bealert".into(),
        password: "secret".into(),
        window,
        response_timeout_us: TIMEOUT,
        late_grace_us: GRACE,
        enquire_interval_us: 0,
        ..EsmeConfig::default()
    }
}

pub(crate) fn template() -> SubmitTemplate {
    SubmitTemplate::new(&SubmitOptions::new(Address::sender("BE-Alert").unwrap())).unwrap()
}

impl Pair {
    /// Bound, with a window of `window`.
    pub(crate) fn bound(window: u32) -> Self {
        Self::bound_with(esme_config(window))
    }

    pub(crate) fn bound_with(config: EsmeConfig) -> Self {
        let mut pair = Self::connected(config);
        let [SmscEvent::Bind { reply, .. }] = pair.smsc_events()[..] else { panic!("no bind") };
        pair.smsc.accept(pair.now, reply);
        assert!(matches!(pair.esme_events()[..], [Event::Bound { .. }]));
        pair
    }

    /// Transport up, nothing read yet.
    pub(crate) fn connected(config: EsmeConfig) -> Self {
        let smsc = SmscConfig { window: RECEIPTS, response_timeout_us: TIMEOUT, ..SmscConfig::default() };
        let smsc = Smsc::new(smsc);
        let mut pair =
            Self { esme: Esme::new(config), smsc, now: SECOND, template: template(), cut: usize::MAX };
        pair.esme.connected(pair.now);
        pair.smsc.connected(pair.now);
        pair
    }

    pub(crate) fn submit(&mut self, token: u64) -> Result<(), SubmitError> {
        let destination = format!("32470{token:06}");
        let message =
            Message { destination: &destination, body: b"Blijf binnen.", udhi: false, data_coding: 0 };
        self.esme.submit(self.now, token, &self.template, &message)
    }

    /// Everything the ESME has written reaches the SMSC; what happened there.
    pub(crate) fn smsc_events(&mut self) -> Vec<SmscEvent> {
        let bytes = self.esme.outgoing().to_vec();
        self.esme.wrote(bytes.len());
        for piece in bytes.chunks(self.cut) {
            self.smsc.receive(self.now, piece);
        }
        std::iter::from_fn(|| self.smsc.poll_event()).collect()
    }

    /// Everything the SMSC has written reaches the ESME; what happened there.
    pub(crate) fn esme_events(&mut self) -> Vec<Event> {
        let bytes = self.smsc.outgoing().to_vec();
        self.smsc.wrote(bytes.len());
        for piece in bytes.chunks(self.cut) {
            self.esme.receive(self.now, piece);
        }
        std::iter::from_fn(|| self.esme.poll_event()).collect()
    }

    /// The submits that reached the SMSC.
    pub(crate) fn submits(&mut self) -> Vec<(Reply, SubmitSm)> {
        self.smsc_events()
            .into_iter()
            .map(|event| match event {
                SmscEvent::Submit { reply, submit } => (reply, submit),
                other => panic!("not a submit: {other:?}"),
            })
            .collect()
    }

    pub(crate) fn wait(&mut self, us: u64) -> Vec<Event> {
        self.now += us;
        self.esme.handle_timeout(self.now);
        std::iter::from_fn(|| self.esme.poll_event()).collect()
    }

    pub(crate) fn disconnect(&mut self) -> Vec<Event> {
        self.esme.disconnected(self.now);
        std::iter::from_fn(|| self.esme.poll_event()).collect()
    }

    pub(crate) fn deliver(&mut self, token: u64, id: &str) {
        self.smsc.deliver(self.now, token, &receipt(id)).unwrap();
    }
}

pub(crate) fn receipt(id: &str) -> DeliverReceipt<'_> {
    DeliverReceipt {
        id,
        state: ReceiptState::Delivered,
        code: "000",
        source: "32470000001",
        destination: "BE-Alert",
        submitted_s: 1_709_208_000,
        done_s: 1_709_208_060,
        text: "Blijf binnen.",
        form: ReceiptForm::TextAndTlvs,
    }
}
