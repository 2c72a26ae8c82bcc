//! A far end that has stopped reading: what leaves after a command is bounded.

use std::time::Duration;

use crate::far::{Far, Manners};
use crate::host::{bound, close, config, gateway, launch};
use bealert_engine::Engine;

/// What may still be in our hands: 64 KB taken over by the session, 64 KB and a segment in the
/// kernel, and what the far end's kernel has taken already; a message of this test has 85 octets.
const IN_OUR_HANDS: u64 = 4_000;

#[test]
fn little_leaves_after_a_pause() {
    let far = Far::start(Manners { deaf: true, receipts: false, ..Manners::default() });
    let more = r#", "window": 10000, "receipts": false"#;
    let engine = Engine::open(config(None, &[gateway("a", far.port, more)])).unwrap();
    bound(&engine);
    let id = launch(&engine, "alert", 30_000, "k");
    let sent = || engine.progress(id).unwrap().sent.iter().sum::<u64>();
    let mut before = 0;
    loop {
        std::thread::sleep(Duration::from_millis(300));
        let now = sent();
        if now > 0 && now == before {
            break;
        }
        before = now;
    }
    engine.pause(id, &mut || true).unwrap();
    let taken = far.books().accepted;
    far.change(|manners| manners.deaf = false);
    std::thread::sleep(Duration::from_secs(1));
    let later = far.books().accepted - taken;
    assert!(later > 0, "the far end reads again");
    assert!(later < IN_OUR_HANDS, "{later} left after the pause");
    close(&engine);
}
