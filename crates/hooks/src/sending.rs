//! Events on their way to a sink, whose errors become the loop's.

use std::io;

use everstep_event::{Event, EventSink};
use everstep_tensor::{Error, Result};

const REMEDY: &str = "free disk space or give the events another place";

/// Emits a scalar.
pub(crate) fn scalar(sink: &dyn EventSink, step: u64, tag: &str, value: f64) -> Result<()> {
    sink.emit(Event::scalar(step, tag, value)).map_err(|error| failed(error, &format!("scalar {tag} of step {step}")))
}

/// Emits any event; `what` is its name in an error.
pub(crate) fn event(sink: &dyn EventSink, event: Event, what: &str) -> Result<()> {
    let step = event.step;
    sink.emit(event).map_err(|error| failed(error, &format!("{what} of step {step}")))
}

/// Waits until the sink has everything.
pub(crate) fn flush(sink: &dyn EventSink, step: u64) -> Result<()> {
    sink.flush().map_err(|error| failed(error, &format!("events up to step {step}")))
}

fn failed(error: io::Error, what: &str) -> Error {
    Error::from(error).context(format!("{what} could not be written ({REMEDY})"))
}
