//! Dead code: what nobody reads is not computed, unless it can make the run fail.

use super::{Code, can_fail, slots};

impl Code {
    pub(super) fn remove_dead(&mut self) {
        let mut is_read = vec![false; self.computed.len()];
        slots(self.read_outside()).for_each(|index| is_read[index] = true);
        let mut kept = Vec::with_capacity(self.instructions.len());
        for instruction in std::mem::take(&mut self.instructions).into_iter().rev() {
            let is_needed = slots(&instruction.outputs).any(|index| is_read[index])
                || can_fail(&instruction.kernel, instruction.first_dtype(self));
            if is_needed {
                slots(instruction.reads()).for_each(|index| is_read[index] = true);
                kept.push(instruction);
            }
        }
        kept.reverse();
        self.instructions = kept;
    }
}
