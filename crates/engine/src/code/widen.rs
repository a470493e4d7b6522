//! Numbers of two bytes: what is not computed with them is computed with their f32.

use everstep_graph::NodeId;
use everstep_ops::Kernel;
use everstep_tensor::DType;

use super::{Code, slots};
use crate::{lower::Value, place::Operand, plan::Instruction};

impl Code {
    /// Gives kernels that do not take numbers of two bytes f32 instead: cast before, and rounded after.
    pub(crate) fn widen(&mut self) {
        for instruction in std::mem::take(&mut self.instructions) {
            self.condition = instruction.condition.clone();
            match self.is_widened(&instruction) {
                true => self.push_widened(instruction),
                false => self.instructions.push(instruction),
            }
        }
        self.condition = None;
    }

    /// Whether the instruction is computed with the f32 of numbers of two bytes.
    pub(super) fn is_widened(&self, instruction: &Instruction) -> bool {
        let mut operands = instruction.inputs.iter().chain(&instruction.outputs);
        !instruction.kernel.takes_halves() && operands.any(|operand| self.dtype(operand.place).is_half())
    }

    fn push_widened(&mut self, mut instruction: Instruction) {
        let mut widened: Vec<(Operand, Operand)> = Vec::new();
        let node = instruction.node;
        for input in &mut instruction.inputs {
            if !self.dtype(input.place).is_half() {
                continue;
            }
            let known = widened.iter().find(|(narrow, _)| narrow.place == input.place);
            let wide = match known.map(|(_, wide)| wide.place) {
                Some(place) => Operand { place, shape: input.shape.clone() },
                None => {
                    let wide = self.wide(input);
                    self.push_cast(node, input.clone(), wide.clone());
                    widened.push((input.clone(), wide.clone()));
                    wide
                }
            };
            *input = wide;
        }
        let mut rounded = Vec::new();
        for output in &mut instruction.outputs[..instruction.results] {
            if self.dtype(output.place).is_half() {
                let wide = self.wide(output);
                rounded.push((wide.clone(), std::mem::replace(output, wide)));
            }
        }
        let workspaces: Vec<usize> = slots(&instruction.outputs[instruction.results..]).collect();
        workspaces.into_iter().for_each(|index| self.computed[index].dtype = DType::F32);
        self.instructions.push(instruction);
        rounded.into_iter().for_each(|(wide, narrow)| self.push_cast(node, wide, narrow));
    }

    /// A value of as many f32.
    fn wide(&mut self, operand: &Operand) -> Operand {
        let shape = operand.shape.clone();
        let place = self.make([Value { dtype: DType::F32, shape: shape.clone() }])[0];
        Operand { place, shape }
    }

    fn push_cast(&mut self, node: NodeId, from: Operand, to: Operand) {
        let bytes = self.bytes(&to);
        self.push(node, Kernel::Cast, vec![from], vec![to], bytes);
    }
}
