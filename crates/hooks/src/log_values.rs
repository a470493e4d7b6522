//! Logs values of training runs.

use std::{fmt, sync::Arc};

use everstep_hook::{AfterRun, BeforeRun, Elapsed, Hook, Trigger, When};
use everstep_session::{Clock, Purpose, Session};
use everstep_tensor::{Error, ErrorKind, Result, Tensor};

use crate::text;

/// Logs values of training runs at the level info, `step 101: loss = 0.25 (1.3 s)`; named `log_values`.
///
/// They are fetched in the run they tell of: every 100 steps from a fresh start is steps 1, 101, 201, …
/// The time is that since the last line. `F` is the session's `Fetch`.
pub struct LogValues<F> {
    trigger: Trigger,
    values: Vec<(String, F)>,
    formatter: Option<Formatter>,
    unsaid: Option<(u64, Vec<Tensor>)>,
}

type Formatter = Box<dyn FnMut(u64, &[Tensor]) -> String + Send>;

impl<F> LogValues<F> {
    /// Logs `values`, pairs of a name and a fetch, by this period, on the system's clock.
    ///
    /// With [`When::Last`] the values are fetched and kept in every training run: a run of its own at the end would lack
    /// the inputs that were fed, and may not run a train op.
    pub fn new<N: Into<String>>(when: impl Into<When>, values: impl IntoIterator<Item = (N, F)>) -> Self {
        let values = values.into_iter().map(|(name, fetch)| (name.into(), fetch)).collect();
        Self { trigger: Trigger::new(when), values, formatter: None, unsaid: None }
    }

    /// The same, with a line for the last step too when training ends well: `or(When::Last)`.
    pub fn at_end(mut self) -> Self {
        self.trigger = Trigger::with_clock(self.trigger.when().clone().or(When::Last), self.trigger.clock().clone());
        self
    }

    /// The same, with the line made by `formatter` of the step and the values, in the order they were given.
    pub fn formatter(mut self, formatter: impl FnMut(u64, &[Tensor]) -> String + Send + 'static) -> Self {
        self.formatter = Some(Box::new(formatter));
        self
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.trigger = Trigger::with_clock(self.trigger.when().clone(), clock);
        self
    }

    fn keeps_last(&self) -> bool {
        self.trigger.when().may_be_last()
    }

    fn log(&mut self, step: u64, values: &[Tensor]) {
        let elapsed = self.trigger.done(step);
        let line = match &mut self.formatter {
            Some(formatter) => formatter(step, values),
            None => self.line(step, values, elapsed),
        };
        log::info!("{line}");
    }

    fn line(&self, step: u64, values: &[Tensor], elapsed: Option<Elapsed>) -> String {
        let named =
            self.values.iter().zip(values).map(|((name, _), value)| format!("{name} = {}", text::tensor(value)));
        let time = elapsed.map_or(String::new(), |elapsed| format!(" ({:.1} s)", elapsed.time.as_secs_f64()));
        format!("step {step}: {}{time}", named.collect::<Vec<_>>().join(", "))
    }
}

impl<S: Session> Hook<S> for LogValues<S::Fetch> {
    fn name(&self) -> &str {
        "log_values"
    }

    /// # Errors
    /// `InvalidArgument` if it would never log anything.
    fn begin(&mut self) -> Result<()> {
        match self.trigger.when() {
            When::Every(every) if every.is_never() => {
                let message = "the period is never and the end is not asked for; give a period above 0, or at_end()";
                Err(Error::new(ErrorKind::InvalidArgument, message))
            }
            _ => Ok(()),
        }
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        if run.purpose() == Purpose::Train && (self.keeps_last() || self.trigger.is_due(run.global_step() + 1)) {
            self.values.iter().for_each(|(_, fetch)| run.fetch(fetch.clone()));
        }
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        let (step, values) = (run.global_step(), run.values());
        if values.is_empty() {
            return Ok(());
        }
        self.unsaid = None;
        if self.trigger.is_due(step) {
            self.log(step, values);
        } else if self.keeps_last() {
            self.unsaid = Some((step, values.to_vec()));
        }
        Ok(())
    }

    fn end(&mut self, _session: &mut S) -> Result<()> {
        if let Some((step, values)) = self.unsaid.take_if(|(step, _)| self.trigger.is_due_at_end(*step)) {
            self.log(step, &values);
        }
        Ok(())
    }
}

impl<F: fmt::Debug> fmt::Debug for LogValues<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trigger, values, .. } = self;
        f.debug_struct("LogValues").field("trigger", trigger).field("values", values).finish_non_exhaustive()
    }
}
