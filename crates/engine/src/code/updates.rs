//! When updates are made: as soon as nothing can fail any more, and nothing else needs the value from before.

use super::{Code, can_fail, slots};
use crate::{
    place::Place,
    plan::{Instruction, Updating},
};

impl Code {
    /// Makes updates that read computed values earlier than at the end, where no run can tell the difference.
    ///
    /// Where one of them may be refused, all stay at the end and in their order.
    pub(super) fn place_updates(&mut self) {
        if self.updates.iter().any(|updating| updating.can_fail) {
            return;
        }
        let end = self.instructions.len();
        let can_fail = |instruction: &Instruction| can_fail(&instruction.kernel, instruction.first_dtype(self));
        let safe = self.instructions.iter().rposition(can_fail).map_or(0, |last| last + 1);
        let mut after = Vec::with_capacity(self.updates.len());
        for updating in &self.updates {
            // Not before those made earlier that read the value which this one changes.
            let reads = |other: &Updating| other.inputs.iter().any(|input| updating.changes(input.place));
            let readers = self.updates.iter().zip(&after).filter(|(other, _)| reads(other)).map(|(_, after)| *after);
            after.push(readers.max().unwrap_or(0).max(self.earliest(updating, safe).unwrap_or(end)));
        }
        for (updating, after) in self.updates.iter_mut().zip(after) {
            updating.after = after;
        }
        self.updates.sort_by_key(|updating| updating.after);
    }

    /// After how many instructions; none if the update has to wait until the end.
    fn earliest(&self, updating: &Updating, safe: usize) -> Option<usize> {
        let updates_of = |variable| {
            let all = self.updates.iter().flat_map(|other| &other.targets);
            all.filter(move |other| other.variable == variable).count()
        };
        let is_alone = updating.targets.iter().all(|target| !target.keep && updates_of(target.variable) == 1);
        let is_fetched = self.values.iter().any(|value| updating.changes(value.place));
        let reads_before = updating.inputs.iter().any(|input| matches!(input.place, Place::Before(_)));
        let computed: Vec<usize> = slots(&updating.inputs).collect();
        if !is_alone || is_fetched || reads_before || computed.is_empty() {
            return None;
        }
        let waits = self.instructions.iter().rposition(|instruction| {
            slots(&instruction.outputs).any(|output| computed.contains(&output))
                || instruction.reads().any(|input| updating.changes(input.place))
        });
        Some(safe.max(waits.map_or(0, |last| last + 1)))
    }
}

impl Updating {
    /// Whether what is read there is a variable that this changes.
    fn changes(&self, place: Place) -> bool {
        self.targets.iter().any(|target| place == Place::Variable(target.variable))
    }
}
