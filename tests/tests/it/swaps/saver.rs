//! Another saver under the facade.

use std::sync::{Arc, Mutex, PoisonError};

use everstep_engine::connect;
use everstep_hook::Every;
use everstep_hooks::{CheckpointSaver, StopAtStep};
use everstep_tensor::{Checkpoint, Result, Save, Saving, Snapshot, Which};
use everstep_testkit::laws::saver_keeps_the_newest;
use everstep_train::{Scaffold, TrainOptions, train};

use crate::regression::Regression;

/// Keeps every set in a list that somebody else may hold on to: a cache, a data base, an object store.
#[derive(Default)]
struct Archive(Mutex<Vec<(u64, Snapshot)>>);

impl Save for Archive {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        let set = Snapshot::of(saving.variables)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((saving.step, set));
        Ok(())
    }
    fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
        let fits = |step: u64| match which {
            Which::Newest => true,
            Which::Step(wanted) => step == wanted,
            Which::NewestBefore(limit) => step < limit,
        };
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((step, set)) = kept.iter().rev().find(|(step, _)| fits(*step)) else { return Ok(None) };
        let (location, variables) = (format!("archive, step {step}"), Box::new(set.clone()));
        Ok(Some(Checkpoint { step: *step, location, variables }))
    }
}

#[test]
fn a_training_resumes_from_a_saver_of_ones_own() -> Result<()> {
    let archive = Arc::new(Archive::default());
    let model = Regression::new();
    for last_step in [5, 9] {
        let options = TrainOptions {
            scaffold: Scaffold { saver: Some(archive.clone()), ..Default::default() },
            hooks: vec![
                Box::new(model.feed()),
                Box::new(CheckpointSaver::new(Every::steps(2))),
                Box::new(StopAtStep::last_step(last_step)),
            ],
            save_summaries_steps: None,
            ..Default::default()
        };
        train(connect(model.graph.clone()), model.train_op, None, options)?.expect("steps were run");
    }
    let steps: Vec<u64> = archive.0.lock().unwrap().iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [0, 2, 4, 5, 7, 9]);
    Ok(())
}

#[test]
fn the_saver_holds_the_laws() {
    saver_keeps_the_newest(&Archive::default(), &Snapshot::new());
}
