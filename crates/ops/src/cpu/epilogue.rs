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

/// Adds the bias to each row of the sums and applies the activation, in place.
pub(super) fn finish(pool: &Pool, epilogue: Epilogue, bias: Option<View<'_>>, sums: &mut ViewMut<'_>) {
    if epilogue == Epilogue::default() {
        return;
    }
    let width = sums.shape.last().copied().unwrap_or(1);
    with_float!(sums.data.as_data().dtype(), T => {
        let ending = Ending::<T> { bias: bias.map(|bias| T::slice(bias.data)), activation: epilogue.activation };
        let values = T::slice_mut(&mut sums.data);
        let cost = values.len() * ending.weight();
        pool.blocks(Rows { values, width }, (BLOCK / width.max(1)).max(1), cost, &|_, block: Rows<'_, T>| {
            wide(Finish { ending, rows: block.values, width });
        });
    });
}

/// An epilogue with its bias, from the first of some columns on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending<'a, T> {
    bias: Option<&'a [T]>,
    activation: Option<Activation>,
}

impl<T: Float> Ending<'_, T> {
    /// Elementary operations for each element.
    fn weight(&self) -> usize {
        match self.activation {
            None | Some(Activation::Relu | Activation::Relu6) => 1,
            Some(Activation::Tanh | Activation::Sigmoid) => TRANSCENDENTAL,
        }
    }

    /// Finishes a row.
    #[inline(always)]
    fn row(&self, row: &mut [T]) {
        if let Some(bias) = self.bias {
            row.iter_mut().zip(bias).for_each(|(sum, bias)| *sum = sum.add(*bias));
        }
        match self.activation {
            None => {}
            Some(Activation::Relu) => row.iter_mut().for_each(|sum| *sum = sum.relu()),
            Some(Activation::Relu6) => {
                let six = T::from_f64(6.0);
                row.iter_mut().for_each(|sum| *sum = if *sum > six { six } else { sum.relu() });
            }
            Some(Activation::Tanh) => row.iter_mut().for_each(|sum| *sum = Function::tanh(*sum)),
            Some(Activation::Sigmoid) => row.iter_mut().for_each(|sum| *sum = Function::sigmoid(*sum)),
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
        self.rows.chunks_exact_mut(self.width.max(1)).for_each(|row| self.ending.row(row));
    }
}
