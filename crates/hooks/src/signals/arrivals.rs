//! Signals as the system delivers them: all that is done in a signal handler is to set flags, or to end the process.

use std::{
    ffi::c_int,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use signal_hook::{SigId, flag, low_level};

use super::Signal;

/// Whether a signal has arrived since it was made, and which.
#[derive(Debug)]
pub(super) struct Arrivals {
    any: Arc<AtomicBool>,
    number: Arc<AtomicUsize>,
    actions: Vec<SigId>,
}

/// How many watch in this process, and the flag that is set while nobody does; `None` until the first has come.
///
/// The system's own handler is not put back when an action is taken off a signal, so while nobody watches an action
/// of ours does what it did.
static WATCHERS: Mutex<Option<Watchers>> = Mutex::new(None);

#[derive(Debug)]
struct Watchers {
    count: usize,
    is_nobody: Arc<AtomicBool>,
}

impl Arrivals {
    const SIGNALS: [Signal; 2] = [Signal::Interrupt, Signal::Terminate];

    /// From now on the first signal is noted, and the next ends the process.
    pub(super) fn watch() -> io::Result<Self> {
        // Dropped after the lock is, if something fails.
        let mut this = Self { any: Arc::default(), number: Arc::default(), actions: Vec::new() };
        let mut watchers = WATCHERS.lock().unwrap_or_else(PoisonError::into_inner);
        let watchers = match &mut *watchers {
            Some(watchers) => watchers,
            none => none.insert(Watchers::new()?),
        };
        watchers.count += 1;
        Self::SIGNALS.into_iter().try_for_each(|signal| this.add(signal))?;
        watchers.is_nobody.store(false, Ordering::SeqCst);
        Ok(this)
    }

    /// The order matters: a signal ends the process if one was noted before it.
    fn add(&mut self, signal: Signal) -> io::Result<()> {
        let number = c_int::from(signal.number());
        self.actions.push(flag::register_conditional_default(number, self.any.clone())?);
        self.actions.push(flag::register_usize(number, self.number.clone(), signal.number().into())?);
        self.actions.push(flag::register(number, self.any.clone())?);
        Ok(())
    }

    pub(super) fn received(&self) -> Option<Signal> {
        let number = self.number.load(Ordering::SeqCst);
        Self::SIGNALS.into_iter().find(|signal| usize::from(signal.number()) == number)
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        let mut watchers = WATCHERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watchers) = &mut *watchers {
            watchers.count -= 1;
            watchers.is_nobody.store(watchers.count == 0, Ordering::SeqCst);
        }
        for action in self.actions.drain(..) {
            low_level::unregister(action);
        }
    }
}

impl Watchers {
    fn new() -> io::Result<Self> {
        let is_nobody = Arc::new(AtomicBool::new(true));
        for signal in Arrivals::SIGNALS {
            flag::register_conditional_default(signal.number().into(), is_nobody.clone())?;
        }
        Ok(Self { count: 0, is_nobody })
    }
}
