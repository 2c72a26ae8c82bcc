//! What a monitoring system may know: OpenMetrics text, per gateway and for the ledger.

use std::fmt::Write;
use std::sync::Arc;

use bealert_core::dispatch::{Counters, NamedCounters};

use crate::session::Greeting;
use crate::session::smtp::Refusals;

/// Upper bounds of the buckets of response times, in microseconds: from a loopback to a far end that is
/// about to time out.
const BOUNDS_US: [u32; 12] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000, 500_000, 2_000_000, 10_000_000];

/// How long a far end (or a disk) takes, as a histogram.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResponseTimes {
    buckets: [u64; BOUNDS_US.len() + 1],
    sum_us: u64,
}

impl ResponseTimes {
    #[inline]
    pub(crate) fn add(&mut self, took_us: u32) {
        self.buckets[BOUNDS_US.partition_point(|bound| *bound < took_us)] += 1;
        self.sum_us += u64::from(took_us);
    }

    pub(crate) fn merge(&mut self, other: &ResponseTimes) {
        self.buckets.iter_mut().zip(other.buckets).for_each(|(mine, theirs)| *mine += theirs);
        self.sum_us += other.sum_us;
    }
}

/// How one gateway stands.
#[derive(Debug, Clone)]
pub(crate) struct GatewayReading {
    pub(crate) name: Arc<str>,
    pub(crate) counters: Counters,
    /// Units per second that the far end was found to take.
    pub(crate) learned_rate: Option<f64>,
    /// It can be sent through: a session is bound, or the last connection to a relay could be made.
    pub(crate) up: bool,
    pub(crate) sessions: usize,
    /// Sessions that can send at once.
    pub(crate) bound: usize,
    /// Of one session.
    pub(crate) window: u32,
    pub(crate) in_flight: u32,
    pub(crate) times: ResponseTimes,
    /// Of one bound session.
    pub(crate) greeting: Option<Greeting>,
    /// How often a relay refused, by the code of its reply.
    pub(crate) refusals: Refusals,
}

/// How the ledger stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct LedgerReading {
    pub(crate) commits: ResponseTimes,
    pub(crate) rows: u64,
    pub(crate) stalls: u64,
    /// Rows in memory that are not durable.
    pub(crate) held: u64,
    /// It takes nothing now.
    pub(crate) stalled: bool,
}

/// How everything stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readings {
    pub(crate) gateways: Vec<GatewayReading>,
    pub(crate) ledger: LedgerReading,
    /// What came in where bounces are received.
    pub(crate) mail: crate::inbound::Counts,
    /// What that changed.
    pub(crate) named: NamedCounters,
}

/// A number of a gateway: its name, what it is, how it is read.
type Series = (&'static str, &'static str, fn(&GatewayReading) -> u64);

const COUNTS: [Series; 7] = [
    ("handed_out", "Messages, or parts of SMS, handed to sessions", |g| g.counters.handed_out),
    ("accepted", "Of those, what the far end took", |g| g.counters.accepted),
    ("refused", "What the far end refused, for now or for good", |g| g.counters.refused),
    ("throttled", "What the far end sent back because it was asked for too much", |g| g.counters.throttled),
    ("uncertain", "Attempts of which nobody knows whether they left", |g| g.counters.uncertain),
    ("receipts", "Receipts that changed an attempt", |g| g.counters.receipts),
    ("orphan_receipts", "Receipts that matched nothing, or several things", |g| g.counters.orphans),
];

const GAUGES: [Series; 8] = [
    ("up", "1 while it can be sent through", |g| u64::from(g.up)),
    ("sessions", "Sessions configured", |g| g.sessions as u64),
    ("sessions_bound", "Sessions that can send", |g| g.bound as u64),
    ("window", "Unanswered requests that the sessions allow", |g| u64::from(g.window) * g.sessions as u64),
    ("in_flight", "Unanswered requests", |g| u64::from(g.in_flight)),
    (
        "mode",
        "Rung of the dialogue with a relay: 1 lock-step, 2 pipelined, 3 joined, 4 BDAT; 0 while unknown",
        |g| g.greeting.as_ref().and_then(|greeting| greeting.offer).map_or(0, |offer| 1 + offer.mode as u64),
    ),
    (
        "learned_rate",
        "Messages, or parts of SMS, per second that the far end was found to take; 0 where it refused none",
        |g| g.learned_rate.map_or(0, |rate| rate.ceil() as u64),
    ),
    ("awaiting_receipt", "What was taken and whose receipt is waited for", |g| g.counters.awaiting),
];

/// Everything as OpenMetrics text.
pub(crate) fn render(readings: &Readings) -> String {
    let Readings { gateways, ledger, mail, named } = readings;
    let mut out = String::new();
    for (kind, suffix, all) in [("counter", "_total", &COUNTS[..]), ("gauge", "", &GAUGES[..])] {
        for (name, help, read) in all {
            head(&mut out, &format!("bealert_gateway_{name}"), kind, help);
            for gateway in gateways {
                let label = escaped(&gateway.name);
                let value = read(gateway);
                line(&mut out, format_args!("bealert_gateway_{name}{suffix}{{gateway=\"{label}\"}} {value}"));
            }
        }
    }
    let name = "bealert_gateway_replies_refused";
    head(&mut out, name, "counter", "Refusals of a mail relay by reply code");
    for gateway in gateways {
        let label = escaped(&gateway.name);
        for (code, count) in &gateway.refusals {
            line(&mut out, format_args!("{name}_total{{gateway=\"{label}\",code=\"{code}\"}} {count}"));
        }
    }
    let name = "bealert_gateway_response_seconds";
    head(&mut out, name, "histogram", "From submit to response");
    for gateway in gateways {
        let label = format!("gateway=\"{}\"", escaped(&gateway.name));
        histogram(&mut out, name, &label, &gateway.times);
    }
    let came = [("report", mail.reports), ("foreign", mail.foreign), ("other", mail.others)];
    let heard = [("heard", named.heard), ("unmatched", named.unmatched), ("late", named.late)];
    for (name, help, counts) in [
        ("bealert_mail_messages", "Messages that came where bounces are received, by what they are", came),
        ("bealert_mail_receipts", "What they told, by what became of it", heard),
    ] {
        head(&mut out, name, "counter", help);
        for (kind, count) in counts {
            line(&mut out, format_args!("{name}_total{{kind=\"{kind}\"}} {count}"));
        }
    }
    let name = "bealert_ledger_commit_seconds";
    head(&mut out, name, "histogram", "From handing a batch over to its being durable");
    histogram(&mut out, name, "", &ledger.commits);
    for (name, help, value) in [
        ("rows", "Journal rows committed", ledger.rows),
        ("stalls", "Times the ledger could not be written", ledger.stalls),
    ] {
        head(&mut out, &format!("bealert_ledger_{name}"), "counter", help);
        line(&mut out, format_args!("bealert_ledger_{name}_total {value}"));
    }
    for (name, help, value) in [
        (
            "stalled",
            "1 while the ledger can't be written, so that nothing is sent",
            u64::from(ledger.stalled),
        ),
        ("rows_waiting", "Journal rows in memory that are not durable", ledger.held),
    ] {
        head(&mut out, &format!("bealert_ledger_{name}"), "gauge", help);
        line(&mut out, format_args!("bealert_ledger_{name} {value}"));
    }
    out.push_str("# EOF\n");
    out
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, format_args!("# TYPE {name} {kind}"));
    if name.ends_with("_seconds") {
        line(out, format_args!("# UNIT {name} seconds"));
    }
    line(out, format_args!("# HELP {name} {help}."));
}

fn histogram(out: &mut String, name: &str, label: &str, times: &ResponseTimes) {
    let comma = if label.is_empty() { "" } else { "," };
    let mut count = 0;
    for (at, bucket) in times.buckets.iter().enumerate() {
        count += bucket;
        let bound = BOUNDS_US.get(at).map_or("+Inf".to_owned(), |us| (f64::from(*us) / 1e6).to_string());
        line(out, format_args!("{name}_bucket{{{label}{comma}le=\"{bound}\"}} {count}"));
    }
    let braces = if label.is_empty() { String::new() } else { format!("{{{label}}}") };
    line(out, format_args!("{name}_count{braces} {count}"));
    line(out, format_args!("{name}_sum{braces} {}", times.sum_us as f64 / 1e6));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    let _ = out.write_fmt(text);
    out.push('\n');
}

/// A label value (OpenMetrics §5.1.1).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_openmetrics() {
        let mut times = ResponseTimes::default();
        [50, 100, 101, 20_000_000].into_iter().for_each(|us| times.add(us));
        let gateway = GatewayReading {
            name: "a\"b".into(),
            counters: Counters { accepted: 7, ..Counters::default() },
            learned_rate: Some(299.4),
            up: true,
            sessions: 2,
            bound: 1,
            window: 10,
            in_flight: 3,
            times,
            greeting: None,
            refusals: vec![(450, 3)],
        };
        let text = render(&Readings { gateways: vec![gateway], ..Readings::default() });
        for line in [
            "# TYPE bealert_gateway_accepted counter",
            "bealert_gateway_accepted_total{gateway=\"a\\\"b\"} 7",
            "bealert_gateway_replies_refused_total{gateway=\"a\\\"b\",code=\"450\"} 3",
            "bealert_gateway_window{gateway=\"a\\\"b\"} 20",
            "bealert_gateway_learned_rate{gateway=\"a\\\"b\"} 300",
            "bealert_gateway_response_seconds_bucket{gateway=\"a\\\"b\",le=\"0.0001\"} 2",
            "bealert_gateway_response_seconds_bucket{gateway=\"a\\\"b\",le=\"+Inf\"} 4",
            "bealert_mail_messages_total{kind=\"foreign\"} 0",
            "bealert_mail_receipts_total{kind=\"late\"} 0",
            "bealert_ledger_commit_seconds_count 0",
            "bealert_ledger_stalled 0",
            "bealert_ledger_rows_waiting 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
