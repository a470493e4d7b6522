//! A hook of the program's own: how well the model does on samples it has not seen.

use std::sync::Arc;

use everstep::{
    data::Batch,
    graph::{Input, Output},
    hook::Trigger,
    prelude::{AfterRun, Error, Event, EventSink, Every, Hook, Result, Session},
    session::{Outcome, Request},
};

/// Records the accuracy on held-out samples.
pub(crate) struct TestAccuracy {
    request: Request<Output, Input>,
    trigger: Trigger,
    events: Arc<dyn EventSink>,
}

/// The run that tells the accuracy on `batch`.
pub(crate) fn request(accuracy: Output, inputs: [Input; 2], batch: &Batch) -> Result<Request<Output, Input>> {
    Ok(Request { feeds: batch.clone().feeds(inputs)?, ..Request::read(vec![accuracy]) })
}

/// Runs the request.
pub(crate) fn measure<S>(session: &mut S, request: &Request<Output, Input>) -> Result<f64>
where
    S: Session<Fetch = Output, Input = Input>,
{
    let mut outcome = Outcome::default();
    session.run(request, &mut outcome)?;
    outcome.values[0].to_f64()
}

impl TestAccuracy {
    pub(crate) fn new(request: Request<Output, Input>, every: Every, events: Arc<dyn EventSink>) -> Self {
        Self { request, trigger: Trigger::new(every), events }
    }
}

impl<S: Session<Fetch = Output, Input = Input>> Hook<S> for TestAccuracy {
    fn name(&self) -> &str {
        "test_accuracy"
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        let step = run.global_step();
        if !self.trigger.is_due(step) {
            return Ok(());
        }
        self.trigger.done(step);
        let accuracy = measure(run.session(), &self.request)?;
        self.events.emit(Event::scalar(step, "accuracy/test", accuracy)).map_err(Error::from)
    }
}
