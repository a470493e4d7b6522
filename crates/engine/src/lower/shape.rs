//! Operations that move elements as kernels: free where the order of elements stays.

use everstep_graph::{PadMode, Section, ShapeOp, Taken};
use everstep_ops::{Kernel, Mirror, ShapeKernel};
use everstep_tensor::{Shape, Tensor};

use super::{Lowered, Step, Value};

pub(super) fn lower(op: &ShapeOp, inputs: &[Value], outputs: &[Value]) -> Lowered {
    let (input, output) = (&inputs[0].shape, &outputs[0].shape);
    let one = |kernel| Lowered::Steps(vec![Step::new(kernel, [(0, input.clone())], (0, output.clone()))]);
    match op {
        ShapeOp::Reshape(_) | ShapeOp::ReshapeLike | ShapeOp::ExpandDims(_) | ShapeOp::Squeeze(_) => Lowered::Alias,
        ShapeOp::Transpose(axes) => transpose(axes, input, one),
        ShapeOp::Concat(_) | ShapeOp::Pack(_) if inputs.len() == 1 => Lowered::Alias,
        ShapeOp::Concat(axis) => join(*axis, inputs, output, |input| input.clone()),
        ShapeOp::Pack(axis) => join(*axis, inputs, output, |input| {
            let mut shape = input.to_vec();
            shape.insert(*axis, 1);
            shape.into()
        }),
        ShapeOp::ConcatPart { axis, part } => {
            let before = inputs[1..=*part].iter().map(|operand| operand.shape[*axis]).sum();
            one(cut(input, *axis, before, None))
        }
        ShapeOp::Split { axis, .. } => cuts(input, outputs, |part| {
            let before = outputs[..part].iter().map(|output| output.shape[*axis]).sum();
            cut(input, *axis, before, None)
        }),
        ShapeOp::Unpack { axis, .. } => cuts(input, outputs, |part| cut(input, *axis, part, Some(*axis))),
        ShapeOp::StridedSlice(sections) => match slice(sections, input) {
            ShapeKernel::Strided { offset: 0, .. } if elements(input) == elements(output) && is_forward(sections) => {
                Lowered::Alias
            }
            kernel => one(kernel),
        },
        ShapeOp::StridedSliceGrad(sections) => {
            let (kernel, sliced) = slice_grad(sections, output);
            Lowered::Steps(vec![Step::new(kernel, [(0, sliced)], (0, output.clone()))])
        }
        ShapeOp::Pad { paddings, .. } if is_nothing(paddings) => Lowered::Alias,
        ShapeOp::PadGrad { paddings, .. } if is_nothing(paddings) => Lowered::Alias,
        ShapeOp::Pad { paddings, mode } => one(pad(paddings, *mode)),
        ShapeOp::PadGrad { paddings, mode } => one(pad_grad(paddings, *mode)),
        ShapeOp::Tile(_) | ShapeOp::TileGrad(_) if input == output => Lowered::Alias,
        ShapeOp::Tile(_) => one(ShapeKernel::Tile),
        ShapeOp::TileGrad(_) => one(ShapeKernel::TileGrad),
        ShapeOp::BroadcastTo(_) | ShapeOp::BroadcastLike if elements(input) == elements(output) => Lowered::Alias,
        ShapeOp::BroadcastTo(_) | ShapeOp::BroadcastLike => {
            let missing = output.len() - input.len();
            let repeats =
                input.iter().zip(strides(input)).map(|(length, stride)| if *length == 1 { 0 } else { stride });
            one(ShapeKernel::Strided { offset: 0, strides: std::iter::repeat_n(0, missing).chain(repeats).collect() })
        }
        ShapeOp::Reverse(axes) => reverse(axes, input, one),
        ShapeOp::FillLike(value) => {
            let kernel = Kernel::Shape(ShapeKernel::Fill(*value));
            Lowered::Steps(vec![Step { kernel, inputs: Vec::new(), outputs: vec![(0, output.clone())] }])
        }
        ShapeOp::Shape => {
            let lengths = input.iter().map(|length| *length as i64).collect();
            Lowered::Constant(Tensor::from_vec([input.len()], lengths).expect("there are as many lengths as axes"))
        }
        ShapeOp::Size => Lowered::Constant(Tensor::scalar(elements(input) as i64)),
    }
}

fn elements(shape: &Shape) -> usize {
    shape.iter().product()
}

/// How far it is from one element to the next along each axis.
fn strides(shape: &Shape) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as isize;
    }
    strides
}

fn transpose(axes: &[usize], input: &Shape, one: impl FnOnce(ShapeKernel) -> Lowered) -> Lowered {
    let long: Vec<usize> = axes.iter().copied().filter(|axis| input[*axis] != 1).collect();
    if long.is_sorted() {
        return Lowered::Alias;
    }
    let of_input = strides(input);
    one(ShapeKernel::Strided { offset: 0, strides: axes.iter().map(|axis| of_input[*axis]).collect() })
}

fn reverse(axes: &[usize], input: &Shape, one: impl FnOnce(ShapeKernel) -> Lowered) -> Lowered {
    if elements(input) == 0 || axes.iter().all(|axis| input[*axis] == 1) {
        return Lowered::Alias;
    }
    let (mut offset, mut strides) = (0, strides(input));
    for axis in axes {
        offset += (input[*axis] - 1) * strides[*axis] as usize;
        strides[*axis] = -strides[*axis];
    }
    one(ShapeKernel::Strided { offset, strides })
}

/// Inputs one after the other along an axis, each seen in a shape that has it.
fn join(axis: usize, inputs: &[Value], output: &Shape, shape: impl Fn(&Shape) -> Shape) -> Lowered {
    let (mut steps, mut before) = (Vec::with_capacity(inputs.len()), 0);
    for (index, input) in inputs.iter().enumerate() {
        let shape = shape(&input.shape);
        let mut begins = vec![0; output.len()];
        begins[axis] = before;
        before += shape[axis];
        if elements(&shape) > 0 {
            let kernel = ShapeKernel::Place { begins, steps: vec![1; output.len()], fill: None };
            steps.push(Step::new(kernel, [(index, shape)], (0, output.clone())));
        }
    }
    Lowered::Steps(steps)
}

/// The elements from `before` on along an axis, which may disappear.
fn cut(input: &Shape, axis: usize, before: usize, removed: Option<usize>) -> ShapeKernel {
    let mut strides = strides(input);
    let offset = before * strides[axis] as usize;
    if let Some(removed) = removed {
        strides.remove(removed);
    }
    ShapeKernel::Strided { offset, strides }
}

fn cuts(input: &Shape, outputs: &[Value], kernel: impl Fn(usize) -> ShapeKernel) -> Lowered {
    let step =
        |(part, output): (usize, &Value)| Step::new(kernel(part), [(0, input.clone())], (part, output.shape.clone()));
    Lowered::Steps(outputs.iter().enumerate().map(step).collect())
}

/// Whether no axis is read backwards.
fn is_forward(sections: &[Section]) -> bool {
    !sections.iter().any(|section| matches!(section, Section::Range { step, .. } if *step < 0))
}

/// What each section that takes an axis takes of it; the graph has inferred the shape, so no index is beyond.
fn taken(sections: &[Section], shape: &Shape) -> Vec<Taken> {
    let taking = sections.iter().filter(|section| **section != Section::NewAxis);
    let nothing = Taken { first: 0, count: 0, step: 1 };
    taking.zip(shape.iter()).map(|(section, length)| section.of(*length).unwrap_or(nothing)).collect()
}

fn slice(sections: &[Section], input: &Shape) -> ShapeKernel {
    let (taken, of_input) = (taken(sections, input), strides(input));
    let mut each = taken.iter().zip(&of_input);
    let offset = each.clone().map(|(taken, stride)| taken.first * *stride as usize).sum();
    let mut strides = Vec::with_capacity(sections.len());
    for section in sections {
        match section {
            Section::NewAxis => strides.push(0),
            Section::Index(_) => drop(each.next()),
            Section::Range { .. } | Section::Ellipsis => {
                strides.extend(each.next().map(|(taken, stride)| taken.step.saturating_mul(*stride)));
            }
        }
    }
    ShapeKernel::Strided { offset, strides }
}

/// The kernel, and the shape in which it sees the gradient: the operand's axes, as far as they were taken.
fn slice_grad(sections: &[Section], operand: &Shape) -> (ShapeKernel, Shape) {
    let taken = taken(sections, operand);
    let sliced = taken.iter().map(|taken| taken.count).collect::<Vec<usize>>();
    let begins = taken.iter().map(|taken| taken.first).collect();
    let steps = taken.iter().map(|taken| if taken.count > 1 { taken.step } else { 1 }).collect();
    (ShapeKernel::Place { begins, steps, fill: Some(0.0) }, sliced.into())
}

fn is_nothing(paddings: &[(usize, usize)]) -> bool {
    paddings.iter().all(|padding| *padding == (0, 0))
}

fn before(paddings: &[(usize, usize)]) -> Vec<usize> {
    paddings.iter().map(|(before, _)| *before).collect()
}

fn pad(paddings: &[(usize, usize)], mode: PadMode) -> ShapeKernel {
    let before = before(paddings);
    match mode {
        PadMode::Constant(value) => {
            ShapeKernel::Place { begins: before, steps: vec![1; paddings.len()], fill: Some(value) }
        }
        PadMode::Reflect => ShapeKernel::MirrorPad { before, mirror: Mirror::Reflect },
        PadMode::Symmetric => ShapeKernel::MirrorPad { before, mirror: Mirror::Symmetric },
    }
}

fn pad_grad(paddings: &[(usize, usize)], mode: PadMode) -> ShapeKernel {
    let before = before(paddings);
    let mirror = if mode == PadMode::Reflect { Mirror::Reflect } else { Mirror::Symmetric };
    ShapeKernel::MirrorPadGrad { before, mirror }
}
