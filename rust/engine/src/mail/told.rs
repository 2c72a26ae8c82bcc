//! What a bounce tells the dispatcher.

use bealert_core::dispatch::Named;
use bealert_core::model::{CampaignId, Channel};
use bealert_core::outcome::Step;

use super::bounce::{Action, Bounced, Status};

impl Bounced {
    /// The attempt that it is about.
    #[must_use]
    pub fn named(&self) -> Named {
        let (campaign, ordinal, attempt) = (self.token.campaign, self.token.ordinal, self.token.attempt);
        Named { campaign: CampaignId(campaign), channel: Channel::Email, ordinal, attempt }
    }

    /// What it says of it; `None` where it is no last word.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        match self.action {
            Action::Failed => Some(Step::Failed),
            Action::Delivered => Some(Step::Delivered),
            // Whoever has it now reports nothing: it stays accepted.
            Action::Relayed | Action::Expanded => Some(Step::Accepted),
            Action::Delayed => None,
        }
    }

    /// Why, as journal and report have it: the status first, unless what was said has it behind its code.
    #[must_use]
    pub fn detail(&self) -> String {
        match &self.diagnostic {
            Some(said) if Status::in_reason(said) == Some(self.status) => said.clone(),
            Some(diagnostic) => format!("{} {diagnostic}", self.status),
            None => self.status.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Token;
    use super::*;

    #[test]
    fn only_a_last_word_is_a_step_and_the_status_stands_first() {
        let token = Token { campaign: 7, ordinal: 8, attempt: 2 };
        let diagnostic = Some("smtp; 550 no such user".to_owned());
        let bounced = |action| Bounced {
            token,
            action,
            status: Status(5, 1, 1),
            recipient: None,
            diagnostic: diagnostic.clone(),
        };
        assert_eq!(bounced(Action::Failed).step(), Some(Step::Failed));
        assert_eq!(bounced(Action::Relayed).step(), Some(Step::Accepted));
        assert_eq!(bounced(Action::Delayed).step(), None);
        assert_eq!(bounced(Action::Failed).detail(), "5.1.1 smtp; 550 no such user");
        let said = Some("550 5.1.1 No such user".to_owned());
        let twice = Bounced { diagnostic: said.clone(), ..bounced(Action::Failed) };
        assert_eq!(Some(twice.detail()), said);
        let named = bounced(Action::Failed).named();
        assert_eq!((named.campaign.0, named.ordinal, named.attempt), (7, 8, 2));
    }
}
