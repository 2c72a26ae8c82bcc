//! Reports of what became of mail: on their way from a relay to the process, by somebody who comes again until
//! each is kept. They live on in a crash.

use bealert_core::dispatch::{Named, Told};
use bealert_core::outcome::Step;

use super::facts::What;
use super::far_end::Machine;
use super::fuse::Crash;
use super::plant::Plant;
use super::{Log, World};

/// Pause before a report is brought again that was not kept, or whose bringer was interrupted.
const AGAIN_US: u64 = 1_000_000;

/// Share of the turns in which the bringer is interrupted before it has its answers.
const INTERRUPTED: f64 = 0.05;

/// Reports that are brought at once.
const AT_ONCE: usize = 10;

/// Under which number the dispatcher knows whoever brings reports.
const BEARER: u16 = 7;

/// Reports that are not kept yet.
#[derive(Debug, Default)]
pub(super) struct Reports {
    waiting: Vec<Waiting>,
    last: u64,
}

/// A report that is not kept yet.
#[derive(Debug)]
pub(super) struct Waiting {
    name: u64,
    pub(super) at_us: u64,
    named: Named,
    step: Step,
    detail: String,
    /// It was given to the dispatcher, whose answer is waited for.
    pub(super) asked: bool,
}

impl Reports {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Waiting> {
        self.waiting.iter_mut()
    }

    /// When the next one is brought, unless answers are waited for before.
    pub(super) fn timeout(&self) -> Option<u64> {
        let asked = self.waiting.iter().filter(|report| report.asked).count();
        let due = self.waiting.iter().filter(|report| !report.asked).map(|report| report.at_us);
        due.min().filter(|_| asked < AT_ONCE)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn add(&mut self, at_us: u64, named: Named, step: Step, detail: String) {
        self.last += 1;
        self.waiting.push(Waiting { name: self.last, at_us, named, step, detail, asked: false });
    }

    /// The dispatcher has answered one.
    pub(super) fn answered(&mut self, now_us: u64, name: u64, ok: bool, log: &mut Log) {
        let Some(at) = self.waiting.iter().position(|report| report.name == name && report.asked) else {
            return;
        };
        if ok {
            let Waiting { named, step, .. } = self.waiting.remove(at);
            log.add(now_us, What::ReportKept { named, step });
        } else {
            let report = &mut self.waiting[at];
            (report.asked, report.at_us) = (false, now_us + AGAIN_US);
        }
    }
}

impl World {
    /// Fetches from relays the reports whose time has come.
    pub(super) fn fetch_reports(&mut self) {
        for far_end in &mut self.far_ends {
            let Machine::Relay(relay) = &mut far_end.machine else { continue };
            while let Some(report) = relay.take_report(self.now_us) {
                far_end.due += 1;
                if let Some((named, step, detail)) = self.messages.report(&report.to, &report.content) {
                    self.log.add(self.now_us, What::Reported { named, step });
                    self.reports.add(self.now_us, named, step, detail);
                }
            }
        }
    }

    /// Gives the dispatcher the reports that are due.
    pub(super) fn bring_reports(&mut self) -> Result<(), Crash> {
        let Some(host) = self.host.as_mut().filter(|host| host.closing.is_none()) else { return Ok(()) };
        let now_us = self.now_us;
        let asked = self.reports.iter().filter(|report| report.asked).count();
        let due = |report: &&mut Waiting| !report.asked && report.at_us <= now_us;
        let due = self.reports.waiting.iter_mut().filter(due).take(AT_ONCE.saturating_sub(asked));
        let mut any = false;
        for report in due {
            self.fuse.point()?;
            report.asked = true;
            if self.plant == Some(Plant::ReportDropped) {
                continue;
            }
            let told = Told { step: report.step, detail: &report.detail };
            host.dispatcher.receipt_for(now_us, BEARER, report.name, report.named, told);
            any = true;
        }
        if self.plant == Some(Plant::ReportDropped) {
            for Waiting { named, step, .. } in self.reports.waiting.extract_if(.., |report| report.asked) {
                self.log.add(now_us, What::ReportKept { named, step });
            }
        }
        if any && !self.calm && self.chance.happens(INTERRUPTED) {
            host.dispatcher.bearer_gone(BEARER);
            for report in self.reports.waiting.iter_mut().filter(|report| report.asked) {
                (report.asked, report.at_us) = (false, now_us + AGAIN_US);
            }
        }
        Ok(())
    }

    /// Whether every report that was to come has come and was kept.
    pub(super) fn reports_kept(&self) -> bool {
        let fetched = self.far_ends.iter().all(|far_end| match &far_end.machine {
            Machine::Relay(relay) => far_end.due == relay.books().reports,
            Machine::Smsc(_) => true,
        });
        fetched && self.reports.is_empty()
    }
}

/// What tells a mail from others to the same person: its Message-ID.
pub(super) fn name_of(content: &[u8]) -> &[u8] {
    let mut lines = content.split(|octet| *octet == b'\n');
    let line = lines.find(|line| line.len() > 11 && line[..11].eq_ignore_ascii_case(b"message-id:"));
    line.map_or(&[], |line| line[11..].trim_ascii())
}
