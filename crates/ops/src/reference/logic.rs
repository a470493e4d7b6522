//! Truth values by their definitions.

use ndarray::{ArrayD, IxDyn};

use super::values::{Values, floats, pairs};
use crate::{LogicKernel, View};

pub(super) fn logic(kernel: LogicKernel, inputs: &[View<'_>], shape: &[usize]) -> Values {
    let truths = |input: usize| Values::read(inputs[input]).integers();
    let classified = |is_of: fn(f64) -> bool| floats(inputs[0]).mapv(|x| i64::from(is_of(x)));
    Values::Integers(match kernel {
        LogicKernel::And => pairs(&truths(0), &truths(1), shape, |x, y| x & y),
        LogicKernel::Or => pairs(&truths(0), &truths(1), shape, |x, y| x | y),
        LogicKernel::Not => truths(0).mapv(|x| 1 - x),
        LogicKernel::IsNan => classified(f64::is_nan),
        LogicKernel::IsInf => classified(f64::is_infinite),
        LogicKernel::IsFinite => classified(f64::is_finite),
        LogicKernel::Select => {
            return match (Values::read(inputs[1]), Values::read(inputs[2])) {
                (Values::Floats(yes), Values::Floats(no)) => Values::Floats(select(&truths(0), &yes, &no, shape)),
                (yes, no) => Values::Integers(select(&truths(0), &yes.integers(), &no.integers(), shape)),
            };
        }
    })
}

fn select<T: Copy>(condition: &ArrayD<i64>, yes: &ArrayD<T>, no: &ArrayD<T>, shape: &[usize]) -> ArrayD<T> {
    let spread = "the check has found that the shapes broadcast";
    let condition = condition.broadcast(IxDyn(shape)).expect(spread);
    let (yes, no) = (yes.broadcast(IxDyn(shape)).expect(spread), no.broadcast(IxDyn(shape)).expect(spread));
    ArrayD::from_shape_fn(IxDyn(shape), |index| if condition[&index] != 0 { yes[&index] } else { no[&index] })
}
