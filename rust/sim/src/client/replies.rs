//! Requests of the far end whose answer waits for a commit.

/// Receipts whose answer waits for a commit. Their names carry the connection they came on, so that
/// an answer that is late by a reconnect goes nowhere.
#[derive(Debug)]
pub struct Replies<T> {
    connection: u32,
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Replies<T> {
    fn default() -> Self {
        Self { connection: 0, slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Replies<T> {
    /// Keeps a request; gives the name under which the dispatcher knows it.
    pub fn keep(&mut self, reply: T) -> u64 {
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.slots[at as usize] = Some(reply);
        u64::from(self.connection) << 32 | u64::from(at)
    }

    /// The request of a name, once.
    pub fn take(&mut self, name: u64) -> Option<T> {
        if name >> 32 != u64::from(self.connection) {
            return None;
        }
        let reply = self.slots.get_mut(name as u32 as usize)?.take()?;
        self.free.push(name as u32);
        Some(reply)
    }

    /// The connection has ended: its requests need no answer any more.
    pub fn clear(&mut self) {
        self.connection = self.connection.wrapping_add(1);
        self.slots.clear();
        self.free.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_late_by_a_reconnect_goes_nowhere() {
        let mut replies = Replies::default();
        let name = replies.keep(1);
        assert_eq!(replies.take(name), Some(1));
        assert_eq!(replies.take(name), None);
        let old = replies.keep(1);
        replies.clear();
        let new = replies.keep(2);
        assert_eq!(replies.take(old), None);
        assert_eq!(replies.take(new), Some(2));
    }
}
