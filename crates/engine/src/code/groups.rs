//! Which instructions are fused: groups of element-wise ones that run at one place.

use everstep_ops::{Fused, FusedInput};

use super::{
    Code,
    members::{Member, Role},
    slots,
    uses::Uses,
};
use crate::{
    place::{Operand, Place},
    plan::Instruction,
};

/// Instructions that can be one.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Ascending.
    pub(super) members: Vec<usize>,
    pub(super) elements: usize,
    pub(super) width: Option<usize>,
    /// In the place of which instruction it runs.
    pub(super) position: usize,
}

/// The groups in the making.
pub(super) struct Groups<'a> {
    code: &'a Code,
    pub(super) members: Vec<Option<Member>>,
    pub(super) groups: Vec<Group>,
    /// The group of each instruction.
    of: Vec<Option<usize>>,
    uses: Uses,
}

impl<'a> Groups<'a> {
    /// The groups of all instructions; those of one member change nothing.
    pub(super) fn of(code: &'a Code) -> Self {
        let uses = Uses::of(code);
        let is_whole =
            |instruction: &Instruction| slots(&instruction.outputs).all(|value| uses.writers[value].len() == 1);
        let member = |instruction| if is_whole(instruction) { code.member(instruction) } else { None };
        let members = code.instructions.iter().map(member).collect();
        let of = vec![None; code.instructions.len()];
        let mut groups = Self { code, members, groups: Vec::new(), of, uses };
        (0..code.instructions.len()).for_each(|index| groups.add(index));
        groups
    }

    /// The group that an instruction is in.
    pub(super) fn group_of(&self, index: usize) -> Option<usize> {
        self.of[index]
    }

    /// The values of the members that somebody else reads.
    pub(super) fn outputs<'b>(&'b self, members: &'b [usize]) -> impl Iterator<Item = usize> + 'b {
        let is_output = |index: &usize| {
            let value = self.value_of(*index);
            let is_step = matches!(self.members[*index], Some(Member { role: Role::Step(_), .. }));
            !is_step
                || self.uses.is_read_outside[value]
                || self.uses.readers[value].iter().any(|reader| !members.contains(reader))
        };
        members.iter().copied().filter(is_output)
    }

    /// What the members read of others, each once for each way in which it is read.
    pub(super) fn inputs(&self, members: &[usize]) -> Vec<(Operand, FusedInput)> {
        let mut inputs: Vec<(Operand, FusedInput)> = Vec::new();
        for index in members {
            let Some(Member { role: Role::Step(read), .. }) = &self.members[*index] else { continue };
            for (operand, input) in self.code.instructions[*index].inputs.iter().zip(read) {
                let is_known = |(known, how): &(Operand, FusedInput)| known.place == operand.place && how == input;
                if !self.is_written_by(operand, members) && !inputs.iter().any(is_known) {
                    inputs.push((operand.clone(), *input));
                }
            }
        }
        inputs
    }

    fn value_of(&self, index: usize) -> usize {
        slots(&self.code.instructions[index].outputs).next().expect("a member writes one value")
    }

    fn is_written_by(&self, operand: &Operand, members: &[usize]) -> bool {
        slots([operand]).any(|value| self.uses.writers[value].iter().any(|writer| members.contains(writer)))
    }

    /// Puts an instruction into the groups it reads from, or else into one of its own.
    fn add(&mut self, index: usize) {
        let Some(member) = self.members[index].clone() else { return };
        let mut sources = self.sources(index, &member);
        sources.sort_by_key(|group| std::cmp::Reverse(self.groups[*group].position));
        let joined = sources.iter().copied().find(|group| self.join(*group, index, &member));
        match joined {
            Some(group) => {
                let others: Vec<usize> = sources.into_iter().filter(|other| *other != group).collect();
                others.into_iter().for_each(|other| self.merge(other, group));
            }
            None if matches!(member.role, Role::Step(_)) => {
                self.of[index] = Some(self.groups.len());
                let elements = member.elements;
                self.groups.push(Group { members: vec![index], elements, width: None, position: index });
            }
            None => {}
        }
    }

    /// The groups whose steps it reads element by element.
    fn sources(&self, index: usize, member: &Member) -> Vec<usize> {
        let mut sources = Vec::new();
        for value in slots(&self.code.instructions[index].inputs) {
            let group = self.uses.writers[value].first().and_then(|writer| self.of[*writer]);
            if let Some(group) = group.filter(|group| !sources.contains(group))
                && self.groups[group].elements == member.elements
                && self.are_together(index, group)
                && self.reads_steps_only(index, member, group)
            {
                sources.push(group);
            }
        }
        sources
    }

    /// Whether it runs in the runs of the group.
    fn are_together(&self, index: usize, group: usize) -> bool {
        let condition = |index: usize| self.code.instructions[index].condition_place();
        self.groups[group].members.iter().all(|member| condition(*member) == condition(index))
    }

    /// Whether all that it reads of a group are elements of steps, each at its own place.
    fn reads_steps_only(&self, index: usize, member: &Member, group: usize) -> bool {
        let members = &self.groups[group].members;
        self.code.instructions[index].inputs.iter().enumerate().all(|(place, operand)| {
            let Place::Slot(value) = operand.place else { return true };
            let Some(writer) = self.uses.writers[value].iter().find(|writer| members.contains(writer)) else {
                return true;
            };
            let is_step = matches!(&self.members[*writer], Some(Member { role: Role::Step(_), .. }));
            let is_at_place = match &member.role {
                Role::Step(read) => read[place].each == 1 && read[place].length == member.elements,
                _ => true,
            };
            is_step && is_at_place
        })
    }

    fn join(&mut self, group: usize, index: usize, member: &Member) -> bool {
        let Group { members, width, position, .. } = &self.groups[group];
        let fits = width.is_none() || member.width.is_none() || *width == member.width;
        let members: Vec<usize> = members.iter().copied().chain([index]).collect();
        if !fits || !self.is_within_limits(&members) {
            return false;
        }
        let position = match self.is_ready_before(*position, index, &members) {
            true => *position,
            false if self.is_read_between(&members, index) => return false,
            false => index,
        };
        let width = width.or(member.width);
        self.of[index] = Some(group);
        self.groups[group] = Group { members, elements: member.elements, width, position };
        true
    }

    /// Moves an earlier group into a later one, if nobody reads it between them.
    fn merge(&mut self, from: usize, to: usize) {
        let (earlier, later) = (&self.groups[from], &self.groups[to]);
        let fits = earlier.width.is_none() || later.width.is_none() || earlier.width == later.width;
        let mut members: Vec<usize> = earlier.members.iter().chain(&later.members).copied().collect();
        members.sort_unstable();
        if !fits || earlier.position > later.position || !self.is_within_limits(&members) {
            return;
        }
        let reads_steps = |index: &usize| {
            self.members[*index].as_ref().is_some_and(|member| self.reads_steps_only(*index, member, from))
        };
        if !later.members.iter().all(reads_steps) {
            return;
        }
        if self.is_read_between(&members, later.position) {
            return;
        }
        let width = earlier.width.or(later.width);
        members.iter().for_each(|index| self.of[*index] = Some(to));
        self.groups[to].members = members;
        self.groups[to].width = width;
        self.groups[from].members.clear();
    }

    /// Whether all that an instruction reads of others is there before that position.
    fn is_ready_before(&self, position: usize, index: usize, members: &[usize]) -> bool {
        slots(self.code.instructions[index].reads())
            .flat_map(|value| &self.uses.writers[value])
            .filter(|writer| !members.contains(writer))
            .all(|writer| self.position_of(*writer) < position)
    }

    /// Whether something else reads a value of the members before that position.
    fn is_read_between(&self, members: &[usize], position: usize) -> bool {
        members.iter().any(|index| {
            let readers = &self.uses.readers[self.value_of(*index)];
            readers.iter().any(|reader| !members.contains(reader) && self.position_of(*reader) < position)
        })
    }

    fn position_of(&self, index: usize) -> usize {
        self.of[index].map_or(index, |group| self.groups[group].position)
    }

    fn is_within_limits(&self, members: &[usize]) -> bool {
        let columns =
            members.iter().filter(|index| matches!(&self.members[**index], Some(Member { role: Role::Columns, .. })));
        let columns = columns.count();
        columns <= 1
            && self.outputs(members).count() + columns <= Fused::OUTPUTS
            && self.inputs(members).len() <= Fused::INPUTS
    }
}
