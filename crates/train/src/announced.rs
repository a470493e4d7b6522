//! A saver whose saves are events.

use std::sync::Arc;

use everstep_event::{Event, EventSink, What};
use everstep_tensor::{Checkpoint, Error, Result, Save, Saving, Which};

/// Tells a sink of every save: the one place where savers and events meet.
pub(crate) struct Announced {
    pub(crate) saver: Arc<dyn Save>,
    pub(crate) events: Arc<dyn EventSink>,
}

impl Save for Announced {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        self.saver.save(saving)?;
        let what = What::Checkpoint { path: self.location(saving.step) };
        self.events.emit(Event::now(saving.step, what)).map_err(|error| Error::from(error).context("events"))
    }
    fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
        self.saver.open(which)
    }
    fn newest_step(&self) -> Result<Option<u64>> {
        self.saver.newest_step()
    }
    fn is_kept(&self, step: u64) -> Result<bool> {
        self.saver.is_kept(step)
    }
    fn location(&self, step: u64) -> String {
        self.saver.location(step)
    }
    fn annotate(&self, step: u64, metric: &str, value: f64) -> Result<()> {
        self.saver.annotate(step, metric, value)
    }
    fn finish(&self) -> Result<()> {
        self.saver.finish()
    }
}
