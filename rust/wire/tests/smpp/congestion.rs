//! congestion_state in any response (SMPP 5.0 §4.8.4.18).

use bealert_wire::smpp::{EsmeConfig, Event, status};

use crate::pair::{Pair, SECOND, esme_config};

#[test]
fn the_load_comes_before_the_response_that_told_it() {
    let mut pair = Pair::bound(10);
    pair.submit(1).unwrap();
    pair.submit(2).unwrap();
    let submits = pair.submits();
    pair.smsc.respond_with_load(submits[0].0, status::ESME_ROK, "id-1", 83);
    pair.smsc.respond_with_load(submits[1].0, status::ESME_RTHROTTLED, "", 100);
    let events = pair.esme_events();
    assert!(
        matches!(
            events[..],
            [
                Event::Congestion { load: 83 },
                Event::Accepted { token: 1, .. },
                Event::Congestion { load: 100 },
                Event::Rejected { token: 2, status: status::ESME_RTHROTTLED, .. },
            ]
        ),
        "{events:?}"
    );
}

#[test]
fn an_answer_without_messages_tells_it_too() {
    let mut pair = Pair::bound_with(EsmeConfig { enquire_interval_us: SECOND, ..esme_config(10) });
    pair.wait(2 * SECOND);
    let enquiry = pair.esme.outgoing().to_vec();
    assert_eq!(enquiry[4..8], [0, 0, 0, 0x15]);
    let mut answer = enquiry.clone();
    answer[3] = 21;
    answer[4] = 0x80;
    answer.extend([0x04, 0x28, 0, 1, 42]);
    pair.esme.receive(pair.now, &answer);
    assert_eq!(pair.esme.poll_event(), Some(Event::Congestion { load: 42 }));
}

#[test]
fn a_load_that_cannot_be_is_none() {
    for value in [&[101][..], &[], &[0, 50]] {
        let mut pair = Pair::bound(10);
        pair.submit(1).unwrap();
        let pdu_octets = 16 + 1 + 4 + value.len() as u8;
        let mut answer = vec![0, 0, 0, pdu_octets, 0x80, 0, 0, 4, 0, 0, 0, 0];
        answer.extend_from_slice(&pair.esme.outgoing()[12..16]);
        answer.extend([0, 0x04, 0x28, 0, value.len() as u8]);
        answer.extend_from_slice(value);
        pair.esme.receive(pair.now, &answer);
        let event = pair.esme.poll_event();
        assert!(matches!(event, Some(Event::Accepted { token: 1, .. })), "{event:?}");
    }
}
