//! The order of instructions: what can fail comes first, so that updates need not wait until the end.

use super::{Code, can_fail, slots};

impl Code {
    /// Brings what can fail, and what it follows from, before everything else; both stay in their order.
    pub(super) fn hoist_fallible(&mut self) {
        let mut is_needed = vec![false; self.computed.len()];
        let mut comes_first = vec![false; self.instructions.len()];
        for (index, instruction) in self.instructions.iter().enumerate().rev() {
            comes_first[index] = slots(&instruction.outputs).any(|output| is_needed[output])
                || can_fail(&instruction.kernel, instruction.first_dtype(self));
            if comes_first[index] {
                slots(instruction.reads()).for_each(|input| is_needed[input] = true);
            }
        }
        let mut index = 0;
        let (mut first, second): (Vec<_>, Vec<_>) = self.instructions.drain(..).partition(|_| {
            index += 1;
            comes_first[index - 1]
        });
        first.extend(second);
        self.instructions = first;
    }
}
