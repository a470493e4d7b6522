//! Writes where the time of a step goes.

use std::{
    fmt,
    fs::{self, File},
    io::{BufWriter, Write},
    path::PathBuf,
    sync::Arc,
    time::SystemTime,
};

use everstep_event::{Event, EventSink, What};
use everstep_hook::{AfterRun, BeforeRun, Hook, Start, Trigger, When};
use everstep_session::{Clock, Purpose, RunMetadata, Session};
use everstep_tensor::{Error, Result};

use crate::sending;

mod chrome_trace;
mod run_stats;

/// Traces training runs and writes what their kernels did as `trace-<step>.json`; named `profiler`.
///
/// The files are in Chrome's trace event format: open them in Perfetto or chrome://tracing. Each thread is a lane;
/// memory is a counter. The first run of a session, in which an engine still plans and warms up, is never traced; the
/// period is measured from its beginning: every 100 steps from a fresh start is 100, 200, … A trace holds 50,000
/// kernels at most, and says how many it left out. Only training runs are traced, and so not
/// [`When::Last`], which is known too late.
///
/// ```
/// use everstep_hook::When;
/// use everstep_hooks::Profiler;
///
/// let profiler = Profiler::new(When::at([200, 10_000]), "run/traces");
/// ```
#[derive(Clone)]
pub struct Profiler {
    trigger: Trigger,
    folder: PathBuf,
    sink: Option<Arc<dyn EventSink>>,
    /// Whether the session's first run is over.
    is_warm: bool,
    asked: bool,
}

impl Profiler {
    /// Traces at these times, on the system's clock, into this folder, which is made when training begins.
    pub fn new(when: impl Into<When>, folder: impl Into<PathBuf>) -> Self {
        Self { trigger: Trigger::new(when), folder: folder.into(), sink: None, is_warm: false, asked: false }
    }

    /// The same, which also tells `sink` the time, memory and results of each node, under the tag `step_<step>`.
    ///
    /// TensorBoard's graph page then colours the nodes by what they took.
    pub fn events(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.trigger = Trigger::with_clock(self.trigger.when().clone(), clock);
        self
    }

    fn write(&self, step: u64, metadata: &RunMetadata) -> Result<()> {
        let path = self.folder.join(format!("trace-{step}.json"));
        let written = File::create(&path).map(BufWriter::new).and_then(|mut file| {
            chrome_trace::write(&mut file, step, metadata)?;
            file.flush()
        });
        written.map_err(|error| Error::from(error).context(path.display()))?;
        log::info!("step {step}: wrote {}", path.display());
        let Some(sink) = &self.sink else { return Ok(()) };
        let now = SystemTime::now();
        let what = What::run_metadata(format!("step_{step}"), run_stats::of(metadata, now));
        sending::event(&**sink, Event { wall_time: now, step, what }, "the run metadata")
    }
}

impl<S: Session> Hook<S> for Profiler {
    fn name(&self) -> &str {
        "profiler"
    }

    /// # Errors
    /// Why the folder cannot be made.
    fn begin(&mut self) -> Result<()> {
        fs::create_dir_all(&self.folder).map_err(|error| Error::from(error).context(self.folder.display()))
    }

    fn after_create_session(&mut self, _session: &mut S, _start: &mut Start<'_>) -> Result<()> {
        self.is_warm = false;
        Ok(())
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        let is_training = run.purpose() == Purpose::Train;
        self.asked = is_training && self.is_warm && self.trigger.is_due(run.global_step() + 1);
        if self.asked {
            run.trace();
        }
        Ok(())
    }

    /// # Errors
    /// Why the file could not be written; its name is in the message.
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        if run.purpose() == Purpose::Train && !self.is_warm {
            self.is_warm = true;
            self.trigger.done(run.step_before());
        }
        if !self.asked {
            return Ok(());
        }
        let step = run.global_step();
        self.trigger.done(step);
        match run.metadata() {
            Some(metadata) => self.write(step, metadata),
            None => {
                log::warn!("step {step}: the session was asked for a trace and gave none");
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Profiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trigger, folder, .. } = self;
        f.debug_struct("Profiler").field("trigger", trigger).field("folder", folder).finish_non_exhaustive()
    }
}
