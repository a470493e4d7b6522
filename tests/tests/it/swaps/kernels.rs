//! Other kernels under our graph.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use everstep_engine::{GraphSession, connect};
use everstep_hooks::StopAtStep;
use everstep_ops::{Kernel, KernelError, Kernels, Reference, Target, Update, View, ViewMut};
use everstep_session::{Connect, connect_fn};
use everstep_tensor::Result;
use everstep_train::{TrainOptions, train};

use crate::regression::Regression;

/// The plain kernels, and how often they were called.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

impl Kernels for Counting {
    fn run(
        &self,
        kernel: &Kernel,
        inputs: &[View<'_>],
        outputs: &mut [ViewMut<'_>],
    ) -> std::result::Result<(), KernelError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Reference.run(kernel, inputs, outputs)
    }
    fn update(
        &self,
        update: &Update,
        targets: &mut [Target<'_>],
        inputs: &[View<'_>],
    ) -> std::result::Result<(), KernelError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Reference.update(update, targets, inputs)
    }
}

/// The loss of the fiftieth step.
fn loss(model: &Regression, connect: impl Connect<Session = GraphSession>) -> Result<f32> {
    let options = TrainOptions {
        hooks: vec![Box::new(model.feed()), Box::new(StopAtStep::last_step(50))],
        save_checkpoint_secs: None,
        save_summaries_steps: None,
        ..Default::default()
    };
    train(connect, model.train_op, None, options)?.expect("steps were run").item()
}

#[test]
fn a_graph_runs_on_other_kernels() -> Result<()> {
    let model = Regression::new();
    let counting = Arc::new(Counting::default());
    let on_counting =
        connect_fn(|_master, config| GraphSession::with_kernels(model.graph.clone(), config, counting.clone()));
    let (counted, own) = (loss(&model, on_counting)?, loss(&model, connect(model.graph.clone()))?);
    assert!((counted - own).abs() <= 1e-3 * own.abs(), "{counted} on the plain kernels, {own} on the engine's own");
    let calls = counting.0.load(Ordering::Relaxed);
    // What follows from constants alone is computed by them too, once.
    assert!(calls >= 2 * 50 && calls % 50 < 5, "{calls} calls in 50 steps");
    Ok(())
}
