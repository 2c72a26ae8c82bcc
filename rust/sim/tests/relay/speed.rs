//! What a message costs without the kernel. Ignored by default: it asserts on nothing.

use std::hint::black_box;
use std::time::Instant;

use bealert_sim::relay::RelayConfig;

use crate::caller::{Callers, group};

/// `cargo test -p bealert-sim --release --test relay -- --ignored --nocapture a_message_of_4_kb`
#[test]
#[ignore = "a measurement"]
#[allow(clippy::disallowed_methods, reason = "it measures")]
fn a_message_of_4_kb() {
    const COUNT: u64 = 200_000;
    let body = "Gevaar in de Kerkstraat. Blijf binnen, sluit ramen en deuren, en luister naar de radio.\r\n"
        .repeat(42);
    let content = |number: u64| format!("From: a@b\r\nMessage-ID: <{number}@be.example>\r\n\r\n{body}");
    for (name, dialogue) in [
        (
            "joined",
            (|number, content: String| content + ".\r\n" + &group(&format!("user{number}@b.example")))
                as fn(u64, String) -> String,
        ),
        ("bdat", |number, content| {
            let group = format!("MAIL FROM:<s@a>\r\nRCPT TO:<user{number}@b.example>\r\n");
            format!("{group}BDAT {} LAST\r\n{content}", content.len())
        }),
    ] {
        let mut callers = Callers::new(RelayConfig::default());
        let connection = callers.call();
        if name == "joined" {
            callers.say(connection, group("a@b.example"));
        }
        let messages: Vec<String> = (0..1_000).map(|number| dialogue(number, content(number))).collect();
        let begun = Instant::now();
        for round in 0..COUNT / 1_000 {
            for message in &messages {
                callers.relay.receive(round, connection, message.as_bytes());
                let waiting = black_box(callers.relay.outgoing(connection)).len();
                callers.relay.wrote(round, connection, waiting);
            }
        }
        let each_ns = begun.elapsed().as_nanos() as u64 / COUNT;
        println!(
            "{name}: {each_ns} ns per message of {} octets, {:?}",
            messages[0].len(),
            callers.relay.books()
        );
    }
}
