//! What stands in the way of a plan: all of it at once, and never more than people read.

use thiserror::Error;

use super::templates::RenderProblem;
use crate::mail::LetterProblem;

/// Lines in a refusal; further ones are counted. Nobody corrects more at a time.
const LINES: usize = 50;

/// Recipients named in a line; further ones are counted.
const NAMED: usize = 10;

/// A plan can't be made. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the plan is refused: {}", .problems.join("; "))]
pub struct PlanRefused {
    /// Everything that was found, at most 51 lines, the last saying how many more there are.
    pub problems: Vec<String>,
}

/// Collects problems; those that many recipients have become one line.
#[derive(Debug, Default)]
pub(super) struct Problems {
    lines: Vec<String>,
    groups: Vec<Group>,
    /// What was found beyond the lines that are kept.
    more: u64,
}

/// What a recipient can be refused for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No id.
    NoId,
    /// The id of somebody before.
    Repeated,
    /// The text can't be rendered; in which language.
    Text { language: String, problem: RenderProblem },
    /// The text takes more parts than a message can have; in which language.
    TooLong { language: String },
    /// The letter is larger than every relay takes; `takes` says what that is.
    TooLarge { scenario: String, language: String, takes: String },
    /// The letter can't be rendered; in which language.
    Letter { language: String, problem: LetterProblem },
}

#[derive(Debug)]
struct Group {
    fault: Fault,
    named: Vec<String>,
    count: u64,
}

impl Problems {
    /// Adds a line of its own.
    pub(super) fn add(&mut self, line: String) {
        if self.lines.len() < LINES {
            self.lines.push(line);
        } else {
            self.more += 1;
        }
    }

    /// Adds a fault of a recipient, who is named by `who`.
    pub(super) fn fault(&mut self, fault: Fault, who: impl FnOnce() -> String) {
        let at = match self.groups.iter().position(|group| group.fault == fault) {
            Some(at) => at,
            None if self.groups.len() < LINES => {
                self.groups.push(Group { fault, named: Vec::new(), count: 0 });
                self.groups.len() - 1
            }
            None => return self.more += 1,
        };
        let group = &mut self.groups[at];
        group.count += 1;
        if group.named.len() < NAMED {
            group.named.push(who());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.groups.is_empty()
    }

    /// The refusal, if anything was found.
    pub(super) fn finish(self) -> Result<(), PlanRefused> {
        if self.is_empty() {
            return Ok(());
        }
        let mut problems = self.lines;
        problems.extend(self.groups.iter().map(Group::line));
        let cut = problems.len().saturating_sub(LINES) as u64;
        problems.truncate(LINES);
        if self.more + cut > 0 {
            problems.push(format!("and {} more", self.more + cut));
        }
        Err(PlanRefused { problems })
    }
}

impl Group {
    fn line(&self) -> String {
        let who = self.who();
        match &self.fault {
            Fault::NoId => format!("recipients without an id: {who}"),
            Fault::Repeated => format!("ids that are there twice: {who}"),
            Fault::Text { language, problem } => {
                format!("the text for {language}: {problem} (recipients: {who})")
            }
            Fault::Letter { language, problem } => {
                format!("the e-mail for {language}: {problem} (recipients: {who})")
            }
            Fault::TooLarge { scenario, language, takes } => format!(
                "scenario {scenario}: the e-mail for {language} is too large for every relay ({takes}): \
                 shorten it, or attach less (recipients: {who})"
            ),
            Fault::TooLong { language } => {
                format!("the text for {language} takes more than 255 parts, shorten it (recipients: {who})")
            }
        }
    }

    fn who(&self) -> String {
        let named = self.named.join(", ");
        match self.count - self.named.len() as u64 {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_have_is_one_line_that_names_the_first_and_counts_the_rest() {
        let mut problems = Problems::default();
        let problem = RenderProblem::Missing { name: "street".into() };
        for number in 0..1_000 {
            let fault = Fault::Text { language: "nl".into(), problem: problem.clone() };
            problems.fault(fault, || format!("p{number}"));
        }
        let refused = problems.finish().unwrap_err();
        assert_eq!(refused.problems.len(), 1);
        let line = &refused.problems[0];
        assert!(line.starts_with("the text for nl: no value for \"street\""), "{line}");
        assert!(line.ends_with("p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 990 more)"), "{line}");
    }

    #[test]
    fn a_refusal_is_bounded_and_counts_what_it_leaves_out() {
        let mut problems = Problems::default();
        (0..60).for_each(|number| problems.add(format!("problem {number}")));
        problems.fault(Fault::NoId, || "number 1".into());
        let refused = problems.finish().unwrap_err();
        assert_eq!(refused.problems.len(), 51);
        assert_eq!(refused.problems[50], "and 11 more");
        assert_eq!(Problems::default().finish(), Ok(()));
    }
}
