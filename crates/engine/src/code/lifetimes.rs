//! From when until when each computed value is needed.

use super::{Code, slots};
use crate::{
    liveness::Lifetime,
    place::{Operand, Place},
};

impl Code {
    /// Numbers the computed values anew, in the order in which they are made; those that are not made are forgotten.
    pub(crate) fn renumber(&mut self) {
        let mut numbers = vec![None; self.computed.len()];
        let mut computed = Vec::new();
        for index in self.instructions.iter().flat_map(|instruction| slots(&instruction.outputs)) {
            if numbers[index].is_none() {
                numbers[index] = Some(Place::Slot(computed.len()));
                computed.push(self.computed[index].clone());
            }
        }
        self.computed = computed;
        self.place(&numbers.into_iter().map(|place| place.unwrap_or(Place::Slot(usize::MAX))).collect::<Vec<Place>>());
    }

    /// Puts each computed value in its place.
    pub(crate) fn place(&mut self, places: &[Place]) {
        let put = |operand: &mut Operand| {
            if let Place::Slot(index) = operand.place {
                operand.place = places[index];
            }
        };
        let of_instructions = self
            .instructions
            .iter_mut()
            .flat_map(|made| made.condition.iter_mut().chain(&mut made.inputs).chain(&mut made.outputs));
        of_instructions.for_each(put);
        self.updates.iter_mut().flat_map(|updating| &mut updating.inputs).for_each(put);
        self.values.iter_mut().for_each(put);
    }

    /// When each computed value is made, and needed last; what updates read, until they are made.
    pub(crate) fn lifetimes(&self) -> Vec<Lifetime> {
        let unmade = self.computed.iter().map(|value| {
            let elements = value.shape.iter().product();
            Lifetime { dtype: value.dtype, elements, made: usize::MAX, needed: 0 }
        });
        let mut lifetimes: Vec<Lifetime> = unmade.collect();
        for (when, instruction) in self.instructions.iter().enumerate() {
            for index in slots(&instruction.outputs) {
                lifetimes[index].made = lifetimes[index].made.min(when);
            }
            slots(instruction.reads().chain(&instruction.outputs)).for_each(|index| lifetimes[index].needed = when);
        }
        let end = self.instructions.len();
        for updating in &self.updates {
            // An update comes before the instruction that is next.
            let when = if updating.after < end { updating.after.saturating_sub(1) } else { usize::MAX };
            for index in slots(&updating.inputs) {
                lifetimes[index].needed = lifetimes[index].needed.max(when);
            }
        }
        lifetimes
    }
}
