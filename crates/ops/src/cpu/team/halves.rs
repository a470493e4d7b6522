//! The halves that a thread has opened for others.

use super::half::Handle;

/// As many as may be open at once; more are done by the thread itself.
pub(super) const OPEN: usize = 32;

/// The open halves of a thread, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Halves {
    halves: [Option<Handle>; OPEN],
    begin: usize,
    end: usize,
}

impl Halves {
    pub(super) fn push(&mut self, half: Handle) -> bool {
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
        }
        if self.end == OPEN {
            return false;
        }
        self.halves[self.end] = Some(half);
        self.end += 1;
        true
    }

    pub(super) fn pop(&mut self, half: Handle) -> bool {
        let is_last = self.begin < self.end && self.halves[self.end - 1] == Some(half);
        if is_last {
            self.end -= 1;
        }
        is_last
    }

    pub(super) fn first(&mut self) -> Option<Handle> {
        (self.begin < self.end).then(|| {
            self.begin += 1;
            self.halves[self.begin - 1].take()
        })?
    }
}
