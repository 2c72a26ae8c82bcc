//! What a message costs the client without the kernel. Ignored by default: it asserts on nothing.

use std::hint::black_box;

use bealert_wire::smtp::{Client, Content, Envelope, Event, Mode, Notify};

use crate::scripted::config;

const COUNT: u64 = 1_000_000;

/// As a compiled letter: octets that are the same for all, and a value.
struct Letter<'a>(&'a [u8], u64);

impl Content for Letter<'_> {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0[..2_000]);
        out.extend_from_slice(&self.0[2_000..]);
        black_box(self.1);
    }

    fn dot_free(&self) -> bool {
        true
    }
}

/// `cargo test -p bealert-wire --release --test smtp -- --ignored --nocapture a_message_of_4_kb`
#[test]
#[ignore = "a measurement"]
fn a_message_of_4_kb_costs() {
    let line = "Gevaar in de Kerkstraat. Blijf binnen, sluit ramen en deuren, luister naar de radio.\r\n";
    let body = line.repeat(4_096 / line.len()).into_bytes();
    for (mode, replies) in [
        (
            Mode::Pipelined,
            &["250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n", "250 2.0.0 Ok: queued as 4bXkq1\r\n"][..],
        ),
        (Mode::Joined, &["250 2.0.0 Ok: queued as 4bXkq1\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n"]),
        (Mode::Bdat, &["250 2.0.0 Ok\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 Ok: queued as 4bXkq1\r\n"]),
    ] {
        let mut client = Client::new(config(mode));
        client.connected(0);
        for opening in
            ["220 hi\r\n", "250-x\r\n250-PIPELINING\r\n250-SIZE 10000000\r\n250-DSN\r\n250 CHUNKING\r\n"]
        {
            client.receive(0, opening.as_bytes());
            client.wrote(client.outgoing().len());
        }
        let (mut sent, mut done) = (0, 0);
        let mut replies = replies.concat();
        match mode {
            Mode::Joined => {
                submit(&mut client, &body, &mut sent);
                client.wrote(client.outgoing().len());
                client.receive(0, b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n");
            }
            // the first of a window has no RSET before it
            Mode::Bdat => replies = replies.repeat(16).split_off("250 2.0.0 Ok\r\n".len()),
            _ => {}
        }
        while client.poll_event().is_some() {}
        let begun_ns = cpu_ns();
        while done < COUNT {
            submit(&mut client, &body, &mut sent);
            client.wrote(client.outgoing().len());
            for piece in replies.split_inclusive("354 go on\r\n") {
                client.receive(done, piece.as_bytes());
                client.wrote(client.outgoing().len());
            }
            while let Some(event) = client.poll_event() {
                match black_box(event) {
                    Event::Accepted { .. } => done += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
        println!("{mode}: {} ns per message of {} octets", (cpu_ns() - begun_ns) / done, body.len());
    }
}

fn submit(client: &mut Client, body: &[u8], sent: &mut u64) {
    while client.room() > 0 {
        let to = ["user000001234@example.org"];
        let notify = Notify::On { success: true, failure: true, delay: false };
        let envelope = Envelope {
            notify,
            priority: Some(9),
            ..Envelope::new("bounces+aaaaaaaabbbbbbbbccccccccdd@alert.example", &to)
        };
        client.submit(*sent, *sent, &envelope, &Letter(body, *sent)).unwrap();
        *sent += 1;
    }
}

/// What this thread has had of a core: other work on the machine does not count.
fn cpu_ns() -> u64 {
    let had = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    had.split(' ').next().unwrap().parse().unwrap()
}
