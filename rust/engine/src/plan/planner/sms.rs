//! SMS in a plan: numbers are judged, texts rendered and their parts counted.

use bealert_wire::text::{MAX_PARTS, shape};

use super::lane::{Composer, Cost, Reader, Refused, Shown};
use crate::plan::numbers::Numbers;
use crate::plan::problems::Fault;
use crate::plan::recipient::RecipientIn;
use crate::plan::templates::Content;

/// Numbers and texts of a scenario's SMS.
#[derive(Debug)]
pub(super) struct SmsComposer {
    content: Content,
    numbers: Numbers,
    text: String,
}

impl SmsComposer {
    pub(super) fn new(content: Content, numbers: Numbers) -> Self {
        Self { content, numbers, text: String::new() }
    }
}

impl Composer for SmsComposer {
    fn languages(&self) -> &[String] {
        self.content.languages()
    }

    fn names(&self) -> &[String] {
        self.content.names()
    }

    fn judge(&self, person: &RecipientIn<'_>, address: &mut String) -> Result<(), String> {
        let judged = self.numbers.to_e164(person.phone.unwrap_or(""), address);
        judged.map(drop).map_err(|problem| problem.to_string())
    }

    fn compose(&mut self, at: &Reader<'_>) -> Result<Cost, Refused> {
        let language = || self.content.languages()[at.language].clone();
        if let Err(problem) = self.content.render(at.language, at.values, &mut self.text) {
            return Err(Refused {
                fault: Fault::Text { language: language(), problem },
                more: String::new(),
            });
        }
        let shape = shape(&self.text);
        if shape.parts > MAX_PARTS {
            let more = format!(" ({} parts)", shape.parts);
            return Err(Refused { fault: Fault::TooLong { language: language() }, more });
        }
        let units = u8::try_from(shape.parts).expect("at most 255, which was asked before");
        Ok(Cost { units, encoding: Some((shape.encoding, shape.forced_by)), octets: 0 })
    }

    fn example(&self, _: &Reader<'_>) -> Shown {
        Shown { subject: None, text: self.text.clone() }
    }

    fn nobody_takes(&self) -> &'static str {
        "no gateway takes this number: see the prefixes of the gateways"
    }
}
