//! The training loop.

use std::{path::Path, sync::Arc};

use everstep_checkpoint::Saver;
use everstep_event::EventSink;
use everstep_hook::{Every, Hook};
use everstep_hooks::{CheckpointSaver, StepCounter, SummarySaver};
use everstep_monitored::{Create, Monitored, Options, Ran};
use everstep_session::{Connect, RunMetadata, Session};
use everstep_summary::EventWriter;
use everstep_tensor::{Error, Result, Save, Tensor};

use crate::{Chief, TrainOptions, Worker, announced::Announced};

/// Steps between two records of `global_step/sec`.
const COUNTER_STEPS: u64 = 100;

type Fetch<C> = <<C as Connect>::Session as Session>::Fetch;
type Hooks<'a, S> = Vec<Box<dyn Hook<S> + 'a>>;

/// Runs `train_op` until a hook asks for the end, an input is used up or something fails; returns its last value, by
/// convention the loss, or `None` if nothing ran.
///
/// The chief restores the newest checkpoint in `logdir` or initialises the model, writes checkpoints and events there,
/// and saves the last step. A training that is finished already runs not one step more. Its hooks run in the order
/// chief-only hooks, step counter, summaries, checkpoints, the caller's.
///
/// This is TensorFlow's `tf.contrib.training.train`; what differs is listed in `docs/differences.md`.
///
/// # Errors
/// `InvalidArgument` for parameters that make no sense, before anything is created; what the engine, a hook, the saver
/// or the event sink returns. The last save that was made stays.
pub fn train<'a, C>(
    connect: C,
    train_op: Fetch<C>,
    logdir: Option<&Path>,
    mut options: TrainOptions<'a, C::Session>,
) -> Result<Option<Tensor>>
where
    C: Connect + 'a,
    C::Session: 'a,
{
    options.check(logdir)?;
    let mut run_metadata = options.run_metadata.take();
    let recovery = options.recovery.clone();
    let stop = options.stop.clone();
    if !options.is_chief {
        let max_wait = options.max_wait();
        let worker = Worker::new(connect, options.master, options.config, max_wait);
        let all = Options { recovery, stop, ..Options::default() };
        return run(worker, &train_op, options.hooks, all, &mut run_metadata);
    }
    let places = Places::of(logdir, &mut options)?;
    let hooks = places.hooks(&mut options);
    let mut chief = Chief::new(connect, options.master, options.config)
        .init(options.scaffold.init.take(), options.scaffold.init_fn.take());
    if let Some(saver) = &places.saver {
        chief = chief.restore(saver.clone(), options.scaffold.restore.clone());
    }
    let all = Options { saver: places.saver.clone(), recovery, stop, ..Options::default() };
    let result = run(chief, &train_op, hooks, all, &mut run_metadata);
    // The last save is announced after the hooks have ended: it must reach the disk too, however the training ended.
    let flushed = places.events.map_or(Ok(()), |events| events.flush());
    result.and_then(|loss| flushed.map(|()| loss).map_err(|error| Error::from(error).context("events")))
}

/// Where the chief's checkpoints and events go.
struct Places {
    saver: Option<Arc<dyn Save>>,
    events: Option<Arc<dyn EventSink>>,
}

impl Places {
    /// The scaffold's own, or files in the log directory.
    fn of<S: Session>(logdir: Option<&Path>, options: &mut TrainOptions<'_, S>) -> Result<Self> {
        let mut saver = options.scaffold.saver.take();
        let mut events = options.scaffold.events.take();
        if let Some(logdir) = logdir {
            if saver.is_none() {
                saver = Some(Arc::new(Saver::new(logdir, Default::default())));
            }
            if events.is_none() {
                events = Some(Arc::new(EventWriter::create(logdir)?));
            }
        }
        if let Some(events) = &events {
            saver = saver.map(|saver| Arc::new(Announced { saver, events: events.clone() }) as Arc<dyn Save>);
        }
        Ok(Self { saver, events })
    }

    /// Chief-only hooks, step counter, summaries, checkpoints, the caller's.
    fn hooks<'a, S: Session + 'a>(&self, options: &mut TrainOptions<'a, S>) -> Hooks<'a, S> {
        let mut hooks = std::mem::take(&mut options.chief_only_hooks);
        if let Some(events) = &self.events {
            hooks.push(Box::new(StepCounter::new(Every::steps(COUNTER_STEPS), events.clone())));
            if let Some(steps) = options.save_summaries_steps.filter(|steps| *steps > 0) {
                let scaffold = &mut options.scaffold;
                let summaries = std::mem::take(&mut scaffold.summaries);
                let saver = SummarySaver::new(Every::steps(steps), summaries, events.clone());
                hooks.push(match scaffold.graph.take() {
                    Some(graph) => Box::new(saver.graph(graph)),
                    None => Box::new(saver),
                });
            }
        }
        if let (Some(secs), Some(_)) = (options.save_checkpoint_secs.filter(|secs| *secs > 0.0), &self.saver) {
            hooks.push(Box::new(CheckpointSaver::new(Every::secs(secs))));
        }
        hooks.append(&mut options.hooks);
        hooks
    }
}

/// The loop itself.
fn run<C: Create>(
    create: C,
    train_op: &<C::Session as Session>::Fetch,
    hooks: Hooks<'_, C::Session>,
    options: Options,
    run_metadata: &mut Option<&mut RunMetadata>,
) -> Result<Option<Tensor>> {
    let mut monitored = Monitored::begin(create, hooks, options)?;
    let mut loss: Option<Tensor> = None;
    loop {
        match monitored.run(std::slice::from_ref(train_op), &[])? {
            // A copy of the value, so that the engine may write the next one in place.
            Ran::Values(values) => match (&mut loss, values) {
                (Some(loss), [value]) => loss.copy_from(value)?,
                (loss, values) => *loss = values.first().cloned(),
            },
            Ran::AppliedUnseen => {}
            Ran::Stopped => break,
        }
        if let (Some(filled), Some(metadata)) = (run_metadata.as_deref_mut(), monitored.metadata()) {
            filled.clone_from(metadata);
        }
    }
    monitored.finish()?;
    Ok(loss)
}
