//! A session with everything around it.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    path::Path,
    sync::Arc,
};

use everstep_checkpoint::Saver;
use everstep_event::EventSink;
use everstep_hook::{Every, Hook, When};
use everstep_hooks::{CheckpointSaver, MemoryUse, StepCounter, SummarySaver};
use everstep_monitored::{Attempt, Coordinator, Create, Created, Monitored, Options};
use everstep_session::{Connect, Monotonic, Session};
use everstep_summary::EventWriter;
use everstep_tensor::{Error, ErrorKind, Result, Save};

use crate::{Chief, TrainOptions, Worker, announced::Announced, metadata::Metadata};

/// A session with everything around it: chief or worker, saver, events, the default hooks; for loops of one's own.
///
/// It derefs to [`Monitored`], whose `run`, `run_without_hooks`, `run_step_fn`, `request_stop` and `should_stop` it has.
/// Its hooks run in the order chief-only hooks, step counter, summaries, checkpoints, the caller's.
///
/// ```
/// use everstep_monitored::Ran;
/// use everstep_session::connect_fn;
/// use everstep_testkit::{Fetch, Server};
/// use everstep_train::{TrainOptions, MonitoredTrainingSession};
///
/// let connect = connect_fn(|_master, _config| Ok(Server::new().session()));
/// let session = MonitoredTrainingSession::begin(connect, None, TrainOptions::default())?;
/// let weight = session.scope(|session| {
///     let mut weight = f64::INFINITY;
///     while weight > 1.0 {
///         let Ran::Values([value]) = session.run(&[Fetch::Update], &[])? else { break };
///         weight = value.to_f64()?;
///     }
///     Ok(weight)
/// })?;
/// assert_eq!(weight, Some(1.0));
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
pub struct MonitoredTrainingSession<'a, C: Connect> {
    monitored: Monitored<'a, Role<'a, C>>,
    events: Option<Arc<dyn EventSink>>,
}

impl<'a, C: Connect + 'a> MonitoredTrainingSession<'a, C> {
    /// Opens a session; the chief keeps checkpoints and events in `logdir`, or where the scaffold says.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty path or seconds that make no sense; what the directory, the engine or a hook returns.
    pub fn begin(connect: C, logdir: Option<&Path>, mut options: TrainOptions<'a, C::Session>) -> Result<Self> {
        options.check(logdir)?;
        let threads = Coordinator::new(options.stop.clone(), Arc::new(Monotonic));
        let all = Options { recovery: options.recovery.clone(), threads, grace: options.grace(), ..Options::default() };
        let mut hooks: Hooks<'a, C::Session> = Vec::new();
        if let Some(metadata) = options.run_metadata.take() {
            hooks.push(Box::new(Metadata(metadata)));
        }
        if !options.is_chief {
            hooks.append(&mut options.hooks);
            let max_wait = options.max_wait();
            let worker = Worker::new(connect, options.master, options.config, max_wait);
            let worker = Role::Worker(worker.scaffold(&mut options.scaffold));
            return Ok(Self { monitored: Monitored::begin(worker, hooks, all)?, events: None });
        }
        let Places { saver, events } = Places::of(logdir, &mut options)?;
        let times = Some(options.times.clone()).filter(|_| events.is_some() && !options.log_step_count().is_never());
        add_chief_hooks(&mut hooks, &saver, &events, &mut options);
        let mut chief = Chief::new(connect, options.master, options.config).scaffold(&mut options.scaffold);
        if let Some(saver) = &saver {
            chief = chief.restore(saver.clone());
        }
        let begun = Monitored::begin(Role::Chief(chief), hooks, Options { saver, times, ..all });
        match begun {
            Ok(monitored) => Ok(Self { monitored, events }),
            Err(error) => {
                flush_in_passing(&events);
                Err(error)
            }
        }
    }

    /// Ends the hooks, saves the last step, and closes the session, the saver and the events.
    ///
    /// # Errors
    /// As [`Monitored::finish`]; the sink's last error.
    pub fn finish(self) -> Result<Option<C::Session>> {
        let Self { monitored, events } = self;
        let reason = monitored.stop_reason().unwrap_or("the caller has finished");
        log::info!("the training ends at step {}: {reason}", monitored.global_step());
        if monitored.restarts() > 0 {
            log::info!("its session was lost and replaced: restarts = {}", monitored.restarts());
        }
        let finished = monitored.finish();
        // The last save is announced after the hooks have ended: it must reach the disk too, however the training ended.
        let flushed = events.map_or(Ok(()), |events| events.flush());
        finished.and_then(|session| flushed.map(|()| session).map_err(|error| Error::from(error).context("events")))
    }

    /// Runs `body` and closes: well if it succeeds or its input is used up (then `None`), as a failure otherwise.
    ///
    /// # Errors
    /// The body's; then hooks have been told `failed` and the last step was not saved. Else as [`finish`](Self::finish).
    pub fn scope<T>(mut self, body: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        match body(&mut self) {
            Ok(value) => self.finish().map(|_| Some(value)),
            // An input is used up before a run; the same error of a hook after one has failed the training.
            Err(error) if error.kind() == ErrorKind::EndOfInput && self.monitored.session().is_some() => {
                self.finish().map(|_| None)
            }
            Err(error) => {
                let events = self.events.take();
                drop(self);
                flush_in_passing(&events);
                Err(error)
            }
        }
    }
}

/// After a failure, whose error is the one that matters.
fn flush_in_passing(events: &Option<Arc<dyn EventSink>>) {
    if let Some(Err(error)) = events.as_ref().map(|events| events.flush()) {
        log::error!("events: {error}");
    }
}

impl<'a, C: Connect> Deref for MonitoredTrainingSession<'a, C> {
    type Target = Monitored<'a, Role<'a, C>>;

    fn deref(&self) -> &Self::Target {
        &self.monitored
    }
}

impl<C: Connect> DerefMut for MonitoredTrainingSession<'_, C> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.monitored
    }
}

/// A chief or a worker.
#[derive(Debug)]
pub enum Role<'a, C: Connect> {
    /// Initialises, restores and saves.
    Chief(Chief<'a, C>),
    /// Waits until the model is ready.
    Worker(Worker<'a, C>),
}

impl<C: Connect> Create for Role<'_, C> {
    type Session = C::Session;

    fn create(&mut self, attempt: &Attempt<'_>) -> Result<Created<C::Session>> {
        match self {
            Self::Chief(chief) => chief.create(attempt),
            Self::Worker(worker) => worker.create(attempt),
        }
    }
}

/// Where the chief's checkpoints and events go.
struct Places {
    saver: Option<Arc<dyn Save>>,
    events: Option<Arc<dyn EventSink>>,
}

impl Places {
    /// The scaffold's own, or files in the directories.
    fn of<S: Session>(logdir: Option<&Path>, options: &mut TrainOptions<'_, S>) -> Result<Self> {
        let mut saver = options.scaffold.saver.take();
        let mut events = options.scaffold.events.take();
        if let Some(directory) = logdir.filter(|_| saver.is_none()) {
            saver = Some(Arc::new(saver_in(directory, options)?));
        }
        if let Some(directory) = options.summary_dir.as_deref().or(logdir).filter(|_| events.is_none()) {
            events = Some(Arc::new(EventWriter::create(directory)?));
        }
        if let Some(events) = &events {
            saver = saver.map(|saver| Arc::new(Announced { saver, events: events.clone() }) as Arc<dyn Save>);
        }
        Ok(Self { saver, events })
    }
}

/// The default saver; where there will be saves, another process that saves there is refused at once.
fn saver_in<S: Session>(directory: &Path, options: &TrainOptions<'_, S>) -> Result<Saver> {
    let (keep, config) = (options.keep_checkpoints.clone(), options.run_config.clone());
    let saver = Saver::new(directory, everstep_checkpoint::Options { keep, config, ..Default::default() });
    if !options.save_checkpoint().is_never() {
        saver.claim()?;
    }
    Ok(saver)
}

type Hooks<'a, S> = Vec<Box<dyn Hook<S> + 'a>>;

/// Chief-only hooks, step counter, memory, summaries, checkpoints, the caller's.
fn add_chief_hooks<'a, S: Session + 'a>(
    hooks: &mut Hooks<'a, S>,
    saver: &Option<Arc<dyn Save>>,
    events: &Option<Arc<dyn EventSink>>,
    options: &mut TrainOptions<'a, S>,
) {
    let (log_step_count, save_summaries) = (options.log_step_count(), options.save_summaries());
    hooks.append(&mut options.chief_only_hooks);
    if let Some(events) = events {
        if !log_step_count.is_never() {
            let counter = StepCounter::new(log_step_count, events.clone()).times(options.times.clone());
            hooks.push(match options.scaffold.samples_per_step {
                Some(samples) => Box::new(counter.samples_per_step(samples)),
                None => Box::new(counter),
            });
            let seldom = When::from(log_step_count).and(Every::secs(1.0));
            hooks.push(Box::new(MemoryUse::new(seldom, events.clone())));
        }
        if !save_summaries.is_never() {
            let summaries = std::mem::take(&mut options.scaffold.summaries);
            let recorder = SummarySaver::new(save_summaries, summaries, events.clone());
            hooks.push(match options.scaffold.graph.take() {
                Some(graph) => Box::new(recorder.graph(graph)),
                None => Box::new(recorder),
            });
        }
    }
    if saver.is_some() && !options.save_checkpoint().is_never() {
        hooks.push(Box::new(CheckpointSaver::new(options.save_checkpoint())));
    }
    hooks.append(&mut options.hooks);
}

impl<C: Connect> fmt::Debug for MonitoredTrainingSession<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MonitoredTrainingSession").field(&self.monitored).finish()
    }
}
