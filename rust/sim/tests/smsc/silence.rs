use bealert_sim::smsc::Faults;
use bealert_wire::smpp::{BindMode, Event};

use crate::joined::{Joined, SECOND};

fn timed_out(joined: &Joined, caller: usize) -> usize {
    joined.pick(caller, |event| matches!(event, Event::TimedOut { .. }).then_some(())).len()
}

#[test]
fn a_silent_answer_hides_a_message_that_was_taken() {
    let mut joined = Joined::with(Faults { silent: 0.3, ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, 0..1_000);
    let books = *joined.smsc.books();
    assert!((240..360).contains(&books.silent), "{books:?}");
    assert_eq!((books.accepted, books.receipts), (1_000, 1_000));
    assert_eq!(joined.accepted(caller).len() as u64, 1_000 - books.silent);
    joined.wait(10 * SECOND);
    assert_eq!(timed_out(&joined, caller) as u64, books.silent);
}

#[test]
fn a_swallowed_message_was_not_taken() {
    let mut joined = Joined::with(Faults { swallowed: 0.3, ..Faults::default() });
    let caller = joined.bind(BindMode::Transceiver);
    joined.send(caller, 0..1_000);
    let books = *joined.smsc.books();
    assert!((240..360).contains(&books.swallowed), "{books:?}");
    assert_eq!(books.submits, books.accepted + books.swallowed);
    assert_eq!(joined.accepted(caller).len() as u64, books.accepted);
    assert_eq!(books.receipts, books.accepted);
}
