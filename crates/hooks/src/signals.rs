//! Ends a training when the process is told to end.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use everstep_hook::{AfterRun, Hook, Start};
use everstep_session::{Session, Stop};
use everstep_tensor::Result;

mod arrivals;

use arrivals::Arrivals;

/// A signal by which a process is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, as by Ctrl-C.
    Interrupt,
    /// SIGTERM, as by a job scheduler.
    Terminate,
}

impl Signal {
    /// The status that a shell gives for a process that this signal ended: 128 and its number, 130 or 143.
    ///
    /// A program that ended its training because of the signal should exit with it: `ExitCode::from(…)`.
    pub fn exit_code(self) -> u8 {
        128 + self.number()
    }

    /// Its name, such as `SIGTERM`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Asks for the end when the process receives SIGTERM or SIGINT; a second one ends the process at once, as if nobody
/// watched; named `signals`.
///
/// It watches from [`watch`](Self::watch) until it is dropped, so before the first step and in waits too: everything
/// that minds the [`Stop`] does. As a hook it asks for a save of the last step. Lend it to the loop as `&mut hook` and
/// ask it afterwards what was [`received`](Self::received), for the exit code.
///
/// A process may make several, one after another or at once, each for a training of its own. When none is left the
/// signals end the process again, even if they were ignored before the first was made.
///
/// ```
/// use std::process::ExitCode;
/// use everstep_hooks::Signals;
/// use everstep_session::Stop;
///
/// # fn main() -> ExitCode {
/// let stop = Stop::default();
/// let Ok(signals) = Signals::watch(&stop) else { return ExitCode::FAILURE };
/// // Train, with `stop` in the options of the training and `&mut signals` among its hooks.
/// signals.received().map_or(ExitCode::SUCCESS, |signal| ExitCode::from(signal.exit_code()))
/// # }
/// ```
#[derive(Debug)]
pub struct Signals {
    watch: Arc<Watch>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Watch {
    arrivals: Arrivals,
    is_over: AtomicBool,
}

impl Signals {
    /// How long a signal may go unnoticed by the stop.
    const PERIOD: Duration = Duration::from_millis(50);

    /// Asks `stop` for the end when a signal arrives, at any time from now on; a thread of its own does so, within
    /// 50 ms.
    ///
    /// # Errors
    /// What the system returns if the signals cannot be watched or the thread cannot be made.
    pub fn watch(stop: &Stop) -> Result<Self> {
        let arrivals = Arrivals::watch()?;
        let watch = Arc::new(Watch { arrivals, is_over: AtomicBool::new(false) });
        let (watched, stop) = (watch.clone(), stop.clone());
        let thread = thread::Builder::new().name("everstep-signals".into()).spawn(move || watched.wait(&stop))?;
        Ok(Self { watch, thread: Some(thread) })
    }

    /// The signal that was received, if one was.
    pub fn received(&self) -> Option<Signal> {
        self.watch.arrivals.received()
    }

    fn reason(&self) -> Option<String> {
        self.received().map(reason)
    }
}

impl Watch {
    fn wait(&self, stop: &Stop) {
        while !self.is_over.load(Ordering::Acquire) {
            if let Some(signal) = self.arrivals.received() {
                log::warn!("{signal}: the training ends after this step; another signal ends the process at once");
                return stop.request(reason(signal));
            }
            thread::park_timeout(Signals::PERIOD);
        }
    }
}

fn reason(signal: Signal) -> String {
    format!("{signal} was received")
}

impl<S: Session> Hook<S> for Signals {
    fn name(&self) -> &str {
        "signals"
    }

    fn after_create_session(&mut self, _session: &mut S, start: &mut Start<'_>) -> Result<()> {
        start.save_at_end();
        if let Some(reason) = self.reason() {
            start.request_stop(reason);
        }
        Ok(())
    }

    /// The step in which a signal arrives is the last, even if the thread has not looked yet.
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        if let Some(reason) = self.reason() {
            run.request_stop(reason);
        }
        Ok(())
    }

    fn undone(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.after_run(run)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.watch.is_over.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        if thread.join().is_err() {
            log::error!("the thread that waits for signals panicked");
        }
    }
}
