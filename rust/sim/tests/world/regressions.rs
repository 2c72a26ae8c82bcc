//! Seeds that once were broken: run always, however few others are.

use crate::seeds::faults_of;

#[test]
fn what_was_broken_once_holds() {
    let lines = include_str!("regressions.txt").lines().filter(|line| !line.starts_with('#'));
    let seeds = lines.filter_map(|line| line.split_whitespace().next());
    let mut count = 0;
    for seed in seeds.map(|seed| seed.parse().unwrap()) {
        count += 1;
        assert_eq!(faults_of(seed), None, "seed {seed}; its story: make world SEED={seed}");
    }
    assert!(count > 0);
}
