//! A block that is read slowly: what is less urgent goes on meanwhile, in its own order (I5).

use bealert_core::dispatch::{Answer, Handout, Next};
use bealert_core::model::{Kind, Policy};
use bealert_core::retry::{Refusal, RetryRules};

use crate::mail::{MS, Mail, relay};

const PACE: f64 = 100.0;

#[test]
fn a_warning_that_waits_for_its_block_lets_no_newsletter_pass_what_is_urgent() {
    let mut a = relay("a");
    a.units_per_second = Some(PACE);
    a.retry = RetryRules { first_us: 500 * MS, ..RetryRules::UNTIL_EXPIRY };
    let mut mail = Mail::new(vec![a]);
    mail.launch(Kind::Warning, Policy::Resend, 600_000, &[(&["a"], None, 1)]);
    mail.pass(50 * MS);
    let warning = mail.one(0);
    // Nobody else is in its block: it is let go of, and read again for the next try.
    mail.refuse(&warning, Refusal::ForNow);
    let news = mail.launch(Kind::News, Policy::Resend, 600_000, &[(&["a"], None, 100)]);
    let unsent = sent_one(&mut mail);
    let urgent = mail.launch(Kind::Preventive, Policy::Resend, 600_000, &[(&["a"], None, 100)]);
    sent_one(&mut mail);
    mail.answer(&unsent, Answer::Unsent);
    mail.disk_is_slow = true;
    mail.pass(600 * MS);
    for _ in 0..3 {
        let next = sent_one(&mut mail);
        assert_eq!(next.key.campaign, urgent, "of {news} one came back unsent, and passed");
    }
}

/// The next message, as soon as the pace allows it.
fn sent_one(mail: &mut Mail) -> Handout {
    for _ in 0..20 {
        if let Next::Send(handout) = mail.next(0) {
            return handout;
        }
        mail.now_us += 5 * MS;
        mail.turn();
    }
    panic!("nothing goes for a tenth of a second");
}
