//! The books balance whatever comes in and whatever goes wrong.

use bealert_sim::relay::{Cut, Fate, Faults, Limit, Phase, Protocol, RelayConfig, Rule, Tarpit};
use bealert_wire::smtp::Reply;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

use crate::caller::{Callers, MS};

fn faults() -> impl Strategy<Value = Faults> {
    let place = prop::sample::select(vec![
        Phase::Greeting,
        Phase::Ehlo,
        Phase::Mail,
        Phase::Rcpt,
        Phase::Data,
        Phase::Dot,
    ]);
    let fate = prop_oneof![
        4 => prop::sample::select(vec![250u16, 421, 451, 550]).prop_map(|code| Fate::Reply(Reply::new(code, None, "x"))),
        1 => Just(Fate::Silent),
        1 => Just(Fate::Swallow),
        1 => Just(Fate::Reset),
        1 => Just(Fate::ResetAfter),
        1 => Just(Fate::Garble(b"!\r\n".to_vec())),
    ];
    let rule = (place, 0.0..0.5f64, weighted(0.3, 0u32..3), fate)
        .prop_map(|(phase, share, times, fate)| Rule { phase, who: None, share, times, fate });
    let times = (0u64..50_000, 0u64..50_000, weighted(0.3, 0u64..60_000));
    let caps = (weighted(0.2, 1u32..4), weighted(0.2, 1u32..6), weighted(0.2, 1u64..5), any::<bool>());
    let cut = weighted(0.2, (weighted(0.5, 0u64..600), weighted(0.5, 1u64..400)));
    (times, caps, cut, vec(rule, 0..3), 0.0..0.3f64, 0.0..0.3f64, weighted(0.2, 1u32..100)).prop_map(
        |((latency_us, work_us, greylist_us), caps, cut, rules, defer, refuse, limit)| Faults {
            latency_us,
            work_us,
            greylist_us,
            max_connections: caps.0,
            max_messages: caps.1,
            reset_every: caps.2,
            one_by_one: caps.3,
            tarpit: caps.0.map(|after| Tarpit { after, delay_us: 10 * MS, hang_up_at: Some(after + 3) }),
            cut: cut.map(|(received, sent)| Cut { received, sent, times: None }),
            limit: limit.map(|limit| Limit { per_second: f64::from(limit), burst: 2 }),
            rules,
            defer,
            refuse,
            ..Faults::default()
        },
    )
}

fn input() -> impl Strategy<Value = Vec<u8>> {
    let lines = vec![
        "EHLO a.example\r\n",
        "LHLO a.example\r\n",
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n",
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@d.example>\r\nBDAT 4 LAST\r\nx\r\n\n",
        "Message-ID: <1@a>\r\n\r\nx\r\n.\r\n",
        "x\r\n.\r\n",
        "RSET\r\n",
        "QUIT\r\n",
        "what\r\n",
        "\0\r\n",
    ];
    prop_oneof![12 => prop::sample::select(lines).prop_map(|line| line.as_bytes().to_vec()), 1 => vec(any::<u8>(), 0..20)]
}

proptest! {
    #[test]
    fn the_books_balance(
        faults in faults(),
        lmtp in any::<bool>(),
        inputs in vec((0usize..3, input(), 0u64..40), 0..80),
    ) {
        let protocol = if lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        let config = RelayConfig { protocol, faults, keep_messages: true, ..RelayConfig::default() };
        let mut callers = Callers::new(config);
        let mut connections = [callers.connect(), callers.connect(), callers.connect()];
        for (who, octets, wait_ms) in inputs {
            let connection = connections[who];
            callers.relay.receive(callers.now, connection, &octets);
            callers.read_octets(connection);
            if callers.relay.wants_close(connection) {
                callers.relay.disconnected(callers.now, connection);
                connections[who] = callers.connect();
            }
            callers.wait(wait_ms * MS);
        }
        callers.wait(1_000 * MS);
        let books = *callers.relay.books();
        prop_assert_eq!(books.messages, books.unique + books.duplicates);
        let kept: usize = callers.relay.messages().iter().map(|mail| mail.content.len()).sum();
        prop_assert_eq!(books.bytes, kept as u64);
        let recipients: usize = callers.relay.messages().iter().map(|mail| mail.recipients.len()).sum();
        if !lmtp {
            prop_assert_eq!(books.messages, recipients as u64);
        }
        for connection in connections {
            callers.relay.disconnected(callers.now, connection);
        }
        prop_assert!(callers.relay.connections().is_empty());
    }
}
