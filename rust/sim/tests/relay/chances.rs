//! Shares are met, and what is said for good is the same each time.

use bealert_sim::relay::{AddressPattern, Fate, Faults, Phase, RelayConfig, Rule};

use crate::caller::{Callers, with};

fn outcomes(callers: &mut Callers, round: u64) -> Vec<u16> {
    let connection = callers.call();
    let who = |number: u64| format!("user{number}@b.example");
    (0..2_000)
        .map(|number| *callers.send(connection, &who(number), round * 10_000 + number).last().unwrap())
        .collect()
}

#[test]
fn the_same_recipients_are_refused_each_time() {
    let mut callers = with(Faults { refuse: 0.1, ..Faults::default() });
    let (first, second) = (outcomes(&mut callers, 0), outcomes(&mut callers, 1));
    assert_eq!(first, second);
    let refused = first.iter().filter(|&&code| code == 554).count();
    assert!((150..250).contains(&refused), "{refused}");
    assert_eq!(callers.relay.books().refused, 2 * refused as u64);
    let config = RelayConfig {
        seed: 2,
        faults: Faults { refuse: 0.1, ..Faults::default() },
        ..RelayConfig::default()
    };
    assert_ne!(outcomes(&mut Callers::new(config), 0), first, "another seed, others");
}

#[test]
fn what_is_deferred_may_go_the_next_time() {
    let mut callers = with(Faults { defer: 0.3, ..Faults::default() });
    let (first, second) = (outcomes(&mut callers, 0), outcomes(&mut callers, 1));
    let deferred = |codes: &[u16]| codes.iter().filter(|&&code| code == 451).count();
    for codes in [&first, &second] {
        assert!((500..700).contains(&deferred(codes)), "{}", deferred(codes));
    }
    assert_ne!(first, second);
    let books = callers.relay.books();
    assert_eq!(books.deferred as usize, deferred(&first) + deferred(&second));
    assert_eq!(books.messages + books.deferred, 4_000);
}

#[test]
fn the_same_run_twice_is_the_same() {
    let rules = vec![Rule {
        share: 0.5,
        ..Rule::of(Phase::Dot, AddressPattern::Suffix("3@b.example".into()), Fate::Swallow)
    }];
    let faults = Faults { defer: 0.2, refuse: 0.1, rules, ..Faults::default() };
    let run = || {
        let mut callers = with(faults.clone());
        let mut all = Vec::new();
        for number in 0..300u64 {
            let connection = callers.call();
            all.push(callers.send(connection, &format!("user{number}@b.example"), number));
        }
        (all, *callers.relay.books())
    };
    assert_eq!(run(), run());
}
