//! Whom a plan is for.

use bealert_core::model::Channel;

/// A recipient as the caller gives it. An empty text is the same as none.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecipientIn<'a> {
    /// The host's id, different for each.
    pub id: &'a str,
    /// As people write it.
    pub phone: Option<&'a str>,
    /// Mail address.
    pub email: Option<&'a str>,
    /// For templates and reports.
    pub name: Option<&'a str>,
    /// Which of the scenario's languages they read.
    pub language: Option<&'a str>,
    /// For templates: names and values, each name once.
    pub values: &'a [(&'a str, &'a str)],
}

impl<'a> RecipientIn<'a> {
    /// Where they are to be reached on a channel, as people write it.
    pub(super) fn given(&self, channel: Channel) -> Option<&'a str> {
        if channel.dials() { self.phone } else { self.email }
    }

    /// The same, without the texts that are empty.
    pub(super) fn normal(self) -> Self {
        let given = |text: &&str| !text.is_empty();
        Self {
            phone: self.phone.filter(given),
            email: self.email.filter(given),
            name: self.name.filter(given),
            language: self.language.filter(given),
            ..self
        }
    }
}
