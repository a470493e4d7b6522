//! Something that is told of every save.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use everstep_session::Stop;
use everstep_tensor::{Checkpoint, Result, Save, Saving, Which};

/// Something that is told of every save of a training: it evaluates, copies, announces; see
/// [`CheckpointSaver::listeners`](crate::CheckpointSaver::listeners).
///
/// Law: each listener is told `begin (before_save after_save)* end`, in list order in every phase. Each save is told
/// exactly once, whoever asked for it; the end after the last save, and not at all if the training fails. A save that
/// fails has no `after_save`.
pub trait Listener: Send {
    /// Called once, before there is a session.
    ///
    /// # Errors
    /// An error ends the training before it began.
    fn begin(&mut self) -> Result<()> {
        Ok(())
    }

    /// Called before a save.
    ///
    /// # Errors
    /// The save does not take place, and the training fails.
    fn before_save(&mut self, _saving: &Saving<'_>) -> Result<()> {
        Ok(())
    }

    /// Called after a save, when it is durable and can be opened; a reason asks for the end, and the listeners after
    /// this one are told all the same.
    ///
    /// # Errors
    /// The training fails; the save stays.
    fn after_save(&mut self, _saving: &Saving<'_>) -> Result<Option<String>> {
        Ok(None)
    }

    /// Called once, when training has ended well at this step and the last save is made.
    ///
    /// # Errors
    /// Returned when the loop is closed.
    fn end(&mut self, _step: u64) -> Result<()> {
        Ok(())
    }
}

/// A saver whose every save listeners are told of.
pub(crate) struct Listening {
    saver: Arc<dyn Save>,
    told: Mutex<Told>,
}

struct Told {
    listeners: Vec<Box<dyn Listener>>,
    stop: Option<Stop>,
    /// The step at which the training ends well, until the listeners are told or a save fails.
    last_step: Option<u64>,
}

impl Listening {
    pub(crate) fn new(saver: Arc<dyn Save>, listeners: Vec<Box<dyn Listener>>) -> Self {
        Self { saver, told: Mutex::new(Told { listeners, stop: None, last_step: None }) }
    }

    pub(crate) fn begin(&self) -> Result<()> {
        self.told().listeners.iter_mut().try_for_each(|listener| listener.begin())
    }

    /// What a listener that asks for the end asks from here on.
    pub(crate) fn stop_with(&self, stop: &Stop) {
        self.told().stop = Some(stop.clone());
    }

    /// What is saved from here on is the last.
    pub(crate) fn ends_at(&self, step: u64) {
        self.told().last_step = Some(step);
    }

    /// The listeners are whole whenever the lock is free.
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn save(&mut self, saver: &dyn Save, saving: &Saving<'_>) -> Result<()> {
        self.listeners.iter_mut().try_for_each(|listener| listener.before_save(saving))?;
        saver.save(saving).and_then(|()| saver.finish())?;
        for listener in &mut self.listeners {
            if let (Some(reason), Some(stop)) = (listener.after_save(saving)?, &self.stop) {
                stop.request(reason);
            }
        }
        Ok(())
    }
}

impl Save for Listening {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        let mut told = self.told();
        let saved = told.save(&*self.saver, saving);
        told.last_step = told.last_step.filter(|_| saved.is_ok());
        saved
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
        self.saver.finish()?;
        let mut told = self.told();
        let Some(step) = told.last_step.take() else { return Ok(()) };
        told.listeners.iter_mut().try_for_each(|listener| listener.end(step))
    }
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listeners = self.told().listeners.len();
        f.debug_struct("Listening").field("listeners", &listeners).finish_non_exhaustive()
    }
}
