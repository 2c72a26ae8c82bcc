//! What all connections of the far end share: the options, the books, the ids.

use crate::books::Books;
use crate::bucket::Bucket;
use crate::options::Sink;
use crate::pdu::{FIRST_ID, Receipt, Submit};

pub struct Desk {
    pub options: Sink,
    pub books: Books,
    pub receipt: Receipt,
    bucket: Option<Bucket>,
    next_id: u64,
    reset_ns: Option<u64>,
}

impl Desk {
    pub fn new(options: Sink) -> Self {
        let bucket = (options.limit > 0).then(|| Bucket::new(options.limit, options.burst));
        let mut books = Books::default();
        books.group = options.group;
        let receipt = Receipt::new();
        Self { options, books, receipt, bucket, next_id: FIRST_ID, reset_ns: None }
    }

    /// The id of a message that is taken; `None` where it is throttled.
    #[inline]
    pub fn take(&mut self, now_ns: u64, submit: &Submit<'_>) -> Option<u64> {
        let taken = self.bucket.as_mut().is_none_or(|bucket| bucket.take(now_ns));
        self.books.submit(now_ns, taken, submit.number());
        if let Some(reset_ns) = self.reset_ns.take() {
            self.books.gaps_us.push((now_ns - reset_ns) / 1_000);
        }
        if !taken {
            return None;
        }
        self.next_id += 1;
        Some(self.next_id - 1)
    }

    pub fn reset(&mut self, now_ns: u64) {
        self.books.resets += 1;
        self.reset_ns = Some(now_ns);
    }
}
