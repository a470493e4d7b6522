//! Fusion: groups of element-wise instructions become one.

use std::sync::Arc;

use everstep_graph::NodeId;
use everstep_ops::{self as ops, Fused, FusedInput, FusedOutput, FusedStep, FusedValue, Kernel, Kernels};
use everstep_tensor::DType;

use super::{
    Code,
    groups::{Group, Groups},
    members::{Role, dtype},
};
use crate::{
    place::{Operand, Place},
    plan::Instruction,
};

impl Code {
    pub(super) fn fuse(&mut self, kernels: &dyn Kernels) {
        let groups = Groups::of(self);
        let mut fused = Vec::new();
        let mut instructions = Vec::with_capacity(self.instructions.len());
        for (index, instruction) in self.instructions.iter().enumerate() {
            // One instruction alone is worth it for the casts around it.
            let pays = |group: &&Group| group.members.len() > 1 || self.is_widened(instruction);
            let group = groups.group_of(index).map(|group| &groups.groups[group]).filter(pays);
            match group {
                None => instructions.push(instruction.clone()),
                Some(group) if group.position == index => {
                    fused.push(instructions.len());
                    instructions.push(self.fused(&groups, group));
                }
                Some(_) => {}
            }
        }
        self.instructions = instructions;
        fused.into_iter().for_each(|index| self.give_workspace(kernels, index));
    }

    /// The members of a group as one instruction.
    fn fused(&self, groups: &Groups<'_>, group: &Group) -> Instruction {
        let inputs = groups.inputs(&group.members);
        let mut program = Program { code: self, inputs: &inputs, steps: Vec::new(), given: Vec::new() };
        for index in &group.members {
            if let Some(Role::Step(read)) = groups.members[*index].as_ref().map(|member| &member.role) {
                program.add(&self.instructions[*index], read);
            }
        }
        let role = |index: usize| groups.members[index].as_ref().map(|member| &member.role);
        let mut outputs: Vec<(FusedOutput, Operand)> =
            groups.outputs(&group.members).map(|index| self.output(index, role(index), &program)).collect();
        // The sums of columns come first.
        outputs.sort_by_key(|(output, _)| !matches!(output, FusedOutput::Columns(_)));
        let (what, places): (Vec<FusedOutput>, Vec<Operand>) = outputs.into_iter().unzip();
        let steps = program.steps;
        let (operands, read): (Vec<Operand>, Vec<FusedInput>) = inputs.into_iter().unzip();
        let width = group.width.unwrap_or(1);
        let program =
            Fused::new(group.elements, width, read, steps, what).expect("the members were checked one by one");
        let nodes: Vec<NodeId> = group.members.iter().map(|index| self.instructions[*index].node).collect();
        let bytes = places.iter().map(|operand| self.bytes(operand)).sum();
        Instruction {
            node: *nodes.last().expect("a group has members"),
            fused: nodes,
            kernel: Kernel::Fused(Arc::new(program)),
            condition: self.instructions[group.position].condition.clone(),
            inputs: operands,
            results: places.len(),
            outputs: places,
            bytes,
        }
    }

    fn output(&self, index: usize, role: Option<&Role>, program: &Program<'_>) -> (FusedOutput, Operand) {
        let Instruction { inputs, outputs, .. } = &self.instructions[index];
        let of = |place| program.step_of(place).expect("a group reduces what its steps give");
        let output = match role {
            Some(Role::Rows(reduction)) => FusedOutput::Rows(of(inputs[0].place), *reduction),
            Some(Role::Columns) => FusedOutput::Columns(of(inputs[0].place)),
            _ => FusedOutput::Elements(of(outputs[0].place)),
        };
        (output, outputs[0].clone())
    }

    pub(super) fn bytes(&self, operand: &Operand) -> usize {
        operand.shape.iter().product::<usize>() * self.dtype(operand.place).size()
    }
}

/// The steps of a group in the making.
struct Program<'a> {
    code: &'a Code,
    inputs: &'a [(Operand, FusedInput)],
    steps: Vec<FusedStep>,
    /// Which step gives the value that lies there.
    given: Vec<(Place, usize)>,
}

impl Program<'_> {
    /// An instruction, with casts of numbers of two bytes before and after it unless its kernel takes them.
    fn add(&mut self, instruction: &Instruction, read: &[FusedInput]) {
        let is_widened = self.code.is_widened(instruction);
        let mut inputs = Vec::with_capacity(read.len());
        for (operand, how) in instruction.inputs.iter().zip(read) {
            let value = self.value(operand, how);
            let is_narrow = is_widened && self.code.dtype(operand.place).is_half();
            inputs.push(if is_narrow { self.cast(value, ops::DType::F32) } else { value });
        }
        let kernel = match &instruction.kernel {
            Kernel::Broadcast { scale, .. } => Kernel::Broadcast { scale: *scale, axes: Vec::new() },
            kernel => kernel.clone(),
        };
        let known = |known: DType| dtype(known).expect("a member has a type that kernels know");
        let place = instruction.outputs[0].place;
        let narrow = self.code.dtype(place);
        let computed = if is_widened { narrow.arithmetic() } else { narrow };
        self.steps.push(FusedStep { kernel, inputs, dtype: known(computed) });
        if computed != narrow {
            self.cast(FusedValue::Step(self.steps.len() - 1), known(narrow));
        }
        self.given.push((place, self.steps.len() - 1));
    }

    /// The step that gives the value that lies there.
    fn step_of(&self, place: Place) -> Option<usize> {
        self.given.iter().find(|(given, _)| *given == place).map(|(_, step)| *step)
    }

    fn value(&self, operand: &Operand, how: &FusedInput) -> FusedValue {
        let is_read = |(input, read): &(Operand, FusedInput)| input.place == operand.place && read == how;
        match self.step_of(operand.place) {
            Some(step) => FusedValue::Step(step),
            None => {
                let input = self.inputs.iter().position(is_read);
                FusedValue::Input(input.expect("what no step gives is an input"))
            }
        }
    }

    /// The value as another type; once, however often it is read.
    fn cast(&mut self, value: FusedValue, dtype: ops::DType) -> FusedValue {
        let cast = FusedStep { kernel: Kernel::Cast, inputs: vec![value], dtype };
        let known = self.steps.iter().position(|step| *step == cast);
        FusedValue::Step(known.unwrap_or_else(|| {
            self.steps.push(cast);
            self.steps.len() - 1
        }))
    }
}
