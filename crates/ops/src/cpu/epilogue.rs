//! What becomes of the sums of a product or a convolution: a bias and an activation, in one pass over rows.

use super::{
    elementwise::TRANSCENDENTAL,
    function::Function,
    number::Float,
    pool::{Pool, Rows},
    wide::{Work, wide},
};
use crate::{
    Activation, Epilogue, View, ViewMut,
    element::{Element, with_float},
};

/// Elements of a block of rows, for the first-level cache.
const BLOCK: usize = 1 << 12;

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

/// Adds the bias to each row of the sums and applies the activation, in place.
pub(super) fn finish(pool: &Pool, epilogue: Epilogue, bias: Option<View<'_>>, sums: &mut ViewMut<'_>) {
    if epilogue == Epilogue::default() {
        return;
    }
    let width = sums.shape.last().copied().unwrap_or(1);
    with_float!(sums.data.as_data().dtype(), T => {
        let ending = Ending::<T>::new(epilogue, bias);
        let values = T::slice_mut(&mut sums.data);
        let cost = values.len() * ending.weight();
        pool.blocks(Rows { values, width }, (BLOCK / width.max(1)).max(1), cost, &|_, block: Rows<'_, T>| {
            wide(Finish { ending, rows: block.values, width });
        });
    });
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

struct Finish<'a, T> {
    ending: Ending<'a, T>,
    rows: &'a mut [T],
    width: usize,
}

impl<T: Float> Work for Finish<'_, T> {
    #[inline(always)]
    fn run(self) {
        self.rows.chunks_exact_mut(self.width.max(1)).for_each(|row| self.ending.end(0, row));
    }
}
