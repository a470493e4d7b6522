//! Convolutions: which form computes which shapes.

mod border;
mod correlation;
mod filter;
mod gradient;
pub(super) mod scratch;
mod sweep;
mod tile;
mod winograd;

use self::{
    correlation::{Correlation, Direction},
    gradient::FilterGradient,
    winograd::{FastCorrelation, FastFilterGradient},
};
use super::{epilogue::Ending, isa::Registers, pool::Pool};
use crate::{
    Epilogue, Pass, View, ViewMut, Window,
    element::{Element, with_float},
    kernel::Geometry,
};

/// What the three shapes of a convolution agree on.
fn geometry(pass: Pass, window: Window, depthwise: bool, inputs: [&[usize]; 2], output: &[usize]) -> Option<Geometry> {
    let [one, other] = inputs;
    match pass {
        Pass::Forward => Geometry::of(window, depthwise, one, other, output),
        Pass::BackpropInput => Geometry::of(window, depthwise, output, one, other),
        Pass::BackpropFilter => Geometry::of(window, depthwise, one, output, other),
    }
}

/// Elements that the kernel works with on so many threads.
pub(super) fn workspace(
    threads: usize,
    pass: Pass,
    window: Window,
    depthwise: bool,
    inputs: [&[usize]; 2],
    output: &[usize],
) -> usize {
    geometry(pass, window, depthwise, inputs, output).map_or(0, |geometry| needed(threads, pass, geometry))
}

fn needed(threads: usize, pass: Pass, geometry: Geometry) -> usize {
    let is_fast = winograd::serves(pass, &geometry);
    match pass {
        Pass::Forward if is_fast => FastCorrelation::new(geometry, Direction::Forward).workspace(threads),
        Pass::BackpropInput if is_fast => FastCorrelation::new(geometry, Direction::Backward).workspace(threads),
        Pass::BackpropFilter if is_fast => FastFilterGradient::new(geometry).workspace(threads),
        Pass::Forward => Correlation::new(geometry, Direction::Forward).workspace(threads),
        Pass::BackpropInput => Correlation::new(geometry, Direction::Backward).workspace(threads),
        Pass::BackpropFilter => FilterGradient::new(geometry).workspace(threads),
    }
}

/// The inputs are the two that are multiplied, and the bias if the epilogue has one.
pub(super) fn convolution(
    pool: &Pool,
    pass: Pass,
    window: Window,
    depthwise: bool,
    epilogue: Epilogue,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
) {
    let [output, workspace @ ..] = outputs else { unreachable!("the check counts outputs") };
    let shapes = [inputs[0].shape, inputs[1].shape];
    let geometry = geometry(pass, window, depthwise, shapes, output.shape).expect("the check has compared the shapes");
    let needed = needed(pool.threads(), pass, geometry);
    with_float!(inputs[0].data.dtype(), T => {
        let ending = Ending::<T>::new(epilogue, inputs.get(2).copied());
        let inputs = [T::slice(inputs[0].data), T::slice(inputs[1].data)];
        let output = T::slice_mut(&mut output.data);
        match workspace.first_mut().map(|workspace| T::slice_mut(&mut workspace.data)) {
            Some(given) if given.len() >= needed => {
                compute(pool, pass, geometry, inputs, ending, output, &mut given[..needed]);
            }
            _ => compute(pool, pass, geometry, inputs, ending, output, &mut vec![0.0; needed]),
        }
    });
}

fn compute<T: Registers>(
    pool: &Pool,
    pass: Pass,
    geometry: Geometry,
    [one, other]: [&[T]; 2],
    ending: Ending<'_, T>,
    output: &mut [T],
    workspace: &mut [T],
) {
    if geometry.products() == 0 {
        return output.fill(T::ZERO);
    }
    let is_fast = winograd::serves(pass, &geometry);
    match pass {
        Pass::Forward if is_fast => {
            FastCorrelation::new(geometry, Direction::Forward).compute(pool, one, other, ending, output, workspace)
        }
        Pass::BackpropInput if is_fast => {
            FastCorrelation::new(geometry, Direction::Backward).compute(pool, other, one, ending, output, workspace)
        }
        Pass::BackpropFilter if is_fast => {
            FastFilterGradient::new(geometry).compute(pool, one, other, output, workspace)
        }
        Pass::Forward => {
            Correlation::new(geometry, Direction::Forward).compute(pool, one, other, ending, output, workspace)
        }
        Pass::BackpropInput => {
            Correlation::new(geometry, Direction::Backward).compute(pool, other, one, ending, output, workspace)
        }
        Pass::BackpropFilter => FilterGradient::new(geometry).compute(pool, one, other, output, workspace),
    }
}
