//! Epilogues: the bias that is added to a product or a convolution, and the activation of the sum, become part of it.

use everstep_ops::{Activation, Binary, Epilogue, Kernel, Pass, Unary};
use everstep_tensor::Shape;

use super::{Code, slots, uses::Uses};
use crate::{
    place::{Operand, Place},
    plan::Instruction,
};

/// What becomes part of a product or a convolution.
struct Ending {
    instruction: usize,
    epilogue: Epilogue,
    bias: Option<Operand>,
}

impl Code {
    /// Lets products and convolutions end in what is done to them anyway.
    pub(super) fn add_epilogues(&mut self) {
        let uses = Uses::of(self);
        let mut is_part = vec![false; self.instructions.len()];
        for index in 0..self.instructions.len() {
            while let Some(Ending { instruction, epilogue, bias }) = self.ending(&uses, index) {
                is_part[instruction] = true;
                let Instruction { node, outputs, .. } = self.instructions[instruction].clone();
                let product = &mut self.instructions[index];
                if let Kernel::MatMul { epilogue: of_kernel, .. } | Kernel::Convolution { epilogue: of_kernel, .. } =
                    &mut product.kernel
                {
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

    /// What follows a product or a convolution and can be its end: nobody else reads its sums, which come first in an
    /// addition, because of two NaN the first one's bits stay.
    fn ending(&self, uses: &Uses, index: usize) -> Option<Ending> {
        let product = &self.instructions[index];
        let (Kernel::MatMul { epilogue, .. } | Kernel::Convolution { pass: Pass::Forward, epilogue, .. }) =
            product.kernel
        else {
            return None;
        };
        let (Place::Slot(sum), Some(columns)) = (product.outputs[0].place, product.outputs[0].shape.last()) else {
            return None;
        };
        let instruction = uses.only_reader(sum)?;
        let next = &self.instructions[instruction];
        if !matches!(next.kernel, Kernel::Binary(Binary::Add) | Kernel::Unary(_)) {
            return None;
        }
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
