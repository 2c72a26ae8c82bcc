//! The protocols of bealert_engine, without input or output.
//!
//! A protocol core owns no socket, clock, thread, file or random source. It is told what happened (bytes came,
//! a request is to be sent, time passed) together with `now_us`, a monotonic time in microseconds from an origin
//! of the caller's choice, and it says what is to be done about it. The same core therefore runs over TCP in
//! production, joined to its far end in a test, and inside a simulated world faster than real time.
//!
//! # The session contract
//!
//! Every session, client or server, has the same surface:
//!
//! | call | when |
//! |---|---|
//! | `connected(now)` | the transport is up |
//! | `receive(now, bytes)` | a read returned bytes, cut anywhere |
//! | `submit(now, ...)` and the like | there is something to send, and `room()` for it |
//! | `handle_timeout(now)` | the time of `poll_timeout()` has come |
//! | `wrote(n)` | the transport took `n` bytes of `outgoing()` |
//! | `disconnected(now)` | the transport is gone, whoever closed it |
//!
//! After each of them the driver takes what the session has for it: every event (`poll_event`), the bytes to
//! write (`outgoing`), when to wake up next (`poll_timeout`), and whether to close once all is written
//! (`wants_close`). `poll_output` gives the same four in that order, as one stream.
//!
//! Three promises hold for every session:
//!
//! - The driver may call late, early or too often; only what is sent and reported changes, never the accounting.
//!   It should hand in what it has read before it reports that time has passed: an answer that has arrived then
//!   beats its time-out.
//! - Each request handed in ends in exactly one final event, at the latest when `disconnected` is called.
//! - Nothing the far end sends makes a session panic, and nothing makes it grow without bound.

mod outbox;
pub mod smpp;
pub mod smtp;
pub mod text;
