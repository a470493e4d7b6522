//! Evaluates the model while it is trained.

use std::{fmt, sync::Arc};

use everstep_event::EventSink;
use everstep_hook::{AfterRun, Hook, Start, StartedFrom, Trigger, When};
use everstep_session::{Clock, Outcome, Purpose, Request, Scope, Session};
use everstep_tensor::{ErrorKind, Result, Tensor};

use crate::sending;

/// Evaluates the model while it is trained: measures it, by a period, between two of its steps, and tells a sink of
/// events; named `evaluation`.
///
/// The measures are scalars of the step that the model was at, and go into a save of that step too, by which a saver may
/// choose what it keeps. Give it a sink of its own, such as a writer in `eval/`, to see its curves beside those of the
/// training. Training waits meanwhile; a measure that takes long should look at the training's stop, and give nothing
/// when that is requested.
///
/// ```
/// use std::sync::Arc;
/// use everstep_event::EventSink;
/// use everstep_hook::{Every, Hook, When};
/// use everstep_hooks::Evaluation;
/// use everstep_session::{Outcome, Request, Session};
/// use everstep_tensor::{CopyRules, copy};
///
/// /// Every 100 steps and at the end, by a model of its own that has the same variables: one without dropout.
/// fn evaluation<'a, S, E>(mut model: E, accuracy: E::Fetch, events: Arc<dyn EventSink>) -> impl Hook<S> + 'a
/// where
///     S: Session + 'a,
///     E: Session<Fetch: 'a> + 'a,
/// {
///     let accuracy = Request::read(vec![accuracy]);
///     let when = Every::steps(100).or(When::Last);
///     Evaluation::measured(when, events, move |training: &mut S| {
///         copy(training.variables(), model.variables_mut(), &CopyRules::default())?;
///         let mut outcome = Outcome::default();
///         model.run(&accuracy, &mut outcome)?;
///         Ok(vec![("accuracy", outcome.values[0].to_f64()?)])
///     })
/// }
/// ```
pub struct Evaluation<'a, S> {
    trigger: Trigger,
    measure: Measure<'a, S>,
    sink: Arc<dyn EventSink>,
    latest: Option<(u64, Vec<(String, f64)>)>,
}

type Measure<'a, S> = Box<dyn FnMut(&mut S) -> Result<Vec<(String, f64)>> + 'a>;

impl<'a, S: Session> Evaluation<'a, S> {
    /// Measures by one reading run of the session that is trained: `values` are pairs of a tag and a fetch of one
    /// element, `feeds` the samples that were held out.
    pub fn new<T: Into<String>>(
        when: impl Into<When>,
        sink: Arc<dyn EventSink>,
        values: impl IntoIterator<Item = (T, S::Fetch)>,
        feeds: impl IntoIterator<Item = (S::Input, Tensor)>,
    ) -> Self
    where
        S: 'a,
    {
        let (tags, fetches): (Vec<String>, _) = values.into_iter().map(|(tag, fetch)| (tag.into(), fetch)).unzip();
        let request = Request { feeds: feeds.into_iter().collect(), ..Request::read(fetches) };
        Self::measured(when, sink, move |session: &mut S| {
            let mut outcome = Outcome::default();
            session.run(&request, &mut outcome)?;
            numbers(&tags, &outcome)
        })
    }

    /// Measures by a run for each batch of a held-out set: local variables are initialised, all of them; `updates` are
    /// fetched of batch 0, 1 and so on until `batches` gives [`EndOfInput`](everstep_tensor::ErrorKind::EndOfInput); then
    /// `values`, pairs of a tag and a fetch of one element, are read once. So metrics measure that gather in local variables.
    pub fn over<T: Into<String>>(
        when: impl Into<When>,
        sink: Arc<dyn EventSink>,
        values: impl IntoIterator<Item = (T, S::Fetch)>,
        updates: Vec<S::Fetch>,
        mut batches: impl FnMut(u64) -> Result<Vec<(S::Input, Tensor)>> + 'a,
    ) -> Self
    where
        S: 'a,
    {
        let (tags, values): (Vec<String>, _) = values.into_iter().map(|(tag, fetch)| (tag.into(), fetch)).unzip();
        let (mut update, value) = (Request::evaluate(updates), Request::read(values));
        Self::measured(when, sink, move |session: &mut S| {
            let mut outcome = Outcome::default();
            session.initialize(Scope::Local)?;
            for position in 0.. {
                match batches(position) {
                    Ok(feeds) => update.feeds = feeds,
                    Err(error) if error.kind() == ErrorKind::EndOfInput => break,
                    Err(error) => return Err(error.context(format!("batch {position} of the evaluation"))),
                }
                session.run(&update, &mut outcome)?;
            }
            session.run(&value, &mut outcome)?;
            numbers(&tags, &outcome)
        })
    }

    /// Measures by what `measure` makes of the session: pairs of a tag and a number, or nothing if there is nothing to
    /// tell now.
    ///
    /// It may run the session, by reading runs, which no hook sees, or copy its variables into another one.
    pub fn measured<T: Into<String>, M: IntoIterator<Item = (T, f64)>>(
        when: impl Into<When>,
        sink: Arc<dyn EventSink>,
        mut measure: impl FnMut(&mut S) -> Result<M> + 'a,
    ) -> Self {
        let measure =
            move |session: &mut S| Ok(measure(session)?.into_iter().map(|(tag, value)| (tag.into(), value)).collect());
        Self { trigger: Trigger::new(when), measure: Box::new(measure), sink, latest: None }
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.trigger = Trigger::with_clock(self.trigger.when().clone(), clock);
        self
    }

    /// What was measured last, and the step of it.
    pub fn latest(&self) -> Option<(u64, &[(String, f64)])> {
        self.latest.as_ref().map(|(step, measures)| (*step, measures.as_slice()))
    }

    /// A measure that failed is due again after the next run.
    fn evaluate(&mut self, session: &mut S) -> Result<()> {
        let step = session.global_step();
        let measures = (self.measure)(session)?;
        self.trigger.done(step);
        for (tag, value) in &measures {
            sending::scalar(&*self.sink, step, tag, *value)?;
        }
        self.latest = Some((step, measures));
        Ok(())
    }
}

/// The value of each tag.
fn numbers(tags: &[String], outcome: &Outcome) -> Result<Vec<(String, f64)>> {
    let number = |(tag, value): (&String, &Tensor)| match value.to_f64() {
        Ok(number) => Ok((tag.clone(), number)),
        Err(error) => Err(error.context(format!("{tag} takes one number (its mean, a norm)"))),
    };
    tags.iter().zip(&outcome.values).map(number).collect()
}

impl<S: Session> Hook<S> for Evaluation<'_, S> {
    fn name(&self) -> &str {
        "evaluation"
    }

    /// What was measured of a model that is gone says nothing of this one.
    fn after_create_session(&mut self, _session: &mut S, start: &mut Start<'_>) -> Result<()> {
        if !matches!(start.from, StartedFrom::Live(_)) {
            self.latest = None;
        }
        Ok(())
    }

    /// # Errors
    /// What the measure returns; `InvalidArgument` if a value is not one number; what the sink returns.
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        if run.purpose() == Purpose::Train && self.trigger.is_due(run.global_step()) {
            self.evaluate(run.session())?;
        }
        Ok(())
    }

    fn metrics(&self, step: u64) -> &[(String, f64)] {
        self.latest().filter(|(measured, _)| *measured == step).map_or(&[], |(_, measures)| measures)
    }

    /// # Errors
    /// As [`after_run`](Self::after_run).
    fn end(&mut self, session: &mut S) -> Result<()> {
        let step = session.global_step();
        if self.trigger.is_due_at_end(step) {
            self.evaluate(session)?;
        }
        sending::flush(&*self.sink, step)
    }
}

impl<S> fmt::Debug for Evaluation<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trigger, latest, .. } = self;
        f.debug_struct("Evaluation").field("trigger", trigger).field("latest", latest).finish_non_exhaustive()
    }
}
