//! Dtypes and shapes of a node's outputs, from those of its inputs.

use everstep_tensor::{DType, Error, ErrorKind, Result};

use crate::{
    Binary, Compare, Initializer, Op, PartialShape, Reduction, TensorType, Transpose, Unary, UpdateRule, VariableDef,
    op::index::infer::gather,
};

/// What a message says of floats.
pub(crate) const FLOATS: &str = "floats (f32, f64, bf16 or f16)";
/// What a message says of numbers that are computed with.
pub(crate) const NUMBERS: &str = "numbers (i32, i64, f32, f64, bf16 or f16)";

/// Axes that a shape may have; kernels promise no more.
const MAX_RANK: usize = 8;

impl Op {
    /// The types of the outputs, given those of the inputs; used when a node is built, and again for fully known shapes.
    ///
    /// A pure function, monotone: what is known of the inputs can only make more known of the outputs.
    ///
    /// # Errors
    /// `InvalidArgument` that says what does not fit, and what would.
    pub fn infer(&self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        self.check_count(inputs.len())?;
        let outputs = match (self, inputs) {
            (Self::Placeholder { dtype, shape }, _) => vec![TensorType::new(*dtype, shape.clone())],
            (Self::Constant(value), _) => vec![TensorType::from(value)],
            (Self::Variable(def), _) => vec![infer_variable(def)?],
            (Self::MatMul(transpose), [a, b]) => vec![infer_matmul(*transpose, a, b)?],
            (Self::Unary(unary), [input]) => vec![infer_unary(*unary, input)?],
            (Self::Binary(function), [one, other]) => {
                match function {
                    Binary::Pow | Binary::DivNoNan => check_float(one.dtype)?,
                    _ => check_dtype(NUMBERS, is_numeric, one.dtype)?,
                }
                vec![infer_pair(one, other)?]
            }
            (Self::Compare(compare), [one, other]) => vec![infer_compare(*compare, one, other)?],
            (Self::Reduce { reduction, axes, keep_dims }, [input]) => {
                vec![infer_reduce(*reduction, axes, *keep_dims, input)?]
            }
            (Self::Softmax | Self::LogSoftmax, [input]) => vec![infer_softmax(input)?],
            (Self::SparseSoftmaxCrossEntropy, [logits, labels]) => infer_cross_entropy(logits, labels)?,
            (Self::SoftmaxCrossEntropy, [logits, labels]) => infer_dense_cross_entropy(logits, labels)?,
            (Self::ArgMax { axis } | Self::ArgMin { axis }, [input]) => vec![infer_arg_max(*axis, input)?],
            (Self::Logic(op), inputs) => vec![op.infer(inputs)?],
            (Self::Random(op), inputs) => vec![op.infer(inputs)?],
            (Self::Cast(dtype), [input]) => vec![TensorType::new(*dtype, input.shape.clone())],
            (Self::Identity | Self::StopGradient, [input]) => vec![input.clone()],
            (Self::Merge, [one, other]) => vec![infer_alternatives(one, other)?],
            (Self::CheckNumerics, [input]) => {
                check_float(input.dtype)?;
                vec![input.clone()]
            }
            (Self::UnaryGrad(_) | Self::SoftmaxGrad, [gradient, output]) => vec![infer_same(gradient, output)?],
            (Self::SumToShape, [gradient, operand]) => vec![infer_sum_to_shape(gradient, operand)?],
            (Self::Spread { axes, keep_dims, .. }, [gradient, operand]) => {
                vec![infer_spread(axes, *keep_dims, gradient, operand)?]
            }
            (Self::Convolution(op), inputs) => vec![op.infer(inputs)?],
            (Self::Pooling(op), inputs) => vec![op.infer(inputs)?],
            (Self::Norm(op), inputs) => op.infer(inputs)?,
            (Self::BatchNorm(op), inputs) => op.infer(inputs)?,
            (Self::Attention(op), inputs) => op.infer(inputs)?,
            (Self::BatchMatMul(transpose), [a, b]) => vec![infer_batch_matmul(*transpose, a, b)?],
            (Self::Shape(op), inputs) => op.infer(inputs)?,
            (Self::Index(op), inputs) => op.infer(inputs)?,
            (Self::Custom(rule), inputs) => rule.infer(inputs)?,
            (Self::Update(rule), inputs) => infer_update(*rule, inputs)?,
            (Self::SparseUpdate(rule), inputs) => infer_sparse_update(*rule, inputs)?,
            _ => unreachable!("the number of inputs was checked"),
        };
        outputs.iter().try_for_each(|output| check_rank(&output.shape))?;
        Ok(outputs)
    }

    fn check_count(&self, given: usize) -> Result<()> {
        match self.input_count() {
            Some(expected) if expected != given => invalid(format!("it takes {expected} inputs, {given} were given")),
            None if given == 0 && !matches!(self, Self::Custom(_)) => {
                invalid("it takes at least one input, none was given".into())
            }
            _ => Ok(()),
        }
    }

    /// How many inputs it takes; `None` if at least one.
    fn input_count(&self) -> Option<usize> {
        let count = match self {
            Self::Custom(_) => return None,
            Self::Shape(op) => return op.input_count(),
            Self::Index(op) => op.input_count(),
            Self::Placeholder { .. } | Self::Constant(_) | Self::Variable(_) => 0,
            Self::Unary(_)
            | Self::Reduce { .. }
            | Self::Softmax
            | Self::LogSoftmax
            | Self::ArgMax { .. }
            | Self::ArgMin { .. }
            | Self::Cast(_)
            | Self::Identity
            | Self::StopGradient
            | Self::CheckNumerics => 1,
            Self::MatMul(_)
            | Self::BatchMatMul(_)
            | Self::Binary(_)
            | Self::Compare(_)
            | Self::Merge
            | Self::SparseSoftmaxCrossEntropy
            | Self::SoftmaxCrossEntropy
            | Self::UnaryGrad(_)
            | Self::SoftmaxGrad
            | Self::SumToShape
            | Self::Spread { .. } => 2,
            Self::Logic(op) => op.input_count(),
            Self::Convolution(op) => op.input_count(),
            Self::Pooling(op) => op.input_count(),
            Self::Norm(op) => op.input_count(),
            Self::BatchNorm(_) => 5,
            Self::Attention(op) => op.input_count(),
            Self::Random(op) => op.input_count(),
            Self::Update(rule) => rule.targets() + rule.operands(),
            Self::SparseUpdate(rule) => rule.targets() + rule.operands() + 1,
        };
        Some(count)
    }
}

pub(crate) fn invalid<T>(message: String) -> Result<T> {
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

pub(crate) fn is_numeric(dtype: DType) -> bool {
    matches!(dtype, DType::I32 | DType::I64) || dtype.is_float()
}

fn check_rank(shape: &PartialShape) -> Result<()> {
    if shape.len() <= MAX_RANK { Ok(()) } else { invalid(format!("shape {shape} has more than {MAX_RANK} axes")) }
}

pub(crate) fn check_dtype(expected: &str, accepts: fn(DType) -> bool, dtype: DType) -> Result<()> {
    if accepts(dtype) { Ok(()) } else { invalid(format!("it takes {expected}, not {dtype}; cast the input")) }
}

pub(crate) fn check_float(dtype: DType) -> Result<()> {
    check_dtype(FLOATS, DType::is_float, dtype)
}

/// Every input is of one float dtype.
pub(crate) fn check_floats(inputs: &[TensorType]) -> Result<()> {
    check_float(inputs[0].dtype)?;
    inputs.iter().try_for_each(|input| check_equal_dtypes(inputs[0].dtype, input.dtype))
}

pub(crate) fn check_equal_dtypes(one: DType, other: DType) -> Result<()> {
    if one == other { Ok(()) } else { invalid(format!("dtypes {one} and {other} differ; cast one input")) }
}

fn infer_variable(def: &VariableDef) -> Result<TensorType> {
    let VariableDef { dtype, shape, initializer, .. } = def;
    match initializer {
        Initializer::Value(value) if value.dtype() != *dtype || *value.shape() != **shape => {
            let given = TensorType::from(value);
            invalid(format!("the initial value is {given}, the variable {dtype}{shape}; give a value of that type"))
        }
        Initializer::Uniform { low, high } if !(low <= high && (high - low).is_finite()) => {
            invalid(format!("uniform from {low} to {high} makes no sense; give finite bounds, the lower one first"))
        }
        Initializer::Orthogonal { .. } if shape.len() < 2 => {
            invalid(format!("shape {shape} is no matrix to be orthogonal; give two axes or more"))
        }
        Initializer::Orthogonal { gain } if !gain.is_finite() => {
            invalid(format!("a gain of {gain} makes no sense; give a finite one"))
        }
        Initializer::Normal { mean, stddev } | Initializer::TruncatedNormal { mean, stddev }
            if !(mean.is_finite() && stddev.is_finite() && *stddev >= 0.0) =>
        {
            invalid(format!(
                "normal with mean {mean} and deviation {stddev} makes no sense; give finite ones, the deviation not negative"
            ))
        }
        random if random.is_random() && !dtype.is_float() => {
            invalid(format!("random initial values are floats, the variable is {dtype}; use a constant"))
        }
        _ => Ok(TensorType::new(*dtype, shape)),
    }
}

fn infer_matmul(transpose: Transpose, a: &TensorType, b: &TensorType) -> Result<TensorType> {
    check_float(a.dtype)?;
    check_equal_dtypes(a.dtype, b.dtype)?;
    let ([rows, inner_a], [inner_b, columns]) = (matrix(a, transpose.a)?, matrix(b, transpose.b)?);
    if let (Some(inner_a), Some(inner_b)) = (inner_a, inner_b)
        && inner_a != inner_b
    {
        return invalid(format!("the inner axes are {inner_a} and {inner_b}; make them equal"));
    }
    Ok(TensorType::new(a.dtype, [rows, columns]))
}

/// The product of the last two axes of each, for the batch axes that both broadcast to.
fn infer_batch_matmul(transpose: Transpose, a: &TensorType, b: &TensorType) -> Result<TensorType> {
    let batch = |operand: &TensorType| -> Result<(PartialShape, TensorType)> {
        let Some(matrix) = operand.shape.len().checked_sub(2) else {
            return invalid(format!("{operand} is no batch of matrices; give tensors of rank 2 or more"));
        };
        let of = |axes: &[Option<usize>]| axes.iter().copied().collect::<PartialShape>();
        Ok((of(&operand.shape[..matrix]), TensorType::new(operand.dtype, of(&operand.shape[matrix..]))))
    };
    let ((batch_a, matrix_a), (batch_b, matrix_b)) = (batch(a)?, batch(b)?);
    let product = infer_matmul(transpose, &matrix_a, &matrix_b)?;
    let Some(batch) = batch_a.broadcast(&batch_b) else {
        return invalid(format!("batches {batch_a} and {batch_b} do not broadcast; lengths must be equal or 1"));
    };
    let shape = batch.iter().chain(product.shape.iter()).copied();
    Ok(TensorType::new(product.dtype, shape.collect::<PartialShape>()))
}

/// The axes of a matrix, swapped if it is given transposed.
fn matrix(operand: &TensorType, transposed: bool) -> Result<[Option<usize>; 2]> {
    match (&*operand.shape, transposed) {
        ([rows, columns], false) => Ok([*rows, *columns]),
        ([columns, rows], true) => Ok([*rows, *columns]),
        _ => invalid(format!("{operand} is not a matrix; give tensors of rank 2")),
    }
}

fn infer_unary(unary: Unary, input: &TensorType) -> Result<TensorType> {
    match unary {
        Unary::Neg | Unary::Abs | Unary::Square | Unary::Sign => check_dtype(NUMBERS, is_numeric, input.dtype)?,
        _ => check_float(input.dtype)?,
    }
    Ok(input.clone())
}

pub(crate) fn infer_pair(one: &TensorType, other: &TensorType) -> Result<TensorType> {
    check_equal_dtypes(one.dtype, other.dtype)?;
    let Some(shape) = one.shape.broadcast(&other.shape) else {
        let (one, other) = (&one.shape, &other.shape);
        return invalid(format!(
            "shapes {one} and {other} do not broadcast; from the last axis on, lengths must be equal or 1"
        ));
    };
    Ok(TensorType::new(one.dtype, shape))
}

fn infer_compare(compare: Compare, one: &TensorType, other: &TensorType) -> Result<TensorType> {
    if !matches!(compare, Compare::Equal | Compare::NotEqual) {
        check_dtype("numbers", |dtype| dtype != DType::Bool, one.dtype)?;
    }
    Ok(TensorType::new(DType::Bool, infer_pair(one, other)?.shape))
}

fn infer_reduce(reduction: Reduction, axes: &[usize], keep_dims: bool, input: &TensorType) -> Result<TensorType> {
    match reduction {
        Reduction::Mean => check_float(input.dtype)?,
        Reduction::All | Reduction::Any => check_dtype("bool", |dtype| dtype == DType::Bool, input.dtype)?,
        _ => check_dtype(NUMBERS, is_numeric, input.dtype)?,
    }
    Ok(TensorType::new(input.dtype, without_axes(&input.shape, axes, keep_dims)?))
}

/// The shape after a reduction over `axes`.
fn without_axes(shape: &PartialShape, axes: &[usize], keep_dims: bool) -> Result<PartialShape> {
    if let Some(axis) = axes.iter().find(|axis| **axis >= shape.len()) {
        return invalid(format!("there is no axis {axis} in shape {shape}"));
    }
    if axes.windows(2).any(|pair| pair[0] >= pair[1]) {
        return invalid(format!("axes {axes:?} name one twice; name each once"));
    }
    let kept = |(axis, length): (usize, &Option<usize>)| match (axes.contains(&axis), keep_dims) {
        (false, _) => Some(*length),
        (true, true) => Some(Some(1)),
        (true, false) => None,
    };
    Ok(shape.iter().enumerate().filter_map(kept).collect())
}

fn infer_softmax(input: &TensorType) -> Result<TensorType> {
    check_float(input.dtype)?;
    if input.shape.is_empty() {
        return invalid("a scalar has no last axis; give a tensor of rank 1 or more".into());
    }
    Ok(input.clone())
}

fn infer_cross_entropy(logits: &TensorType, labels: &TensorType) -> Result<Vec<TensorType>> {
    check_float(logits.dtype)?;
    if !matches!(labels.dtype, DType::I32 | DType::I64) {
        return invalid(format!("labels are {}; give class indices as i32 or i64", labels.dtype));
    }
    let ([examples, classes], [labelled]) = (&*logits.shape, &*labels.shape) else {
        let message = format!(
            "logits {} and labels {} do not fit; give [batch, classes] and [batch]",
            logits.shape, labels.shape
        );
        return invalid(message);
    };
    let batch = PartialShape::from([*examples]).merge(&PartialShape::from([*labelled]));
    let Some(batch) = batch else {
        return invalid(format!("{} logits and {} labels; give one label per row", logits.shape, labels.shape));
    };
    let gradient = PartialShape::from([batch[0], *classes]);
    Ok(vec![TensorType::new(logits.dtype, batch), TensorType::new(logits.dtype, gradient)])
}

fn infer_dense_cross_entropy(logits: &TensorType, labels: &TensorType) -> Result<Vec<TensorType>> {
    let gradient = infer_same(logits, labels)?;
    let [examples, _] = *gradient.shape else {
        return invalid(format!("logits {} do not fit; give [batch, classes]", gradient.shape));
    };
    Ok(vec![TensorType::new(logits.dtype, [examples]), gradient])
}

fn infer_arg_max(axis: usize, input: &TensorType) -> Result<TensorType> {
    check_dtype(NUMBERS, is_numeric, input.dtype)?;
    Ok(TensorType::new(DType::I64, without_axes(&input.shape, &[axis], false)?))
}

fn infer_alternatives(one: &TensorType, other: &TensorType) -> Result<TensorType> {
    check_equal_dtypes(one.dtype, other.dtype)?;
    match one.shape.merge(&other.shape) {
        Some(shape) => Ok(TensorType::new(one.dtype, shape)),
        None => invalid(format!(
            "shapes {} and {} differ, and shapes are known before it is known which branch is taken; make them equal",
            one.shape, other.shape
        )),
    }
}

fn infer_same(one: &TensorType, other: &TensorType) -> Result<TensorType> {
    check_float(one.dtype)?;
    check_equal_dtypes(one.dtype, other.dtype)?;
    match one.shape.merge(&other.shape) {
        Some(shape) => Ok(TensorType::new(one.dtype, shape)),
        None => invalid(format!("shapes {} and {} differ; make them equal", one.shape, other.shape)),
    }
}

fn infer_sum_to_shape(gradient: &TensorType, operand: &TensorType) -> Result<TensorType> {
    check_float(gradient.dtype)?;
    let broadcast = operand.shape.broadcast(&gradient.shape);
    if broadcast.is_none_or(|shape| shape.merge(&gradient.shape).is_none()) {
        return invalid(format!("shape {} does not broadcast to {}", operand.shape, gradient.shape));
    }
    Ok(TensorType::new(gradient.dtype, operand.shape.clone()))
}

fn infer_spread(axes: &[usize], keep_dims: bool, gradient: &TensorType, operand: &TensorType) -> Result<TensorType> {
    check_float(gradient.dtype)?;
    let reduced = without_axes(&operand.shape, axes, keep_dims)?;
    if reduced.merge(&gradient.shape).is_none() {
        return invalid(format!("{} without axes {axes:?} is {reduced}, not {}", operand.shape, gradient.shape));
    }
    Ok(TensorType::new(gradient.dtype, operand.shape.clone()))
}

/// As [`infer_update`], with slices of the rows that the last input names.
fn infer_sparse_update(rule: UpdateRule, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
    let Some((indices, inputs)) = inputs.split_last().filter(|_| rule.sparse_name().is_some()) else {
        return invalid("the rule changes whole variables; make the gradient a dense one".into());
    };
    if inputs[0].dtype.is_half() {
        return invalid(format!("no rows of {} are changed alone; make the gradient a dense one", inputs[0].dtype));
    }
    check_dtype(NUMBERS, is_numeric, inputs[0].dtype)?;
    if indices.shape.len() != 1 {
        return invalid(format!("indices are a vector, not of shape {}; reshape indices and slices", indices.shape));
    }
    let slices = gather(0, &inputs[0], indices)?;
    infer_changes(rule, inputs, &slices.shape)
}

/// Every input has the variable's dtype, and its shape or a scalar's.
fn infer_update(rule: UpdateRule, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
    infer_changes(rule, inputs, &inputs[0].shape)
}

fn infer_changes(rule: UpdateRule, inputs: &[TensorType], changes: &PartialShape) -> Result<Vec<TensorType>> {
    let (target, stored) = (&inputs[0], inputs[rule.variable()].dtype);
    match rule {
        UpdateRule::Assign => {}
        UpdateRule::AssignAdd | UpdateRule::AssignSub => check_dtype("numbers", |dtype| dtype != DType::Bool, stored)?,
        _ => check_float(stored)?,
    }
    for (index, input) in inputs.iter().enumerate() {
        let is_variable = index == rule.variable();
        let is_change = index >= rule.targets() && !rule.is_scalar(index);
        // What a variable of two bytes is changed by is computed in f32, and may be given so.
        let may_be_stored = is_variable || is_change && (rule == UpdateRule::Assign || input.dtype == stored);
        check_equal_dtypes(if may_be_stored { stored } else { stored.arithmetic() }, input.dtype)?;
        let expected = match rule.is_scalar(index) {
            true => &PartialShape::SCALAR,
            false if index < rule.targets() => &target.shape,
            false => changes,
        };
        if input.shape.merge(expected).is_none() {
            return invalid(format!("input {index} has shape {}, it takes {expected}", input.shape));
        }
    }
    Ok(Vec::new())
}
