use bealert_sim::smsc::{Faults, SimConfig};
use bealert_wire::smpp::BindMode;
use bealert_wire::text::Parts;

use crate::joined::Joined;

/// Sends a text in as many parts as it needs.
fn send_text(joined: &mut Joined, destination: &str, text: &str, reference: u8, parts_sent: usize) {
    let mut parts = Parts::new();
    parts.encode(text, reference).unwrap();
    for part in 0..parts.len().min(parts_sent) {
        let coding = parts.encoding().data_coding();
        joined.submit_part(0, part as u64, destination, parts.part(part), parts.udhi(), coding);
    }
    joined.exchange();
}

fn bound() -> Joined {
    let mut joined = Joined::with(Faults::default());
    joined.bind(BindMode::Transceiver);
    joined
}

#[test]
fn texts_come_back_whole_whatever_their_alphabet() {
    let euros = "€".repeat(400);
    let smileys = "😀é".repeat(150);
    let mut joined = bound();
    for (number, text) in ["Blijf binnen @ Gent", &euros, &smileys, "Ώ"].into_iter().enumerate() {
        send_text(&mut joined, &format!("3247000000{number}"), text, 7, 255);
    }
    let messages = joined.smsc.messages();
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["Blijf binnen @ Gent", &euros, &smileys, "Ώ"]);
    assert!(messages.iter().all(|message| message.is_complete() && message.accepted == 1));
    assert!(messages.iter().all(|message| message.ids.len() == usize::from(message.total)));
    assert_eq!((messages[1].source.as_str(), messages[1].destination.as_str()), ("BE-Alert", "32470000001"));
    assert_eq!(messages[1].total, 6);
}

#[test]
fn a_part_that_lacks_shows_and_one_that_came_twice_is_counted() {
    let text = "x".repeat(200);
    let mut joined = bound();
    send_text(&mut joined, "32470000001", &text, 7, 1);
    let [message] = &joined.smsc.messages()[..] else { panic!() };
    assert_eq!((message.parts, message.total, message.is_complete()), (1, 2, false));
    send_text(&mut joined, "32470000001", &text, 7, 2);
    let [message] = &joined.smsc.messages()[..] else { panic!() };
    assert_eq!((message.text.as_str(), message.accepted), (text.as_str(), 2));
    assert_eq!(message.ids, ["1", "2", "3"]);
    let books = joined.smsc.books();
    assert_eq!((books.accepted, books.unique, books.duplicates), (3, 2, 1));
}

#[test]
fn a_reference_that_comes_back_begins_another_message() {
    let (first, second) = ("x".repeat(200), "y".repeat(200));
    let mut joined = bound();
    send_text(&mut joined, "32470000001", &first, 7, 2);
    send_text(&mut joined, "32470000001", &second, 7, 2);
    send_text(&mut joined, "32470000002", &second, 7, 2);
    let texts: Vec<_> = joined.smsc.messages().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, [first, second.clone(), second]);
}

#[test]
fn a_header_that_cannot_be_is_no_part_of_anything() {
    let mut joined = bound();
    for (token, body) in [&b"\x05\x00\x03\x01\x02\x00x"[..], b"\x05\x00\x03\x01\x02\x09y", b"\xff", b""]
        .into_iter()
        .enumerate()
    {
        joined.submit_part(0, token as u64, "32470000001", body, true, 0);
    }
    joined.exchange();
    let messages = joined.smsc.messages();
    assert_eq!(messages.len(), 4);
    assert!(messages.iter().all(|message| message.is_complete()));
}

#[test]
fn nothing_is_kept_unless_asked_for() {
    let mut joined = Joined::new(SimConfig::default());
    joined.bind(BindMode::Transceiver);
    joined.send(0, [1, 2, 1]);
    assert_eq!(joined.smsc.messages(), []);
    assert_eq!((joined.smsc.books().unique, joined.smsc.books().duplicates), (2, 1));
}
