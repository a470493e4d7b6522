//! The fast kernels.

mod attention;
mod batch_matmul;
mod batch_norm;
mod conv;
mod elementwise;
mod epilogue;
mod fold;
mod function;
mod fused;
mod gelu;
mod gemm;
mod half;
mod index;
mod isa;
mod lanes;
mod logic;
mod matmul;
mod norm;
mod number;
mod pool;
mod pooling;
mod random;
mod reduce;
mod shape;
mod shared;
mod single;
mod softmax;
mod team;
mod unary;
mod update;
mod walk;
mod wide;

use self::pool::Pool;
use crate::{
    Kernel, KernelError, Kernels, ShapeKernel, Target, Update, View, ViewMut, check, random::Stream, shape::Extents,
};

/// The fast kernels, on a pool of threads that it owns.
///
/// Work is cut by its size alone: tiles of a matrix product, blocks of elements, leaves of a tree of sums.
/// So the bits of a result do not depend on the number of threads.
/// Those of a matrix product do not depend on the processor either: it is summed up in the same order everywhere.
/// Small work is done by the calling thread.
/// Convolutions by three by three and five by five taps may be computed in a form that multiplies less; the README bounds
/// its errors.
///
/// No kernel of this crate allocates, but a thread once for the packed operands of its matrix products,
/// and, on more than two threads, rayon now and then a block of the queue through which work enters the pool.
#[derive(Debug)]
pub struct Cpu {
    pool: Pool,
}

impl Cpu {
    /// Kernels on `threads` threads; 0 is one for each core, and 1 makes no pool: the caller computes.
    ///
    /// # Errors
    /// If the operating system gives no threads.
    pub fn new(threads: usize) -> Result<Cpu, KernelError> {
        Ok(Cpu { pool: Pool::new(threads)? })
    }
}

impl Kernels for Cpu {
    fn run(&self, kernel: &Kernel, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> Result<(), KernelError> {
        check::run(kernel, inputs, outputs)?;
        if let Kernel::Custom(custom) = kernel {
            return custom.0.compute(inputs, outputs);
        }
        let pool = &self.pool;
        match (kernel, inputs, outputs) {
            (Kernel::MatMul { transpose_a, transpose_b, epilogue }, inputs @ [_, _, ..], [output]) => {
                matmul::matmul(pool, [*transpose_a, *transpose_b], *epilogue, inputs, output);
            }
            (Kernel::BatchMatMul { transpose_a, transpose_b }, &[a, b], [output]) => {
                batch_matmul::batch_matmul(pool, [*transpose_a, *transpose_b], a, b, output);
            }
            (Kernel::Unary(unary), &[input], [output]) => unary::unary(pool, *unary, input, output),
            (Kernel::Binary(binary), &[a, b], [output]) => elementwise::binary(pool, *binary, a, b, output),
            (Kernel::Compare(compare), &[a, b], [output]) => elementwise::compare(pool, *compare, a, b, output),
            (Kernel::UnaryGrad(grad), &[gradient, value], [output]) => {
                unary::unary_grad(pool, *grad, gradient, value, output);
            }
            (Kernel::Reduce { reduction, axes }, &[input], [output]) => {
                reduce::reduce(pool, *reduction, axes, input, output);
            }
            (Kernel::Broadcast { scale, axes }, &[input], [output]) => {
                let shape = Extents::with_ones(output.shape, axes);
                elementwise::spread(pool, *scale, input, shape.as_slice(), output);
            }
            (Kernel::Softmax, &[logits], [output]) => softmax::softmax(pool, logits, output),
            (Kernel::LogSoftmax, &[logits], [output]) => softmax::log_softmax(pool, logits, output),
            (Kernel::SoftmaxGrad, &[gradient, value], [output]) => softmax::softmax_grad(pool, gradient, value, output),
            (Kernel::SparseSoftmaxCrossEntropy, &[logits, labels], [loss, backprop]) => {
                softmax::cross_entropy(pool, logits, labels, loss, backprop);
            }
            (Kernel::SoftmaxCrossEntropy, &[logits, labels], [loss, backprop]) => {
                softmax::dense_cross_entropy(pool, logits, labels, loss, backprop);
            }
            (Kernel::ArgMax { axis }, &[input], [output]) => reduce::argmax(pool, *axis, input, output),
            (Kernel::ArgMin { axis }, &[input], [output]) => reduce::argmin(pool, *axis, input, output),
            (Kernel::Logic(kernel), inputs, [output]) => logic::logic(pool, *kernel, inputs, output),
            (Kernel::Cast, &[input], [output]) => elementwise::cast(pool, input, output),
            (Kernel::Copy, &[input], [output]) => elementwise::copy(pool, input, output),
            (Kernel::Convolution { pass, window, depthwise, epilogue }, inputs @ [_, _, ..], outputs @ [_, ..]) => {
                conv::convolution(pool, *pass, *window, *depthwise, *epilogue, inputs, outputs);
            }
            (Kernel::Pooling { kind, windows }, inputs, [output]) => {
                pooling::pooling(pool, *kind, *windows, inputs, output);
            }
            (Kernel::Norm { pass, kind, epsilon }, inputs, outputs) => {
                norm::norm(pool, *pass, *kind, *epsilon, inputs, outputs);
            }
            (Kernel::BatchNorm { pass, training, epsilon }, inputs, outputs) => {
                batch_norm::batch_norm(pool, *pass, *training, *epsilon, inputs, outputs);
            }
            (Kernel::Attention { pass, scale, causal }, inputs, outputs) => {
                attention::attention(pool, *pass, *scale, *causal, inputs, outputs);
            }
            (Kernel::Shape(ShapeKernel::Fill(value)), [], [output]) => shape::fill(pool, *value, output),
            (Kernel::Index(kernel), inputs, outputs) => index::run(pool, kernel, inputs, outputs),
            (Kernel::Shape(kernel), &[input], [output]) => shape::moves(pool, kernel, input, output),
            (Kernel::Fused(fused), inputs, outputs) => fused::fused(pool, fused, inputs, outputs),
            (Kernel::CheckNumerics, ..) => {} // The check has looked.
            (Kernel::Random { distribution, key }, run, [output]) => {
                random::random(pool, distribution, Stream::of(*key, run.first().copied()), output);
            }
            (Kernel::Dropout { rate, key }, &[input, run], [output]) => {
                random::dropout(pool, *rate, *key, input, run, output);
            }
            _ => unreachable!("the check counts inputs and outputs"),
        }
        Ok(())
    }

    fn workspace(&self, kernel: &Kernel, inputs: &[&[usize]], outputs: &[&[usize]]) -> usize {
        match (kernel, inputs, outputs) {
            (Kernel::Convolution { pass, window, depthwise, .. }, &[one, other, ..], &[output, ..]) => {
                conv::workspace(self.pool.threads(), *pass, *window, *depthwise, [one, other], output)
            }
            (Kernel::Norm { pass, kind, .. }, inputs, _) => norm::workspace(*pass, *kind, inputs),
            (Kernel::BatchNorm { .. }, &[x, ..], _) => batch_norm::workspace(x),
            (Kernel::Attention { pass, .. }, inputs, _) => attention::workspace(self.pool.threads(), *pass, inputs),
            (Kernel::Fused(fused), ..) => fused::workspace(fused),
            _ => 0,
        }
    }

    fn update(&self, update: &Update, targets: &mut [Target<'_>], inputs: &[View<'_>]) -> Result<(), KernelError> {
        check::update(update, targets, inputs)?;
        match update.split(inputs) {
            (inputs, []) => update::update(&self.pool, update, targets, inputs),
            (inputs, rows) => update::update_rows(&self.pool, update, targets, inputs, rows),
        }
        Ok(())
    }
}
