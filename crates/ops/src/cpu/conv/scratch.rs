//! Room for each thread, cut from one workspace.

use crate::cpu::pool::Fork;

/// Room for each thread, `each` elements.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu) struct Scratch<T> {
    elements: *mut T,
    each: usize,
    threads: usize,
}

#[allow(unsafe_code, reason = "threads have parts of one buffer")]
// SAFETY: the pointer comes from a mutable borrow that outlives the work, and a thread takes its own part only.
unsafe impl<T: Send> Sync for Scratch<T> {}

impl<T> Scratch<T> {
    pub(in crate::cpu) fn new(space: &mut [T], threads: usize) -> Scratch<T> {
        Scratch { elements: space.as_mut_ptr(), each: space.len() / threads, threads }
    }

    /// Lends the running thread its part, to work that hands nothing to other threads.
    #[allow(unsafe_code, reason = "threads have parts of one buffer")]
    pub(in crate::cpu) fn with<R>(&self, fork: Fork, work: impl FnOnce(&mut [T]) -> R) -> R {
        let thread = fork.thread();
        assert!(thread < self.threads, "there is room for every thread of the pool");
        // SAFETY: the part is within the buffer, and while the work runs, its thread runs nothing else.
        work(unsafe { std::slice::from_raw_parts_mut(self.elements.add(thread * self.each), self.each) })
    }
}
