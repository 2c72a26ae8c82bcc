//! smtp.md 6.2: what may have been taken is uncertain, what cannot have been is not.

use bealert_wire::smtp::{CloseReason, Event, Mode};

use crate::scripted::{Session, outcomes};

/// One message handed in, every octet of it but the last `left` written.
fn cut(mode: Mode, left: usize) -> Vec<(u64, &'static str)> {
    let mut session = Session::in_mode(mode);
    session.submit(1);
    if mode != Mode::Bdat {
        while !session.client.outgoing().ends_with(b"\r\n.\r\n") {
            session.up();
            session.down();
        }
    }
    session.client.wrote(session.client.outgoing().len() - left);
    outcomes(&session.disconnect())
}

#[test]
fn point_02_once_the_dot_or_the_last_octet_of_a_chunk_may_have_left_no_reply_means_uncertain() {
    for mode in [Mode::Lockstep, Mode::Pipelined, Mode::Joined, Mode::Bdat] {
        assert_eq!(cut(mode, 0), [(1, "lost")], "{mode}");
        assert_eq!(cut(mode, 1), [(1, "unsent")], "{mode}");
    }
}

#[test]
fn point_02_with_a_window_every_message_without_a_reply_is_uncertain() {
    let mut session = Session::at_full_depth();
    session.queue.extend(0..16);
    session.submit_all();
    session.up();
    // five are answered, then the connection is gone
    let replies = String::from_utf8(std::mem::take(&mut session.server.output)).unwrap();
    let five: String = replies.split_inclusive('\n').take(3 + 4 * 4).collect();
    session.client.receive(session.now, five.as_bytes());
    session.note();
    assert_eq!(outcomes(&std::mem::take(&mut session.events)).len(), 5);
    let events = session.disconnect();
    let want: Vec<_> = (5..16).map(|token| (token, "lost")).collect();
    assert_eq!(outcomes(&events), want);
    assert_eq!(events.last(), Some(&Event::Closed { why: CloseReason::Dropped }));
}

#[test]
fn point_02_a_message_whose_body_was_never_asked_for_cannot_have_been_taken() {
    let mut session = Session::in_mode(Mode::Joined);
    session.submit(1);
    session.submit(2);
    session.up();
    session.down();
    session.up(); // the first body, and the commands of the second message
    assert_eq!(outcomes(&session.disconnect()), [(1, "lost"), (2, "unsent")]);
}

#[test]
fn the_recipients_that_were_refused_are_not_told_of_twice() {
    let mut session = Session::in_mode(Mode::Joined)
        .rule(|line| line.starts_with("RCPT").then(|| "550 5.1.1 no such user".to_owned()));
    session.submit(1);
    session.up();
    session.down();
    session.note();
    assert_eq!(outcomes(&std::mem::take(&mut session.events)), [(1, "refused")]);
    assert_eq!(session.disconnect().len(), 1, "Closed, and nothing else");
    assert_eq!(session.disconnect(), [], "once");
}
