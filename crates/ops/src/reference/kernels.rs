//! Each kernel by its definition.

use ndarray::{Array, ArrayD, ArrayView1, Axis, Dimension, Ix2, IxDyn};

use super::{
    attention::attention,
    batch_norm::batch_norm,
    fused, images, index, logic,
    norm::norm,
    shape::{fill, moves},
    unary::{unary_float, unary_grad, unary_integer},
    values::{Floats, Integers, Values, copy, floats, pairs},
};
use crate::{
    Activation, Binary, Compare, Distribution, Epilogue, Kernel, Reduction, ShapeKernel, Unary, View, ViewMut,
    element::unchecked_dtype,
    random::{self, Stream},
    shape::{Extents, elements},
    view::DType,
};

pub(super) fn run(kernel: &Kernel, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) {
    match (kernel, inputs, outputs) {
        (Kernel::Copy, &[input], [output]) => copy(input, output),
        (Kernel::Shape(ShapeKernel::Fill(value)), [], [output]) => fill(*value, &mut output.data),
        (Kernel::SoftmaxCrossEntropy, &[logits, labels], [loss, backprop]) => {
            dense_cross_entropy(floats(logits), floats(labels), loss, backprop);
        }
        (Kernel::Norm { pass, kind, epsilon }, inputs, outputs) => norm(*pass, *kind, *epsilon, inputs, outputs),
        (Kernel::BatchNorm { pass, training, epsilon }, inputs, outputs) => {
            batch_norm(*pass, *training, *epsilon, inputs, outputs);
        }
        (Kernel::Attention { pass, scale, causal }, inputs, outputs) => {
            attention(*pass, *scale, *causal, inputs, outputs);
        }
        (Kernel::Index(kernel), inputs, outputs) => index::run(kernel, inputs, outputs),
        (Kernel::Shape(kernel), &[input], [output]) => moves(kernel, input, output),
        (Kernel::Fused(fused), inputs, outputs) => fused::fused(fused, inputs, outputs),
        (Kernel::CheckNumerics, ..) => {} // The check has looked.
        (Kernel::SparseSoftmaxCrossEntropy, &[logits, labels], [loss, backprop]) => {
            cross_entropy(logits, labels, loss, backprop);
        }
        (_, inputs, [output, ..]) => {
            let shape = output.shape;
            compute(kernel, inputs, output, shape).write(output);
        }
        _ => unreachable!("the check counts inputs and outputs"),
    }
}

fn compute(kernel: &Kernel, inputs: &[View<'_>], output: &ViewMut<'_>, shape: &[usize]) -> Values {
    match (kernel, inputs) {
        (Kernel::MatMul { transpose_a, transpose_b, epilogue }, &[a, b, ref bias @ ..]) => {
            Values::Floats(finish(matmul(floats(a), *transpose_a, floats(b), *transpose_b), *epilogue, bias))
        }
        (Kernel::BatchMatMul { transpose_a, transpose_b }, &[a, b]) => {
            Values::Floats(batch_matmul([*transpose_a, *transpose_b], floats(a), floats(b), shape))
        }
        (Kernel::Unary(unary), &[input]) => match Values::read(input) {
            Values::Floats(values) => Values::Floats(values.mapv(|value| unary_float(*unary, value))),
            Values::Integers(values) => Values::Integers(values.mapv(|value| unary_integer(*unary, value))),
        },
        (Kernel::Binary(binary), &[a, b]) => match (Values::read(a), Values::read(b)) {
            (Values::Floats(a), Values::Floats(b)) => {
                Values::Floats(pairs(&a, &b, shape, |x, y| binary_float(*binary, x, y)))
            }
            (Values::Integers(a), Values::Integers(b)) => {
                Values::Integers(pairs(&a, &b, shape, |x, y| binary_integer(*binary, x, y)))
            }
            _ => unchecked_dtype(),
        },
        (Kernel::Compare(compare), &[a, b]) => Values::Integers(match (Values::read(a), Values::read(b)) {
            (Values::Floats(a), Values::Floats(b)) => pairs(&a, &b, shape, |x, y| holds(*compare, x, y)),
            (Values::Integers(a), Values::Integers(b)) => pairs(&a, &b, shape, |x, y| holds(*compare, x, y)),
            _ => unchecked_dtype(),
        }),
        (Kernel::UnaryGrad(grad), &[gradient, value]) => {
            Values::Floats(pairs(&floats(gradient), &floats(value), shape, |g, y| unary_grad(*grad, g, y)))
        }
        (Kernel::Reduce { reduction, axes }, &[input]) => reduce(*reduction, axes, input),
        (Kernel::Broadcast { scale, axes }, &[input]) => {
            let ones = Extents::with_ones(shape, axes);
            let input = floats(View { shape: ones.as_slice(), ..input });
            let scale = round(*scale, output);
            Values::Floats(pairs(&input, &ArrayD::from_elem(IxDyn(&[]), scale), shape, |x, scale| scale * x))
        }
        (Kernel::Softmax, &[logits]) => Values::Floats(rows(floats(logits), softmax)),
        (Kernel::LogSoftmax, &[logits]) => Values::Floats(rows(floats(logits), log_softmax)),
        (Kernel::SoftmaxGrad, &[gradient, softmax]) => Values::Floats(softmax_grad(floats(gradient), floats(softmax))),
        (Kernel::ArgMax { axis }, &[input]) => Values::Integers(match Values::read(input) {
            Values::Floats(values) => values.map_axis(Axis(*axis), |line| greatest(line, f64::is_nan)),
            Values::Integers(values) => values.map_axis(Axis(*axis), |line| greatest(line, |_| false)),
        }),
        (Kernel::ArgMin { axis }, &[input]) => Values::Integers(match Values::read(input) {
            Values::Floats(values) => {
                values.map_axis(Axis(*axis), |line| greatest(line.mapv(|x| -x).view(), f64::is_nan))
            }
            Values::Integers(values) => {
                values.map_axis(Axis(*axis), |line| greatest(line.mapv(|x| !x).view(), |_| false))
            }
        }),
        (Kernel::Logic(kernel), inputs) => logic::logic(*kernel, inputs, shape),
        (Kernel::Convolution { pass, window, depthwise, epilogue }, &[one, other, ref bias @ ..]) => {
            Values::Floats(finish(images::convolution(*pass, *window, *depthwise, one, other, shape), *epilogue, bias))
        }
        (Kernel::Pooling { kind, windows }, inputs) => Values::Floats(images::pooling(*kind, *windows, inputs, shape)),
        (Kernel::Cast, &[input]) => Values::read(input),
        (Kernel::Random { distribution, key }, run) => {
            let stream = Stream::of(*key, run.first().copied());
            random_values(distribution, stream, output.data.as_data().dtype(), shape)
        }
        (Kernel::Dropout { rate, key }, &[input, run]) => {
            let (stream, mut values) = (Stream::of(*key, Some(run)), floats(input));
            for (index, value) in values.iter_mut().enumerate() {
                let is_dropped = stream.words(index / 4, 0)[index % 4] < random::threshold(*rate);
                *value = if is_dropped { 0.0 } else { *value * round(1.0 / (1.0 - rate), output) };
            }
            Values::Floats(values)
        }
        _ => unreachable!("the check counts inputs and outputs"),
    }
}

fn random_values(distribution: &Distribution, stream: Stream, dtype: DType, shape: &[usize]) -> Values {
    let places = 0..elements(shape).unwrap_or(0);
    let array = |values: Vec<f64>| ArrayD::from_shape_vec(IxDyn(shape), values).expect("as many as the shape has");
    match dtype {
        DType::F32 => {
            Values::Floats(array(places.map(|index| random::sample_f32(distribution, stream, index).into()).collect()))
        }
        DType::F64 => Values::Floats(array(places.map(|index| random::sample(distribution, stream, index)).collect())),
        _ => {
            let values = places.map(|index| random::integer(distribution, stream, index)).collect();
            Values::Integers(ArrayD::from_shape_vec(IxDyn(shape), values).expect("as many as the shape has"))
        }
    }
}

/// Adds the bias and applies the activation.
fn finish(sums: Floats, epilogue: Epilogue, bias: &[View<'_>]) -> Floats {
    let sums = bias.iter().fold(sums, |sums, bias| sums + floats(*bias));
    match epilogue.activation {
        None => sums,
        Some(Activation::Relu) => sums.mapv(|sum| unary_float(Unary::Relu, sum)),
        Some(Activation::Relu6) => sums.mapv(|sum| unary_float(Unary::Relu6, sum)),
        Some(Activation::Tanh) => sums.mapv(|sum| unary_float(Unary::Tanh, sum)),
        Some(Activation::Sigmoid) => sums.mapv(|sum| unary_float(Unary::Sigmoid, sum)),
    }
}

fn matmul(a: Floats, transpose_a: bool, b: Floats, transpose_b: bool) -> Floats {
    let matrix = |operand: Floats, transpose: bool| {
        let operand = operand.into_dimensionality::<Ix2>().expect("the check has counted two axes");
        if transpose { operand.reversed_axes() } else { operand }
    };
    let (a, b) = (matrix(a, transpose_a), matrix(b, transpose_b));
    let dot = |(row, column)| a.row(row).iter().zip(b.column(column)).map(|(x, y)| x * y).sum();
    Array::from_shape_fn((a.nrows(), b.ncols()), dot).into_dyn()
}

/// Each element by its definition.
fn batch_matmul([transpose_a, transpose_b]: [bool; 2], a: Floats, b: Floats, shape: &[usize]) -> Floats {
    let swap = |mut operand: Floats, transpose: bool| {
        let axes = operand.ndim();
        if transpose {
            operand.swap_axes(axes - 2, axes - 1);
        }
        operand
    };
    let (a, b) = (swap(a, transpose_a), swap(b, transpose_b));
    let of = |operand: &Floats, index: &[usize], [row, column]: [usize; 2]| {
        let missing = index.len() - operand.ndim();
        let batch = index[missing..index.len() - 2].iter().zip(operand.shape()).map(|(index, extent)| index % extent);
        operand[&batch.chain([row, column]).collect::<Vec<usize>>()[..]]
    };
    let depth = a.shape()[a.ndim() - 1];
    Array::from_shape_fn(IxDyn(shape), |index| {
        let index = index.slice();
        let [row, column] = [index[index.len() - 2], index[index.len() - 1]];
        (0..depth).map(|inner| of(&a, index, [row, inner]) * of(&b, index, [inner, column])).sum()
    })
}

fn binary_float(binary: Binary, x: f64, y: f64) -> f64 {
    match binary {
        Binary::Add => x + y,
        Binary::Sub => x - y,
        Binary::Mul => x * y,
        Binary::Div => x / y,
        Binary::Maximum | Binary::Minimum if x.is_nan() || y.is_nan() => f64::NAN,
        Binary::Maximum => x.max(y),
        Binary::Minimum => x.min(y),
        Binary::Pow => x.powf(y),
        Binary::FloorDiv => (x / y).floor(),
        Binary::FloorMod => floor_mod(x, y),
        Binary::SquaredDifference => (x - y) * (x - y),
        Binary::DivNoNan if y == 0.0 => 0.0,
        Binary::DivNoNan => x / y,
    }
}

/// The rest of the divisor's sign.
fn floor_mod(x: f64, y: f64) -> f64 {
    match x % y {
        rest if rest != 0.0 && rest.is_sign_negative() != y.is_sign_negative() => rest + y,
        rest => rest,
    }
}

fn binary_integer(binary: Binary, x: i64, y: i64) -> i64 {
    match binary {
        Binary::Add => x.wrapping_add(y),
        Binary::Sub => x.wrapping_sub(y),
        Binary::Mul => x.wrapping_mul(y),
        Binary::Div => x.wrapping_div(y),
        Binary::Maximum => x.max(y),
        Binary::Minimum => x.min(y),
        Binary::FloorDiv => {
            x.wrapping_sub(x.wrapping_rem_euclid(y)).wrapping_div(y) - i64::from(y < 0 && x.wrapping_rem_euclid(y) != 0)
        }
        Binary::FloorMod => x.wrapping_rem_euclid(y) + if y < 0 && x.wrapping_rem_euclid(y) != 0 { y } else { 0 },
        Binary::SquaredDifference => x.wrapping_sub(y).wrapping_mul(x.wrapping_sub(y)),
        Binary::Pow | Binary::DivNoNan => unchecked_dtype(),
    }
}

fn holds<T: PartialOrd>(compare: Compare, x: T, y: T) -> i64 {
    i64::from(match compare {
        Compare::Equal => x == y,
        Compare::NotEqual => x != y,
        Compare::Less => x < y,
        Compare::LessEqual => x <= y,
        Compare::Greater => x > y,
        Compare::GreaterEqual => x >= y,
    })
}

fn reduce(reduction: Reduction, axes: &[usize], input: View<'_>) -> Values {
    let count = axes.iter().map(|&axis| input.shape[axis]).product::<usize>() as f64;
    match (reduction, Values::read(input)) {
        (Reduction::Sum, Values::Floats(values)) => Values::Floats(fold(values, axes, 0.0, |x, y| x + y)),
        (Reduction::Mean, Values::Floats(values)) => {
            Values::Floats(fold(values, axes, 0.0, |x, y| x + y).mapv(|sum| sum / count))
        }
        (Reduction::Max, Values::Floats(values)) => {
            Values::Floats(fold(values, axes, f64::NEG_INFINITY, |x, y| binary_float(Binary::Maximum, x, y)))
        }
        (Reduction::Min, Values::Floats(values)) => {
            Values::Floats(fold(values, axes, f64::INFINITY, |x, y| binary_float(Binary::Minimum, x, y)))
        }
        (Reduction::Prod, Values::Floats(values)) => Values::Floats(fold(values, axes, 1.0, |x, y| x * y)),
        (Reduction::All | Reduction::Any, Values::Floats(_)) => unchecked_dtype(),
        (reduction, Values::Integers(values)) => {
            Values::Integers(reduce_integers(reduction, axes, values, input.data.dtype()))
        }
    }
}

fn reduce_integers(reduction: Reduction, axes: &[usize], values: Integers, dtype: DType) -> Integers {
    let (least, greatest) = match dtype {
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    };
    match reduction {
        Reduction::Sum => fold(values, axes, 0, i64::wrapping_add),
        Reduction::Max => fold(values, axes, least, i64::max),
        Reduction::Min => fold(values, axes, greatest, i64::min),
        Reduction::Prod => fold(values, axes, 1, i64::wrapping_mul),
        Reduction::All => fold(values, axes, 1, i64::min),
        Reduction::Any => fold(values, axes, 0, i64::max),
        Reduction::Mean => unchecked_dtype(),
    }
}

/// Folds along the axes, from the last to the first, so that the numbers of those still to come stay right.
fn fold<T: Copy>(values: ArrayD<T>, axes: &[usize], start: T, combine: impl Fn(T, T) -> T) -> ArrayD<T> {
    let mut axes = axes.to_vec();
    axes.sort_unstable();
    axes.iter().rev().fold(values, |values, &axis| values.fold_axis(Axis(axis), start, |&x, &y| combine(x, y)))
}

/// A scalar attribute in the precision of the output.
fn round(value: f64, output: &ViewMut<'_>) -> f64 {
    match output.data.as_data().dtype() {
        DType::F32 => (value as f32).into(),
        _ => value,
    }
}

fn rows(mut values: Floats, function: impl Fn(ArrayView1<'_, f64>) -> Vec<f64>) -> Floats {
    let last = Axis(values.ndim() - 1);
    for mut row in values.lanes_mut(last) {
        let result = function(row.view());
        row.assign(&ArrayView1::from(&result));
    }
    values
}

fn softmax(logits: ArrayView1<'_, f64>) -> Vec<f64> {
    log_softmax(logits).into_iter().map(f64::exp).collect()
}

fn log_softmax(logits: ArrayView1<'_, f64>) -> Vec<f64> {
    let greatest = logits.iter().fold(f64::NEG_INFINITY, |x, &y| binary_float(Binary::Maximum, x, y));
    let logarithm = logits.iter().map(|logit| (logit - greatest).exp()).sum::<f64>().ln();
    logits.iter().map(|logit| logit - greatest - logarithm).collect()
}

fn softmax_grad(gradient: Floats, softmax: Floats) -> Floats {
    let last = Axis(softmax.ndim() - 1);
    let sums = (&gradient * &softmax).sum_axis(last).insert_axis(last);
    (gradient - sums) * softmax
}

fn cross_entropy(logits: View<'_>, labels: View<'_>, loss: &mut ViewMut<'_>, backprop: &mut ViewMut<'_>) {
    let labels = Values::read(labels).integers();
    let logarithms = rows(floats(logits), log_softmax);
    let label = |row: usize| labels[[row]] as usize;
    let losses = Array::from_shape_fn(labels.len(), |row| -logarithms[[row, label(row)]]);
    let gradients = Array::from_shape_fn((labels.len(), logits.shape[1]), |(row, class)| {
        logarithms[[row, class]].exp() - f64::from(u8::from(class == label(row)))
    });
    Values::Floats(losses.into_dyn()).write(loss);
    Values::Floats(gradients.into_dyn()).write(backprop);
}

fn dense_cross_entropy(logits: Floats, labels: Floats, loss: &mut ViewMut<'_>, backprop: &mut ViewMut<'_>) {
    let logarithms = rows(logits, log_softmax);
    let losses = (&labels * &logarithms).sum_axis(Axis(1)).mapv(|sum| -sum);
    Values::Floats(losses).write(loss);
    Values::Floats(logarithms.mapv(f64::exp) - labels).write(backprop);
}

/// The first index of the greatest value; NaN is greater than every number.
fn greatest<T: Copy + PartialOrd>(line: ArrayView1<'_, T>, is_nan: impl Fn(T) -> bool) -> i64 {
    let greater = |x: T, y: T| x > y || is_nan(x) && !is_nan(y);
    (1..line.len()).fold(0, |best, index| if greater(line[index], line[best]) { index } else { best }) as i64
}
