//! A resend that waits for its turn while a receipt settles the matter.

use bealert_core::dispatch::{Action, Answer, Dispatcher, Next, Receipt};
use bealert_core::outcome::Step;

use crate::stage::{GATEWAY, NOW_US, dispatcher, launch, number};

fn loads(dispatcher: &mut Dispatcher) -> usize {
    std::iter::from_fn(|| dispatcher.poll_action()).filter(|action| matches!(action, Action::Load(_))).count()
}

fn commit(dispatcher: &mut Dispatcher, now_us: u64) {
    if let Some((batch, _)) = dispatcher.take_batch(now_us) {
        dispatcher.committed(now_us, batch);
    }
}

#[test]
fn nothing_is_loaded_or_sent_for_a_campaign_that_has_ended() {
    let mut dispatcher = dispatcher();
    launch(&mut dispatcher, 1);
    commit(&mut dispatcher, NOW_US);
    let mut now_us = NOW_US + 10_000;
    let Next::Send(handout) = dispatcher.next(now_us, GATEWAY) else { panic!("nothing to send") };
    dispatcher.answered(now_us, handout.token, Answer::Lost);
    // It is due, but goes only after the commit that says so; the receipt comes first.
    dispatcher.handle_timeout(now_us);
    let (address, detail) = (number(0), "");
    let receipt = Receipt { remote: "1", address: &address, step: Step::Delivered, detail };
    dispatcher.receipt(now_us, GATEWAY, 0, 7, receipt);
    assert!(dispatcher.progress(handout.key.campaign).unwrap().state.ended());
    for _ in 0..5 {
        now_us += 10_000;
        dispatcher.handle_timeout(now_us);
        commit(&mut dispatcher, now_us);
        assert_eq!(dispatcher.next(now_us, GATEWAY), Next::Idle);
        assert_eq!(loads(&mut dispatcher), 0, "a block of an ended campaign is asked for");
    }
}
