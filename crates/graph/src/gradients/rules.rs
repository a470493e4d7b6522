//! The derivative of each operation.

mod binary;
mod convolution;
mod fused;
mod index;
mod reduce;
mod select;
mod shape;
mod unary;

use everstep_tensor::Result;

use crate::{
    Axes, Compare, Graph, Length, LogicOp, Node, Op, Output, PartialShape, PoolingKind, PoolingOp, RandomOp, Transpose,
};

/// The gradient that input `index` of `node` gets, given those of the outputs; `None` if nothing flows to it.
pub(super) fn input_gradient(
    graph: &mut Graph,
    node: &Node,
    index: usize,
    of_outputs: &[Option<Output>],
) -> Result<Option<Output>> {
    match node.op() {
        Op::Shape(op) => return shape::gradient(graph, node, op, index, of_outputs),
        Op::Custom(rule) => return rule.gradient(graph, node, index, of_outputs),
        Op::Index(op) => return index::gradient(graph, node, *op, index, of_outputs),
        _ => {}
    }
    let (inputs, output) = (node.inputs(), Output::first(node.id()));
    if of_outputs.iter().skip(1).any(Option::is_some) {
        return no_gradient(graph, node);
    }
    let Some(gradient) = of_outputs.first().copied().flatten() else { return Ok(None) };
    let flow = match node.op() {
        Op::MatMul(transpose) => matmul(graph, *transpose, index, [inputs[0], inputs[1]], gradient)?,
        Op::BatchMatMul(transpose) => batch_matmul(graph, *transpose, index, [inputs[0], inputs[1]], gradient)?,
        Op::Unary(function) => return unary::unary(graph, *function, inputs[0], output, gradient),
        Op::Binary(function) => {
            return binary::binary(graph, *function, index, [inputs[0], inputs[1]], output, gradient);
        }
        Op::Reduce { reduction, axes, keep_dims } => {
            let reduced = Reduced { axes, keep_dims: *keep_dims };
            return reduce::reduce(graph, *reduction, &reduced, inputs[0], output, gradient);
        }
        Op::Softmax => graph.add_op(Op::SoftmaxGrad, &[gradient, output])?,
        Op::LogSoftmax => log_softmax(graph, output, gradient)?,
        Op::SoftmaxCrossEntropy if index == 1 => label_gradient(graph, inputs[0], gradient)?,
        Op::SoftmaxCrossEntropy | Op::SparseSoftmaxCrossEntropy => {
            cross_entropy(graph, Output { index: 1, ..output }, gradient)?
        }
        Op::Cast(_) => {
            let dtype = graph.type_of(inputs[0])?.dtype;
            graph.cast(gradient, dtype)?
        }
        Op::Identity | Op::CheckNumerics | Op::Merge => gradient,
        Op::Random(RandomOp::Dropout { .. }) => graph.add_op(node.op().clone(), &[gradient, inputs[1]])?,
        Op::Logic(LogicOp::Select) => select::select(graph, inputs, index, gradient)?,
        Op::Shape(_) | Op::Index(_) | Op::Custom(_) => unreachable!("it was treated before"),
        Op::Placeholder { .. }
        | Op::Constant(_)
        | Op::Variable(_)
        | Op::Compare(_)
        | Op::ArgMax { .. }
        | Op::ArgMin { .. }
        | Op::Logic(_)
        | Op::Random(_)
        | Op::StopGradient
        | Op::Update(_)
        | Op::SparseUpdate(_) => {
            return Ok(None);
        }
        Op::Norm(op) => fused::norm(graph, node, *op, index, gradient)?,
        Op::BatchNorm(op) => return fused::batch_norm(graph, node, *op, index, gradient),
        Op::Attention(op) => fused::attention(graph, node, *op, index, gradient)?,
        Op::Convolution(op) => return convolution::convolution(graph, *op, index, inputs, gradient),
        Op::Pooling(PoolingOp { kind: PoolingKind::MaxGrad, .. }) => return no_gradient(graph, node),
        Op::Pooling(op) => return convolution::pooling(graph, *op, index, inputs, output, gradient),
        Op::UnaryGrad(_) | Op::SoftmaxGrad | Op::SumToShape | Op::Spread { .. } => return no_gradient(graph, node),
    };
    Ok(Some(flow))
}

fn no_gradient<T>(graph: &Graph, node: &Node) -> Result<T> {
    let (name, op) = (node.name(), node.op().name());
    let message = format!("{name} is a {op}, whose gradient is not known; differentiate with respect to later values");
    Err(graph.refusal("gradients", message))
}

/// Of `y = op(a) op(b)`: each factor of the adjoint stands so that no transposed copy is needed.
fn matmul(
    graph: &mut Graph,
    transpose: Transpose,
    index: usize,
    [a, b]: [Output; 2],
    gradient: Output,
) -> Result<Output> {
    let product =
        |one, transpose_one, other, transpose_other| (one, other, Transpose { a: transpose_one, b: transpose_other });
    let (one, other, transpose) = match (index, transpose.a, transpose.b) {
        (0, false, b_transposed) => product(gradient, false, b, !b_transposed),
        (0, true, b_transposed) => product(b, b_transposed, gradient, true),
        (_, a_transposed, false) => product(a, !a_transposed, gradient, false),
        (_, a_transposed, true) => product(gradient, true, a, a_transposed),
    };
    graph.matmul_transposed(one, other, transpose)
}

/// As [`matmul`], with sums where batch axes were repeated.
fn batch_matmul(
    graph: &mut Graph,
    transpose: Transpose,
    index: usize,
    [a, b]: [Output; 2],
    gradient: Output,
) -> Result<Output> {
    let batch = |graph: &Graph, output| -> Result<PartialShape> {
        let shape = &graph.type_of(output)?.shape;
        Ok(shape[..shape.len() - 2].iter().copied().collect())
    };
    let (operand, partner) = if index == 0 { (a, b) } else { (b, a) };
    let (own, other) = (batch(graph, operand)?, batch(graph, partner)?);
    if own.is_empty() && index == 1 && !transpose.a {
        // A matrix that every example is multiplied with: all of them are rows of one product.
        let (a, gradient) = (as_rows(graph, a)?, as_rows(graph, gradient)?);
        return matmul(graph, transpose, index, [a, b], gradient);
    }
    let flow = matmul(graph, transpose, index, [a, b], gradient)?;
    if is_repeated(&own, &other) { graph.add_op(Op::SumToShape, &[flow, operand]) } else { Ok(flow) }
}

/// All axes but the last as one.
fn as_rows(graph: &mut Graph, value: Output) -> Result<Output> {
    let last = graph.type_of(value)?.shape.len() - 1;
    graph.reshape(value, [Length::Is(-1), Length::OfInput(last)])
}

/// 1 where the comparison holds, else 0.
fn mask(graph: &mut Graph, compare: Compare, one: Output, other: Output) -> Result<Output> {
    let dtype = graph.type_of(one)?.dtype;
    let holds = graph.add_op(Op::Compare(compare), &[one, other])?;
    graph.cast(holds, dtype)
}

/// Whether broadcasting with `partner` may repeat `operand`.
fn is_repeated(operand: &PartialShape, partner: &PartialShape) -> bool {
    let Some(missing) = operand.len().checked_sub(partner.len()) else { return true };
    let partner_axes = std::iter::repeat_n(&Some(1), missing).chain(partner.iter());
    let may_grow = |(axis, partner): (&Option<usize>, &Option<usize>)| match (axis, partner) {
        (_, Some(1)) => false,
        (Some(axis), _) => *axis == 1,
        (None, _) => true,
    };
    operand.iter().zip(partner_axes).any(may_grow)
}

/// Which axes a reduction removed, and how.
struct Reduced<'a> {
    axes: &'a [usize],
    keep_dims: bool,
}

impl Reduced<'_> {
    /// `value`, of the reduced shape, repeated to the shape of `like`.
    fn spread(&self, graph: &mut Graph, value: Output, like: Output, mean: bool) -> Result<Output> {
        graph.add_op(Op::Spread { axes: self.axes.to_vec(), keep_dims: self.keep_dims, mean }, &[value, like])
    }
}

/// `gradient - softmax * sum(gradient)` over the last axis.
fn log_softmax(graph: &mut Graph, output: Output, gradient: Output) -> Result<Output> {
    let softmax = graph.exp(output)?;
    let sum = graph.sum(gradient, Axes::from([-1]).keep())?;
    let shift = graph.mul(softmax, sum)?;
    graph.sub(gradient, shift)
}

/// Each row of the op's second output, or any other, times the gradient of that row's loss.
fn cross_entropy(graph: &mut Graph, rows: Output, gradient: Output) -> Result<Output> {
    let spread = Reduced { axes: &[1], keep_dims: false }.spread(graph, gradient, rows, false)?;
    graph.mul(spread, rows)
}

/// What the labels of a cross-entropy get: the logarithm of the softmax, negative.
fn label_gradient(graph: &mut Graph, logits: Output, gradient: Output) -> Result<Output> {
    let logarithms = graph.log_softmax(logits)?;
    let rows = graph.neg(logarithms)?;
    cross_entropy(graph, rows, gradient)
}
