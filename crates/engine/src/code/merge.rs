//! Common subexpressions: what is computed twice from the same is computed once.

use std::collections::HashMap;

use super::{Code, is_pure, slots};
use crate::{
    place::{Operand, Place},
    plan::Instruction,
};

impl Code {
    pub(super) fn merge_common(&mut self) {
        let writes = self.writes();
        let mut same = vec![None; self.computed.len()];
        let mut kept: Vec<Instruction> = Vec::with_capacity(self.instructions.len());
        // By what they read, which ones among the kept.
        let mut readers: HashMap<Vec<Place>, Vec<usize>> = HashMap::new();
        for mut instruction in std::mem::take(&mut self.instructions) {
            for input in instruction.reads_mut() {
                if let Place::Slot(index) = input.place {
                    input.place = same[index].unwrap_or(input.place);
                }
            }
            let is_whole = slots(&instruction.outputs).all(|index| writes[index] == 1);
            let found = readers.entry(instruction.inputs.iter().map(|input| input.place).collect()).or_default();
            let earlier = found.iter().find(|index| is_whole && self.is_same(&kept[**index], &instruction));
            if let Some(earlier) = earlier {
                for (output, first) in instruction.outputs.iter().zip(&kept[*earlier].outputs) {
                    if let Place::Slot(index) = output.place {
                        same[index] = Some(first.place);
                    }
                }
            } else {
                if is_whole {
                    found.push(kept.len());
                }
                kept.push(instruction);
            }
        }
        self.instructions = kept;
        self.redirect(&same);
    }

    /// Whether the earlier one writes the same elements in every run of the other.
    fn is_same(&self, one: &Instruction, other: &Instruction) -> bool {
        let same_shapes = |one: &[Operand], other: &[Operand]| {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.shape == other.shape)
        };
        let same_dtypes = || {
            let mut pairs = one.outputs.iter().zip(&other.outputs);
            pairs.all(|(one, other)| self.dtype(one.place) == self.dtype(other.place))
        };
        let is_there = one.condition.is_none() || one.condition_place() == other.condition_place();
        is_there
            && is_pure(&one.kernel)
            && one.kernel == other.kernel
            && same_shapes(&one.inputs, &other.inputs)
            && same_shapes(&one.outputs, &other.outputs)
            && same_dtypes()
    }
}
