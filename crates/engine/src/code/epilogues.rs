//! Epilogues: the bias that is added to a product, and the activation of the sum, become part of the product.

use everstep_ops::{Activation, Binary, Epilogue, Kernel, Unary};
use everstep_tensor::Shape;

use super::{Code, slots};
use crate::{
    place::{Operand, Place},
    plan::Instruction,
};

/// Who writes each computed value, and who reads it.
struct Uses {
    writers: Vec<Vec<usize>>,
    readers: Vec<Vec<usize>>,
    is_read_outside: Vec<bool>,
}

impl Uses {
    fn of(code: &Code) -> Self {
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
    fn only_reader(&self, value: usize) -> Option<usize> {
        match self.readers[value][..] {
            [reader] if self.writers[value].len() == 1 && !self.is_read_outside[value] => Some(reader),
            _ => None,
        }
    }

    /// Whether a value is written before an instruction, so far as was known before any became part of a product: those
    /// are written earlier.
    fn is_there_before(&self, place: Place, index: usize) -> bool {
        !matches!(place, Place::Slot(value) if self.writers[value].iter().any(|writer| *writer >= index))
    }
}

/// What becomes part of a product.
struct Ending {
    instruction: usize,
    epilogue: Epilogue,
    bias: Option<Operand>,
}

impl Code {
    /// Lets products end in what is done to them anyway.
    pub(super) fn end_products(&mut self) {
        let uses = Uses::of(self);
        let mut is_part = vec![false; self.instructions.len()];
        for index in 0..self.instructions.len() {
            while let Some(Ending { instruction, epilogue, bias }) = self.ending(&uses, index) {
                is_part[instruction] = true;
                let Instruction { node, outputs, .. } = self.instructions[instruction].clone();
                let product = &mut self.instructions[index];
                if let Kernel::MatMul { epilogue: of_kernel, .. } = &mut product.kernel {
                    *of_kernel = epilogue;
                }
                product.inputs.extend(bias);
                product.outputs[0].place = outputs[0].place;
                if product.fused.is_empty() {
                    product.fused.push(product.node);
                }
                product.fused.push(node);
            }
        }
        let mut is_part = is_part.into_iter();
        self.instructions.retain(|_| is_part.next() == Some(false));
    }

    /// What follows a product and can be its end: nobody else reads the product, whose sums come first in an addition,
    /// because of two NaN the first one's bits stay.
    fn ending(&self, uses: &Uses, index: usize) -> Option<Ending> {
        let product = &self.instructions[index];
        let Kernel::MatMul { epilogue, .. } = product.kernel else { return None };
        let (Place::Slot(sum), Some(columns)) = (product.outputs[0].place, product.outputs[0].shape.last()) else {
            return None;
        };
        let instruction = uses.only_reader(sum)?;
        let next = &self.instructions[instruction];
        let elements = |operand: &Operand| operand.shape.iter().product::<usize>();
        let fits = next.condition_place() == product.condition_place()
            && !self.dtype(product.outputs[0].place).is_half()
            && next.inputs[0].place == Place::Slot(sum)
            && slots(&next.outputs).all(|value| uses.writers[value].len() == 1)
            && elements(&next.outputs[0]) == elements(&product.outputs[0]);
        if !fits || epilogue.activation.is_some() {
            return None;
        }
        match (&next.kernel, &next.inputs[..]) {
            (Kernel::Binary(Binary::Add), [sums, bias]) if !epilogue.bias => {
                let is_bias = [sums, bias].iter().all(|operand| operand.shape.last() == Some(columns))
                    && elements(bias) == *columns
                    && uses.is_there_before(bias.place, index);
                let bias = Some(Operand { place: bias.place, shape: Shape::from([*columns]) });
                is_bias.then_some(Ending { instruction, epilogue: Epilogue { bias: true, ..epilogue }, bias })
            }
            (Kernel::Unary(function), _) => {
                let activation = Some(activation(*function)?);
                Some(Ending { instruction, epilogue: Epilogue { activation, ..epilogue }, bias: None })
            }
            _ => None,
        }
    }
}

/// The function as an epilogue has it.
fn activation(function: Unary) -> Option<Activation> {
    Some(match function {
        Unary::Relu => Activation::Relu,
        Unary::Relu6 => Activation::Relu6,
        Unary::Tanh => Activation::Tanh,
        Unary::Sigmoid => Activation::Sigmoid,
        _ => return None,
    })
}
