//! Several sinks as one.

use std::{fmt, io, sync::Arc};

use crate::{Event, EventSink};

/// Gives every event to each of several sinks, in order.
///
/// All sinks are called even if one fails; the first error is returned.
#[derive(Clone, Default)]
pub struct Tee(Vec<Arc<dyn EventSink>>);

impl Tee {
    /// A sink that feeds `sinks`.
    pub fn new(sinks: impl IntoIterator<Item = Arc<dyn EventSink>>) -> Self {
        Self(sinks.into_iter().collect())
    }

    fn each(&self, call: impl Fn(&dyn EventSink) -> io::Result<()>) -> io::Result<()> {
        let mut result = Ok(());
        for sink in &self.0 {
            result = result.and(call(&**sink));
        }
        result
    }
}

impl EventSink for Tee {
    fn emit(&self, event: Event) -> io::Result<()> {
        self.each(|sink| sink.emit(event.clone()))
    }
    fn flush(&self) -> io::Result<()> {
        self.each(|sink| sink.flush())
    }
}

impl fmt::Debug for Tee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tee").field("sinks", &self.0.len()).finish()
    }
}
