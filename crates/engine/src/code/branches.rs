//! Branches: the last kernel of a branch writes where its value is merged with that of the other one.

use everstep_ops::Kernel;

use super::{Code, slots};
use crate::{place::Place, plan::Instruction};

impl Code {
    /// Removes copies of values that their branch can compute where the copy would be.
    pub(super) fn merge_branches(&mut self) {
        let writes = self.writes();
        let mut same = vec![None; self.computed.len()];
        let mut is_target = vec![false; self.computed.len()];
        for index in 0..self.instructions.len() {
            let moved = self.is_merging(index, &writes).then(|| self.moved(index, &writes)).flatten();
            let Some([from, to]) = moved else { continue };
            if same[from].is_none() && !is_target[from] && same[to].is_none() {
                same[from] = Some(Place::Slot(to));
                is_target[to] = true;
            }
        }
        self.instructions.retain(|instruction| !is_to_itself(instruction, &same));
        for output in self.instructions.iter_mut().flat_map(|instruction| &mut instruction.outputs) {
            if let Place::Slot(value) = output.place {
                output.place = same[value].unwrap_or(output.place);
            }
        }
        self.redirect(&same);
    }

    /// Whether it is a copy of what one branch gives to where the other one writes too.
    fn is_merging(&self, index: usize, writes: &[usize]) -> bool {
        let Instruction { kernel, condition, outputs, .. } = &self.instructions[index];
        *kernel == Kernel::Copy && condition.is_some() && slots(outputs).any(|value| writes[value] == 2)
    }

    /// From where to where it copies, if nothing is lost by computing the value there: it is computed whole in the runs of
    /// the copy alone.
    fn moved(&self, index: usize, writes: &[usize]) -> Option<[usize; 2]> {
        let copy = &self.instructions[index];
        let (Place::Slot(from), Place::Slot(to)) = (copy.inputs[0].place, copy.outputs[0].place) else { return None };
        let writer = self.instructions.iter().find(|other| slots(&other.outputs).any(|value| value == from))?;
        let is_fetched = slots(&self.values).any(|fetched| fetched == from);
        (writes[from] == 1 && writer.condition_place() == copy.condition_place() && !is_fetched).then_some([from, to])
    }
}

/// Whether it copies a value to the place where it is computed now.
fn is_to_itself(instruction: &Instruction, same: &[Option<Place>]) -> bool {
    let Instruction { kernel: Kernel::Copy, inputs, outputs, .. } = instruction else { return false };
    matches!(inputs[0].place, Place::Slot(from) if same[from] == Some(outputs[0].place))
}
