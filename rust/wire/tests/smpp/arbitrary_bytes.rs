//! Whatever a far end sends: no panic, the same answers however it is cut, and nothing without bound.

use bealert_wire::smpp::{
    Body, Command, Esme, Event, Frames, Header, Receipt, Smsc, SmscConfig, SmscEvent, Status, Time, class,
    name, tlv,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::pair::{Pair, SECOND, esme_config};

/// Bytes that look like PDUs: plausible lengths, known commands, broken bodies.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let command = prop_oneof![
        4 => prop::sample::select(vec![1u32, 2, 4, 5, 6, 9, 0x15, 0x102, 0x103]),
        4 => prop::sample::select(vec![0u32, 1, 2, 4, 5, 6, 9, 0x15, 0x103]).prop_map(|id| id | 0x8000_0000),
        1 => any::<u32>(),
    ];
    let body = prop_oneof![vec(any::<u8>(), 0..60), vec(0u8..5, 0..60)];
    let length = prop_oneof![20 => Just(None), 1 => any::<u32>().prop_map(Some)];
    let one = (command, prop_oneof![Just(0u32), any::<u32>()], 0u32..8, body, length).prop_map(
        |(command, status, sequence, body, length)| {
            let length = length.unwrap_or(16 + body.len() as u32);
            let words = [length, command, status, sequence];
            let mut out: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            out.extend(body);
            out
        },
    );
    prop_oneof![vec(one, 0..12).prop_map(|all| all.concat()), vec(any::<u8>(), 0..200)]
}

fn esme_after(bytes: &[u8], cut: usize) -> (Vec<Event>, Vec<u8>, bool) {
    let mut pair = Pair::bound(4);
    for token in 0..4 {
        pair.submit(token).unwrap();
    }
    pair.esme.wrote(pair.esme.outgoing().len());
    bytes.chunks(cut).for_each(|piece| pair.esme.receive(pair.now, piece));
    let mut events: Vec<Event> = std::iter::from_fn(|| pair.esme.poll_event()).collect();
    let (answer, close) = (pair.esme.outgoing().to_vec(), pair.esme.wants_close());
    events.extend(pair.disconnect());
    (events, answer, close)
}

fn smsc_after(bytes: &[u8], cut: usize) -> (Vec<SmscEvent>, Vec<u8>, bool) {
    let mut pair = Pair::bound(4);
    for token in 0..4 {
        pair.deliver(token, "id");
    }
    pair.smsc.wrote(pair.smsc.outgoing().len());
    bytes.chunks(cut).for_each(|piece| pair.smsc.receive(pair.now, piece));
    let mut events: Vec<SmscEvent> = std::iter::from_fn(|| pair.smsc.poll_event()).collect();
    let (answer, close) = (pair.smsc.outgoing().to_vec(), pair.smsc.wants_close());
    pair.smsc.disconnected(pair.now);
    events.extend(std::iter::from_fn(|| pair.smsc.poll_event()));
    (events, answer, close)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn decoding_never_panics(bytes in vec(any::<u8>(), 0..300), command in any::<u32>()) {
        let _ = Header::split(&bytes);
        for id in (0..0x104).chain(0x8000_0000..0x8000_0104).chain([command]) {
            let Some(command) = Command::from_id(id) else { continue };
            if let Ok(Body::DeliverSm(message)) = Body::decode(command, &bytes) {
                let _ = Receipt::find(&message);
            }
        }
        if let Ok(tlvs) = tlv::Tlvs::parse(&bytes) {
            prop_assert_eq!(tlvs.iter().map(|(_, value)| value.len() + 4).sum::<usize>(), bytes.len());
        }
        let _ = Time::parse(&bytes);
        let mut frames = Frames::default();
        let mut rest = &bytes[..];
        while let Ok(Some(_)) = frames.next(&mut rest) {}
        let _ = (class(command), name(command), Status(command).to_string());
    }

    #[test]
    fn an_esme_survives_and_accounts_for_every_request(bytes in hostile(), cut in 1usize..50) {
        let whole = esme_after(&bytes, usize::MAX);
        let mut tokens: Vec<u64> = whole.0.iter().filter_map(final_token).collect();
        tokens.sort_unstable();
        prop_assert_eq!(tokens, [0, 1, 2, 3]);
        let closed = matches!(whole.0.last(), Some(Event::Closed { .. }));
        prop_assert!(closed);
        // an answer to each PDU at most, and one event beside the final ones
        prop_assert!(whole.0.len() <= bytes.len() / 16 * 2 + 6 && whole.1.len() <= bytes.len() * 2 + 17);
        prop_assert_eq!(esme_after(&bytes, cut), whole);
    }

    #[test]
    fn an_smsc_survives_and_accounts_for_every_request(bytes in hostile(), cut in 1usize..50) {
        let whole = smsc_after(&bytes, usize::MAX);
        let mut tokens: Vec<u64> = whole.0.iter().filter_map(|event| match event {
            SmscEvent::Answered { token, .. } | SmscEvent::Unanswered { token } => Some(*token),
            _ => None,
        }).collect();
        tokens.sort_unstable();
        prop_assert_eq!(tokens, [0, 1, 2, 3]);
        prop_assert!(whole.0.len() <= bytes.len() / 16 * 2 + 6 && whole.1.len() <= bytes.len() * 2 + 17);
        prop_assert_eq!(smsc_after(&bytes, cut), whole);
    }

    #[test]
    fn unbound_sessions_survive_too(bytes in hostile()) {
        let mut esme = Esme::new(esme_config(4));
        esme.connected(SECOND);
        esme.receive(SECOND, &bytes);
        esme.disconnected(SECOND);
        let mut smsc = Smsc::new(SmscConfig::default());
        smsc.connected(SECOND);
        smsc.receive(SECOND, &bytes);
        smsc.disconnected(SECOND);
    }
}

pub(crate) fn final_token(event: &Event) -> Option<u64> {
    match event {
        Event::Accepted { token, .. }
        | Event::Rejected { token, .. }
        | Event::Lost { token }
        | Event::Unsent { token } => Some(*token),
        _ => None,
    }
}
