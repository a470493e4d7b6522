//! Operations of a graph as kernels.

mod fused;
mod images;
mod index;
mod random;
mod shape;

pub(crate) use self::random::Randomness;

use everstep_graph::{Binary, Compare, LogicOp, Op, Reduction, Transpose, Unary, UnaryGrad, UpdateRule};
use everstep_ops::{self as ops, Epilogue, Kernel};
use everstep_tensor::{DType, Shape, Tensor};

use crate::custom;

/// A value as a kernel sees it.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) dtype: DType,
    pub(crate) shape: Shape,
}

/// How an operation is computed.
#[derive(Clone, Debug)]
pub(crate) enum Lowered {
    /// The elements are those of the first input.
    Alias,
    /// The same, once a kernel that writes nothing has looked at them.
    Checked(Kernel),
    /// These elements, known from the shapes alone.
    Constant(Tensor),
    /// Several kernels, one after the other.
    Steps(Vec<Step>),
    /// A kernel of the inputs whose elements are used; `outputs` are the shapes that it writes, of as many elements as the
    /// values have.
    Kernel { kernel: Kernel, outputs: Vec<Shape> },
}

/// A kernel of those inputs and outputs of an operation, each with the shape it is seen in.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) kernel: Kernel,
    pub(crate) inputs: Vec<(usize, Shape)>,
    pub(crate) outputs: Vec<(usize, Shape)>,
}

impl Step {
    fn new(kernel: ops::ShapeKernel, inputs: [(usize, Shape); 1], output: (usize, Shape)) -> Self {
        Self { kernel: Kernel::Shape(kernel), inputs: inputs.into(), outputs: vec![output] }
    }
}

/// How `op` on these inputs gives these outputs; `None` for what no kernel of the op computes: placeholders,
/// constants, variables, updates, merges.
pub(crate) fn lower(op: &Op, randomness: Randomness, inputs: &[Value], outputs: &[Value]) -> Option<Lowered> {
    let kernel = match op {
        Op::Placeholder { .. }
        | Op::Constant(_)
        | Op::Variable(_)
        | Op::Update(_)
        | Op::SparseUpdate(_)
        | Op::Merge => {
            return None;
        }
        Op::Identity | Op::StopGradient => return Some(Lowered::Alias),
        Op::CheckNumerics => return Some(Lowered::Checked(Kernel::CheckNumerics)),
        Op::Cast(dtype) if *dtype == inputs[0].dtype => return Some(Lowered::Alias),
        Op::Reduce { axes, .. } if repetitions(&inputs[0].shape, axes) == 1 => return Some(Lowered::Alias),
        Op::Spread { axes, .. } if repetitions(&outputs[0].shape, axes) == 1 => return Some(Lowered::Alias),
        Op::Shape(op) => return Some(shape::lower(op, inputs, outputs)),
        Op::Index(op) => Kernel::Index(index::kernel(*op)),
        Op::Custom(rule) => custom::kernel(&**rule)?,
        Op::BatchMatMul(transpose) => return Some(batch_matmul(*transpose, inputs, &outputs[0].shape)),
        Op::SumToShape => return Some(sum_to_shape(&inputs[0].shape, &outputs[0].shape)),
        Op::MatMul(transpose) => {
            Kernel::MatMul { transpose_a: transpose.a, transpose_b: transpose.b, epilogue: Epilogue::default() }
        }
        Op::Unary(function) => Kernel::Unary(unary(*function)),
        Op::Binary(function) => Kernel::Binary(binary(*function)),
        Op::Compare(comparison) => Kernel::Compare(compare(*comparison)),
        Op::Reduce { reduction, axes, .. } => Kernel::Reduce { reduction: reduce(*reduction), axes: axes.clone() },
        Op::Softmax => Kernel::Softmax,
        Op::LogSoftmax => Kernel::LogSoftmax,
        Op::SparseSoftmaxCrossEntropy => Kernel::SparseSoftmaxCrossEntropy,
        Op::SoftmaxCrossEntropy => Kernel::SoftmaxCrossEntropy,
        Op::ArgMax { axis } => Kernel::ArgMax { axis: *axis },
        Op::ArgMin { axis } => Kernel::ArgMin { axis: *axis },
        Op::Logic(op) => Kernel::Logic(logic(*op)),
        Op::Random(op) => match randomness.kernel(op) {
            Some(kernel) => kernel,
            None => return Some(Lowered::Alias),
        },
        Op::Cast(_) => Kernel::Cast,
        Op::UnaryGrad(function) => Kernel::UnaryGrad(unary_grad(*function)),
        Op::SoftmaxGrad => Kernel::SoftmaxGrad,
        Op::Spread { axes, mean, .. } => {
            let repeated = if *mean { repetitions(&outputs[0].shape, axes) } else { 1 };
            Kernel::Broadcast { scale: 1.0 / repeated as f64, axes: axes.clone() }
        }
        Op::Convolution(op) => images::convolution(*op, inputs, outputs),
        Op::Pooling(op) => images::pooling(*op, inputs, outputs),
        Op::Norm(op) => fused::norm(*op),
        Op::BatchNorm(op) => fused::batch_norm(*op, randomness.is_training),
        Op::Attention(op) => fused::attention(*op, inputs),
    };
    Some(Lowered::Kernel { kernel, outputs: outputs.iter().map(|output| output.shape.clone()).collect() })
}

/// How many elements along `axes` become one.
fn repetitions(shape: &Shape, axes: &[usize]) -> usize {
    axes.iter().map(|axis| shape[*axis]).product()
}

/// A sum over the axes along which `operand`, led by axes of length 1, was repeated to `gradient`.
fn sum_to_shape(gradient: &Shape, operand: &Shape) -> Lowered {
    let missing = gradient.len() - operand.len();
    let is_repeated = |axis: &usize| gradient[*axis] != 1 && (*axis < missing || operand[*axis - missing] == 1);
    let axes: Vec<usize> = (0..gradient.len()).filter(is_repeated).collect();
    if axes.is_empty() {
        return Lowered::Alias;
    }
    let mut summed = gradient.clone();
    axes.iter().for_each(|axis| summed[*axis] = 1);
    let kernel = Kernel::Reduce { reduction: ops::Reduction::Sum, axes };
    Lowered::Kernel { kernel, outputs: vec![summed] }
}

/// One product if all examples share the second matrix: they are its rows.
fn batch_matmul(transpose: Transpose, inputs: &[Value], output: &Shape) -> Lowered {
    let Transpose { a: transpose_a, b: transpose_b } = transpose;
    let (a, b) = (&inputs[0].shape, &inputs[1].shape);
    let (batch, matrix) = b.split_at(b.len() - 2);
    let step = |kernel, shapes: [Shape; 3]| {
        let [a, b, output] = shapes;
        Lowered::Steps(vec![Step { kernel, inputs: vec![(0, a), (1, b)], outputs: vec![(0, output)] }])
    };
    if transpose_a || batch.iter().any(|length| *length != 1) {
        return step(Kernel::BatchMatMul { transpose_a, transpose_b }, [a.clone(), b.clone(), output.clone()]);
    }
    let rows = |shape: &Shape| {
        let (last, others) = shape.split_last().expect("the graph has seen two axes");
        Shape::from([others.iter().product(), *last])
    };
    step(
        Kernel::MatMul { transpose_a, transpose_b, epilogue: Epilogue::default() },
        [rows(a), matrix.into(), rows(output)],
    )
}

macro_rules! same_names {
    ($($function:ident $kind:ident $of_ops:ident { $($variant:ident $({ $attribute:ident })?)* })*) => {$(
        fn $function(of_graph: $kind) -> ops::$of_ops {
            match of_graph {
                $($kind::$variant $({ $attribute })? => ops::$of_ops::$variant $({ $attribute })?),*
            }
        }
    )*};
}

same_names! {
    unary Unary Unary {
        Neg Abs Exp Log Sqrt Square Relu Tanh Sigmoid Sign Reciprocal Rsqrt Log1p Expm1 Floor Ceil Round Erf Sin Cos
        Softplus Softsign Relu6 LeakyRelu { alpha } Elu Selu Silu Gelu { approximate }
    }
    binary Binary Binary { Add Sub Mul Div Maximum Minimum Pow FloorDiv FloorMod SquaredDifference DivNoNan }
    compare Compare Compare { Equal NotEqual Less LessEqual Greater GreaterEqual }
    reduce Reduction Reduction { Sum Mean Max Min Prod All Any }
    unary_grad UnaryGrad UnaryGrad {
        Relu Tanh Sigmoid Relu6 LeakyRelu { alpha } Elu Selu Reciprocal Rsqrt Softplus Softsign Silu Gelu { approximate }
    }
    logic LogicOp LogicKernel { And Or Not IsNan IsInf IsFinite Select }
}

/// The update that a rule stands for.
pub(crate) fn update(rule: UpdateRule) -> ops::Update {
    match rule {
        UpdateRule::Assign => ops::Update::Assign,
        UpdateRule::AssignAdd => ops::Update::AssignAdd,
        UpdateRule::AssignSub => ops::Update::AssignSub,
        UpdateRule::GradientDescent => ops::Update::GradientDescent,
        UpdateRule::Momentum { nesterov } => ops::Update::Momentum { nesterov },
        UpdateRule::Adam => ops::Update::Adam,
        UpdateRule::AdamW => ops::Update::AdamW,
        UpdateRule::Adagrad => ops::Update::Adagrad,
        UpdateRule::RmsProp { centered } => ops::Update::RmsProp { centered },
        UpdateRule::Lion => ops::Update::Lion,
        UpdateRule::Lamb => ops::Update::Lamb,
        UpdateRule::MovingAverage => ops::Update::MovingAverage,
    }
}
