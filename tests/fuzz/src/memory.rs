//! How much memory reading takes: whoever sends a few octets must not get us to allocate a gigabyte.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Octets a target may have allocated at one time, whatever the input: a head of `control.sock` is read into a
/// buffer of up to 1 MiB, compiled expressions and tables are kept once they are made, and templates may build a
/// text as long as their share of work allows.
const FIXED_OCTETS: usize = 16 << 20;

/// What reading may take.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    per_octet: usize,
}

impl Bound {
    /// [`FIXED_OCTETS`], and so many octets for each of the input.
    pub const fn new(per_octet: usize) -> Self {
        Self { per_octet }
    }

    /// Does the work and sees what it takes.
    ///
    /// # Panics
    /// Where it takes more.
    pub fn check<T>(self, input: usize, work: impl FnOnce() -> T) -> T {
        let before = LIVE.get();
        PEAK.set(before);
        let done = work();
        let taken = PEAK.get().saturating_sub(before);
        let most = FIXED_OCTETS + self.per_octet * input;
        assert!(taken <= most, "{input} octets took {taken} octets of memory; {most} are allowed");
        done
    }
}

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// The allocator of the system, counting by thread. A thread that frees what another allocated counts from 0.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn more(octets: usize) {
    let live = LIVE.get().saturating_add(octets);
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

fn less(octets: usize) {
    LIVE.set(LIVE.get().saturating_sub(octets));
}

// SAFETY: every call goes to the system's allocator as it came; counting touches cells of this thread alone,
// which have no destructor and need no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        more(size);
        less(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        less(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(old, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_the_bound_passes() {
        let kept = Bound::new(1).check(1_000, || vec![1_u8; FIXED_OCTETS]);
        assert_eq!(kept.len(), FIXED_OCTETS);
    }

    #[test]
    #[should_panic(expected = "octets of memory")]
    fn what_is_given_back_at_once_counts_too() {
        Bound::new(1).check(1_000, || drop(vec![1_u8; FIXED_OCTETS + 2_000]));
    }
}
