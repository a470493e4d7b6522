//! The check of kernels that move elements.

use super::{Call, Checked, FLOATS};
use crate::{
    View,
    kernel::{Mirror, ShapeKernel},
};

impl ShapeKernel {
    pub(super) fn name(&self) -> &'static str {
        match self {
            ShapeKernel::Strided { .. } => "strided copy",
            ShapeKernel::Place { .. } => "place",
            ShapeKernel::MirrorPad { .. } => "mirror pad",
            ShapeKernel::MirrorPadGrad { .. } => "mirror pad gradient",
            ShapeKernel::Tile => "tile",
            ShapeKernel::TileGrad => "tile gradient",
            ShapeKernel::Fill(_) => "fill",
        }
    }

    pub(super) fn arity(&self) -> (usize, usize) {
        if let ShapeKernel::Fill(_) = self { (0, 1) } else { (1, 1) }
    }
}

/// Whether the kernel can move the elements of `input` to those of `output`.
pub(super) fn moves(call: Call, kernel: &ShapeKernel, input: View<'_>, output: View<'_>) -> Checked {
    call.same_dtype(&[input, output])?;
    match kernel {
        ShapeKernel::Strided { offset, strides } => strided(call, *offset, strides, input, output),
        ShapeKernel::Place { begins, steps, .. } => place(call, begins, steps, input, output),
        ShapeKernel::MirrorPad { before, mirror } => padded(call, before, *mirror, input, output),
        ShapeKernel::MirrorPadGrad { before, mirror } => {
            call.dtype(input, FLOATS)?;
            padded(call, before, *mirror, output, input)
        }
        ShapeKernel::Tile => tiled(call, input, output),
        ShapeKernel::TileGrad => {
            call.dtype(input, FLOATS)?;
            tiled(call, output, input)
        }
        ShapeKernel::Fill(_) => call.arity((0, 1), 1, "outputs", 1),
    }
}

/// Each axis of `shape` has one of the numbers.
fn for_each_axis(call: Call, what: &str, numbers: usize, shape: &[usize]) -> Checked {
    call.require(numbers == shape.len(), || format!("{numbers} {what} for shape {shape:?}, give one an axis"))
}

/// The least and the greatest place that is read lie in the input.
fn strided(call: Call, offset: usize, strides: &[isize], input: View<'_>, output: View<'_>) -> Checked {
    for_each_axis(call, "strides", strides.len(), output.shape)?;
    if output.data.len() == 0 {
        return Ok(());
    }
    let mut ends = [Some(offset as i128); 2];
    for (stride, extent) in strides.iter().zip(output.shape) {
        let way = *stride as i128 * (*extent as i128 - 1);
        let end = &mut ends[usize::from(way > 0)];
        *end = end.and_then(|end| end.checked_add(way));
    }
    let length = input.data.len() as i128;
    let fits = ends.iter().all(|end| end.is_some_and(|end| (0..length).contains(&end)));
    call.require(fits, || {
        format!("strides {strides:?} from {offset} lead out of {length} elements in shape {:?}", output.shape)
    })
}

fn place(call: Call, begins: &[usize], steps: &[isize], input: View<'_>, output: View<'_>) -> Checked {
    for_each_axis(call, "begins", begins.len(), output.shape)?;
    for_each_axis(call, "steps", steps.len(), output.shape)?;
    for_each_axis(call, "extents", input.shape.len(), output.shape)?;
    for axis in 0..output.shape.len() {
        let (begin, step, count) = (begins[axis] as i128, steps[axis] as i128, input.shape[axis] as i128);
        let last = begin + step * (count - 1);
        let inside = 0..output.shape[axis] as i128;
        let fits = step != 0 && (count == 0 || inside.contains(&begin) && inside.contains(&last));
        call.require(fits, || {
            let extent = output.shape[axis];
            format!("{count} elements from {begin} by {step} do not fit into axis {axis} of extent {extent}")
        })?;
    }
    Ok(())
}

fn padded(call: Call, before: &[usize], mirror: Mirror, inner: View<'_>, outer: View<'_>) -> Checked {
    for_each_axis(call, "paddings", before.len(), inner.shape)?;
    for_each_axis(call, "extents", outer.shape.len(), inner.shape)?;
    for axis in 0..inner.shape.len() {
        let (extent, padded, before) = (inner.shape[axis], outer.shape[axis], before[axis]);
        let after = padded.checked_sub(extent).and_then(|added| added.checked_sub(before));
        let most = mirror.most(extent);
        call.require(before <= most && after.is_some_and(|after| after <= most), || {
            format!(
                "axis {axis} of extent {extent} with {before} before cannot become {padded}: each side takes {most}"
            )
        })?;
    }
    Ok(())
}

fn tiled(call: Call, once: View<'_>, tiled: View<'_>) -> Checked {
    for_each_axis(call, "extents", once.shape.len(), tiled.shape)?;
    let is_multiple = |(once, tiled): (&usize, &usize)| *tiled == 0 || *once > 0 && tiled.is_multiple_of(*once);
    call.require(once.shape.iter().zip(tiled.shape).all(is_multiple), || {
        format!("shape {:?} is no repetition of {:?}", tiled.shape, once.shape)
    })
}
