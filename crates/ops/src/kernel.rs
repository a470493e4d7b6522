//! What can be computed: one value of [`Kernel`] names an operation with its attributes.

mod attention;
mod batch_norm;
mod convolution;
mod custom;
mod epilogue;
mod fused;
mod half;
mod index;
mod logic;
mod norm;
mod pooling;
mod shape;

pub use self::{
    attention::AttentionPass,
    batch_norm::BatchNormPass,
    convolution::{Pass, Window},
    custom::{Compute, CustomKernel},
    epilogue::{Activation, Epilogue},
    fused::{Fused, FusedInput, FusedOutput, FusedStep, FusedValue},
    index::{Cumulate, IndexKernel},
    logic::LogicKernel,
    norm::{NormKind, NormPass},
    pooling::{Pooling, Windows},
    shape::{Mirror, ShapeKernel},
};
pub(crate) use self::{
    attention::AttentionSizes,
    convolution::Geometry,
    fused::{COLUMN_ROWS, Home, halves, leaves},
    norm::Groups,
};
use std::sync::Arc;

use crate::Key;

/// An operation on tensors; what each one takes and gives is said at the variant.
///
/// "Float" means f32 or f64, "numeric" means i32, i64, f32 or f64; "any dtype" has bf16 and f16 among them, which are
/// moved and cast but not computed with ([`Kernel::takes_halves`]).
/// Inputs and outputs are of one dtype unless said otherwise.
/// Integers wrap on overflow.
/// No shape has more than eight axes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kernel {
    /// The matrix product `[m, k] x [k, n] -> [m, n]`, float; a transposed operand is given as `[k, m]` or `[n, k]`.
    MatMul {
        /// The first input is given as `[k, m]`.
        transpose_a: bool,
        /// The second input is given as `[n, k]`.
        transpose_b: bool,
        /// What becomes of each sum; its bias, `[n]`, is a third input.
        epilogue: Epilogue,
    },
    /// The matrix products of the last two axes, float; the axes before them broadcast to the output's by NumPy's rule.
    BatchMatMul {
        /// The matrices of the first input are given as `[k, m]`.
        transpose_a: bool,
        /// The matrices of the second input are given as `[n, k]`.
        transpose_b: bool,
    },
    /// One function of each element, float (`Neg`, `Abs`, `Square`, `Sign`: numeric); input and output of one shape.
    Unary(Unary),
    /// One function of each pair of elements, numeric (`Pow` and `DivNoNan`: float).
    ///
    /// The output has the two inputs' NumPy broadcast shape.
    Binary(Binary),
    /// A comparison of each pair of elements, numeric or u8 (`Equal` and `NotEqual`: bool too), to bool.
    ///
    /// The output has the two inputs' NumPy broadcast shape.
    Compare(Compare),
    /// The gradient of a [`Unary`]: inputs (gradient of the output, output or input), float, all of one shape.
    UnaryGrad(UnaryGrad),
    /// Combines the elements along some axes, numeric (`Mean`: float, `All` and `Any`: bool).
    ///
    /// The output has the input's shape without those axes, or with 1 in their place.
    /// Of no elements the sum is 0, the product 1 and the mean NaN, all are true and none is; the maximum is the dtype's least value, the minimum its greatest.
    Reduce {
        /// How elements are combined.
        reduction: Reduction,
        /// Which axes disappear, each once, in any order.
        axes: Vec<usize>,
    },
    /// The adjoint of [`Kernel::Reduce`], float: the output is `scale` times the input, repeated along `axes`.
    ///
    /// The input has the output's shape without those axes, or with 1 in their place.
    Broadcast {
        /// What every element is multiplied by.
        scale: f64,
        /// Axes of the output, each once, in any order.
        axes: Vec<usize>,
    },
    /// `exp(x) / sum(exp(x))` over the last axis, float, rank at least 1; shifted by the maximum against overflow.
    Softmax,
    /// The logarithm of [`Kernel::Softmax`], computed as `x - max - ln(sum(exp(x - max)))`.
    LogSoftmax,
    /// The gradient of the logits: inputs (gradient of the softmax, softmax), float, all of one shape.
    SoftmaxGrad,
    /// The loss of predicting one class a row, float: inputs (logits `[b, c]`, labels `[b]` i32 or i64),
    /// outputs (loss `[b]`, gradient of the summed loss `[b, c]`).
    ///
    /// The loss is `ln(sum(exp(x))) - x[label]`, the gradient softmax minus one at the label, as TensorFlow's
    /// `SparseSoftmaxCrossEntropyWithLogits`.
    /// A label outside `0..c` is an error.
    SparseSoftmaxCrossEntropy,
    /// The loss of predicting shares of classes, float: inputs (logits `[b, c]`, labels `[b, c]`, of which each row adds up to
    /// 1), outputs (loss `[b]`, gradient of the summed loss with respect to the logits `[b, c]`).
    ///
    /// The loss is `sum(labels (ln(sum(exp(x))) - x))`, the gradient softmax minus labels, as TensorFlow's
    /// `SoftmaxCrossEntropyWithLogits`.
    SoftmaxCrossEntropy,
    /// The index of the greatest element along `axis`, numeric to i64: of equals the first; NaN counts as the greatest.
    ///
    /// The output has the input's shape without the axis, or with 1 in its place; an axis of no elements is an error.
    ArgMax {
        /// The axis that disappears.
        axis: usize,
    },
    /// The index of the least element along `axis`; else as [`Kernel::ArgMax`], NaN counting as the least.
    ArgMin {
        /// The axis that disappears.
        axis: usize,
    },
    /// Truth values: made, combined, and chosen by.
    Logic(LogicKernel),
    /// Converts every element to the output's dtype, any to any, one shape.
    ///
    /// To bool is "not zero" (NaN is true), from bool is 0 or 1.
    /// A float to a narrower one is rounded to the nearest, of two equally near ones to the even one; what is neither bf16,
    /// f16 nor f32 becomes bf16 or f16 by way of f32, as in TensorFlow.
    /// Float to integer truncates and saturates, NaN becoming 0; integer to a narrower integer wraps (u8: modulo 256).
    Cast,
    /// Copies every element, any dtype; the output may have another shape with as many elements.
    Copy,
    /// A two-dimensional convolution or one of its adjoints, float; the inputs are said at each [`Pass`].
    ///
    /// A filter is `[height, width, input channels, output channels]`; with fewer input channels than the images have, by
    /// a whole factor, it convolves so many groups of channels.
    /// A second output is the workspace: [`Kernels::workspace`](crate::Kernels::workspace) elements, left with any values.
    Convolution {
        /// What is computed.
        pass: Pass,
        /// How the filter slides.
        window: Window,
        /// Whether the filter is `[height, width, channels, multiplier]`, for each channel by itself.
        depthwise: bool,
        /// What becomes of each sum of [`Pass::Forward`], the only one that has more than the default; its bias, an
        /// element for each channel of the output, is a third input.
        epilogue: Epilogue,
    },
    /// A two-dimensional pooling or its gradient, float; the inputs are said at each [`Pooling`].
    Pooling {
        /// What is computed.
        kind: Pooling,
        /// How the window slides.
        windows: Windows,
    },
    /// A normalisation or its gradient, float; inputs and outputs are said at each [`NormPass`].
    Norm {
        /// What is computed.
        pass: NormPass,
        /// Which elements are normalised together.
        kind: NormKind,
        /// What is added to the variance, not negative.
        epsilon: f64,
    },
    /// A batch normalisation or its gradient, float; inputs and outputs are said at each [`BatchNormPass`].
    BatchNorm {
        /// What is computed.
        pass: BatchNormPass,
        /// Whether mean and variance are those of the elements.
        training: bool,
        /// What is added to the variance, not negative.
        epsilon: f64,
    },
    /// Scaled dot-product attention or its gradient, float; inputs and outputs are said at each [`AttentionPass`].
    Attention {
        /// What is computed.
        pass: AttentionPass,
        /// What the scores are multiplied by.
        scale: f64,
        /// Whether query `i` attends to the keys up to `i` alone.
        causal: bool,
    },
    /// Nothing but a look at a float input: an element that is NaN or infinite is an error; no outputs.
    CheckNumerics,
    /// Moves elements without computing with them.
    Shape(ShapeKernel),
    /// Chooses elements by their index or their order.
    Index(IndexKernel),
    /// What a user computes, any number of inputs and outputs of any dtypes.
    Custom(CustomKernel),
    /// Element-wise kernels computed together; inputs and outputs have as many elements as it says, in any shape.
    ///
    /// With sums of columns a further output is the workspace:
    /// [`Kernels::workspace`](crate::Kernels::workspace) elements, left with any values.
    Fused(Arc<Fused>),
    /// Fills the output with elements of the law's dtypes; no input, or the number of the run, an i64 scalar.
    ///
    /// Element `i` depends on the key, the run (0 without it) and `i` alone; an f32 is the f64 of the same place, rounded.
    Random {
        /// The law of each element.
        distribution: Distribution,
        /// Which stream of random numbers.
        key: Key,
    },
    /// Inputs (value float, number of the run i64 scalar): each element is 0 with probability `rate`, else times
    /// `1 / (1 - rate)`, as the key, the run and the element's place say.
    Dropout {
        /// At least 0 and below 1.
        rate: f64,
        /// Which stream of random numbers.
        key: Key,
    },
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
    /// `max(x, 0)`; NaN stays NaN.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// 1, 0 or -1, and NaN of NaN.
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
    /// `min(max(x, 0), 6)`; NaN stays NaN.
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

/// Of [`Unary::Selu`], by Klambauer and others, "Self-normalizing neural networks" (2017).
pub(crate) const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
/// Of [`Unary::Selu`].
pub(crate) const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
/// `sqrt(2 / pi)`
pub(crate) const GELU_SCALE: f64 = 0.797_884_560_802_865_4;
/// Of [`Unary::Gelu`], by Hendrycks and Gimpel, "Gaussian error linear units" (2016).
pub(crate) const GELU_CUBE: f64 = 0.044_715;

/// A function of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `x + y`
    Add,
    /// `x - y`
    Sub,
    /// `x * y`
    Mul,
    /// `x / y`; of integers truncated, and a zero among the divisors is an error.
    Div,
    /// The greater one; NaN if either is.
    Maximum,
    /// The lesser one; NaN if either is.
    Minimum,
    /// `x^y`
    Pow,
    /// The quotient rounded down; a zero among integer divisors is an error.
    FloorDiv,
    /// What [`Binary::FloorDiv`] leaves: `x - floor(x / y) y`, of the divisor's sign; of integers as `FloorDiv`.
    FloorMod,
    /// `(x - y) (x - y)`
    SquaredDifference,
    /// `x / y`, but 0 where `y` is 0.
    DivNoNan,
}

/// A comparison of two elements, by IEEE 754: NaN differs from everything.
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

/// The gradient of a function of one element, from its output `y` or its input `x`; `g` is the gradient of the output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UnaryGrad {
    /// `g` where `y > 0` or `y` is NaN, else 0.
    Relu,
    /// `g * (1 - y * y)`
    Tanh,
    /// `g * y * (1 - y)`
    Sigmoid,
    /// `g` where `y` is between 0 and 6 or NaN, else 0.
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

/// How many elements become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Their sum, added up in a fixed tree.
    Sum,
    /// Their sum divided by their number.
    Mean,
    /// The greatest; NaN if any is.
    Max,
    /// The least; NaN if any is.
    Min,
    /// Their product, multiplied in a fixed tree.
    Prod,
    /// Whether all are true.
    All,
    /// Whether any is true.
    Any,
}

/// The law of a random element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Evenly in `low..high`, `high` left out (unless it equals `low`); float.
    Uniform {
        /// The least value.
        low: f64,
        /// What every value stays below.
        high: f64,
    },
    /// Whole numbers evenly in `low..high`; i32 or i64.
    UniformInt {
        /// The least value.
        low: i64,
        /// What every value stays below.
        high: i64,
    },
    /// True with that probability; bool.
    Bernoulli {
        /// Between 0 and 1.
        probability: f64,
    },
    /// The normal distribution; float.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation, not negative.
        stddev: f64,
    },
    /// The normal distribution, values more than two standard deviations from the mean drawn again, as TensorFlow; float.
    TruncatedNormal {
        /// The mean.
        mean: f64,
        /// The standard deviation before the cut, not negative.
        stddev: f64,
    },
}
