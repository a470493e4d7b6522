//! Keeps a training from values that leave the finite numbers, or its loss from leaping.

use everstep_hook::{AfterRun, BeforeRun, Hook, Start, Verdict};
use everstep_session::{Purpose, Session};
use everstep_tensor::{Bf16, DType, Element, Error, ErrorKind, F16, Result, Snapshot, Tensor, Variables, VariablesMut};

use crate::text;

mod record;

use record::Record;

/// Guards a training against steps in which an element of a value is NaN or infinite, or in which the loss leaps; named
/// `nan_guard`.
///
/// The values are fetched in every run, and every element is looked at. What happens to a bad step is told by
/// [`OnBadStep`]; it is never saved, and no hook acts on it, wherever in the list of hooks the guard stands. In a run the
/// guard sees nothing but its values: an update that spoils the variables while the loss is still finite is seen in the
/// norm of its gradients, so guard that too; and a run that the engine itself refuses, for its own check of the loss,
/// fails before the guard sees it, so turn that check off. Before a save the guard looks at every variable, and refuses
/// one that is not finite. `F` is the session's `Fetch`.
///
/// Where it counts (rolling back, or guarding against leaps) its state is saved with the model as `hook/nan_guard/…`.
///
/// ```
/// use everstep_hooks::{NanGuard, OnBadStep, Spike};
///
/// let guard = NanGuard::new([("loss", "loss"), ("gradient norm", "norm")])
///     .on_bad_step(OnBadStep::RollBack { in_a_row: 3, in_total: 100 })
///     .spike(Spike { factor: 20.0, memory: 1000 });
/// ```
#[derive(Clone, Debug)]
pub struct NanGuard<F> {
    values: Vec<(String, F)>,
    on_bad_step: OnBadStep,
    spike: Option<Spike>,
    record: Record,
    /// The session's variables as they were before the run.
    before: Vec<(String, Tensor)>,
}

/// What happens to a bad step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBadStep {
    /// The training fails with `Diverged`.
    #[default]
    Fail,
    /// The step is undone, and the training ends well: what is saved last is the model before the step.
    Stop,
    /// The step is undone, and the training goes on with the next batch, as if this one were not there.
    ///
    /// The training fails with `Diverged` at the step after so many. To be able to go back, the guard holds the
    /// variables as they were before each run: an engine that updates in place copies them once a step.
    RollBack {
        /// Steps that may be undone without a good one between them.
        in_a_row: u64,
        /// Steps that may be undone in the whole training, its resumes among it.
        in_total: u64,
    },
}

/// A leap of the first value, usually the loss, which must have one element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spike {
    /// A step is bad whose value is above so many times the mean; more than 1. A mean that is not positive has no
    /// leaps.
    pub factor: f64,
    /// Good steps that the mean remembers, at least 1: it is that of the first so many, and then each older value
    /// weighs 1 - 1/`memory` of the next. Before there are so many no step is bad for its leap.
    pub memory: u64,
}

impl<F> NanGuard<F> {
    /// Guards `values`, pairs of a name and a fetch of any shape; one of integers is always finite. A bad step fails.
    pub fn new<N: Into<String>>(values: impl IntoIterator<Item = (N, F)>) -> Self {
        Self {
            values: values.into_iter().map(|(name, fetch)| (name.into(), fetch)).collect(),
            on_bad_step: OnBadStep::Fail,
            spike: None,
            record: Record::default(),
            before: Vec::new(),
        }
    }

    /// The same, with another fate of bad steps.
    pub fn on_bad_step(mut self, on_bad_step: OnBadStep) -> Self {
        self.on_bad_step = on_bad_step;
        self
    }

    /// The same, guarding against leaps of the first value too.
    pub fn spike(mut self, spike: Spike) -> Self {
        self.spike = Some(spike);
        self
    }

    fn check(&self) -> Result<()> {
        let Some(Spike { factor, memory }) = self.spike else { return Ok(()) };
        if factor > 1.0 && factor.is_finite() && memory > 0 && !self.values.is_empty() {
            return Ok(());
        }
        let message = format!(
            "a spike of factor {factor} and memory {memory} in the first of {} values; give a factor above 1, a memory \
             of at least 1, and a value",
            self.values.len()
        );
        Err(Error::new(ErrorKind::InvalidArgument, message))
    }

    /// What is bad about these values: the first thing found.
    fn fault(&self, values: &[Tensor]) -> Result<Option<String>> {
        for ((name, _), value) in self.values.iter().zip(values) {
            if let Some((index, element)) = first_culprit(value) {
                return Ok(Some(format!("{name}{} is {element}", text::place(index, value.shape()))));
            }
        }
        let (Some(spike), Some(value), Some((name, _))) = (self.spike, values.first(), self.values.first()) else {
            return Ok(None);
        };
        let value = one_number(name, value)?;
        let mean = self.record.mean(spike.memory).filter(|mean| *mean > 0.0 && value > spike.factor * mean);
        Ok(mean.map(|mean| {
            let [value, factor, mean] = [value, spike.factor, mean].map(text::number);
            format!("{name} is {value}, above {factor} times its mean, {mean}")
        }))
    }

    /// Holds the variables as they are; the names are those of the session's life.
    fn remember(&mut self, variables: &dyn Variables) -> Result<()> {
        if self.before.is_empty() {
            let names = Snapshot::of(variables)?;
            self.before = names.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
            return Ok(());
        }
        for (name, value) in &mut self.before {
            *value = variables.read(name)?;
        }
        Ok(())
    }

    /// Undoes a bad step, or fails.
    fn undo<S: Session>(&mut self, fault: &str, run: &mut AfterRun<'_, S>) -> Result<Verdict> {
        let bad = format!("at step {} {fault}", run.global_step());
        match self.on_bad_step {
            OnBadStep::Fail => return Err(diverged(&bad)),
            OnBadStep::Stop => run.request_stop(format!("{bad}; the step is undone")),
            OnBadStep::RollBack { in_a_row, in_total } => {
                let (row, total) = self.record.undo();
                if row > in_a_row || total > in_total {
                    let limits = format!("{bad}; {} steps in a row and {} in all were undone", row - 1, total - 1);
                    return Err(diverged(&limits));
                }
            }
        }
        let undone = run.session().variables_mut().assign_all(self.before.clone());
        undone.map_err(|error| error.context(format!("{bad}, and the step cannot be undone")))?;
        log::warn!("{bad}; went back to step {}", run.global_step());
        Ok(Verdict::Undone)
    }
}

impl<S: Session> Hook<S> for NanGuard<S::Fetch> {
    fn name(&self) -> &str {
        "nan_guard"
    }

    fn state(&mut self) -> Option<&mut dyn VariablesMut> {
        let counts = self.spike.is_some() || matches!(self.on_bad_step, OnBadStep::RollBack { .. });
        counts.then_some(&mut self.record as &mut dyn VariablesMut)
    }

    /// # Errors
    /// `InvalidArgument` for a spike that makes no sense.
    fn begin(&mut self) -> Result<()> {
        self.check()
    }

    /// # Errors
    /// `DataLoss` if the restored state is none that a guard has saved.
    fn after_create_session(&mut self, _session: &mut S, _start: &mut Start<'_>) -> Result<()> {
        self.before.clear();
        self.record.check()
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        if run.purpose() == Purpose::Read {
            return Ok(());
        }
        self.values.iter().for_each(|(_, fetch)| run.fetch(fetch.clone()));
        if self.on_bad_step == OnBadStep::Fail { Ok(()) } else { self.remember(run.session().variables()) }
    }

    /// # Errors
    /// `Diverged` naming the step, the value's name, the place and the element, where a bad step is not, or no longer,
    /// to be undone.
    fn judge(&mut self, run: &mut AfterRun<'_, S>) -> Result<Verdict> {
        match self.fault(run.values())? {
            Some(fault) => self.undo(&fault, run),
            None => Ok(Verdict::Kept),
        }
    }

    /// # Errors
    /// `Diverged` naming the variable, the place and the element, if one to be saved is NaN or infinite: an update can
    /// overflow though every value of its run was finite.
    fn before_save(&mut self, step: u64, variables: &dyn Variables) -> Result<()> {
        for spec in variables.specs().into_iter().filter(|spec| spec.dtype.is_float()) {
            if let Some((index, element)) = first_culprit(&variables.read(&spec.name)?) {
                let place = text::place(index, &spec.shape);
                return Err(diverged(&format!("at step {step} variable {}{place} is {element}", spec.name)));
            }
        }
        Ok(())
    }

    /// # Errors
    /// `InvalidArgument` if the value whose leaps are guarded against has several elements.
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        if run.purpose() == Purpose::Read {
            return Ok(());
        }
        self.record.kept();
        if let (Some(spike), Some((name, _)), Some(value)) = (self.spike, self.values.first(), run.values().first()) {
            self.record.add(one_number(name, value)?, spike.memory);
        }
        Ok(())
    }
}

fn diverged(what: &str) -> Error {
    let remedy =
        "lower the learning rate, clip the gradients or look for bad input, and resume from the last checkpoint";
    Error::new(ErrorKind::Diverged, format!("{what}; {remedy}"))
}

fn one_number(name: &str, value: &Tensor) -> Result<f64> {
    value.to_f64().map_err(|error| error.context(format!("a spike of {name} takes one number")))
}

/// The first element that is not finite, and where it is, row-major.
fn first_culprit(value: &Tensor) -> Option<(usize, f64)> {
    match value.dtype() {
        DType::F32 => first_not_finite::<f32>(value),
        DType::F64 => first_not_finite::<f64>(value),
        DType::Bf16 => first_not_finite::<Bf16>(value),
        DType::F16 => first_not_finite::<F16>(value),
        _ => None,
    }
}

fn first_not_finite<T: Element>(value: &Tensor) -> Option<(usize, f64)> {
    let elements = value.as_slice::<T>().ok()?.iter().map(|element| element.to_f64());
    elements.enumerate().find(|(_, element)| !element.is_finite())
}
