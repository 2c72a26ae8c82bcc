//! Where the book's entries lie: pages in the order of their numbers.

use std::collections::VecDeque;

use super::{DEAD, Expected, ReceiptKey};

/// Entries in a page: 128 KB.
const PAGE: usize = 4_096;

/// Entries by consecutive numbers, which wrap around.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) pages: VecDeque<Page>,
    /// The number of the first entry of the first page.
    pub(super) first: u32,
}

#[derive(Debug, Default)]
pub(super) struct Page {
    entries: Vec<Expected>,
    /// Entries ever put in. The memory of a page whose entries are all dead is given back.
    put: usize,
    dead: usize,
}

impl Pages {
    fn place(&self, number: u32) -> (usize, usize) {
        let offset = number.wrapping_sub(self.first) as usize;
        (offset / PAGE, offset % PAGE)
    }

    pub(super) fn get(&self, number: u32) -> Option<&Expected> {
        let (page, at) = self.place(number);
        self.pages.get(page)?.entries.get(at)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Expected> {
        let (page, at) = self.place(number);
        self.pages.get_mut(page)?.entries.get_mut(at)
    }

    pub(super) fn push(&mut self, entry: Expected) -> u32 {
        if self.pages.back().is_none_or(|page| page.put == PAGE) {
            self.pages.push_back(Page { entries: Vec::with_capacity(PAGE), put: 0, dead: 0 });
        }
        let before = (self.pages.len() - 1) * PAGE;
        let page = self.pages.back_mut().expect("there is a page");
        let number = self.first.wrapping_add((before + page.put) as u32);
        page.entries.push(entry);
        page.put += 1;
        number
    }

    /// Marks an entry dead and gives its key; pages that hold only dead ones go.
    pub(super) fn kill(&mut self, number: u32) -> Option<ReceiptKey> {
        let (at, _) = self.place(number);
        let entry = self.get_mut(number).filter(|entry| !entry.has(DEAD))?;
        entry.flags |= DEAD;
        let key = entry.key;
        let page = &mut self.pages[at];
        page.dead += 1;
        if page.dead == PAGE {
            page.entries = Vec::new();
        }
        while self.pages.front().is_some_and(|page| page.dead == PAGE) {
            self.pages.pop_front();
            self.first = self.first.wrapping_add(PAGE as u32);
        }
        Some(key)
    }

    pub(super) fn end(&self) -> u32 {
        let last = self.pages.back().map_or(PAGE, |page| page.put);
        self.first.wrapping_add(
            (self.pages.len() * PAGE - (PAGE - last) * usize::from(!self.pages.is_empty())) as u32,
        )
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        let (first, count) = (self.first, self.pages.len() * PAGE);
        (0..count).map(move |offset| first.wrapping_add(offset as u32))
    }
}
