//! A hook of one's own, on any engine.

use everstep_engine::connect;
use everstep_hook::{AfterRun, BeforeRun, Hook};
use everstep_monitored::{Monitored, Options, Ran};
use everstep_session::{Purpose, Session};
use everstep_tensor::Result;
use everstep_train::{TrainOptions, train};

use super::only_loop::{Fetch, Open};
use crate::regression::Regression;

/// Asks for the end when a value is low enough.
struct StopBelow<F> {
    value: F,
    limit: f64,
    steps: u64,
}

impl<F> StopBelow<F> {
    fn new(value: F, limit: f64) -> Self {
        Self { value, limit, steps: 0 }
    }
}

impl<S: Session> Hook<S> for StopBelow<S::Fetch> {
    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        if run.purpose() == Purpose::Train {
            run.fetch(self.value.clone());
        }
        Ok(())
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        let [value] = run.values() else { return Ok(()) };
        self.steps = run.global_step();
        if value.to_f64()? < self.limit {
            run.request_stop(format!("the value is below {}", self.limit));
        }
        Ok(())
    }
}

#[test]
fn a_hook_stops_the_graph_engine() -> Result<()> {
    let model = Regression::new();
    let mut stop = StopBelow::new(model.loss, 0.01);
    let options = TrainOptions {
        hooks: vec![Box::new(model.feed()), Box::new(&mut stop)],
        save_checkpoint_secs: None,
        save_summaries_steps: None,
        ..Default::default()
    };
    let loss: f32 =
        train(connect(model.graph.clone()), model.train_op, None, options)?.expect("steps were run").item()?;
    assert!(loss < 0.01, "{loss}");
    assert!(stop.steps > 1, "the first loss was low enough");
    Ok(())
}

#[test]
fn the_same_hook_stops_a_model_without_a_graph() -> Result<()> {
    let mut stop = StopBelow::new(Fetch::Weight, 1.5);
    let mut monitored = Monitored::begin(Open, vec![Box::new(&mut stop)], Options::default())?;
    while let Ran::Values(_) = monitored.run(&[Fetch::Halve], &[])? {}
    monitored.finish()?;
    assert_eq!(stop.steps, 3);
    Ok(())
}
