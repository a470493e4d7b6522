//! Shows how far a training is.

use std::{fmt, sync::Arc, time::Duration};

use everstep_hook::{AfterRun, BeforeRun, Elapsed, Every, Hook, Start, Trigger};
use everstep_session::{Clock, Monotonic, Purpose, Session};
use everstep_tensor::{Error, Result, Tensor};
use indicatif::{FormattedDuration, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::text;

/// Shows how far a training is: a bar on stderr with the step, steps a second, the loss and the time left; named
/// `progress`.
///
/// Where stderr is no terminal it logs a line every 10 s instead, at the level info. The bar begins at the restored
/// step, and stays on the screen as it is when training ends or fails. `F` is the session's `Fetch`.
///
/// ```
/// let hook = everstep_hooks::Progress::new(Some(10_000)).loss("loss");
/// ```
pub struct Progress<F> {
    last_step: Option<u64>,
    loss: Option<F>,
    bar: ProgressBar,
    trigger: Trigger,
    rate: Rate,
    step: u64,
}

/// Steps a second, of which the last seconds count most.
#[derive(Debug, Default)]
struct Rate(Option<f64>);

impl<F> Progress<F> {
    /// Shows the way to `last_step`, on the system's clock; `None` if the end is not known.
    pub fn new(last_step: Option<u64>) -> Self {
        Self::on(ProgressDrawTarget::stderr(), last_step)
    }

    /// The same, with the loss, a fetch of a small tensor; it is fetched only when it is shown.
    pub fn loss(mut self, loss: F) -> Self {
        self.loss = Some(loss);
        self
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.trigger = Self::trigger(&self.bar, clock);
        self
    }

    fn on(target: ProgressDrawTarget, last_step: Option<u64>) -> Self {
        let template = if last_step.is_some() { "{wide_bar} {pos}/{len} {msg}{prefix}" } else { "step {pos} {msg}" };
        let style = ProgressStyle::with_template(template).expect("the template is one of indicatif's");
        let bar = ProgressBar::with_draw_target(last_step, target)
            .with_style(style.progress_chars("=> "))
            .with_finish(ProgressFinish::Abandon);
        let trigger = Self::trigger(&bar, Arc::new(Monotonic));
        Self { last_step, loss: None, bar, trigger, rate: Rate::default(), step: 0 }
    }

    fn trigger(bar: &ProgressBar, clock: Arc<dyn Clock>) -> Trigger {
        let every = Duration::from_millis(if bar.is_hidden() { 10_000 } else { 100 });
        Trigger::with_clock(Every::time(every), clock)
    }

    fn show(&mut self, loss: Option<&Tensor>) {
        if let Some(elapsed) = self.trigger.done(self.step) {
            self.rate.add(elapsed);
        }
        let rate = self.rate.0.map(|rate| format!("{rate:.1} steps/s"));
        let loss = loss.map(|loss| format!("loss = {}", text::tensor(loss)));
        let message = rate.into_iter().chain(loss).collect::<Vec<_>>().join(", ");
        let left = self.time_left().map_or(String::new(), |left| format!(", {} left", FormattedDuration(left)));
        if self.bar.is_hidden() {
            let of = self.last_step.map_or(String::new(), |last| format!(" of {last}"));
            log::info!("step {}{of}: {message}{left}", self.step);
        } else {
            self.bar.set_position(self.step);
            self.bar.set_prefix(left);
            self.bar.set_message(message);
        }
    }

    /// Not known without a last step, nor while the step stands still.
    fn time_left(&self) -> Option<Duration> {
        let steps = self.last_step?.saturating_sub(self.step);
        Duration::try_from_secs_f64(steps as f64 / self.rate.0?).ok()
    }

    /// Leaves the bar on the screen, where the last run brought it.
    fn leave(&self) {
        self.bar.set_position(self.step);
        self.bar.set_prefix("");
        self.bar.abandon();
    }
}

impl<S: Session> Hook<S> for Progress<S::Fetch> {
    fn name(&self) -> &str {
        "progress"
    }

    fn after_create_session(&mut self, session: &mut S, _start: &mut Start<'_>) -> Result<()> {
        self.step = session.global_step();
        self.trigger.done(self.step);
        self.bar.set_position(self.step);
        self.bar.tick();
        Ok(())
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        if let Some(loss) = &self.loss
            && run.purpose() == Purpose::Train
            && self.trigger.is_due(run.global_step() + 1)
        {
            run.fetch(loss.clone());
        }
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        if run.purpose() != Purpose::Train {
            return Ok(());
        }
        self.step = run.global_step();
        let has_loss = self.loss.is_none() || !run.values().is_empty();
        if has_loss && self.trigger.is_due(self.step) {
            self.show(run.values().first());
        }
        Ok(())
    }

    fn end(&mut self, _session: &mut S) -> Result<()> {
        self.leave();
        Ok(())
    }

    fn failed(&mut self, _error: &Error) {
        self.leave();
    }
}

impl Rate {
    /// After this long a measurement's weight has fallen to 1/e.
    const MEMORY_SECS: f64 = 10.0;

    /// The mean of all measurements, each weighted by its time and e to the power of −age/memory.
    fn add(&mut self, elapsed: Elapsed) {
        let secs = elapsed.time.as_secs_f64();
        if secs > 0.0 {
            let new = elapsed.steps as f64 / secs;
            let old = self.0.unwrap_or(new);
            self.0 = Some(new + (old - new) * (-secs / Self::MEMORY_SECS).exp());
        }
    }
}

impl<F: fmt::Debug> fmt::Debug for Progress<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { last_step, loss, .. } = self;
        f.debug_struct("Progress").field("last_step", last_step).field("loss", loss).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
