//! E-mail in a plan: addresses are judged and each letter is rendered, so that none fails when it is sent.

use super::lane::{Composer, Cost, Reader, Refused, Shown};
use super::sizes::Sizes;
use crate::mail::{Addressee, Letters, MailAddress, Patches, judge};
use crate::plan::problems::Fault;
use crate::plan::recipient::RecipientIn;

/// The identity that letters are composed for: who sends makes no difference to whether one can be made. Those of the
/// relays come behind it.
pub(super) const IDENTITY: usize = 0;

/// Addresses and letters of a scenario's e-mail.
#[derive(Debug)]
pub(super) struct EmailComposer {
    letters: Letters,
    patches: Patches,
    sizes: Sizes,
}

impl EmailComposer {
    pub(super) fn new(letters: Letters, sizes: Sizes) -> Self {
        Self { letters, patches: Patches::new(&[IDENTITY]), sizes }
    }
}

impl Composer for EmailComposer {
    fn languages(&self) -> &[String] {
        self.letters.languages()
    }

    fn names(&self) -> &[String] {
        self.letters.names()
    }

    fn judge(&self, person: &RecipientIn<'_>, address: &mut String) -> Result<(), String> {
        address.clear();
        let judged = judge(person.email.unwrap_or("")).map_err(|problem| problem.to_string())?;
        address.push_str(judged.as_str());
        Ok(())
    }

    fn compose(&mut self, at: &Reader<'_>) -> Result<Cost, Refused> {
        let to = address(at);
        let addressee = Addressee {
            language: at.language,
            values: at.values,
            to: &to,
            name: at.values.name,
            ordinal: at.ordinal,
        };
        self.patches.clear();
        let shape = self.letters.render(&addressee, &mut self.patches).map_err(|problem| {
            let language = self.letters.languages()[at.language].clone();
            Refused { fault: Fault::Letter { language, problem }, more: String::new() }
        })?;
        let without_sender = shape.size - self.letters.octets_of(at.language, IDENTITY);
        match self.sizes.weigh(at.language, without_sender) {
            Ok(octets) => Ok(Cost { units: 1, encoding: None, octets }),
            Err((fault, octets)) => Err(Refused { fault, more: format!(" ({octets} octets)") }),
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.sizes.warnings()
    }

    fn example(&self, at: &Reader<'_>) -> Shown {
        match self.letters.preview(at.language, at.values) {
            Ok(preview) => Shown { subject: Some(preview.subject), text: preview.text },
            // A letter is put together of its values; to show it, all of it is run, which has a limit of work.
            Err(problem) => Shown { subject: None, text: problem.to_string() },
        }
    }

    fn nobody_takes(&self) -> &'static str {
        "no relay takes this address"
    }
}

fn address(at: &Reader<'_>) -> MailAddress {
    judge(at.address).expect("an address that was judged is one")
}
