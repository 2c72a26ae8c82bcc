//! A response that is there before the write of its request returns: the request is known before its
//! first octet leaves.

use bealert_wire::smpp::{Event, SmscEvent, status};

use crate::pair::Pair;

#[test]
fn it_finds_its_request_and_frees_its_slot() {
    let mut pair = Pair::bound(2);
    for token in 0..200 {
        pair.submit(token).unwrap();
        // The far end has all of it and has answered; the write has not returned yet.
        let on_the_wire = pair.esme.outgoing().to_vec();
        pair.smsc.receive(pair.now, &on_the_wire);
        let Some(SmscEvent::Submit { reply, submit }) = pair.smsc.poll_event() else { panic!("no submit") };
        pair.smsc.respond(pair.now, reply, status::ESME_ROK, &submit.destination);
        let back = pair.smsc.outgoing().to_vec();
        pair.smsc.wrote(back.len());
        pair.esme.receive(pair.now, &back);
        let event = pair.esme.poll_event();
        assert!(
            matches!(event, Some(Event::Accepted { token: found, late: false, .. }) if found == token),
            "{event:?}"
        );
        assert_eq!(pair.esme.poll_event(), None);
        pair.esme.wrote(on_the_wire.len());
        assert_eq!((pair.esme.in_flight(), pair.esme.room()), (0, 2));
    }
}
