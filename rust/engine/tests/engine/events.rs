//! Readers of events: woken, slow, coming back.

use std::time::{Duration, Instant};

use bealert_engine::{Engine, EngineError, EventOut, Subscription};

use crate::far::{Far, Manners};
use crate::host::{config, ended, gateway, launch};

fn seq(event: &EventOut) -> u64 {
    match event {
        EventOut::Event { seq, .. } | EventOut::Notice { seq, .. } => *seq,
    }
}

/// Waits as a host does: arm, look, wait for the descriptor.
fn next(subscription: &Subscription, max: usize) -> Vec<EventOut> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        subscription.arm();
        let batch = subscription.take(max).unwrap();
        if !batch.is_empty() {
            return batch;
        }
        readable(subscription.fd(), Duration::from_secs(5));
    }
    panic!("nothing came");
}

fn readable(fd: i32, limit: Duration) -> bool {
    use std::os::fd::BorrowedFd;
    // SAFETY: the subscription it belongs to outlives the call.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let mut fds = [rustix::event::PollFd::new(&fd, rustix::event::PollFlags::IN)];
    let timeout = rustix::event::Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: 0 };
    rustix::event::poll(&mut fds, Some(&timeout)).unwrap() > 0
}

#[test]
fn a_slow_reader_loses_none() {
    let far = Far::start(Manners::default());
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(config(Some(directory.path()), &[gateway("a", far.port, "")])).unwrap();
    let subscription = engine.events(Some(0), None).unwrap();
    let id = launch(&engine, "alert", 1_000, "k");
    let mut seen = Vec::new();
    let (mut delivered, mut over) = (0, false);
    while !over {
        for event in next(&subscription, 37) {
            seen.push(seq(&event));
            match event {
                EventOut::Event { state: "delivered", recipient, gateway, .. } => {
                    assert!(recipient.starts_with('p') && gateway.as_deref() == Some("a"));
                    delivered += 1;
                }
                EventOut::Notice { code: "ended", .. } => over = true,
                _ => {}
            }
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    assert_eq!(delivered, 1_000);
    let gapless: Vec<u64> = (1..=seen.len() as u64).collect();
    assert_eq!(seen, gapless);
    let half = engine.events(Some(seen[seen.len() / 2]), None).unwrap();
    assert_eq!(seq(&half.take(1).unwrap()[0]), seen[seen.len() / 2] + 1);
    ended(&engine, id, Duration::from_secs(5));
    let gone = engine.events(Some(u64::MAX >> 8), None);
    assert!(matches!(gone, Err(EngineError::EventsGone { .. })));
}

#[test]
fn a_watch_wakes_on_progress_and_sees_the_end() {
    let far = Far::start(Manners::default());
    let engine = Engine::open(config(None, &[gateway("a", far.port, "")])).unwrap();
    let id = launch(&engine, "alert", 500, "k");
    let watch = engine.watch(id).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        watch.arm();
        if watch.progress().unwrap().state.ended() {
            break;
        }
        assert!(Instant::now() < deadline);
        readable(watch.fd(), Duration::from_secs(5));
    }
    assert!(engine.watch(bealert_engine::CampaignId(77)).is_err());
}
