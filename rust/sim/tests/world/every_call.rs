//! A crash between every two calls of the driver: a small world, once for each place.

use bealert_core::model::{Kind, Policy};
use bealert_sim::world::script::{self, Happening, Script};
use bealert_sim::world::{Order, Setup, check};

use crate::base::{MS, SECOND, campaign, gateway};

fn script(policy: Policy) -> Script {
    let mut long = campaign("small", Kind::Warning, 12, &["a", "b"]);
    long.policy = policy;
    Script {
        setup: Setup::calm(3, vec![gateway("a", Some(50.0)), gateway("b", None)]),
        campaigns: vec![long],
        events: vec![
            (SECOND + 20 * MS, Happening::Launch(0)),
            (SECOND + 90 * MS, Happening::Command(0, Order::Pause)),
            (SECOND + 120 * MS, Happening::Command(0, Order::Resume)),
            (SECOND + 150 * MS, Happening::Launch(0)),
            (SECOND + 180 * MS, Happening::Reset(0, 0)),
            (SECOND + 400 * MS, Happening::Close(SECOND)),
        ],
        calm_us: SECOND + 600 * MS,
        crashes: Vec::new(),
        down_us: vec![5 * MS],
    }
}

fn every_call(policy: Policy) {
    let whole = script::play(&script(policy), None);
    assert_eq!((whole.stuck, check::failures(&whole.facts)), (None, Vec::new()));
    let mut call = 1;
    while call <= whole.calls {
        let crashed = Script { crashes: vec![call], ..script(policy) };
        let outcome = script::play(&crashed, None);
        let broken = check::failures(&outcome.facts);
        assert_eq!((outcome.stuck, broken), (None, Vec::new()), "a crash at call {call} of {}", whole.calls);
        call += 1;
    }
    assert!(call > 200, "{call} places only");
}

#[test]
fn nothing_is_lost_where_the_uncertain_is_sent_again() {
    every_call(Policy::Resend);
}

#[test]
fn nothing_is_lost_where_the_uncertain_is_held() {
    every_call(Policy::Hold);
}
