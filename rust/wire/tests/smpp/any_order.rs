//! Responses come in any order, and the window is exact.

use bealert_wire::smpp::{Event, SubmitError, status};

use crate::pair::Pair;

#[test]
fn each_response_finds_its_request() {
    const WINDOW: u64 = 100;
    let mut pair = Pair::bound(WINDOW as u32);
    let mut state = 7u64; // a small generator: the order is the same in every run
    for round in 0..50 {
        let tokens: Vec<u64> = (0..WINDOW).map(|at| round * WINDOW + at).collect();
        for &token in &tokens {
            pair.submit(token).unwrap();
        }
        assert_eq!((pair.esme.room(), pair.submit(0)), (0, Err(SubmitError::Full)));
        let mut submits = pair.submits();
        assert_eq!(submits.len(), tokens.len());
        while !submits.is_empty() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (reply, submit) = submits.swap_remove((state >> 33) as usize % submits.len());
            pair.smsc.respond(pair.now, reply, status::ESME_ROK, &submit.destination);
        }
        let mut seen: Vec<u64> = pair
            .esme_events()
            .into_iter()
            .map(|event| match event {
                Event::Accepted { token, id, late: false, .. }
                    if id.as_str() == format!("32470{token:06}") =>
                {
                    token
                }
                other => panic!("{other:?}"),
            })
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, tokens);
        assert_eq!(u64::from(pair.esme.room()), WINDOW);
    }
}

#[test]
fn an_error_comes_with_or_without_a_body_and_success_without_an_id() {
    let mut pair = Pair::bound(4);
    for token in 0..4 {
        pair.submit(token).unwrap();
    }
    let submits = pair.submits();
    pair.now += 250;
    pair.smsc.respond(pair.now, submits[0].0, status::ESME_RTHROTTLED, "");
    pair.smsc.respond(pair.now, submits[1].0, status::ESME_ROK, "");
    let mut events = pair.esme_events();
    // the numbers of the requests: the bind had 1
    let with_body = [&[0, 0, 0, 19, 0x80, 0, 0, 4, 0, 0, 4, 1, 0, 0, 0, 4], &b"id\0"[..]].concat();
    let bare = [0, 0, 0, 16, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5];
    pair.esme.receive(pair.now, &with_body);
    pair.esme.receive(pair.now, &bare);
    events.extend(std::iter::from_fn(|| pair.esme.poll_event()));
    let rejected = |token, status| Event::Rejected { token, status, took_us: 250, late: false };
    let accepted = |token| Event::Accepted { token, id: "".try_into().unwrap(), took_us: 250, late: false };
    assert_eq!(events, [rejected(0, 0x58), accepted(1), rejected(2, 0x401), accepted(3)]);
}
