//! Loops compiled once for each set of vector instructions, the best one chosen when the program runs.
//!
//! The loops are plain ones, whose multiplications and additions no compiler fuses, so that each set gives the same bits.

use super::{isa, lanes::Lanes};

/// A loop to be compiled for several instruction sets; `run` and what it calls must be `inline(always)`.
pub(super) trait Work {
    fn run(self);
}

/// Does the work with the widest vectors that the processor has.
pub(super) fn wide(work: impl Work) {
    isa::run(Loop(work));
}

/// It leaves the registers to the compiler.
struct Loop<W>(W);

impl<W: Work> isa::Work<f32> for Loop<W> {
    #[inline(always)]
    fn run<V: Lanes<f32>>(self) {
        self.0.run();
    }
}
