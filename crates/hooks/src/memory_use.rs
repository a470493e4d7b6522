//! Tells how much memory the process uses.

use std::{fmt, fs, sync::Arc};

use everstep_event::EventSink;
use everstep_hook::{AfterRun, Hook, Trigger, When};
use everstep_session::{Clock, Purpose, Session};
use everstep_tensor::Result;

use crate::sending;

/// Tells how much memory the process uses, in MiB, as the scalars `memory_mib/resident` and `memory_mib/peak`; named
/// `memory_use`.
///
/// What is resident is what lies in physical memory now; the peak is the most that ever did.
/// The numbers are those of `/proc/self/status`: where a system has no such file, nothing is told.
/// A look takes some ten microseconds, so one a second is enough.
pub struct MemoryUse {
    trigger: Trigger,
    sink: Arc<dyn EventSink>,
}

impl MemoryUse {
    /// Tells `sink` by this period, on the system's clock.
    pub fn new(when: impl Into<When>, sink: Arc<dyn EventSink>) -> Self {
        Self { trigger: Trigger::new(when), sink }
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.trigger = Trigger::with_clock(self.trigger.when().clone(), clock);
        self
    }

    fn tell(&mut self, step: u64) -> Result<()> {
        self.trigger.done(step);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        for (tag, field) in [("memory_mib/resident", "VmRSS:"), ("memory_mib/peak", "VmHWM:")] {
            if let Some(mebibytes) = mebibytes(&status, field) {
                sending::scalar(&*self.sink, step, tag, mebibytes)?;
            }
        }
        Ok(())
    }
}

/// The number of a line such as `VmRSS:   1234 kB`, whose kB are of 1,024 bytes.
fn mebibytes(status: &str, field: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.parse::<f64>().ok().map(|kibibytes| kibibytes / 1024.0)
}

impl<S: Session> Hook<S> for MemoryUse {
    fn name(&self) -> &str {
        "memory_use"
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        let step = run.global_step();
        if run.purpose() != Purpose::Train || !self.trigger.is_due(step) {
            return Ok(());
        }
        self.tell(step)
    }

    fn end(&mut self, session: &mut S) -> Result<()> {
        let step = session.global_step();
        if self.trigger.is_due_at_end(step) {
            self.tell(step)?;
        }
        sending::flush(&*self.sink, step)
    }
}

impl fmt::Debug for MemoryUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryUse").field("trigger", &self.trigger).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::mebibytes;

    #[test]
    fn a_field_is_found_by_its_name() {
        let status = "Name:\tx\nVmHWM:\t    3072 kB\nVmRSS:\t    1536 kB\n";
        assert_eq!(mebibytes(status, "VmRSS:"), Some(1.5));
        assert_eq!(mebibytes(status, "VmHWM:"), Some(3.0));
        assert_eq!(mebibytes(status, "VmSwap:"), None);
        assert_eq!(mebibytes("VmRSS: many kB", "VmRSS:"), None);
    }
}
