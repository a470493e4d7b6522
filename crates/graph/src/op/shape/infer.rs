//! Dtypes and shapes of what shape operations give.

use everstep_tensor::{DType, Result};

use super::{Length, PadMode, Section, ShapeOp};
use crate::{
    PartialShape, TensorType,
    infer::{check_equal_dtypes, check_float, invalid},
};

impl ShapeOp {
    /// The types of the outputs; the number of inputs was checked.
    pub(crate) fn infer(&self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        let input = &inputs[0];
        match self {
            Self::Concat(axis) => return Ok(vec![concat(*axis, inputs)?]),
            Self::ConcatPart { axis, part } => return Ok(vec![concat_part(*axis, *part, inputs)?]),
            Self::Pack(axis) => return Ok(vec![pack(*axis, inputs)?]),
            Self::Split { axis, sizes } => return split(*axis, sizes, input),
            Self::Unpack { axis, count } => return unpack(*axis, *count, input),
            Self::ReshapeLike => return Ok(vec![reshape_like(input, &inputs[1])?]),
            Self::BroadcastLike => return Ok(vec![broadcast(input, &inputs[1].shape)?]),
            Self::StridedSliceGrad(sections) => return adjoint(inputs, |operand| strided_slice(sections, operand)),
            Self::PadGrad { paddings, mode } => {
                check_float(input.dtype)?;
                return adjoint(inputs, |operand| pad(paddings, *mode, operand));
            }
            Self::TileGrad(multiples) => {
                check_float(input.dtype)?;
                return adjoint(inputs, |operand| tile(multiples, operand));
            }
            Self::BroadcastTo(shape) => return Ok(vec![broadcast(input, &PartialShape::from(shape.as_slice()))?]),
            Self::Shape => return Ok(vec![TensorType::new(DType::I64, [input.shape.len()])]),
            Self::Size => return Ok(vec![TensorType::new(DType::I64, PartialShape::SCALAR)]),
            _ => {}
        }
        let shape = match self {
            Self::Reshape(lengths) => reshape(lengths, &input.shape)?,
            Self::Transpose(axes) => transpose(axes, &input.shape)?,
            Self::StridedSlice(sections) => strided_slice(sections, &input.shape)?,
            Self::Pad { paddings, mode } => pad(paddings, *mode, &input.shape)?,
            Self::Tile(multiples) => tile(multiples, &input.shape)?,
            Self::ExpandDims(axis) => expand_dims(*axis, &input.shape)?,
            Self::Squeeze(axes) => squeeze(axes, &input.shape)?,
            Self::Reverse(axes) => {
                axes.iter().try_for_each(|axis| check_axis(*axis, &input.shape))?;
                input.shape.clone()
            }
            _ => input.shape.clone(),
        };
        Ok(vec![TensorType::new(input.dtype, shape)])
    }
}

fn check_axis(axis: usize, shape: &PartialShape) -> Result<()> {
    if axis < shape.len() { Ok(()) } else { invalid(format!("there is no axis {axis} in shape {shape}")) }
}

fn check_count(what: &str, given: usize, shape: &PartialShape) -> Result<()> {
    let axes = shape.len();
    if given == axes {
        Ok(())
    } else {
        invalid(format!("{given} {what} for {axes} axes; give one for each axis of {shape}"))
    }
}

/// The gradient of a function of the operand has the shape of its result; the output has the operand's.
fn adjoint(
    inputs: &[TensorType],
    forward: impl FnOnce(&PartialShape) -> Result<PartialShape>,
) -> Result<Vec<TensorType>> {
    let [gradient, operand] = [&inputs[0], &inputs[1]];
    check_equal_dtypes(gradient.dtype, operand.dtype)?;
    let result = forward(&operand.shape)?;
    if result.merge(&gradient.shape).is_none() {
        return invalid(format!("the gradient has shape {}, the result it belongs to {result}", gradient.shape));
    }
    Ok(vec![operand.clone()])
}

/// Lengths of the input that the output takes over cancel out; the others must hold as many elements.
fn reshape(lengths: &[Length], input: &PartialShape) -> Result<PartialShape> {
    let mut of_input: Vec<Option<Option<usize>>> = input.iter().map(|length| Some(*length)).collect();
    let (mut shape, mut given, mut rest) = (Vec::with_capacity(lengths.len()), Some(1usize), None);
    for (place, length) in lengths.iter().enumerate() {
        let known = match *length {
            Length::OfInput(axis) => {
                check_axis(axis, input)?;
                if of_input[axis].take().is_none() {
                    given = multiply(given, input[axis]);
                }
                input[axis]
            }
            Length::Is(-1) if rest.is_none() => {
                rest = Some(place);
                None
            }
            Length::Is(length) => {
                let Ok(length) = usize::try_from(length) else {
                    return invalid(format!("{length} is no length; give -1 to one axis at most, for what remains"));
                };
                given = multiply(given, Some(length));
                Some(length)
            }
        };
        shape.push(known);
    }
    let left = of_input.into_iter().flatten().fold(Some(1), multiply);
    if let (Some(left), Some(given)) = (left, given) {
        let fits = if rest.is_some() { given > 0 && left.is_multiple_of(given) } else { left == given };
        if !fits {
            let asked: PartialShape = shape.into_iter().collect();
            return invalid(format!("{input} cannot become {asked}; both must hold as many elements"));
        }
        if let Some(rest) = rest {
            shape[rest] = Some(left / given);
        }
    }
    Ok(shape.into_iter().collect())
}

fn multiply(one: Option<usize>, other: Option<usize>) -> Option<usize> {
    one?.checked_mul(other?)
}

fn reshape_like(input: &TensorType, like: &TensorType) -> Result<TensorType> {
    if let (Some(one), Some(other)) = (elements(&input.shape), elements(&like.shape))
        && one != other
    {
        return invalid(format!("{} cannot become {}; both must hold as many elements", input.shape, like.shape));
    }
    Ok(TensorType::new(input.dtype, like.shape.clone()))
}

fn elements(shape: &PartialShape) -> Option<usize> {
    shape.iter().copied().fold(Some(1), multiply)
}

fn transpose(axes: &[usize], input: &PartialShape) -> Result<PartialShape> {
    let mut sorted = axes.to_vec();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..input.len()) {
        return invalid(format!("{axes:?} is not an order of the axes of {input}; name each axis once"));
    }
    Ok(axes.iter().map(|axis| input[*axis]).collect())
}

fn concat(axis: usize, inputs: &[TensorType]) -> Result<TensorType> {
    let first = &inputs[0];
    check_axis(axis, &first.shape)?;
    let but_axis = |shape: &PartialShape| -> PartialShape {
        shape.iter().enumerate().map(|(index, length)| if index == axis { Some(0) } else { *length }).collect()
    };
    let mut merged = but_axis(&first.shape);
    let mut length = Some(0usize);
    for input in inputs {
        check_equal_dtypes(first.dtype, input.dtype)?;
        let fits = (input.shape.len() == first.shape.len()).then(|| merged.merge(&but_axis(&input.shape))).flatten();
        let Some(fits) = fits else {
            let (one, other) = (&first.shape, &input.shape);
            return invalid(format!("shapes {one} and {other} differ in another axis than {axis}; make them equal"));
        };
        merged = fits;
        length = length.zip(input.shape[axis]).and_then(|(sum, length)| sum.checked_add(length));
    }
    let of = |(index, known): (usize, &Option<usize>)| if index == axis { length } else { *known };
    Ok(TensorType::new(first.dtype, merged.iter().enumerate().map(of).collect::<PartialShape>()))
}

fn concat_part(axis: usize, part: usize, inputs: &[TensorType]) -> Result<TensorType> {
    let (gradient, operands) = (&inputs[0], &inputs[1..]);
    let Some(operand) = operands.get(part) else {
        return invalid(format!("there is no part {part} of {} inputs", operands.len()));
    };
    let whole = concat(axis, operands)?;
    check_equal_dtypes(whole.dtype, gradient.dtype)?;
    match whole.shape.merge(&gradient.shape) {
        Some(_) => Ok(operand.clone()),
        None => invalid(format!("the gradient has shape {}, the concatenation {}", gradient.shape, whole.shape)),
    }
}

fn pack(axis: usize, inputs: &[TensorType]) -> Result<TensorType> {
    let first = &inputs[0];
    let mut merged = first.shape.clone();
    for input in inputs {
        check_equal_dtypes(first.dtype, input.dtype)?;
        let Some(fits) = merged.merge(&input.shape) else {
            return invalid(format!("shapes {merged} and {} differ; make them equal", input.shape));
        };
        merged = fits;
    }
    let mut shape = expand_dims(axis, &merged)?.to_vec();
    shape[axis] = Some(inputs.len());
    Ok(TensorType::new(first.dtype, shape.into_iter().collect::<PartialShape>()))
}

fn split(axis: usize, sizes: &[usize], input: &TensorType) -> Result<Vec<TensorType>> {
    check_axis(axis, &input.shape)?;
    let total = sizes.iter().try_fold(0usize, |sum, size| sum.checked_add(*size));
    if sizes.is_empty() || input.shape[axis].is_some_and(|length| Some(length) != total) {
        return invalid(format!("lengths {sizes:?} do not add up to axis {axis} of {}", input.shape));
    }
    let with = |size: &usize| {
        let mut shape = input.shape.to_vec();
        shape[axis] = Some(*size);
        TensorType::new(input.dtype, shape.into_iter().collect::<PartialShape>())
    };
    Ok(sizes.iter().map(with).collect())
}

fn unpack(axis: usize, count: usize, input: &TensorType) -> Result<Vec<TensorType>> {
    check_axis(axis, &input.shape)?;
    if count == 0 || input.shape[axis].is_some_and(|length| length != count) {
        return invalid(format!("axis {axis} of {} does not have length {count}, which is at least 1", input.shape));
    }
    let mut shape = input.shape.to_vec();
    shape.remove(axis);
    Ok(vec![TensorType::new(input.dtype, shape.into_iter().collect::<PartialShape>()); count])
}

fn strided_slice(sections: &[Section], input: &PartialShape) -> Result<PartialShape> {
    let taking = sections.iter().filter(|section| **section != Section::NewAxis).count();
    check_count("sections", taking, input)?;
    let (mut shape, mut axes) = (Vec::new(), input.iter().enumerate());
    for section in sections {
        if *section == Section::NewAxis {
            shape.push(Some(1));
            continue;
        }
        if matches!(section, Section::Range { step: 0, .. } | Section::Ellipsis) {
            return invalid(format!("{section:?} has no elements in order; give a step that is not 0"));
        }
        let (axis, length) = axes.next().expect("the sections were counted");
        let taken = length.map(|length| section.of(length));
        if taken == Some(None) {
            return invalid(format!("{section:?} is beyond axis {axis} of {input}"));
        }
        if !matches!(section, Section::Index(_)) {
            let whole = *section == Section::all();
            shape.push(if whole { *length } else { taken.flatten().map(|taken| taken.count) });
        }
    }
    Ok(shape.into_iter().collect())
}

fn pad(paddings: &[(usize, usize)], mode: PadMode, input: &PartialShape) -> Result<PartialShape> {
    check_count("paddings", paddings.len(), input)?;
    let padded = |((before, after), length): (&(usize, usize), &Option<usize>)| {
        let Some(length) = *length else { return Ok(None) };
        let most = match mode {
            PadMode::Constant(_) => usize::MAX,
            PadMode::Reflect => length.saturating_sub(1),
            PadMode::Symmetric => length,
        };
        if *before.max(after) > most {
            return invalid(format!("an axis of length {length} has {most} elements to mirror; pad it by no more"));
        }
        match length.checked_add(*before).and_then(|sum| sum.checked_add(*after)) {
            Some(length) => Ok(Some(length)),
            None => invalid(format!("paddings {before} and {after} exceed every memory")),
        }
    };
    paddings.iter().zip(input.iter()).map(padded).collect()
}

fn tile(multiples: &[usize], input: &PartialShape) -> Result<PartialShape> {
    check_count("multiples", multiples.len(), input)?;
    let repeated = |(multiple, length): (&usize, &Option<usize>)| match length {
        _ if *multiple == 0 => Ok(Some(0)),
        None => Ok(None),
        Some(length) => match length.checked_mul(*multiple) {
            Some(length) => Ok(Some(length)),
            None => invalid(format!("{multiple} times {length} elements exceed every memory")),
        },
    };
    multiples.iter().zip(input.iter()).map(repeated).collect()
}

fn expand_dims(axis: usize, input: &PartialShape) -> Result<PartialShape> {
    if axis > input.len() {
        return invalid(format!("a new axis of {input} has no place {axis}; give at most {}", input.len()));
    }
    let mut shape = input.to_vec();
    shape.insert(axis, Some(1));
    Ok(shape.into_iter().collect())
}

fn squeeze(axes: &[usize], input: &PartialShape) -> Result<PartialShape> {
    for axis in axes {
        check_axis(*axis, input)?;
        if input[*axis].is_some_and(|length| length != 1) {
            return invalid(format!("axis {axis} of {input} is not of length 1; only such axes can go"));
        }
    }
    Ok(input.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, length)| *length).collect())
}

/// The input broadcasts to `shape`, and the shape stays as it is.
fn broadcast(input: &TensorType, shape: &PartialShape) -> Result<TensorType> {
    let fits = input.shape.broadcast(shape).filter(|broadcast| broadcast.merge(shape).is_some());
    match fits.and_then(|fits| fits.merge(shape)) {
        Some(shape) => Ok(TensorType::new(input.dtype, shape)),
        None => invalid(format!(
            "shape {} does not broadcast to {shape}; from the last axis on, lengths must be equal or 1",
            input.shape
        )),
    }
}
