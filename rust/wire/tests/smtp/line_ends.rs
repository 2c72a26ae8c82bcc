//! smtp.md 6.7: no bare CR or LF, no NUL, no line that is too long, and no dot that ends a message early.

use bealert_wire::smtp::{BodyKind, Content, Envelope, Mode, SubmitError};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::scripted::{Session, outcomes};

fn submit(session: &mut Session, text: &[u8]) -> Result<(), SubmitError> {
    let envelope = Envelope::new("s@alert.example", &["a@example.org"]);
    let envelope = Envelope { body: BodyKind::EightBit, ..envelope };
    session.client.submit(session.now, 1, &envelope, text)
}

#[test]
fn point_07_line_ends_are_made_right_and_dots_stuffed_so_that_no_server_sees_an_end_in_the_middle() {
    for mode in [Mode::Joined, Mode::Bdat] {
        for trap in ["a\n.\nb", "a\r.\rb", "a\r\n.\nb", "a\n.\r\nb", "a\r\n.\r\nb"] {
            let mut session = Session::in_mode(mode);
            submit(&mut session, format!("Subject: x\n\n{trap}").as_bytes()).unwrap();
            assert_eq!(outcomes(&session.run()), [(1, "accepted")]);
            assert_eq!(session.server.taken.len(), 1);
            assert_eq!(session.server.taken[0].content, b"Subject: x\r\n\r\na\r\n.\r\nb\r\n", "{trap:?}");
            let wire = session.writes.concat();
            assert!(!wire.replace("\r\n", "").contains(['\r', '\n']), "{wire:?}");
        }
    }
}

#[test]
fn point_07_what_no_message_may_hold_is_refused_before_a_byte_is_written() {
    let mut session = Session::in_mode(Mode::Joined);
    for (text, problem) in [
        (&b"Subject: a\0b\r\n"[..], SubmitError::Nul),
        (&[b'a'; 999][..], SubmitError::LongLine),
        (b"", SubmitError::Empty),
        (b"\r\n", SubmitError::Empty),
    ] {
        assert_eq!(submit(&mut session, text), Err(problem));
    }
    let envelope = Envelope::new("s@alert.example", &["a@example.org"]);
    let text = "Subject: \u{e9}\r\n".as_bytes();
    assert_eq!(session.client.submit(session.now, 1, &envelope, text), Err(SubmitError::NotSevenBit));
    assert_eq!((session.client.outgoing(), session.client.in_flight()), (&b""[..], 0));
}

/// Promises what it does not keep.
struct Liar(&'static [u8]);

impl Content for Liar {
    fn size(&self) -> usize {
        self.0.len() + 3
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }

    fn dot_free(&self) -> bool {
        true
    }
}

#[test]
fn a_size_that_is_not_kept_or_a_last_line_without_end_never_moves_the_end_of_a_message() {
    for mode in [Mode::Joined, Mode::Bdat] {
        let mut session = Session::in_mode(mode);
        let envelope = Envelope::new("s@alert.example", &["a@example.org"]);
        session.client.submit(session.now, 1, &envelope, &Liar(b"Subject: x\r\n\r\nno end")).unwrap();
        session.queue.push_back(2);
        assert_eq!(outcomes(&session.run()), [(1, "accepted"), (2, "accepted")], "{mode}");
        assert_eq!(session.server.taken.len(), 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_the_text_it_arrives_as_one_message(
        text in vec(prop::sample::select(b".\r\nab\x80".to_vec()), 4..60),
        bdat in any::<bool>(),
    ) {
        let mut session = Session::in_mode(if bdat { Mode::Bdat } else { Mode::Joined });
        submit(&mut session, &text).unwrap();
        session.queue.push_back(2);
        prop_assert_eq!(outcomes(&session.run()), [(1, "accepted"), (2, "accepted")]);
        prop_assert_eq!(session.server.taken.len(), 2);
        let content = &session.server.taken[0].content;
        prop_assert!(content.ends_with(b"\r\n"));
        let without = |text: &[u8]| text.iter().copied().filter(|octet| !b"\r\n".contains(octet)).collect::<Vec<_>>();
        prop_assert_eq!(without(content), without(&text));
    }
}
