//! Sequence numbers wrap from 0x7FFFFFFF to 1, past a request that is still held.

use bealert_wire::smpp::{EsmeConfig, Event, status};

use crate::pair::{Pair, TIMEOUT, esme_config};

#[test]
fn requests_find_their_responses_across_the_wrap() {
    let config = EsmeConfig { first_sequence: 0x7FFF_FFF0, ..esme_config(8) };
    let mut pair = Pair::bound_with(config);
    pair.submit(0).unwrap();
    let withheld = pair.submits()[0].0;
    let mut numbers = Vec::new();
    for token in 1..200 {
        pair.submit(token).unwrap();
        let bytes = pair.esme.outgoing();
        numbers.push(u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]));
        let submits = pair.submits();
        pair.smsc.respond(pair.now, submits[0].0, status::ESME_ROK, "x");
        let events = pair.esme_events();
        assert!(matches!(events[..], [Event::Accepted { token: seen, .. }] if seen == token), "{events:?}");
        pair.now += TIMEOUT / 150;
        pair.esme.handle_timeout(pair.now);
        while let Some(event) = pair.esme.poll_event() {
            assert_eq!(event, Event::TimedOut { token: 0 });
        }
    }
    // 1 has the slot of the request that is held, and is skipped
    assert!(numbers.contains(&0x7FFF_FFFF) && !numbers.contains(&1) && numbers.contains(&2));
    assert!(numbers.iter().all(|&number| number != 0 && number < 0x8000_0000));
    let mut distinct = numbers.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), numbers.len());

    pair.smsc.respond(pair.now, withheld, status::ESME_ROK, "first");
    let events = pair.esme_events();
    assert!(matches!(events[..], [Event::Accepted { token: 0, late: true, .. }]), "{events:?}");
}
