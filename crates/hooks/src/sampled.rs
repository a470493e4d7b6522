//! Values of runs, fetched in the very run they tell of.

use std::{borrow::Cow, sync::Arc};

use everstep_hook::{AfterRun, BeforeRun, Elapsed, Trigger, When};
use everstep_session::{Clock, Purpose, Session};
use everstep_tensor::Tensor;

/// Values of runs, fetched in the very run they tell of, at the times of a trigger.
#[derive(Clone, Debug)]
pub(crate) struct Sampled<F> {
    trigger: Trigger,
    values: Vec<(String, F)>,
    /// The last run's, where the end may ask for them: a run of its own would lack the inputs that were fed.
    last: Option<(u64, Vec<Tensor>)>,
}

/// Values whose time has come.
#[derive(Debug)]
pub(crate) struct Sample<'v> {
    pub(crate) step: u64,
    /// One for each name, in order.
    pub(crate) values: Cow<'v, [Tensor]>,
    /// What passed since the sample before, if there was one.
    pub(crate) elapsed: Option<Elapsed>,
}

impl<F> Sampled<F> {
    pub(crate) fn new<N: Into<String>>(when: impl Into<When>, values: impl IntoIterator<Item = (N, F)>) -> Self {
        let values = values.into_iter().map(|(name, fetch)| (name.into(), fetch)).collect();
        Self { trigger: Trigger::new(when), values, last: None }
    }

    pub(crate) fn when(&self) -> &When {
        self.trigger.when()
    }

    pub(crate) fn or(&mut self, when: When) {
        self.trigger = Trigger::with_clock(self.when().clone().or(when), self.trigger.clock().clone());
    }

    pub(crate) fn set_clock(&mut self, clock: Arc<dyn Clock>) {
        self.trigger = Trigger::with_clock(self.when().clone(), clock);
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(name, _)| name.as_str())
    }

    fn keeps_last(&self) -> bool {
        self.when().may_be_last()
    }

    /// Asks for the values in a run that is expected to end at a step whose sample is due.
    pub(crate) fn ask<S: Session<Fetch = F>>(&self, run: &mut BeforeRun<'_, S>)
    where
        F: Clone,
    {
        if run.purpose() != Purpose::Read && (self.keeps_last() || self.trigger.is_due(run.global_step() + 1)) {
            self.values.iter().for_each(|(_, fetch)| run.fetch(fetch.clone()));
        }
    }

    /// The run's sample, if it was asked for and the step is as expected: of several runs that make one update, only
    /// the last has one.
    pub(crate) fn of_run<'v, S: Session>(&mut self, run: &AfterRun<'v, S>) -> Option<Sample<'v>> {
        let (step, values) = (run.global_step(), run.values());
        if values.is_empty() {
            return None;
        }
        self.last = None;
        if !self.trigger.is_due(step) {
            self.last = self.keeps_last().then(|| (step, values.to_vec()));
            return None;
        }
        Some(Sample { step, values: Cow::Borrowed(values), elapsed: self.trigger.done(step) })
    }

    /// The last run's sample, if the end asks for it and it was not taken yet.
    pub(crate) fn at_end(&mut self) -> Option<Sample<'static>> {
        let (step, values) = self.last.take_if(|(step, _)| self.trigger.is_due_at_end(*step))?;
        Some(Sample { step, values: Cow::Owned(values), elapsed: self.trigger.done(step) })
    }
}
