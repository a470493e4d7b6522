//! One trial: a training that is killed and resumed, and says what it does.

use std::{path::Path, sync::Arc};

use everstep::{
    data::Batch,
    event::{self, HparamValue, Memory, Tee, TrialStatus, What},
    prelude::*,
};

use crate::{exhibits::Exhibits, model::Model};

/// Where the training is killed, and where it ends; between them and the last save, steps are made twice.
const KILLED_AT: u64 = 180;
const LAST_STEP: u64 = 300;

pub(crate) struct Trial<'a> {
    pub(crate) name: &'static str,
    pub(crate) learning_rate: f64,
    pub(crate) width: usize,
    pub(crate) logdir: &'a Path,
}

impl Trial<'_> {
    /// Trains, and returns what each of the two processes said.
    pub(crate) fn run(&self, train_set: &Dataset, test_set: &Dataset) -> Result<[Vec<Event>; 2]> {
        let killed = self.say(|events| {
            let hparams = event::Trial {
                hparams: vec![
                    ("learning_rate".to_owned(), self.learning_rate.into()),
                    ("width".to_owned(), HparamValue::Number(self.width as f64)),
                    ("activation".to_owned(), "relu".into()),
                    ("shuffled".to_owned(), true.into()),
                ],
                ..event::Trial::default()
            };
            events.emit(Event::now(0, What::TrialStart(Arc::new(hparams))))?;
            match self.train(train_set, test_set, events, Box::new(Kill)) {
                Err(error) if error.kind() == ErrorKind::Cancelled => Ok(()),
                ended => ended,
            }
        })?;
        let resumed = self.say(|events| {
            self.train(train_set, test_set, events, Box::new(StopAtStep::last_step(LAST_STEP)))?;
            events.emit(Event::now(LAST_STEP, What::TrialEnd(TrialStatus::Success)))?;
            Ok(())
        })?;
        Ok([killed, resumed])
    }

    /// Gives `body` a sink, and returns what it was told.
    fn say(&self, body: impl FnOnce(&Arc<dyn EventSink>) -> Result<()>) -> Result<Vec<Event>> {
        let memory = Arc::new(Memory::new());
        let writer = Arc::new(EventWriter::create(self.logdir.join(self.name))?);
        let events: Arc<dyn EventSink> = Arc::new(Tee::new([writer.clone() as Arc<dyn EventSink>, memory.clone()]));
        body(&events)?;
        writer.close()?;
        Ok(memory.events())
    }

    fn train<'h>(
        &self,
        train_set: &Dataset,
        test_set: &Dataset,
        events: &Arc<dyn EventSink>,
        end: Box<dyn Hook<GraphSession> + 'h>,
    ) -> Result<()> {
        let model = Model::new(self.width, self.learning_rate)?;
        let inputs = [model.images, model.labels];
        let exhibits = Exhibits::new(&model, test_set.all().clone(), events.clone())?;
        let scaffold = Scaffold {
            summaries: model.graph.summaries().to_vec(),
            samples_per_step: Some(64),
            graph: Some(model.graph.to_graph_def().into()),
            events: Some(events.clone()),
            ..Scaffold::default()
        };
        let loader = Loader::new(train_set.clone(), LoaderOptions { batch: 64, ..LoaderOptions::default() })?;
        let feed =
            Feed::new("feed", move |position| loader.batch(position).and_then(|batch: Batch| batch.feeds(inputs)));
        let hooks: Vec<Box<dyn Hook<GraphSession> + 'h>> =
            vec![Box::new(feed), Box::new(exhibits), Box::new(CheckpointSaver::new(Every::steps(150))), end];
        let options = TrainOptions {
            scaffold,
            hooks,
            save_checkpoint_secs: None,
            save_summaries_steps: Some(10),
            ..TrainOptions::default()
        };
        train(connect(Arc::new(model.graph)), model.train_op, Some(&self.logdir.join(self.name)), options)?;
        Ok(())
    }
}

/// Fails the training, as a process that is killed does: nothing more is saved.
struct Kill;

impl<S: Session> Hook<S> for Kill {
    fn name(&self) -> &str {
        "kill"
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        match run.global_step() {
            KILLED_AT => Err(Error::new(ErrorKind::Cancelled, "told to end here")),
            _ => Ok(()),
        }
    }
}
