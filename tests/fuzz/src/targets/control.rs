//! What comes over `control.sock`: requests with a plan in them, and answers.

use bealert_engine::plan::Plan;
use bealert_engine::untrusted::{control_answer, control_requests, rendered};

/// The octets: what was said, in either direction, or a plan alone.
pub(crate) fn read(octets: &[u8]) -> bool {
    let answered = control_answer(octets);
    let asked = control_requests(octets, |plan| launched(&plan));
    let plan = Plan::from_bytes(octets);
    if let Ok(plan) = &plan {
        launched(plan);
    }
    answered || asked > 0 || plan.is_ok()
}

/// A plan that is taken says the same when it is handed on, and can be rendered or is refused.
fn launched(plan: &Plan) {
    assert_eq!(Plan::from_bytes(&plan.to_bytes()).as_ref(), Ok(plan));
    let _ = rendered(plan, 7);
}
