//! Who writes each computed value, and who reads it.

use super::{Code, slots};
use crate::place::Place;

/// The instructions that write each computed value, and those that read it.
pub(super) struct Uses {
    pub(super) writers: Vec<Vec<usize>>,
    pub(super) readers: Vec<Vec<usize>>,
    /// Whether the value is fetched, or read by an update.
    pub(super) is_read_outside: Vec<bool>,
}

impl Uses {
    pub(super) fn of(code: &Code) -> Self {
        let mut writers = vec![Vec::new(); code.computed.len()];
        let (mut readers, mut is_read_outside) = (writers.clone(), vec![false; code.computed.len()]);
        for (index, instruction) in code.instructions.iter().enumerate() {
            slots(&instruction.outputs).for_each(|value| writers[value].push(index));
            slots(instruction.reads()).for_each(|value| readers[value].push(index));
        }
        slots(code.read_outside()).for_each(|value| is_read_outside[value] = true);
        Self { writers, readers, is_read_outside }
    }

    /// The one instruction that reads a value, once, if one alone writes it.
    pub(super) fn only_reader(&self, value: usize) -> Option<usize> {
        match self.readers[value][..] {
            [reader] if self.writers[value].len() == 1 && !self.is_read_outside[value] => Some(reader),
            _ => None,
        }
    }

    /// Whether a value is written before an instruction; of one that has become part of an earlier instruction since, it
    /// may say no.
    pub(super) fn is_there_before(&self, place: Place, index: usize) -> bool {
        !matches!(place, Place::Slot(value) if self.writers[value].iter().any(|writer| *writer >= index))
    }
}
