//! What all connections of the far end share: the options, the books, the ids.

use super::options::Sink;
use super::pdu::{FIRST_ID, Receipt, Submit};
use crate::arrivals::Arrivals;
use crate::bucket::Bucket;
use crate::number::number;
use crate::options::FarEnd;

pub struct Desk {
    pub options: Sink,
    pub arrivals: Arrivals,
    pub receipt: Receipt,
    pub receipts: u64,
    pub answered: u64,
    bucket: Option<Bucket>,
    next_id: u64,
}

impl crate::sink::Desk<Sink> for Desk {
    fn new(options: Sink) -> Self {
        let (bucket, arrivals) = (Bucket::of(&options.far_end), Arrivals::new(&options.far_end));
        let receipt = Receipt::new();
        Self { options, arrivals, receipt, receipts: 0, answered: 0, bucket, next_id: FIRST_ID }
    }

    fn far_end(&self) -> &FarEnd {
        &self.options.far_end
    }

    fn json(&self, cpu_ns: u64) -> String {
        let arrivals = &self.arrivals;
        format!(
            "{{\"submits\": {}, \"receipts\": {}, \"receipts_answered\": {}, \"cpu_us\": {}, {}}}",
            arrivals.accepted + arrivals.throttled,
            self.receipts,
            self.answered,
            cpu_ns / 1_000,
            arrivals.members(),
        )
    }
}

impl Desk {
    /// The id of a message that is taken; `None` where it is throttled.
    #[inline]
    pub fn take(&mut self, now_ns: u64, submit: &Submit<'_>) -> Option<u64> {
        if self.bucket.as_mut().is_some_and(|bucket| !bucket.take(now_ns)) {
            self.arrivals.throttled(now_ns);
            return None;
        }
        self.arrivals.taken(now_ns, number(submit.number()));
        self.next_id += 1;
        Some(self.next_id - 1)
    }
}
