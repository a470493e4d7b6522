//! What becomes of the sums of a product or a convolution: a bias and an activation.

use super::{elementwise::TRANSCENDENTAL, function::Function, number::Float};
use crate::{Activation, Epilogue, View};

/// What becomes of sums as they are written.
pub(super) trait End<T>: Copy + Sync {
    /// Ends a line of sums, the first of which belongs to that column of the output.
    fn end(&self, first: usize, line: &mut [T]);
}

/// The sums stay as they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unchanged;

impl<T> End<T> for Unchanged {
    #[inline(always)]
    fn end(&self, _first: usize, _line: &mut [T]) {}
}

/// An epilogue with its bias.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'a, T> {
    bias: Option<&'a [T]>,
    activation: Option<Activation>,
}

impl<'a, T: Float> Ending<'a, T> {
    pub(super) fn new(epilogue: Epilogue, bias: Option<View<'a>>) -> Self {
        Self { bias: bias.map(|bias| T::slice(bias.data)), activation: epilogue.activation }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.bias.is_none() && self.activation.is_none()
    }

    /// Elementary operations for each element.
    pub(super) fn weight(&self) -> usize {
        match self.activation {
            None | Some(Activation::Relu | Activation::Relu6) => 1,
            Some(Activation::Tanh | Activation::Sigmoid) => TRANSCENDENTAL,
        }
    }
}

impl<T: Float> End<T> for Ending<'_, T> {
    #[inline(always)]
    fn end(&self, first: usize, line: &mut [T]) {
        if let Some(bias) = self.bias {
            line.iter_mut().zip(&bias[first..]).for_each(|(sum, bias)| *sum = sum.add(*bias));
        }
        match self.activation {
            None => {}
            Some(Activation::Relu) => line.iter_mut().for_each(|sum| *sum = sum.relu()),
            Some(Activation::Relu6) => {
                let six = T::from_f64(6.0);
                line.iter_mut().for_each(|sum| *sum = if *sum > six { six } else { sum.relu() });
            }
            Some(Activation::Tanh) => line.iter_mut().for_each(|sum| *sum = Function::tanh(*sum)),
            Some(Activation::Sigmoid) => line.iter_mut().for_each(|sum| *sum = Function::sigmoid(*sum)),
        }
    }
}
