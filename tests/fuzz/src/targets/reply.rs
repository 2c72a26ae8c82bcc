//! What a relay answers, cut anywhere.

use bealert_wire::smtp::{MAX_REPLY_TEXT_OCTETS, Replies, Reply, ReplyProblem};

/// The octets: how long a read is, then the stream.
pub(crate) fn read(octets: &[u8]) -> bool {
    let [cut, stream @ ..] = octets else { return false };
    let whole = replies(stream, usize::MAX);
    assert_eq!(replies(stream, usize::from(*cut) + 1), whole);
    for reply in &whole.0 {
        assert!((200..600).contains(&reply.code) && reply.text.len() <= MAX_REPLY_TEXT_OCTETS);
        assert!(!reply.text.contains(char::is_control), "fit to be shown");
        let mut said = Vec::new();
        reply.write(&mut said);
        let (again, problem) = replies(&said, usize::MAX);
        assert_eq!((again.len(), problem), (1, None), "one line, one reply");
        assert_eq!(again[0].code, reply.code);
    }
    !whole.0.is_empty()
}

fn replies(stream: &[u8], cut: usize) -> (Vec<Reply>, Option<ReplyProblem>) {
    let mut reader = Replies::default();
    let mut all = Vec::new();
    for mut piece in stream.chunks(cut) {
        loop {
            match reader.next(&mut piece, |_| {}) {
                Ok(Some(reply)) => all.push(reply),
                Ok(None) => break,
                Err(problem) => return (all, Some(problem)),
            }
        }
    }
    (all, None)
}
