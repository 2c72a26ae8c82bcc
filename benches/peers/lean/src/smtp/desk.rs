//! What all connections of the far end share: the options and the books.

use std::sync::Arc;

use rustls::ServerConfig;

use super::options::Sink;
use super::tls;
use crate::arrivals::Arrivals;
use crate::bucket::Bucket;
use crate::options::FarEnd;

pub struct Desk {
    pub options: Sink,
    pub arrivals: Arrivals,
    /// For who asks for STARTTLS.
    pub tls: Option<Arc<ServerConfig>>,
    bucket: Option<Bucket>,
    /// Transactions that ended with a body; a message for several people is one.
    pub messages: u64,
    /// Octets of their bodies, as they came: dots that were stuffed included.
    pub octets: u64,
    pub connections: u64,
    /// RCPT that came in one read with its MAIL: there was no wait between them.
    pub grouped: u64,
    /// MAIL that came in one read with the end of the body before it.
    pub joined: u64,
    /// Bodies that came with BDAT.
    pub chunked: u64,
    /// NOOP and RSET: round trips that nobody needs.
    pub idle: u64,
}

impl crate::sink::Desk<Sink> for Desk {
    fn new(options: Sink) -> Self {
        let tls = options.starttls.as_deref().map(|certificate| Arc::new(tls::config(certificate)));
        let (bucket, arrivals) = (Bucket::of(&options.far_end), Arrivals::new(&options.far_end));
        Self {
            options,
            arrivals,
            tls,
            bucket,
            messages: 0,
            octets: 0,
            connections: 0,
            grouped: 0,
            joined: 0,
            chunked: 0,
            idle: 0,
        }
    }

    fn far_end(&self) -> &FarEnd {
        &self.options.far_end
    }

    fn json(&self, cpu_ns: u64) -> String {
        let counts = [
            ("messages", self.messages),
            ("octets", self.octets),
            ("connections", self.connections),
            ("grouped", self.grouped),
            ("joined", self.joined),
            ("chunked", self.chunked),
            ("idle", self.idle),
            ("cpu_us", cpu_ns / 1_000),
        ];
        let counts: String = counts.iter().map(|(name, count)| format!("\"{name}\": {count}, ")).collect();
        format!("{{{counts}{}}}", self.arrivals.members())
    }
}

impl Desk {
    /// Whether a message may come; it is asked at MAIL.
    pub fn has_room(&mut self, now_ns: u64) -> bool {
        let room = self.bucket.as_mut().is_none_or(|bucket| bucket.take(now_ns));
        if !room {
            self.arrivals.throttled(now_ns);
        }
        room
    }

    /// A message has come whole, for these numbers.
    #[inline]
    pub fn took(&mut self, now_ns: u64, recipients: &[u64], octets: u64) {
        self.messages += 1;
        self.octets += octets;
        recipients.iter().for_each(|number| self.arrivals.taken(now_ns, *number));
    }
}
