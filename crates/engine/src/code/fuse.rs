//! Fusion: groups of element-wise instructions become one.

use std::sync::Arc;

use everstep_graph::NodeId;
use everstep_ops::{Fused, FusedInput, FusedOutput, FusedStep, FusedValue, Kernel, Kernels};

use super::{
    Code,
    groups::{Group, Groups},
    members::{Role, dtype},
};
use crate::{place::Operand, plan::Instruction};

impl Code {
    pub(super) fn fuse(&mut self, kernels: &dyn Kernels) {
        let groups = Groups::of(self);
        let mut fused = Vec::new();
        let mut instructions = Vec::with_capacity(self.instructions.len());
        for (index, instruction) in self.instructions.iter().enumerate() {
            let group =
                groups.group_of(index).map(|group| &groups.groups[group]).filter(|group| group.members.len() > 1);
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
        let role = |index: &usize| groups.members[*index].as_ref().map(|member| &member.role);
        let steps: Vec<usize> =
            group.members.iter().copied().filter(|index| matches!(role(index), Some(Role::Step(_)))).collect();
        let step = |index: &usize| self.step(*index, role(index), &inputs, &steps);
        let mut outputs: Vec<(FusedOutput, Operand)> =
            groups.outputs(&group.members).map(|index| self.output(index, role(&index), &steps)).collect();
        // The sums of columns come first.
        outputs.sort_by_key(|(output, _)| !matches!(output, FusedOutput::Columns(_)));
        let (what, places): (Vec<FusedOutput>, Vec<Operand>) = outputs.into_iter().unzip();
        let (operands, read): (Vec<Operand>, Vec<FusedInput>) = inputs.iter().cloned().unzip();
        let steps = steps.iter().map(step).collect();
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

    fn step(&self, index: usize, role: Option<&Role>, inputs: &[(Operand, FusedInput)], steps: &[usize]) -> FusedStep {
        let instruction = &self.instructions[index];
        let how = |place| match role {
            Some(Role::Step(read)) => Some(read[place]),
            _ => None,
        };
        let value = |(place, operand): (usize, &Operand)| {
            let step = steps.iter().position(|step| self.instructions[*step].outputs[0].place == operand.place);
            let input =
                || inputs.iter().position(|(input, read)| input.place == operand.place && Some(*read) == how(place));
            match step {
                Some(step) => FusedValue::Step(step),
                None => FusedValue::Input(input().expect("what no step gives is an input")),
            }
        };
        let kernel = match &instruction.kernel {
            Kernel::Broadcast { scale, .. } => Kernel::Broadcast { scale: *scale, axes: Vec::new() },
            kernel => kernel.clone(),
        };
        let dtype = dtype(self.dtype(instruction.outputs[0].place)).expect("a member has a type that kernels know");
        FusedStep { kernel, inputs: instruction.inputs.iter().enumerate().map(value).collect(), dtype }
    }

    fn output(&self, index: usize, role: Option<&Role>, steps: &[usize]) -> (FusedOutput, Operand) {
        let Instruction { inputs, outputs, .. } = &self.instructions[index];
        let step = |place| steps.iter().position(|step| self.instructions[*step].outputs[0].place == place);
        let of = |place| step(place).expect("a group reduces what its steps give");
        let output = match role {
            Some(Role::Rows(reduction)) => FusedOutput::Rows(of(inputs[0].place), *reduction),
            Some(Role::Columns) => FusedOutput::Columns(of(inputs[0].place)),
            _ => FusedOutput::Elements(of(outputs[0].place)),
        };
        (output, outputs[0].clone())
    }

    fn bytes(&self, operand: &Operand) -> usize {
        operand.shape.iter().product::<usize>() * self.dtype(operand.place).size()
    }
}
