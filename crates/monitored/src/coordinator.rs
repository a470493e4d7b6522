//! The threads beside a loop: they end with it, and it hears of their errors.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use everstep_session::{Clock, Monotonic, Stop};
use everstep_tensor::{Error, ErrorKind, Result};

/// The threads beside a loop: they end with it, and it hears of their errors.
///
/// A thread must look at [`stop`](Self::stop) now and then and return soon after a request. The first error is kept: one
/// of a lost session makes the loop replace its session, any other ends the training and is returned when it is closed.
///
/// ```
/// use everstep_monitored::Coordinator;
/// use everstep_tensor::{Error, ErrorKind};
///
/// let threads = Coordinator::default();
/// threads.spawn("reader", |threads| {
///     while !threads.stop().is_requested() {
///         return Err(Error::new(ErrorKind::DataLoss, "the file is damaged"));
///     }
///     Ok(())
/// })?;
/// let error = threads.join(std::time::Duration::from_secs(10)).unwrap_err();
/// assert_eq!(error.to_string(), "thread reader: the file is damaged");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Coordinator(Arc<Shared>);

struct Shared {
    stop: Stop,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    threads: Vec<(String, JoinHandle<()>)>,
    error: Option<Error>,
}

impl Default for Coordinator {
    fn default() -> Self {
        Self::new(Stop::default(), Arc::new(Monotonic))
    }
}

impl Coordinator {
    /// How long an ended thread or a stop may go unnoticed while threads are waited for.
    const SLICE: Duration = Duration::from_millis(1);

    /// Threads that end with `stop`; waits are measured by `clock`.
    pub fn new(stop: Stop, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared { stop, clock, state: Mutex::default() }))
    }

    /// What the threads and the loop are asked to end by.
    pub fn stop(&self) -> &Stop {
        &self.0.stop
    }

    /// Starts a thread whose error, or panic, is reported.
    ///
    /// # Errors
    /// `ResourceExhausted` if the system has no thread to give.
    pub fn spawn(&self, name: &str, work: impl FnOnce(&Self) -> Result<()> + Send + 'static) -> Result<()> {
        let (threads, own_name) = (self.clone(), name.to_owned());
        let body = move || {
            let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&threads)));
            let panicked = |_| Err(Error::new(ErrorKind::Internal, "it panicked; its message is on stderr"));
            if let Err(error) = worked.unwrap_or_else(panicked) {
                threads.report(error.context(format!("thread {own_name}")));
            }
        };
        let thread = thread::Builder::new().name(name.into()).spawn(body);
        let thread = thread.map_err(|error| {
            Error::new(ErrorKind::ResourceExhausted, format!("thread {name} cannot be started")).with_source(error)
        })?;
        self.register(name, thread);
        Ok(())
    }

    /// Waits for this thread too when the loop is closed; it reports its errors itself.
    pub fn register(&self, name: &str, thread: JoinHandle<()>) {
        self.state().threads.push((name.into(), thread));
    }

    /// Keeps the error if it is the first; one that is not of a lost session asks for the end.
    pub fn report(&self, error: Error) {
        if !error.is_lost_session() {
            self.0.stop.request(error.to_string());
        }
        let mut state = self.state();
        match &state.error {
            Some(first) => log::warn!("another error after the first ({first}): {error}"),
            None => state.error = Some(error),
        }
    }

    /// Takes the error of a lost session, for which another session is the remedy.
    pub(crate) fn take_lost_session(&self) -> Option<Error> {
        self.state().error.take_if(|error| error.is_lost_session())
    }

    /// Waits until every thread has ended, after a stop was requested for `grace` at most.
    ///
    /// # Errors
    /// The first error that was reported; else `DeadlineExceeded` naming the threads that are still running.
    pub fn join(&self, grace: Duration) -> Result<()> {
        let mut stopped_at = None;
        loop {
            self.state().threads.retain(|(_, thread)| !thread.is_finished());
            let running = self.running();
            if running.is_empty() {
                break;
            }
            let now = self.0.clock.now();
            if self.0.stop.is_requested() && now.saturating_sub(*stopped_at.get_or_insert(now)) >= grace {
                return Err(self.state().error.take().unwrap_or_else(|| still_running(&running, grace)));
            }
            self.0.clock.sleep(Self::SLICE.min(grace));
        }
        self.state().error.take().map_or(Ok(()), Err)
    }

    /// The names of the threads that have not ended.
    pub fn running(&self) -> Vec<String> {
        let running = |(name, thread): &(String, JoinHandle<()>)| (!thread.is_finished()).then(|| name.clone());
        self.state().threads.iter().filter_map(running).collect()
    }

    /// A list and an error are whole whenever the lock is free.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn still_running(names: &[String], grace: Duration) -> Error {
    let (names, secs) = (names.join(", "), grace.as_secs_f64());
    let message = format!("still running {secs} s after the stop was requested: {names}; let them look at the stop");
    Error::new(ErrorKind::DeadlineExceeded, message)
}

impl fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinator").field("stop", &self.0.stop).field("running", &self.running()).finish()
    }
}
