//! Ends a training whose values leave the finite numbers.

use everstep_hook::{AfterRun, BeforeRun, Hook};
use everstep_session::{Purpose, Session};
use everstep_tensor::{DType, Element, Error, ErrorKind, Result, Tensor};

use crate::text;

/// Fails a training run in which an element of a value is NaN or infinite; named `nan_guard`.
///
/// The values are fetched in every training run, and every element is looked at. The step is not saved, wherever in the
/// list of hooks the guard stands. `F` is the session's `Fetch`.
#[derive(Clone, Debug)]
pub struct NanGuard<F> {
    values: Vec<(String, F)>,
}

impl<F> NanGuard<F> {
    /// Guards `values`, pairs of a name and a fetch of any shape; one of integers is always finite.
    pub fn new<N: Into<String>>(values: impl IntoIterator<Item = (N, F)>) -> Self {
        Self { values: values.into_iter().map(|(name, fetch)| (name.into(), fetch)).collect() }
    }
}

impl<S: Session> Hook<S> for NanGuard<S::Fetch> {
    fn name(&self) -> &str {
        "nan_guard"
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        if run.purpose() == Purpose::Train {
            self.values.iter().for_each(|(_, fetch)| run.fetch(fetch.clone()));
        }
        Ok(())
    }

    /// # Errors
    /// `Diverged` naming the step, the value's name, the place and the element.
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        for ((name, _), value) in self.values.iter().zip(run.values()) {
            if let Some((index, element)) = first_culprit(value) {
                return Err(diverged(run.global_step(), name, &text::place(index, value.shape()), element));
            }
        }
        Ok(())
    }
}

fn diverged(step: u64, name: &str, place: &str, element: f64) -> Error {
    let remedy =
        "lower the learning rate, clip the gradients or look for bad input, and resume from the last checkpoint";
    Error::new(ErrorKind::Diverged, format!("at step {step} {name}{place} is {element}; {remedy}"))
}

/// The first element that is not finite, and where it is, row-major.
fn first_culprit(value: &Tensor) -> Option<(usize, f64)> {
    match value.dtype() {
        DType::F32 => first_not_finite::<f32>(value),
        DType::F64 => first_not_finite::<f64>(value),
        _ => None,
    }
}

fn first_not_finite<T: Element>(value: &Tensor) -> Option<(usize, f64)> {
    let elements = value.as_slice::<T>().ok()?.iter().map(|element| element.to_f64());
    elements.enumerate().find(|(_, element)| !element.is_finite())
}
