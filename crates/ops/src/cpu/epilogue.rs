//! What becomes of the sums of a product or a convolution: a bias and an activation.

use super::{elementwise::TRANSCENDENTAL, function::Function, number::Float};
use crate::{Activation, Epilogue, View};

/// Elements of a block of rows, for the first-level cache.
const BLOCK: usize = 1 << 12;

/// What becomes of sums once they are whole.
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

    /// Elementary operations for each element.
    pub(super) fn weight(&self) -> usize {
        match self.activation {
            None | Some(Activation::Relu | Activation::Relu6) => 1,
            Some(Activation::Tanh | Activation::Sigmoid) => TRANSCENDENTAL,
        }
    }

    /// Ends whole rows of the output, which may be short: the activation takes a block of them at once.
    #[inline(always)]
    pub(super) fn rows(&self, sums: &mut [T], width: usize) {
        for block in sums.chunks_mut((BLOCK / width).max(1) * width) {
            block.chunks_exact_mut(width).for_each(|row| self.add(0, row));
            self.activate(block);
        }
    }

    #[inline(always)]
    fn add(&self, first: usize, line: &mut [T]) {
        if let Some(bias) = self.bias {
            line.iter_mut().zip(&bias[first..]).for_each(|(sum, bias)| *sum = sum.add(*bias));
        }
    }

    #[inline(always)]
    fn activate(&self, sums: &mut [T]) {
        match self.activation {
            None => {}
            Some(Activation::Relu) => sums.iter_mut().for_each(|sum| *sum = sum.relu()),
            Some(Activation::Relu6) => {
                let six = T::from_f64(6.0);
                sums.iter_mut().for_each(|sum| *sum = if *sum > six { six } else { sum.relu() });
            }
            Some(Activation::Tanh) => sums.iter_mut().for_each(|sum| *sum = Function::tanh(*sum)),
            Some(Activation::Sigmoid) => sums.iter_mut().for_each(|sum| *sum = Function::sigmoid(*sum)),
        }
    }
}

impl<T: Float> End<T> for Ending<'_, T> {
    #[inline(always)]
    fn end(&self, first: usize, line: &mut [T]) {
        self.add(first, line);
        self.activate(line);
    }
}
