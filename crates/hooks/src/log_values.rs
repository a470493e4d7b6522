//! Logs values of training runs.

use std::{fmt, sync::Arc};

use everstep_hook::{AfterRun, BeforeRun, Hook, When};
use everstep_session::{Clock, Session};
use everstep_tensor::{Error, ErrorKind, Result, Tensor};

use crate::{
    sampled::{Sample, Sampled},
    text,
};

/// Logs values of training runs at the level info, `step 101: loss = 0.25 (1.3 s)`; named `log_values`.
///
/// They are fetched in the run they tell of: every 100 steps from a fresh start is steps 1, 101, 201, …
/// The time is that since the last line. `F` is the session's `Fetch`.
pub struct LogValues<F> {
    values: Sampled<F>,
    formatter: Option<Formatter>,
}

type Formatter = Box<dyn FnMut(u64, &[Tensor]) -> String + Send>;

impl<F> LogValues<F> {
    /// Logs `values`, pairs of a name and a fetch, by this period, on the system's clock.
    ///
    /// With [`When::Last`] the values are fetched and kept in every training run: a run of its own at the end would lack
    /// the inputs that were fed, and may not run a train op.
    pub fn new<N: Into<String>>(when: impl Into<When>, values: impl IntoIterator<Item = (N, F)>) -> Self {
        Self { values: Sampled::new(when, values), formatter: None }
    }

    /// The same, with a line for the last step too when training ends well: `or(When::Last)`.
    pub fn at_end(mut self) -> Self {
        self.values.or(When::Last);
        self
    }

    /// The same, with the line made by `formatter` of the step and the values, in the order they were given.
    pub fn formatter(mut self, formatter: impl FnMut(u64, &[Tensor]) -> String + Send + 'static) -> Self {
        self.formatter = Some(Box::new(formatter));
        self
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.values.set_clock(clock);
        self
    }

    fn log(&mut self, sample: &Sample<'_>) {
        let line = match &mut self.formatter {
            Some(formatter) => formatter(sample.step, &sample.values),
            None => self.line(sample),
        };
        log::info!("{line}");
    }

    fn line(&self, Sample { step, values, elapsed }: &Sample<'_>) -> String {
        let named = self.values.names().zip(&**values).map(|(name, value)| format!("{name} = {}", text::tensor(value)));
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
        match self.values.when() {
            When::Every(every) if every.is_never() => {
                let message = "the period is never and the end is not asked for; give a period above 0, or at_end()";
                Err(Error::new(ErrorKind::InvalidArgument, message))
            }
            _ => Ok(()),
        }
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        self.values.ask(run);
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        if let Some(sample) = self.values.of_run(run) {
            self.log(&sample);
        }
        Ok(())
    }

    fn end(&mut self, _session: &mut S) -> Result<()> {
        if let Some(sample) = self.values.at_end() {
            self.log(&sample);
        }
        Ok(())
    }
}

impl<F: fmt::Debug> fmt::Debug for LogValues<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogValues").field("values", &self.values).finish_non_exhaustive()
    }
}
