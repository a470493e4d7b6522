//! The one check of every call: arity, dtypes, shapes and attributes. It allocates only for a refusal.

mod attention;
mod batch_norm;
mod fused;
mod images;
mod index;
mod logic;
mod norm;
mod rows;
mod shape;
mod update;

pub(crate) use self::update::update;

use std::fmt::Display;

use crate::{
    Data, Distribution, Kernel, KernelError, Reduction, View, ViewMut,
    kernel::{Binary, Compare, ShapeKernel, Unary},
    shape::{Extents, MAX_RANK, elements, from_the_end},
    view::DType,
};

type Checked = Result<(), KernelError>;

/// Whether `kernel` can run on these tensors.
pub(crate) fn run(kernel: &Kernel, inputs: &[View<'_>], outputs: &[ViewMut<'_>]) -> Checked {
    let call = Call { name: kernel.name() };
    call.tensors("input", inputs.iter().copied())?;
    call.tensors("output", outputs.iter().map(ViewMut::as_view))?;
    match (kernel, inputs, outputs) {
        (Kernel::MatMul { transpose_a, transpose_b, epilogue }, &[a, b, ref bias @ ..], [output])
            if epilogue.takes(bias.len()) =>
        {
            call.matmul(transposed(a, *transpose_a), transposed(b, *transpose_b), a, b, output.as_view())?;
            call.bias(bias, output.as_view())
        }
        (Kernel::BatchMatMul { transpose_a, transpose_b }, &[a, b], [output]) => {
            call.batch_matmul([*transpose_a, *transpose_b], a, b, output.as_view())
        }
        (Kernel::Unary(unary), &[input], [output]) => {
            call.dtype(input, unary.dtypes())?;
            call.same(&[input, output.as_view()])
        }
        (Kernel::Binary(binary), &[a, b], [output]) => {
            call.dtype(a, binary.dtypes())?;
            call.same_dtype(&[a, b, output.as_view()])?;
            call.broadcast(a, b, output.as_view())?;
            call.divisors(*binary, b)
        }
        (Kernel::Compare(compare), &[a, b], [output]) => {
            call.dtype(a, compare.dtypes())?;
            call.same_dtype(&[a, b])?;
            call.dtype(output.as_view(), &[DType::Bool])?;
            call.broadcast(a, b, output.as_view())
        }
        (Kernel::UnaryGrad(_) | Kernel::SoftmaxGrad, &[gradient, value], [output]) => {
            call.dtype(gradient, FLOATS)?;
            call.same(&[gradient, value, output.as_view()])?;
            call.last_axis(kernel, output.as_view())
        }
        (Kernel::Softmax | Kernel::LogSoftmax, &[input], [output]) => {
            call.dtype(input, FLOATS)?;
            call.same(&[input, output.as_view()])?;
            call.last_axis(kernel, input)
        }
        (Kernel::Reduce { reduction, axes }, &[input], [output]) => {
            call.dtype(input, reduction.dtypes())?;
            call.same_dtype(&[input, output.as_view()])?;
            call.reduced("output", output.shape, input.shape, axes)
        }
        (Kernel::Broadcast { axes, .. }, &[input], [output]) => {
            call.dtype(input, FLOATS)?;
            call.same_dtype(&[input, output.as_view()])?;
            call.reduced("input", input.shape, output.shape, axes)
        }
        (Kernel::SparseSoftmaxCrossEntropy, &[logits, labels], [loss, backprop]) => {
            call.cross_entropy(logits, labels, loss.as_view(), backprop.as_view())
        }
        (Kernel::SoftmaxCrossEntropy, &[logits, labels], [loss, backprop]) => {
            call.dense_cross_entropy(logits, labels, loss.as_view(), backprop.as_view())
        }
        (Kernel::ArgMax { axis } | Kernel::ArgMin { axis }, &[input], [output]) => {
            call.dtype(input, NUMBERS)?;
            call.dtype(output.as_view(), &[DType::I64])?;
            call.reduced("output", output.shape, input.shape, &[*axis])?;
            call.require(input.shape[*axis] > 0, || format!("axis {axis} of shape {:?} has no elements", input.shape))
        }
        (Kernel::Logic(kernel), inputs, [output]) => call.logic(*kernel, inputs, output.as_view()),
        (Kernel::Cast, &[input], [output]) => call.same_shape(&[input, output.as_view()]),
        (Kernel::Copy, &[input], [output]) => {
            call.same_dtype(&[input, output.as_view()])?;
            call.require(input.data.len() == output.as_view().data.len(), || {
                format!("shapes {:?} and {:?} do not hold as many elements", input.shape, output.shape)
            })
        }
        (
            Kernel::Convolution { pass, window, depthwise, epilogue },
            &[one, other, ref bias @ ..],
            [output, workspace @ ..],
        ) if workspace.len() <= 1 && epilogue.takes(bias.len()) => {
            workspace.iter().try_for_each(|given| call.workspace(output.as_view(), given.as_view()))?;
            call.convolution(*pass, *window, *depthwise, [one, other, output.as_view()])?;
            call.epilogue(*pass, *epilogue)?;
            call.bias(bias, output.as_view())
        }
        (Kernel::Pooling { kind, windows }, inputs, [output]) => {
            call.pooling(*kind, *windows, inputs, output.as_view())
        }
        (Kernel::Norm { pass, kind, epsilon }, inputs, outputs) => call.norm(*pass, *kind, *epsilon, inputs, outputs),
        (Kernel::BatchNorm { pass, epsilon, .. }, inputs, outputs) => call.batch_norm(*pass, *epsilon, inputs, outputs),
        (Kernel::Attention { pass, scale, .. }, inputs, outputs) => call.attention(*pass, *scale, inputs, outputs),
        (Kernel::Custom(_), ..) => Ok(()),
        (Kernel::Fused(fused), inputs, outputs) => call.fused(fused, inputs, outputs),
        (Kernel::Index(kernel), inputs, outputs) => index::check(call, kernel, inputs, outputs),
        (Kernel::Shape(ShapeKernel::Fill(_)), [], [_]) => Ok(()),
        (Kernel::Shape(kernel), &[input], [output]) => shape::moves(call, kernel, input, output.as_view()),
        (Kernel::CheckNumerics, &[input], []) => call.finite(input),
        (Kernel::Random { distribution, .. }, [] | [_], [output]) => {
            inputs.iter().try_for_each(|run| call.run_number(*run))?;
            call.dtype(output.as_view(), distribution.dtypes())?;
            call.distribution(distribution, output.as_view())
        }
        (Kernel::Dropout { rate, .. }, &[input, run], [output]) => {
            call.dtype(input, FLOATS)?;
            call.same(&[input, output.as_view()])?;
            call.run_number(run)?;
            call.require((0.0..1.0).contains(rate), || format!("the rate must be from 0 to below 1, not {rate}"))
        }
        _ => call.arity(kernel.arity(), inputs.len(), "outputs", outputs.len()),
    }
}

const FLOATS: &[DType] = &[DType::F32, DType::F64];
const NUMBERS: &[DType] = &[DType::I32, DType::I64, DType::F32, DType::F64];
const BYTES_AND_NUMBERS: &[DType] = &[DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];
const COMPARED: &[DType] = &[DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];
const ALL: &[DType] =
    &[DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64, DType::Bf16, DType::F16];

impl Kernel {
    fn name(&self) -> &'static str {
        match self {
            Kernel::MatMul { .. } => "matmul",
            Kernel::BatchMatMul { .. } => "batch matmul",
            Kernel::Unary(unary) => unary.name(),
            Kernel::Binary(binary) => binary.name(),
            Kernel::Compare(_) => "compare",
            Kernel::UnaryGrad(_) => "unary gradient",
            Kernel::Reduce { .. } => "reduce",
            Kernel::Broadcast { .. } => "broadcast",
            Kernel::Softmax => "softmax",
            Kernel::LogSoftmax => "log-softmax",
            Kernel::SoftmaxGrad => "softmax gradient",
            Kernel::SparseSoftmaxCrossEntropy => "sparse softmax cross-entropy",
            Kernel::SoftmaxCrossEntropy => "softmax cross-entropy",
            Kernel::ArgMax { .. } => "argmax",
            Kernel::ArgMin { .. } => "argmin",
            Kernel::Logic(kernel) => kernel.name(),
            Kernel::Cast => "cast",
            Kernel::Copy => "copy",
            Kernel::Convolution { pass, .. } => pass.name(),
            Kernel::Pooling { kind, .. } => kind.name(),
            Kernel::Norm { pass, .. } => pass.name(),
            Kernel::BatchNorm { pass, .. } => pass.name(),
            Kernel::Attention { pass, .. } => pass.name(),
            Kernel::Shape(kernel) => kernel.name(),
            Kernel::Index(kernel) => kernel.name(),
            Kernel::Custom(kernel) => kernel.0.name(),
            Kernel::Fused(_) => "fused",
            Kernel::CheckNumerics => "check numerics",
            Kernel::Random { .. } => "random",
            Kernel::Dropout { .. } => "dropout",
        }
    }

    /// How many inputs and outputs it has.
    fn arity(&self) -> (usize, usize) {
        match self {
            Kernel::MatMul { epilogue, .. } | Kernel::Convolution { epilogue, .. } => {
                (2 + usize::from(epilogue.bias), 1)
            }
            Kernel::Binary(_) | Kernel::Compare(_) | Kernel::UnaryGrad(_) => (2, 1),
            Kernel::SoftmaxGrad | Kernel::BatchMatMul { .. } | Kernel::Dropout { .. } => (2, 1),
            Kernel::Pooling { kind, .. } => (kind.input_count(), 1),
            Kernel::Norm { pass, kind, .. } => pass.arity(*kind),
            Kernel::BatchNorm { .. } => (5, 3),
            Kernel::Attention { pass, .. } => pass.arity(),
            Kernel::SparseSoftmaxCrossEntropy | Kernel::SoftmaxCrossEntropy => (2, 2),
            Kernel::Logic(kernel) => (kernel.inputs(), 1),
            Kernel::CheckNumerics => (1, 0),
            Kernel::Shape(kernel) => kernel.arity(),
            Kernel::Index(kernel) => kernel.arity(),
            Kernel::Random { .. } => (0, 1),
            _ => (1, 1),
        }
    }
}

impl Unary {
    fn name(self) -> &'static str {
        match self {
            Unary::Neg => "neg",
            Unary::Abs => "abs",
            Unary::Exp => "exp",
            Unary::Log => "log",
            Unary::Sqrt => "sqrt",
            Unary::Square => "square",
            Unary::Relu => "relu",
            Unary::Tanh => "tanh",
            Unary::Sigmoid => "sigmoid",
            Unary::Sign => "sign",
            Unary::Reciprocal => "reciprocal",
            Unary::Rsqrt => "rsqrt",
            Unary::Log1p => "log1p",
            Unary::Expm1 => "expm1",
            Unary::Floor => "floor",
            Unary::Ceil => "ceil",
            Unary::Round => "round",
            Unary::Erf => "erf",
            Unary::Sin => "sin",
            Unary::Cos => "cos",
            Unary::Softplus => "softplus",
            Unary::Softsign => "softsign",
            Unary::Relu6 => "relu6",
            Unary::LeakyRelu { .. } => "leaky relu",
            Unary::Elu => "elu",
            Unary::Selu => "selu",
            Unary::Silu => "silu",
            Unary::Gelu { .. } => "gelu",
        }
    }

    fn dtypes(self) -> &'static [DType] {
        match self {
            Unary::Neg | Unary::Abs | Unary::Square | Unary::Sign => NUMBERS,
            _ => FLOATS,
        }
    }
}

impl Binary {
    fn name(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Sub => "sub",
            Binary::Mul => "mul",
            Binary::Div => "div",
            Binary::Maximum => "maximum",
            Binary::Minimum => "minimum",
            Binary::Pow => "pow",
            Binary::FloorDiv => "floor-div",
            Binary::FloorMod => "floor-mod",
            Binary::SquaredDifference => "squared difference",
            Binary::DivNoNan => "div-no-nan",
        }
    }

    fn dtypes(self) -> &'static [DType] {
        match self {
            Binary::Pow | Binary::DivNoNan => FLOATS,
            _ => NUMBERS,
        }
    }
}

impl Reduction {
    fn dtypes(self) -> &'static [DType] {
        match self {
            Reduction::Mean => FLOATS,
            Reduction::All | Reduction::Any => &[DType::Bool],
            _ => NUMBERS,
        }
    }
}

impl Distribution {
    fn dtypes(&self) -> &'static [DType] {
        match self {
            Distribution::UniformInt { .. } => &[DType::I32, DType::I64],
            Distribution::Bernoulli { .. } => &[DType::Bool],
            _ => FLOATS,
        }
    }
}

impl Compare {
    fn dtypes(self) -> &'static [DType] {
        match self {
            Compare::Equal | Compare::NotEqual => COMPARED,
            _ => BYTES_AND_NUMBERS,
        }
    }
}

/// The call that is checked, named in every refusal.
#[derive(Clone, Copy)]
struct Call {
    name: &'static str,
}

impl Call {
    fn require<M: Display>(self, holds: bool, message: impl FnOnce() -> M) -> Checked {
        if holds { Ok(()) } else { Err(KernelError::new(format!("{}: {}", self.name, message()))) }
    }

    fn arity(self, (inputs, outputs): (usize, usize), given: usize, written: &str, given_written: usize) -> Checked {
        self.require((inputs, outputs) == (given, given_written), || {
            format!("takes {inputs} inputs and {outputs} {written}, given {given} and {given_written}")
        })
    }

    /// Each tensor holds what its shape says.
    fn tensors<'a>(self, role: &str, tensors: impl Iterator<Item = View<'a>>) -> Checked {
        for (index, tensor) in tensors.enumerate() {
            self.require(tensor.shape.len() <= MAX_RANK, || {
                format!("{role} {index} of shape {:?} has more than {MAX_RANK} axes", tensor.shape)
            })?;
            self.require(elements(tensor.shape) == Some(tensor.data.len()), || {
                format!("{role} {index} of shape {:?} holds {} elements", tensor.shape, tensor.data.len())
            })?;
        }
        Ok(())
    }

    fn dtype(self, tensor: View<'_>, allowed: &[DType]) -> Checked {
        let dtype = tensor.data.dtype();
        self.require(allowed.contains(&dtype), || {
            let allowed: Vec<_> = allowed.iter().map(|dtype| dtype.name()).collect();
            format!("{} is not supported, cast to {}", dtype.name(), allowed.join(" or "))
        })
    }

    fn same_dtype(self, tensors: &[View<'_>]) -> Checked {
        self.require(tensors.iter().all(|tensor| tensor.data.dtype() == tensors[0].data.dtype()), || {
            let found: Vec<_> = tensors.iter().map(|tensor| tensor.data.dtype().name()).collect();
            format!("dtypes must agree, not {}", found.join(" and "))
        })
    }

    fn same_shape(self, tensors: &[View<'_>]) -> Checked {
        self.require(tensors.iter().all(|tensor| tensor.shape == tensors[0].shape), || {
            let found: Vec<_> = tensors.iter().map(|tensor| format!("{:?}", tensor.shape)).collect();
            format!("shapes must agree, not {}", found.join(" and "))
        })
    }

    fn same(self, tensors: &[View<'_>]) -> Checked {
        self.same_dtype(tensors)?;
        self.same_shape(tensors)
    }

    fn last_axis(self, kernel: &Kernel, tensor: View<'_>) -> Checked {
        let pointwise = matches!(kernel, Kernel::UnaryGrad(_));
        self.require(pointwise || !tensor.shape.is_empty(), || "a scalar has no last axis")
    }

    fn matmul(
        self,
        left: Option<[usize; 2]>,
        right: Option<[usize; 2]>,
        a: View<'_>,
        b: View<'_>,
        output: View<'_>,
    ) -> Checked {
        self.dtype(a, FLOATS)?;
        self.same_dtype(&[a, b, output])?;
        let fits = matches!((left, right), (Some([m, k]), Some([l, n])) if k == l && output.shape == [m, n]);
        self.require(fits, || {
            let shape = |operand: Option<[usize; 2]>, view: View<'_>| match operand {
                Some(shape) => format!("{shape:?}"),
                None => format!("{:?} (not a matrix)", view.shape),
            };
            format!("{} times {} does not give {:?}", shape(left, a), shape(right, b), output.shape)
        })
    }

    /// Each product is one, and the axes before the matrices broadcast.
    fn batch_matmul(
        self,
        [transpose_a, transpose_b]: [bool; 2],
        a: View<'_>,
        b: View<'_>,
        output: View<'_>,
    ) -> Checked {
        let split = |view: View<'_>| view.shape.len().checked_sub(2);
        let (Some(of_a), Some(of_b), Some(of_output)) = (split(a), split(b), split(output)) else {
            return self.require(false, || format!("{:?} and {:?} must have two axes or more", a.shape, b.shape));
        };
        fn part<'a>(view: View<'a>, axes: std::ops::Range<usize>) -> View<'a> {
            View { shape: &view.shape[axes], ..view }
        }
        let matrix = |view, from: usize| part(view, from..from + 2);
        let (left, right) = (matrix(a, of_a), matrix(b, of_b));
        let (m, n) = (transposed(left, transpose_a), transposed(right, transpose_b));
        self.matmul(m, n, left, right, matrix(output, of_output))?;
        self.broadcast(part(a, 0..of_a), part(b, 0..of_b), part(output, 0..of_output))
    }

    fn broadcast(self, a: View<'_>, b: View<'_>, output: View<'_>) -> Checked {
        let rank = a.shape.len().max(b.shape.len());
        let fits = (0..rank).all(|axis| {
            let (left, right) = (from_the_end(a.shape, axis), from_the_end(b.shape, axis));
            (left == right || left == 1 || right == 1)
                && from_the_end(output.shape, axis) == if left == 1 { right } else { left }
        });
        self.require(fits && output.shape.len() == rank, || {
            format!("shapes {:?} and {:?} do not broadcast to {:?}", a.shape, b.shape, output.shape)
        })
    }

    /// No integer is divided by zero.
    fn divisors(self, binary: Binary, divisor: View<'_>) -> Checked {
        let zero = match divisor.data {
            _ if !matches!(binary, Binary::Div | Binary::FloorDiv | Binary::FloorMod) => None,
            Data::I32(values) => values.iter().position(|&value| value == 0),
            Data::I64(values) => values.iter().position(|&value| value == 0),
            _ => None,
        };
        self.require(zero.is_none(), || format!("integer division by zero, at element {}", zero.unwrap_or_default()))
    }

    /// `reduced` is `full` without `axes`, or with 1 in their place.
    fn reduced(self, role: &str, reduced: &[usize], full: &[usize], axes: &[usize]) -> Checked {
        for (index, axis) in axes.iter().enumerate() {
            self.require(*axis < full.len(), || format!("shape {full:?} has no axis {axis}"))?;
            self.require(!axes[..index].contains(axis), || format!("axis {axis} is named twice"))?;
        }
        let (without, with_ones) = (Extents::without(full, axes), Extents::with_ones(full, axes));
        self.require(reduced == without.as_slice() || reduced == with_ones.as_slice(), || {
            let without = without.as_slice();
            format!("shape {full:?} without axes {axes:?} is {without:?}, but the {role} has {reduced:?}")
        })
    }

    fn cross_entropy(self, logits: View<'_>, labels: View<'_>, loss: View<'_>, backprop: View<'_>) -> Checked {
        self.dtype(logits, FLOATS)?;
        self.same(&[logits, backprop])?;
        self.same_dtype(&[logits, loss])?;
        self.dtype(labels, &[DType::I32, DType::I64])?;
        let &[rows, classes] = logits.shape else {
            return self.require(false, || format!("logits must be [batch, classes], not {:?}", logits.shape));
        };
        self.require(labels.shape == [rows] && loss.shape == [rows], || {
            format!(
                "logits {:?} need labels and loss [{rows}], not {:?} and {:?}",
                logits.shape, labels.shape, loss.shape
            )
        })?;
        match labels.data {
            Data::I32(labels) => self.labels(labels.iter().map(|&label| i64::from(label)), classes),
            Data::I64(labels) => self.labels(labels.iter().copied(), classes),
            _ => Ok(()),
        }
    }

    fn dense_cross_entropy(self, logits: View<'_>, labels: View<'_>, loss: View<'_>, backprop: View<'_>) -> Checked {
        self.dtype(logits, FLOATS)?;
        self.same(&[logits, labels, backprop])?;
        self.same_dtype(&[logits, loss])?;
        self.require(logits.shape.len() == 2 && loss.shape == &logits.shape[..1], || {
            format!("logits {:?} must be [batch, classes] and the loss [batch], not {:?}", logits.shape, loss.shape)
        })
    }

    fn labels(self, labels: impl Iterator<Item = i64>, classes: usize) -> Checked {
        let outside =
            labels.enumerate().find(|&(_, label)| usize::try_from(label).map_or(true, |label| label >= classes));
        match outside {
            None => Ok(()),
            Some((row, label)) => self
                .require(false, || format!("label {label} of row {row} is not in 0..{classes}, the number of classes")),
        }
    }

    fn finite(self, input: View<'_>) -> Checked {
        self.dtype(input, FLOATS)?;
        let culprit = match input.data {
            Data::F32(values) => values.iter().position(|value| !value.is_finite()).map(|at| (at, values[at].into())),
            Data::F64(values) => values.iter().position(|value| !value.is_finite()).map(|at| (at, values[at])),
            _ => None,
        };
        let Some((place, value)): Option<(usize, f64)> = culprit else { return Ok(()) };
        let message = format!("{}: element {place} of shape {:?} is {value}", self.name, input.shape);
        Err(KernelError::divergence(message))
    }

    fn run_number(self, run: View<'_>) -> Checked {
        self.dtype(run, &[DType::I64])?;
        self.require(run.data.len() == 1, || format!("the number of the run is a scalar, not of shape {:?}", run.shape))
    }

    fn distribution(self, distribution: &Distribution, output: View<'_>) -> Checked {
        match *distribution {
            Distribution::UniformInt { low, high } => {
                let is_wide = output.data.dtype() == DType::I64;
                let fits = is_wide || i32::try_from(low).is_ok() && high <= 1 << 31;
                self.require(low < high && fits, || format!("no whole numbers of the dtype in {low}..{high}"))
            }
            Distribution::Bernoulli { probability } => {
                self.require((0.0..=1.0).contains(&probability), || format!("{probability} is no probability"))
            }
            Distribution::Uniform { low, high } => self.require(low <= high && (high - low).is_finite(), || {
                format!("a uniform distribution needs finite low <= high, not {low} and {high}")
            }),
            Distribution::Normal { mean, stddev } | Distribution::TruncatedNormal { mean, stddev } => self
                .require(mean.is_finite() && stddev.is_finite() && stddev >= 0.0, || {
                    format!("a normal distribution needs a finite mean and stddev >= 0, not {mean} and {stddev}")
                }),
        }
    }
}

/// The shape of a matrix, or of its transpose.
fn transposed(matrix: View<'_>, transpose: bool) -> Option<[usize; 2]> {
    match matrix.shape {
        &[rows, columns] => Some(if transpose { [columns, rows] } else { [rows, columns] }),
        _ => None,
    }
}
