//! The loop: one thread that runs the dispatcher and every session.
//!
//! There is no tick. A pass runs on input or timer and takes all there is: it reads what the sockets
//! hold, hands out what windows, limiters and reservations allow, gives the batch to the writer, and
//! writes once per session. The dispatcher calls sessions directly.

mod command;
mod ending;
pub(crate) mod gateway;
mod stall;
pub(crate) mod store;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bealert_core::dispatch::{Action, Dispatcher};
use bealert_core::model::{CampaignId, CampaignState, GatewayId};
use hashbrown::HashMap;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::clock::Clock;
use crate::inbound::Inbound;
use crate::inbox::{Inbox, Input};
use crate::metrics::LedgerReading;
use crate::session::{PASS_BYTES, Pass};
use crate::shared::Shared;
use crate::writer::Writer;
use command::Waiting;
use ending::Ending;
use gateway::Gateway;
use store::Store;

/// A pass that ends with something due at once still lets the sockets be looked at first.
const LEAST_WAIT_US: u64 = 50;

/// Names resolved at once: one whose server is silent does not hold up the others.
const NAMES: usize = 8;

/// A commit that takes longer is a stall: a disk that is merely busy answers within some hundred
/// milliseconds, and whoever watches a campaign stand still is to know why.
const STALL_US: u64 = 1_000_000;

/// How often progress is told that no commit has told: handing out leaves no row.
const TELL_US: u64 = 50_000;

/// Everything the loop's thread owns.
pub(crate) struct Loop {
    clock: Clock,
    dispatcher: Dispatcher,
    gateways: Vec<Gateway>,
    /// Where receipts of e-mail come in, if that is wanted.
    inbound: Option<Inbound>,
    store: Store,
    inbox: Arc<Inbox>,
    writer: Arc<Writer>,
    shared: Arc<Shared>,
    inputs: Vec<Input>,
    buffer: Box<[u8]>,
    /// The batch the writer has.
    in_flight: Option<InFlight>,
    /// The writer has a step of a snapshot.
    keeping: bool,
    /// Commands that are answered once their batch is durable.
    waiting: Vec<Waiting>,
    /// Campaign states that are durable: what callers are told is never ahead of the ledger.
    durable: HashMap<CampaignId, CampaignState>,
    /// Campaigns whose progress changed and was not told yet, and when it may be.
    moved: Vec<CampaignId>,
    tell_us: u64,
    /// When bells are to ring that rang too lately.
    bells_us: Option<u64>,
    reading: LedgerReading,
    /// When the ledger was found not to take what it is given; `None` while it does.
    stalled_us: Option<u64>,
    ending: Option<Ending>,
    /// Why the loop ends before its time.
    failed: Option<String>,
    sleep: Pin<Box<Sleep>>,
    sleeps_until_us: u64,
}

struct InFlight {
    number: u64,
    since_us: u64,
    last_seq: u64,
    rows: u64,
    states: Vec<(CampaignId, CampaignState)>,
}

/// What a loop is made of.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) inbound: Option<Inbound>,
    pub(crate) store: Store,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) shared: Arc<Shared>,
    /// The campaigns that go on.
    pub(crate) campaigns: Vec<(CampaignId, CampaignState)>,
}

/// Runs until it is closed.
///
/// # Errors
/// What made it end before its time.
pub(crate) fn run(parts: Parts) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(NAMES)
        .thread_name("bealert-names")
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let result = runtime.block_on(async {
        let mut state = Loop::new(parts);
        // Without tokio's budget: a pass has its own, in messages and bytes.
        tokio::task::coop::unconstrained(poll_fn(|cx| state.poll(cx))).await
    });
    // A name that is still being resolved is nobody's concern any more.
    runtime.shutdown_background();
    result
}

impl Loop {
    fn new(parts: Parts) -> Self {
        let Parts { clock, mut dispatcher, gateways, inbound, store, inbox, writer, shared, campaigns } =
            parts;
        let news = dispatcher.changed().into_iter().chain(campaigns.iter().map(|(id, _)| *id));
        let progress: Vec<_> =
            news.filter_map(|id| dispatcher.progress(id).map(|progress| (id, progress))).collect();
        shared.publish(progress);
        Self {
            clock,
            dispatcher,
            gateways,
            inbound,
            store,
            inbox,
            writer,
            shared,
            inputs: Vec::new(),
            buffer: vec![0; PASS_BYTES].into_boxed_slice(),
            in_flight: None,
            keeping: false,
            waiting: Vec::new(),
            durable: campaigns.into_iter().collect(),
            moved: Vec::new(),
            tell_us: 0,
            bells_us: None,
            reading: LedgerReading::default(),
            stalled_us: None,
            ending: None,
            failed: None,
            sleep: Box::pin(sleep_until(Instant::now())),
            sleeps_until_us: 0,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        let again = self.pass(cx);
        if let Some(text) = self.failed.take() {
            return Poll::Ready(Err(text));
        }
        if self.has_ended() {
            return Poll::Ready(Ok(()));
        }
        if again {
            // The runtime looks at the sockets before it comes back here.
            cx.waker().wake_by_ref();
        } else {
            self.arm(cx);
        }
        Poll::Pending
    }

    /// Takes all there is and does all that may be done; gives whether there is more.
    fn pass(&mut self, cx: &mut Context<'_>) -> bool {
        let now_us = self.clock.now_us();
        self.inbox.take(cx.waker(), &mut self.inputs);
        for input in std::mem::take(&mut self.inputs) {
            self.take(now_us, input);
        }
        let mut again = self.each(cx, now_us, |gateway, cx, pass, _| gateway.poll(cx, pass));
        again |= self.bring(cx, now_us, Inbound::poll);
        if self.dispatcher.poll_timeout().is_some_and(|at_us| at_us <= now_us) {
            self.dispatcher.handle_timeout(now_us);
        }
        self.store.handle_timeout(now_us, &self.shared.log);
        self.each(cx, now_us, |gateway, _, pass, store| {
            gateway.hand_out(pass, store);
            false
        });
        self.act(now_us);
        self.hand_batch(now_us);
        // Filling the batch asks for the blocks of retries that are due; nothing else may wake this loop.
        self.act(now_us);
        again |= self.each(cx, now_us, |gateway, cx, pass, _| gateway.flush(cx, pass));
        again |= self.bring(cx, now_us, Inbound::flush);
        if self.bells_us.is_some_and(|at_us| at_us <= now_us) {
            self.bells_us = self.shared.wakes.late(now_us);
        }
        self.look_at_ledger(now_us);
        self.tell(now_us, false);
        self.end_step(cx, now_us);
        again
    }

    fn each(
        &mut self,
        cx: &mut Context<'_>,
        now_us: u64,
        mut work: impl FnMut(&mut Gateway, &mut Context<'_>, &mut Pass<'_>, &mut Store) -> bool,
    ) -> bool {
        let log = &*self.shared.log;
        let wall_ms = self.clock.wall_at_ms(now_us);
        let (dispatcher, buffer) = (&mut self.dispatcher, &mut *self.buffer);
        let mut pass = Pass { now_us, wall_ms, dispatcher, log, buffer };
        let mut any = false;
        for gateway in &mut self.gateways {
            any |= work(gateway, cx, &mut pass, &mut self.store);
        }
        any
    }

    fn bring(
        &mut self,
        cx: &mut Context<'_>,
        now_us: u64,
        work: impl FnOnce(&mut Inbound, &mut Context<'_>, &mut Pass<'_>) -> bool,
    ) -> bool {
        let Some(inbound) = &mut self.inbound else { return false };
        let log = &*self.shared.log;
        let wall_ms = self.clock.wall_at_ms(now_us);
        let (dispatcher, buffer) = (&mut self.dispatcher, &mut *self.buffer);
        work(inbound, cx, &mut Pass { now_us, wall_ms, dispatcher, log, buffer })
    }

    /// Does what the dispatcher asks for.
    fn act(&mut self, now_us: u64) {
        while let Some(action) = self.dispatcher.poll_action() {
            match action {
                Action::Reply { gateway: GatewayId::NONE, session, reply, ok } => {
                    self.inbound.iter_mut().for_each(|inbound| inbound.answer(now_us, session, reply, ok));
                }
                Action::Reply { gateway, session, reply, ok } => {
                    if let Some(gateway) = self.gateways.iter_mut().find(|known| known.id == gateway) {
                        gateway.answer(now_us, session, reply, ok);
                    }
                }
                Action::Load(key) => self.store.load(key, &self.shared.log),
                Action::Unload(key) => self.store.unload(key),
                Action::Log(text) => self.shared.log.warning("dispatch", text),
            }
        }
    }

    fn hand_batch(&mut self, now_us: u64) {
        if self.in_flight.is_some() {
            return;
        }
        if let Some((number, batch)) = self.dispatcher.take_batch(now_us) {
            self.in_flight = Some(InFlight {
                number,
                since_us: now_us,
                last_seq: batch.last_seq,
                rows: batch.rows() as u64,
                states: batch.states.iter().map(|(id, state, _)| (*id, *state)).collect(),
            });
            self.writer.commit(number, batch);
        }
    }

    /// A batch is durable: what hangs on it may go on, and whoever waits may know.
    fn committed(&mut self, now_us: u64, number: u64, took_us: u64) {
        let Some(done) = self.in_flight.take() else { return };
        debug_assert_eq!(done.number, number);
        self.dispatcher.committed(now_us, number);
        self.reading.commits.add(u32::try_from(took_us).unwrap_or(u32::MAX));
        self.reading.rows += done.rows;
        self.shared.set_last_seq(done.last_seq);
        self.ledger_goes_on(now_us);
        for (id, state) in done.states {
            self.durable.insert(id, state);
            self.moved.push(id);
        }
        self.tell(now_us, true);
        self.let_go_of_ended();
        self.answer_commands();
        self.keep_snapshot();
    }

    /// Keeps nothing of campaigns whose end is durable and told: their progress is the ledger's now.
    fn let_go_of_ended(&mut self) {
        for (id, _) in self.durable.extract_if(|_, state| state.ended()) {
            self.store.ended(id);
            self.gateways.iter_mut().for_each(|gateway| gateway.forget(id));
        }
    }

    /// Tells how far campaigns are: after a commit at once, otherwise not too often.
    fn tell(&mut self, now_us: u64, committed: bool) {
        self.moved.extend(self.dispatcher.changed());
        let due = !self.moved.is_empty() && now_us >= self.tell_us;
        if !due && !committed {
            return;
        }
        self.tell_us = now_us + TELL_US;
        self.moved.sort_unstable();
        self.moved.dedup();
        let news = self.moved.iter().filter_map(|id| {
            let mut progress = self.dispatcher.progress(*id)?;
            progress.state = self.durable.get(id).copied()?;
            Some((*id, progress))
        });
        self.shared.publish(news);
        let bells_us = self.shared.wakes.ring(now_us, &self.moved, committed);
        self.bells_us = bells_us.or(self.bells_us);
        self.moved.clear();
    }

    /// Sleeps until the next thing is due.
    fn arm(&mut self, cx: &mut Context<'_>) {
        let gateways = self.gateways.iter().filter_map(Gateway::timeout).min();
        let ending = self.ending.as_ref().map(Ending::timeout);
        let tell = (!self.moved.is_empty()).then_some(self.tell_us);
        let dispatcher = self.dispatcher.poll_timeout();
        let inbound = self.inbound.as_ref().and_then(Inbound::timeout);
        let due = [
            dispatcher,
            gateways,
            inbound,
            self.store.timeout(),
            self.bells_us,
            tell,
            self.stall_due_us(),
            ending,
        ];
        let Some(due_us) = due.into_iter().flatten().min() else { return };
        let due_us = due_us.max(self.clock.now_us() + LEAST_WAIT_US);
        if due_us != self.sleeps_until_us {
            self.sleeps_until_us = due_us;
            self.sleep.as_mut().reset(self.clock.instant(due_us).into());
        }
        if self.sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}
