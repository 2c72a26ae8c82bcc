//! What a template can see.

/// The values one rendering sees, borrowed from the block and the plan, so that making it costs nothing.
///
/// A name is looked up in this order: `id`, `name` and `language` of the recipient, the recipient's own values,
/// the plan's values. The recipient wins, so a plan's value is a default. What is `None` here is not there: a
/// plan can give a `name` to those who have none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    /// The recipient's id.
    pub id: &'a str,
    /// The recipient's name, if known.
    pub name: Option<&'a str>,
    /// The recipient's language, if known; not the one that was chosen.
    pub language: Option<&'a str>,
    /// The recipient's own values: names and values. A few, so they are searched in order.
    pub own: &'a [(&'a str, &'a str)],
    /// The plan's values.
    pub plan: &'a [(&'a str, &'a str)],
}

impl<'a> Values<'a> {
    /// What `name` stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let person = match name {
            "id" => Some(self.id),
            "name" => self.name,
            "language" => self.language,
            _ => None,
        };
        person.or_else(|| find(self.own, name)).or_else(|| find(self.plan, name))
    }
}

fn find<'a>(pairs: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipient_wins_over_the_plan() {
        let values = Values {
            id: "p1",
            name: None,
            language: Some("nl"),
            own: &[("street", "Kerkstraat"), ("id", "hidden")],
            plan: &[("street", "Markt"), ("name", "neighbour"), ("network", "Zennevallei")],
        };
        let get = |name| values.get(name);
        assert_eq!(get("id"), Some("p1"));
        assert_eq!(get("street"), Some("Kerkstraat"));
        assert_eq!(get("network"), Some("Zennevallei"));
        assert_eq!(get("name"), Some("neighbour"));
        assert_eq!(get("language"), Some("nl"));
        assert_eq!(get("Street"), None);
    }
}
