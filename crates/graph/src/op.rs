//! The operations a node can stand for, as data.

mod attention;
pub(crate) mod attribute;
mod batch_norm;
mod convolution;
pub(crate) mod index;
mod logic;
mod norm;
mod pooling;
mod random;
mod shape;
mod update;
mod window;

pub use index::{Cumulate, IndexOp};
pub use shape::{Length, PadMode, Section, ShapeOp, Taken};

use std::{fmt, sync::Arc};

use everstep_tensor::{DType, Shape, Tensor};

pub use self::{
    attention::{AttentionOp, AttentionPass},
    batch_norm::{BatchNormOp, BatchNormPass},
    convolution::{Convolution, ConvolutionOp, ConvolutionPass},
    logic::LogicOp,
    norm::{NormKind, NormOp, NormPass},
    pooling::{Pooling, PoolingKind, PoolingOp},
    random::{Law, RandomOp},
    update::UpdateRule,
    window::Padding,
};
use crate::{CustomRule, Initializer, PartialShape};

/// An operation with its attributes; what it takes and gives is said at each variant.
///
/// "Float" means f32, f64, bf16 or f16, "numeric" means float, i32 or i64; inputs and outputs are of one dtype unless said
/// otherwise.
/// Numerics follow TensorFlow's ops of the same names.
#[derive(Clone, Debug)]
pub enum Op {
    /// A value that is fed; no inputs.
    Placeholder {
        /// The type of the elements.
        dtype: DType,
        /// What the shape of every fed value must fit.
        shape: PartialShape,
    },
    /// A value that never changes; no inputs.
    Constant(Tensor),
    /// A value that updates change; no inputs. The output is the value at the start of the run.
    Variable(VariableDef),
    /// The matrix product `[m, k] x [k, n] -> [m, n]`, float; a transposed operand is given as `[k, m]` or `[n, k]`.
    MatMul(Transpose),
    /// The matrix products of the last two axes, float; the axes before them are broadcast to each other as NumPy does.
    BatchMatMul(Transpose),
    /// One function of each element, float (`Neg`, `Abs`, `Square`, `Sign`: numeric).
    Unary(Unary),
    /// One function of each pair of elements, numeric (`Pow`, `DivNoNan`: float), with NumPy's broadcasting.
    Binary(Binary),
    /// A comparison of each pair of elements, numeric or u8 (`Equal` and `NotEqual`: bool too), to bool, with NumPy's broadcasting.
    Compare(Compare),
    /// Combines the elements along some axes, numeric (`Mean`: float, `All` and `Any`: bool).
    Reduce {
        /// How elements are combined.
        reduction: Reduction,
        /// Which axes disappear, ascending.
        axes: Vec<usize>,
        /// Whether they stay with length 1.
        keep_dims: bool,
    },
    /// `exp(x) / sum(exp(x))` over the last axis, float, rank at least 1.
    Softmax,
    /// The logarithm of the softmax, float, rank at least 1.
    LogSoftmax,
    /// Inputs (logits `[b, c]` float, labels `[b]` i32 or i64); outputs (loss `[b]`, gradient of the summed loss `[b, c]`).
    SparseSoftmaxCrossEntropy,
    /// Inputs (logits `[b, c]`, labels `[b, c]`, of which each row adds up to 1), float; outputs (loss `[b]`, gradient of the
    /// summed loss with respect to the logits `[b, c]`).
    SoftmaxCrossEntropy,
    /// The index of the greatest element along an axis, numeric to i64; of equals the first.
    ArgMax {
        /// The axis that disappears.
        axis: usize,
    },
    /// The index of the least element along an axis, numeric to i64; of equals the first.
    ArgMin {
        /// The axis that disappears.
        axis: usize,
    },
    /// Truth values: made, combined, and chosen by.
    Logic(LogicOp),
    /// Drawn at random.
    Random(RandomOp),
    /// Converts every element, any dtype to any.
    Cast(DType),
    /// The input itself.
    Identity,
    /// The input that was computed: of two from the branches of [`Graph::cond`](crate::Graph::cond), any dtype and what both
    /// know of the shape.
    Merge,
    /// The input itself, through which no gradient flows.
    StopGradient,
    /// The input itself, float; a run in which an element of it is NaN or infinite fails and changes nothing.
    CheckNumerics,
    /// The gradient of a function of one element: inputs (gradient of its output, its output or input), float, of one shape.
    UnaryGrad(UnaryGrad),
    /// The gradient of [`Op::Softmax`]: inputs (gradient of its output, its output), float, of one shape.
    SoftmaxGrad,
    /// The adjoint of broadcasting, float: inputs (gradient, operand), the gradient summed over the axes along which the operand was repeated.
    ///
    /// The output has the operand's shape; of the operand nothing but the shape is used.
    SumToShape,
    /// The adjoint of a sum or mean over axes, float: inputs (gradient, operand), the gradient repeated along the axes.
    ///
    /// The output has the operand's shape; of the operand nothing but the shape is used.
    Spread {
        /// The axes that the reduction removed, ascending.
        axes: Vec<usize>,
        /// Whether the gradient has them with length 1.
        keep_dims: bool,
        /// Whether to divide by the number of repetitions: the adjoint of a mean.
        mean: bool,
    },
    /// A two-dimensional convolution or one of its adjoints.
    Convolution(ConvolutionOp),
    /// A two-dimensional pooling or its gradient.
    Pooling(PoolingOp),
    /// A normalisation or its gradient.
    Norm(NormOp),
    /// A batch normalisation or its gradient.
    BatchNorm(BatchNormOp),
    /// Scaled dot-product attention or its gradient.
    Attention(AttentionOp),
    /// Moves, repeats or counts elements.
    Shape(ShapeOp),
    /// Chooses elements by their index or their order.
    Index(IndexOp),
    /// An operation of a user.
    Custom(Arc<dyn CustomRule>),
    /// Changes variables at the end of the run; the first inputs are those variables, and there is no output.
    Update(UpdateRule),
    /// Changes rows of variables at the end of the run: the inputs of the rule, then indices `[n]`, i32 or i64.
    ///
    /// The inputs of the variables' shape are `n` slices instead, each of the shape of a row, and the rule is applied to the
    /// rows that the indices name, each as if it were a variable by itself; slices of one row are added before, in order.
    SparseUpdate(UpdateRule),
}

/// A variable as a node defines it; its name is the node's.
#[derive(Clone, Debug)]
pub struct VariableDef {
    /// The type of its elements.
    pub dtype: DType,
    /// The lengths of its axes.
    pub shape: Shape,
    /// How it gets its first value.
    pub initializer: Initializer,
    /// Who changes it, and how long it lives.
    pub kind: VariableKind,
}

/// Who changes a variable, and how long it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VariableKind {
    /// Optimizers change it unless told otherwise; it is saved.
    Trainable,
    /// Optimizers leave it alone: a slot, a counter, a moving average; it is saved.
    State,
    /// Optimizers leave it alone, each session makes it anew, and it is never saved.
    Local,
}

/// Which operands of a matrix product are given transposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Transpose {
    /// The first operand is given as `[k, m]`.
    pub a: bool,
    /// The second operand is given as `[n, k]`.
    pub b: bool,
}

/// A function of one element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `-x`
    Neg,
    /// `|x|`
    Abs,
    /// `e^x`
    Exp,
    /// The natural logarithm.
    Log,
    /// The square root.
    Sqrt,
    /// `x * x`
    Square,
    /// `max(x, 0)`
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// 1, 0 or -1.
    Sign,
    /// `1 / x`
    Reciprocal,
    /// `1 / sqrt(x)`
    Rsqrt,
    /// `ln(1 + x)`, exact near 0.
    Log1p,
    /// `e^x - 1`, exact near 0.
    Expm1,
    /// The greatest integer that is not greater.
    Floor,
    /// The least integer that is not less.
    Ceil,
    /// The nearest integer, of two equally near ones the even one.
    Round,
    /// The error function.
    Erf,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
    /// `ln(1 + e^x)`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `x` where it is positive, else `alpha x`.
    LeakyRelu {
        /// The slope below zero.
        alpha: f64,
    },
    /// `x` where it is positive, else `e^x - 1`.
    Elu,
    /// 1.0507 times: `x` where it is positive, else `1.67326 (e^x - 1)`.
    Selu,
    /// `x / (1 + e^-x)`
    Silu,
    /// `x` times the normal distribution function at `x`.
    Gelu {
        /// By `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`.
        approximate: bool,
    },
}

/// A function of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `x + y`
    Add,
    /// `x - y`
    Sub,
    /// `x * y`
    Mul,
    /// `x / y`; of integers truncated.
    Div,
    /// The greater one.
    Maximum,
    /// The lesser one.
    Minimum,
    /// `x^y`
    Pow,
    /// `x / y` rounded down.
    FloorDiv,
    /// `x - floor(x / y) y`
    FloorMod,
    /// `(x - y) (x - y)`
    SquaredDifference,
    /// `x / y`, but 0 where `y` is 0.
    DivNoNan,
}

/// A comparison of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    /// `x == y`
    Equal,
    /// `x != y`
    NotEqual,
    /// `x < y`
    Less,
    /// `x <= y`
    LessEqual,
    /// `x > y`
    Greater,
    /// `x >= y`
    GreaterEqual,
}

/// How many elements become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// Their sum divided by their number.
    Mean,
    /// The greatest.
    Max,
    /// The least.
    Min,
    /// Their product.
    Prod,
    /// Whether all are true.
    All,
    /// Whether any is true.
    Any,
}

/// The gradient of a function of one element, from its output `y` or its input `x`; `g` is the gradient of the output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UnaryGrad {
    /// `g` where `y > 0`, else 0.
    Relu,
    /// `g * (1 - y * y)`
    Tanh,
    /// `g * y * (1 - y)`
    Sigmoid,
    /// `g` where `y` is between 0 and 6, else 0.
    Relu6,
    /// `g` where `x > 0`, else `alpha * g`.
    LeakyRelu {
        /// The slope below zero.
        alpha: f64,
    },
    /// `g * (y + 1)` where `y < 0`, else `g`.
    Elu,
    /// The gradient of [`Unary::Selu`], from `y`.
    Selu,
    /// `-g * y * y`
    Reciprocal,
    /// `-g / 2 * y * y * y`
    Rsqrt,
    /// `g / (1 + e^-x)`
    Softplus,
    /// `g / (1 + |x|)^2`
    Softsign,
    /// The gradient of [`Unary::Silu`], from `x`.
    Silu,
    /// The gradient of [`Unary::Gelu`], from `x`.
    Gelu {
        /// Which form it has.
        approximate: bool,
    },
}

impl Op {
    /// TensorFlow's name of the op, where it has one: `MatMul`, `AddV2`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Placeholder { .. } => "Placeholder",
            Self::Constant(_) => "Const",
            Self::Variable(_) => "VariableV2",
            Self::MatMul(_) => "MatMul",
            Self::BatchMatMul(_) => "BatchMatMulV2",
            Self::Unary(unary) => unary.name(),
            Self::Binary(binary) => binary.name(),
            Self::Compare(compare) => compare.name(),
            Self::Reduce { reduction, .. } => reduction.name(),
            Self::Softmax => "Softmax",
            Self::LogSoftmax => "LogSoftmax",
            Self::SparseSoftmaxCrossEntropy => "SparseSoftmaxCrossEntropyWithLogits",
            Self::SoftmaxCrossEntropy => "SoftmaxCrossEntropyWithLogits",
            Self::ArgMax { .. } => "ArgMax",
            Self::ArgMin { .. } => "ArgMin",
            Self::Logic(op) => op.name(),
            Self::Random(op) => op.name(),
            Self::Cast(_) => "Cast",
            Self::Identity => "Identity",
            Self::Merge => "Merge",
            Self::StopGradient => "StopGradient",
            Self::CheckNumerics => "CheckNumerics",
            Self::UnaryGrad(grad) => grad.name(),
            Self::SoftmaxGrad => "SoftmaxGrad",
            Self::SumToShape => "SumToShape",
            Self::Spread { .. } => "Spread",
            Self::Convolution(op) => op.name(),
            Self::Pooling(op) => op.name(),
            Self::Norm(op) => op.name(),
            Self::BatchNorm(op) => op.name(),
            Self::Attention(op) => op.name(),
            Self::Shape(op) => op.name(),
            Self::Index(op) => op.name(),
            Self::Custom(rule) => rule.name(),
            Self::Update(rule) => rule.name(),
            Self::SparseUpdate(rule) => rule.sparse_name().unwrap_or_else(|| rule.name()),
        }
    }

    /// The rule by which it changes variables, if it does.
    pub fn update_rule(&self) -> Option<UpdateRule> {
        match self {
            Self::Update(rule) | Self::SparseUpdate(rule) => Some(*rule),
            _ => None,
        }
    }

    /// Whether of that input nothing but the shape is used, so that its elements need not be kept.
    pub fn uses_only_shape_of(&self, input: usize) -> bool {
        match self {
            Self::SumToShape | Self::Spread { .. } | Self::Random(RandomOp::Draw { .. }) => input == 1,
            Self::Convolution(op) => op.uses_only_shape_of(input),
            Self::Pooling(op) => op.uses_only_shape_of(input),
            Self::Shape(op) => op.uses_only_shape_of(input),
            Self::Index(op) => op.uses_only_shape_of(input),
            _ => false,
        }
    }
}

macro_rules! names {
    ($($kind:ident { $($variant:pat => $name:literal),* $(,)? })*) => {$(
        impl $kind {
            fn name(self) -> &'static str {
                use $kind::*;
                match self { $($variant => $name),* }
            }
        }
    )*};
}

names! {
    Unary {
        Neg => "Neg", Abs => "Abs", Exp => "Exp", Log => "Log", Sqrt => "Sqrt", Square => "Square",
        Relu => "Relu", Tanh => "Tanh", Sigmoid => "Sigmoid",
        Sign => "Sign", Reciprocal => "Reciprocal", Rsqrt => "Rsqrt", Log1p => "Log1p", Expm1 => "Expm1",
        Floor => "Floor", Ceil => "Ceil", Round => "Round", Erf => "Erf", Sin => "Sin", Cos => "Cos",
        Softplus => "Softplus", Softsign => "Softsign", Relu6 => "Relu6", LeakyRelu { .. } => "LeakyRelu",
        Elu => "Elu", Selu => "Selu", Silu => "Silu", Gelu { .. } => "Gelu",
    }
    UnaryGrad {
        Relu => "ReluGrad", Tanh => "TanhGrad", Sigmoid => "SigmoidGrad", Relu6 => "Relu6Grad",
        LeakyRelu { .. } => "LeakyReluGrad", Elu => "EluGrad", Selu => "SeluGrad", Reciprocal => "ReciprocalGrad",
        Rsqrt => "RsqrtGrad", Softplus => "SoftplusGrad", Softsign => "SoftsignGrad", Silu => "SiluGrad",
        Gelu { .. } => "GeluGrad",
    }
    Binary {
        Add => "AddV2", Sub => "Sub", Mul => "Mul", Div => "Div", Maximum => "Maximum", Minimum => "Minimum",
        Pow => "Pow", FloorDiv => "FloorDiv", FloorMod => "FloorMod", SquaredDifference => "SquaredDifference",
        DivNoNan => "DivNoNan",
    }
    Compare {
        Equal => "Equal", NotEqual => "NotEqual", Less => "Less", LessEqual => "LessEqual",
        Greater => "Greater", GreaterEqual => "GreaterEqual",
    }
    Reduction {
        Sum => "Sum", Mean => "Mean", Max => "Max", Min => "Min", Prod => "Prod", All => "All", Any => "Any",
    }
}

/// The name, and the attributes that differ from the usual: `MatMul{transpose_a}`.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let attributes = self.attributes();
        if attributes.is_empty() { Ok(()) } else { write!(f, "{{{}}}", attributes.join(", ")) }
    }
}

impl Op {
    fn attributes(&self) -> Vec<String> {
        let flag = |set: bool, name: &str| set.then(|| name.to_owned());
        let list = |attributes: [Option<String>; 3]| attributes.into_iter().flatten().collect();
        match self {
            Self::Constant(value) => vec![format!("{value:?}")],
            Self::Random(op) => op.attributes(),
            Self::Variable(VariableDef { initializer, kind, .. }) => list([
                Some(format!("{initializer:?}")),
                flag(*kind == VariableKind::Trainable, "trainable"),
                flag(*kind == VariableKind::Local, "local"),
            ]),
            Self::MatMul(transpose) => list([flag(transpose.a, "transpose_a"), flag(transpose.b, "transpose_b"), None]),
            Self::Reduce { axes, keep_dims, .. } => {
                list([Some(format!("{axes:?}")), flag(*keep_dims, "keep_dims"), None])
            }
            Self::ArgMax { axis } | Self::ArgMin { axis } => vec![axis.to_string()],
            Self::Unary(Unary::LeakyRelu { alpha }) | Self::UnaryGrad(UnaryGrad::LeakyRelu { alpha }) => {
                vec![format!("alpha {alpha}")]
            }
            Self::Unary(Unary::Gelu { approximate }) | Self::UnaryGrad(UnaryGrad::Gelu { approximate }) => {
                list([flag(*approximate, "approximate"), None, None])
            }
            Self::Spread { axes, keep_dims, mean } => {
                list([Some(format!("{axes:?}")), flag(*keep_dims, "keep_dims"), flag(*mean, "mean")])
            }
            Self::Convolution(op) => op.attributes(),
            Self::Pooling(op) => op.attributes(),
            Self::Norm(op) => attribute::texts(op.attributes()),
            Self::BatchNorm(op) => attribute::texts(op.attributes()),
            Self::Attention(op) => attribute::texts(op.attributes()),
            Self::BatchMatMul(transpose) => list([flag(transpose.a, "adj_x"), flag(transpose.b, "adj_y"), None]),
            Self::Shape(op) => attribute::texts(op.attributes()),
            Self::Index(op) => attribute::texts(op.attributes()),
            Self::Update(rule) | Self::SparseUpdate(rule) => attribute::texts(rule.attributes()),
            _ => Vec::new(),
        }
    }
}
