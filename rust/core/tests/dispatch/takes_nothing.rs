//! A relay that is connected and asks everybody to come again: said once, and once more when it is over.

use bealert_core::ledger::NoticeCode;
use bealert_core::model::{Kind, Policy};
use bealert_core::retry::{Refusal, RetryRules};

use crate::mail::{MS, Mail, SECOND, relay};

const PEOPLE: u32 = 200;

#[test]
fn it_is_said_once_and_so_is_its_end() {
    let mut a = relay("a");
    a.retry = RetryRules { attempts: None, first_us: SECOND / 10, max_us: SECOND / 10 };
    let mut mail = Mail::new(vec![a]);
    mail.launch(Kind::Warning, Policy::Resend, 7_200_000, &[(&["a"], None, PEOPLE)]);
    let mut refused = 0;
    for _ in 0..300 {
        for handout in mail.all(0) {
            mail.refuse(&handout, Refusal::ForNow);
            refused += 1;
        }
        mail.pass(10 * MS);
    }
    assert!(refused > 3 * PEOPLE, "{refused}");
    assert_eq!(mail.notices(NoticeCode::GatewayDown).len(), 1, "{:?}", mail.notices(NoticeCode::GatewayDown));
    assert!(mail.notices(NoticeCode::GatewayUp).is_empty());

    let mut taken = 0;
    for _ in 0..20 {
        for handout in mail.all(0) {
            mail.accept(&handout);
            taken += 1;
        }
        mail.pass(10 * MS);
    }
    assert!(taken > 1);
    assert_eq!(mail.notices(NoticeCode::GatewayUp), ["a takes messages again"]);
}
