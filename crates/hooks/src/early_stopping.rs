//! Ends a training whose metric gets no better.

use std::{fmt, sync::Arc};

use everstep_hook::{AfterRun, BeforeRun, Every, Hook, Start, StartedFrom, Trigger, When};
use everstep_session::{Clock, Monotonic, Purpose, Session};
use everstep_tensor::{Result, VariablesMut};

mod record;

use record::Record;

/// Which values of a metric are the better ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A loss.
    Lower,
    /// An accuracy.
    Higher,
}

/// Asks for the end when a metric has got no better so many times in a row; named `early_stopping`.
///
/// The metric is a value fetched in training runs ([`new`](Self::new)), or what a closure measures on the session
/// ([`measured`](Self::measured)). Each look at it is better than the best so far or a wait, a NaN always a wait.
/// A better value is one that differs from the best by more than [`min_delta`](Self::min_delta) in the right direction.
///
/// The state is saved with the model, as `hook/<name>/…`: `best` (f64, NaN before the first look), `best_step`,
/// `last_step` (that of the last look) and `waits` (i64; the steps −1 before the first look). So a resumed training
/// looks at the same steps and ends at the same one, and one that has ended so runs not one step more.
///
/// ```
/// use everstep_hook::{Every, Hook};
/// use everstep_hooks::{Direction, EarlyStopping};
/// use everstep_session::Session;
///
/// /// Ends when the loss, looked at each 100 steps, did not fall by 0.001 for 20 looks.
/// fn patient<S: Session + 'static>(loss: S::Fetch) -> Box<dyn Hook<S>>
/// where
///     S::Fetch: 'static,
/// {
///     Box::new(EarlyStopping::new(loss, Direction::Lower, 20).when(Every::steps(100)).min_delta(1e-3))
/// }
/// ```
pub struct EarlyStopping<S: Session> {
    name: String,
    metric: Metric<S>,
    direction: Direction,
    patience: u64,
    min_delta: f64,
    clock: Arc<dyn Clock>,
    trigger: Trigger,
    record: Record,
}

enum Metric<S: Session> {
    Fetched(S::Fetch),
    Measured(Measure<S>),
}

type Measure<S> = Box<dyn FnMut(&mut S) -> Result<Option<f64>> + Send>;

impl<S: Session> EarlyStopping<S> {
    /// Ends after `patience` looks in a row at the value of `fetch`, a scalar, that were no better; 0 is as 1.
    ///
    /// The value is fetched in the training run it tells of.
    pub fn new(fetch: S::Fetch, direction: Direction, patience: u64) -> Self {
        Self::on(Metric::Fetched(fetch), direction, patience)
    }

    /// The same for what `measure` gives after a training run; `None` is no look, for one that has nothing new to tell.
    ///
    /// It may run the session, by reading runs, which no hook sees.
    pub fn measured(
        measure: impl FnMut(&mut S) -> Result<Option<f64>> + Send + 'static,
        direction: Direction,
        patience: u64,
    ) -> Self {
        Self::on(Metric::Measured(Box::new(measure)), direction, patience)
    }

    fn on(metric: Metric<S>, direction: Direction, patience: u64) -> Self {
        let clock = Arc::new(Monotonic);
        let trigger = Trigger::with_clock(Every::steps(1), clock.clone());
        let (name, record) = ("early_stopping".into(), Record::default());
        Self { name, metric, direction, patience, min_delta: 0.0, clock, trigger, record }
    }

    /// Looks at these times; without it, after each training run. [`When::Last`] is too late to be looked at.
    pub fn when(mut self, when: impl Into<When>) -> Self {
        self.trigger = Trigger::with_clock(when, self.clock.clone());
        self
    }

    /// A value must be better than the best by more than this; 0 without it.
    pub fn min_delta(mut self, min_delta: f64) -> Self {
        self.min_delta = min_delta;
        self
    }

    /// Another name: two of one training must differ in it.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self.reset_trigger();
        self
    }

    /// The best value so far and the step after whose run it was seen.
    pub fn best(&self) -> Option<(u64, f64)> {
        self.record.best()
    }

    /// Looks since the best one.
    pub fn waits(&self) -> u64 {
        self.record.waits()
    }

    fn reset_trigger(&mut self) {
        self.trigger = Trigger::with_clock(self.trigger.when().clone(), self.clock.clone());
    }

    fn look(&mut self, step: u64, value: f64) {
        let (direction, min_delta) = (self.direction, self.min_delta);
        let is_better = |best: f64| match direction {
            Direction::Lower => value < best - min_delta,
            Direction::Higher => value > best + min_delta,
        };
        let better = !value.is_nan() && self.record.best().is_none_or(|(_, best)| is_better(best));
        self.record.look(step, better.then_some(value));
    }

    /// Why it is time to end, if it is.
    fn reason(&self) -> Option<String> {
        let waits = self.waits();
        if waits < self.patience.max(1) {
            return None;
        }
        let best =
            self.best().map_or("and was never a number".into(), |(step, best)| format!("than {best} at step {step}"));
        Some(format!("{}: the metric got no better {waits} times in a row {best}", self.name))
    }
}

impl<S: Session> Hook<S> for EarlyStopping<S> {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&mut self) -> Option<&mut dyn VariablesMut> {
        Some(&mut self.record)
    }

    /// # Errors
    /// `DataLoss` if a restored state makes no sense.
    fn after_create_session(&mut self, _session: &mut S, start: &mut Start<'_>) -> Result<()> {
        self.record.check(&self.name)?;
        if !matches!(start.from, StartedFrom::Live(_)) {
            self.reset_trigger();
            if let Some(step) = self.record.last_step() {
                self.trigger.done(step);
            }
        }
        if let Some(reason) = self.reason() {
            start.request_stop(reason);
        }
        Ok(())
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        if let Metric::Fetched(fetch) = &self.metric
            && run.purpose() == Purpose::Train
            && self.trigger.is_due(run.global_step() + 1)
        {
            run.fetch(fetch.clone());
        }
        Ok(())
    }

    /// # Errors
    /// `InvalidArgument` if the value is no scalar; what the closure returns.
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        let step = run.global_step();
        if run.purpose() != Purpose::Train || !self.trigger.is_due(step) {
            return Ok(());
        }
        let value = match &mut self.metric {
            Metric::Fetched(_) => run.values().first().map(|value| value.to_f64()).transpose(),
            Metric::Measured(measure) => measure(run.session()),
        };
        let Some(value) = value.map_err(|error| error.context("the metric"))? else { return Ok(()) };
        self.trigger.done(step);
        self.look(step, value);
        if let Some(reason) = self.reason() {
            run.request_stop(reason);
        }
        Ok(())
    }
}

impl<S: Session> fmt::Debug for EarlyStopping<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, direction, patience, min_delta, record, .. } = self;
        f.debug_struct("EarlyStopping")
            .field("name", name)
            .field("direction", direction)
            .field("patience", patience)
            .field("min_delta", min_delta)
            .field("record", record)
            .finish_non_exhaustive()
    }
}
