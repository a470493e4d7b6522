//! Building nodes: a method for each operation.

mod attention;
mod convolution;
mod elementwise;
mod index;
mod logic;
mod loss;
mod norm;
mod pooling;
mod random;
mod shape;

pub use self::{attention::Attention, norm::BatchNormed};

use everstep_tensor::{Bf16, DType, F16, Result, Tensor};

use crate::{
    Axes, Binary, Compare, Graph, Input, Op, Output, PartialShape, Reduction, Transpose, Unary, Update, UpdateRule,
    Variable,
};

/// Values from outside.
impl Graph {
    /// A value that is fed; `None` is an axis whose length each run may choose.
    ///
    /// # Errors
    /// If the name is not one.
    #[track_caller]
    pub fn placeholder(&mut self, name: &str, dtype: DType, shape: impl Into<PartialShape>) -> Result<Input> {
        self.push(name, Op::Placeholder { dtype, shape: shape.into() }, &[], &[]).map(Input)
    }

    /// A value that never changes.
    ///
    /// # Errors
    /// If the name is not one.
    #[track_caller]
    pub fn constant(&mut self, name: &str, value: Tensor) -> Result<Output> {
        self.push(name, Op::Constant(value), &[], &[]).map(Output::first)
    }

    /// A constant number of that dtype; an integer dtype truncates and saturates it.
    ///
    /// # Errors
    /// If the name is not one, or the dtype is bool.
    #[track_caller]
    pub fn scalar(&mut self, name: &str, dtype: DType, value: f64) -> Result<Output> {
        let value = match dtype {
            DType::F32 => Tensor::scalar(value as f32),
            DType::F64 => Tensor::scalar(value),
            DType::Bf16 => Tensor::scalar(Bf16::from_f32(value as f32)),
            DType::F16 => Tensor::scalar(F16::from_f32(value as f32)),
            DType::I32 => Tensor::scalar(value as i32),
            DType::I64 => Tensor::scalar(value as i64),
            DType::U8 => Tensor::scalar(value as u8),
            _ => return Err(self.refusal(name, format!("{dtype} holds no numbers; use a constant"))),
        };
        self.constant(name, value)
    }
}

/// Names and order.
impl Graph {
    /// The value under a name of its own.
    ///
    /// # Errors
    /// If the name is not one.
    #[track_caller]
    pub fn identity(&mut self, name: &str, value: impl Into<Output>) -> Result<Output> {
        self.after(name, value, &[])
    }

    /// The value, in a run that applies the updates: fetching it trains.
    ///
    /// The value itself is the one from before the updates, as every read of a run.
    ///
    /// # Errors
    /// If the name is not one.
    #[track_caller]
    pub fn after(&mut self, name: &str, value: impl Into<Output>, updates: &[Update]) -> Result<Output> {
        let control: Vec<_> = updates.iter().map(|update| update.node()).collect();
        self.push(name, Op::Identity, &[value.into()], &control).map(Output::first)
    }

    /// The value, in a run that fails and changes nothing if an element of it is NaN or infinite.
    ///
    /// # Errors
    /// If the value is not float.
    #[track_caller]
    pub fn check_numerics(&mut self, value: impl Into<Output>) -> Result<Output> {
        self.add_op(Op::CheckNumerics, &[value.into()])
    }
}

/// Matrix product, softmax, conversions.
impl Graph {
    /// The matrix product `[m, k] x [k, n] -> [m, n]`; axes before these two are a batch, broadcast as NumPy does.
    ///
    /// # Errors
    /// If an input is not float or of a rank below 2, the inner axes differ, or the batches do not broadcast.
    #[track_caller]
    pub fn matmul(&mut self, a: impl Into<Output>, b: impl Into<Output>) -> Result<Output> {
        self.matmul_transposed(a, b, Transpose::default())
    }

    /// The matrix product of operands some of which are given transposed.
    ///
    /// # Errors
    /// As [`matmul`](Self::matmul).
    #[track_caller]
    pub fn matmul_transposed(
        &mut self,
        a: impl Into<Output>,
        b: impl Into<Output>,
        transpose: Transpose,
    ) -> Result<Output> {
        let (a, b) = (a.into(), b.into());
        let is_batch = |operand| self.type_of(operand).is_ok_and(|known| known.shape.len() > 2);
        let op = if is_batch(a) || is_batch(b) { Op::BatchMatMul(transpose) } else { Op::MatMul(transpose) };
        self.add_op(op, &[a, b])
    }

    /// `exp(x) / sum(exp(x))` over the last axis.
    ///
    /// # Errors
    /// If the input is not float, or a scalar.
    #[track_caller]
    pub fn softmax(&mut self, logits: impl Into<Output>) -> Result<Output> {
        self.add_op(Op::Softmax, &[logits.into()])
    }

    /// The logarithm of the softmax over the last axis.
    ///
    /// # Errors
    /// If the input is not float, or a scalar.
    #[track_caller]
    pub fn log_softmax(&mut self, logits: impl Into<Output>) -> Result<Output> {
        self.add_op(Op::LogSoftmax, &[logits.into()])
    }

    /// The cross-entropy between the softmax of each row of logits `[b, c]` and its label: `[b]`.
    ///
    /// A label outside `0..c` is an error of the run.
    ///
    /// # Errors
    /// If the logits are not float, the labels not i32 or i64, or the shapes are not `[b, c]` and `[b]`.
    #[track_caller]
    pub fn sparse_softmax_cross_entropy(
        &mut self,
        logits: impl Into<Output>,
        labels: impl Into<Output>,
    ) -> Result<Output> {
        self.add_op(Op::SparseSoftmaxCrossEntropy, &[logits.into(), labels.into()])
    }

    /// The cross-entropy between the softmax of each row of logits `[b, c]` and its labels `[b, c]`, of which each row adds up
    /// to 1: `[b]`.
    ///
    /// The gradient of the logits is that of such labels, as TensorFlow's.
    ///
    /// # Errors
    /// If the inputs are not of one float dtype, or not both `[b, c]`.
    #[track_caller]
    pub fn softmax_cross_entropy(&mut self, logits: impl Into<Output>, labels: impl Into<Output>) -> Result<Output> {
        self.add_op(Op::SoftmaxCrossEntropy, &[logits.into(), labels.into()])
    }

    /// The index of the greatest element along an axis (from the last one if negative), as i64; of equals the first.
    ///
    /// # Errors
    /// If the input is not numeric, or has no such axis.
    #[track_caller]
    pub fn arg_max(&mut self, input: impl Into<Output>, axis: isize) -> Result<Output> {
        let input = input.into();
        let axes = self.resolve_axes("ArgMax", input, &[axis])?;
        self.add_op(Op::ArgMax { axis: axes[0] }, &[input])
    }

    /// The index of the least element along an axis (from the last one if negative), as i64; of equals the first.
    ///
    /// # Errors
    /// If the input is not numeric, or has no such axis.
    #[track_caller]
    pub fn arg_min(&mut self, input: impl Into<Output>, axis: isize) -> Result<Output> {
        let input = input.into();
        let axes = self.resolve_axes("ArgMin", input, &[axis])?;
        self.add_op(Op::ArgMin { axis: axes[0] }, &[input])
    }

    /// Every element converted to another dtype.
    ///
    /// To bool is "not zero", from bool is 0 or 1, float to integer truncates and saturates.
    ///
    /// # Errors
    /// If the input is of another graph.
    #[track_caller]
    pub fn cast(&mut self, input: impl Into<Output>, dtype: DType) -> Result<Output> {
        self.add_op(Op::Cast(dtype), &[input.into()])
    }
}

/// Reductions.
impl Graph {
    /// The elements along some axes combined into one.
    ///
    /// # Errors
    /// If the input is not numeric (of a mean: not float; of `All` and `Any`: not bool), or has no such axis.
    #[track_caller]
    pub fn reduce(&mut self, reduction: Reduction, input: impl Into<Output>, axes: impl Into<Axes>) -> Result<Output> {
        let (input, Axes { axes, keep_dims }) = (input.into(), axes.into());
        let every_axis = || (0..self.type_of(input).map_or(0, |known| known.shape.len())).collect();
        let axes = match axes {
            Some(axes) => self.resolve_axes("a reduction", input, &axes)?,
            None => every_axis(),
        };
        self.add_op(Op::Reduce { reduction, axes, keep_dims }, &[input])
    }

    /// Axes counted from the first one, ascending.
    #[track_caller]
    fn resolve_axes(&self, what: &str, input: Output, axes: &[isize]) -> Result<Vec<usize>> {
        let known = self.type_of(input)?;
        let rank = known.shape.len();
        let mut resolved = Vec::with_capacity(axes.len());
        for axis in axes {
            let from_first = if *axis < 0 { axis.checked_add_unsigned(rank) } else { Some(*axis) };
            match from_first.and_then(|axis| usize::try_from(axis).ok()) {
                Some(axis) if axis < rank => resolved.push(axis),
                _ => {
                    let message = format!("{} is {known}, which has no axis {axis}", self.edge_name(input));
                    return Err(self.refusal(what, message));
                }
            }
        }
        resolved.sort_unstable();
        Ok(resolved)
    }
}

/// Updates.
impl Graph {
    /// Changes variables by a rule; the variables come first, then the rule's other inputs, as [`UpdateRule`] lists them.
    ///
    /// # Errors
    /// If the number of variables or inputs is not the rule's, or dtypes or shapes differ.
    #[track_caller]
    pub fn update(&mut self, rule: UpdateRule, variables: &[Variable], inputs: &[Output]) -> Result<Update> {
        self.add_update(Op::Update(rule), rule, variables, inputs)
    }

    /// Changes the rows of variables that i32 or i64 indices `[n]` name, by a rule; see [`Op::SparseUpdate`].
    ///
    /// ```
    /// use everstep_graph::{Graph, Initializer, UpdateRule};
    /// use everstep_tensor::{DType, Tensor};
    ///
    /// let mut graph = Graph::new();
    /// let counts = graph.state("counts", DType::I64, [1000], Initializer::ZEROS)?;
    /// let words = graph.placeholder("words", DType::I32, [Some(3)])?;
    /// let ones = graph.constant("ones", Tensor::from_vec([3], vec![1i64; 3])?)?;
    /// graph.sparse_update(UpdateRule::AssignAdd, &[counts], &[ones], words)?;
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`update`](Self::update), or if the rule has no such form.
    #[track_caller]
    pub fn sparse_update(
        &mut self,
        rule: UpdateRule,
        variables: &[Variable],
        inputs: &[Output],
        indices: impl Into<Output>,
    ) -> Result<Update> {
        let inputs: Vec<Output> = inputs.iter().copied().chain([indices.into()]).collect();
        self.add_update(Op::SparseUpdate(rule), rule, variables, &inputs)
    }

    #[track_caller]
    fn add_update(&mut self, op: Op, rule: UpdateRule, variables: &[Variable], inputs: &[Output]) -> Result<Update> {
        if variables.len() != rule.targets() {
            let message = format!("it changes {} variables, {} were given", rule.targets(), variables.len());
            return Err(self.refusal(op.name(), message));
        }
        for (index, variable) in variables.iter().enumerate() {
            let name = self.spec_of(*variable)?.name;
            if variables[..index].contains(variable) {
                return Err(self.refusal(op.name(), format!("it changes {name} twice; give each variable once")));
            }
        }
        let inputs: Vec<_> = variables.iter().map(|variable| variable.output()).chain(inputs.iter().copied()).collect();
        self.push(op.name(), op, &inputs, &[]).map(Update)
    }

    /// `variable = value`
    ///
    /// # Errors
    /// If dtypes or shapes differ.
    #[track_caller]
    pub fn assign(&mut self, variable: Variable, value: impl Into<Output>) -> Result<Update> {
        self.update(UpdateRule::Assign, &[variable], &[value.into()])
    }

    /// `variable = variable + value`
    ///
    /// # Errors
    /// If dtypes or shapes differ, or the variable is bool.
    #[track_caller]
    pub fn assign_add(&mut self, variable: Variable, value: impl Into<Output>) -> Result<Update> {
        self.update(UpdateRule::AssignAdd, &[variable], &[value.into()])
    }

    /// `variable = variable - value`
    ///
    /// # Errors
    /// If dtypes or shapes differ, or the variable is bool.
    #[track_caller]
    pub fn assign_sub(&mut self, variable: Variable, value: impl Into<Output>) -> Result<Update> {
        self.update(UpdateRule::AssignSub, &[variable], &[value.into()])
    }
}

macro_rules! unary {
    ($($method:ident $function:ident $formula:literal;)*) => {
        /// Functions of one element.
        impl Graph {$(
            #[doc = concat!($formula, " of each element.")]
            ///
            /// # Errors
            /// If the input is not float; `neg`, `abs`, `square` and `sign` take integers too.
            #[track_caller]
            pub fn $method(&mut self, input: impl Into<Output>) -> Result<Output> {
                self.add_op(Op::Unary(Unary::$function), &[input.into()])
            }
        )*}
    };
}

unary! {
    neg Neg "`-x`";
    abs Abs "`|x|`";
    exp Exp "`e^x`";
    log Log "The natural logarithm";
    sqrt Sqrt "The square root";
    square Square "`x * x`";
    relu Relu "`max(x, 0)`";
    tanh Tanh "The hyperbolic tangent";
    sigmoid Sigmoid "`1 / (1 + e^-x)`";
    sign Sign "1, 0 or -1";
    reciprocal Reciprocal "`1 / x`";
    rsqrt Rsqrt "`1 / sqrt(x)`";
    log1p Log1p "`ln(1 + x)`, exact near 0,";
    expm1 Expm1 "`e^x - 1`, exact near 0,";
    floor Floor "The greatest integer that is not greater,";
    ceil Ceil "The least integer that is not less,";
    round Round "The nearest integer, of two equally near ones the even one,";
    erf Erf "The error function";
    sin Sin "The sine";
    cos Cos "The cosine";
    softplus Softplus "`ln(1 + e^x)`";
    softsign Softsign "`x / (1 + |x|)`";
    relu6 Relu6 "`min(max(x, 0), 6)`";
    elu Elu "`x` where it is positive, else `e^x - 1`,";
    selu Selu "1.0507 times `x` where it is positive, else 1.0507 times `1.67326 (e^x - 1)`,";
    silu Silu "`x / (1 + e^-x)`";
}

macro_rules! binary {
    ($heading:literal, $op:path; $($method:ident $function:expr, $formula:literal;)*) => {
        #[doc = $heading]
        impl Graph {$(
            #[doc = concat!($formula, " of each pair of elements, with NumPy's broadcasting.")]
            ///
            /// # Errors
            /// If the dtypes differ or are not the op's, or the shapes do not broadcast.
            #[track_caller]
            pub fn $method(&mut self, one: impl Into<Output>, other: impl Into<Output>) -> Result<Output> {
                self.add_op($op($function), &[one.into(), other.into()])
            }
        )*}
    };
}

binary! {
    "Functions of two elements.", Op::Binary;
    add Binary::Add, "`x + y`";
    sub Binary::Sub, "`x - y`";
    mul Binary::Mul, "`x * y`";
    div Binary::Div, "`x / y`";
    maximum Binary::Maximum, "The greater";
    minimum Binary::Minimum, "The lesser";
    pow Binary::Pow, "`x^y`";
    floor_div Binary::FloorDiv, "`x / y` rounded down";
    floor_mod Binary::FloorMod, "`x - floor(x / y) y`";
    squared_difference Binary::SquaredDifference, "`(x - y) (x - y)`";
    div_no_nan Binary::DivNoNan, "`x / y`, or 0 where `y` is 0,";
}

binary! {
    "Comparisons, to bool.", Op::Compare;
    equal Compare::Equal, "`x == y`";
    not_equal Compare::NotEqual, "`x != y`";
    less Compare::Less, "`x < y`";
    less_equal Compare::LessEqual, "`x <= y`";
    greater Compare::Greater, "`x > y`";
    greater_equal Compare::GreaterEqual, "`x >= y`";
}

macro_rules! reduction {
    ($($method:ident $reduction:ident $what:literal;)*) => {
        /// Reductions by name.
        impl Graph {$(
            #[doc = concat!($what, " along some axes.")]
            ///
            /// # Errors
            /// As [`reduce`](Self::reduce).
            #[track_caller]
            pub fn $method(&mut self, input: impl Into<Output>, axes: impl Into<Axes>) -> Result<Output> {
                self.reduce(Reduction::$reduction, input, axes)
            }
        )*}
    };
}

reduction! {
    sum Sum "The sum";
    mean Mean "The mean";
    max Max "The greatest element";
    min Min "The least element";
    prod Prod "The product";
    all All "Whether all are true";
    any Any "Whether any is true";
}
