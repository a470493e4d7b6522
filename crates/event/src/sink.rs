//! Where events go.

use std::{io, sync::Arc};

use crate::Event;

/// Where events go: a file, a terminal, a service, a test.
///
/// One sink serves one run and is shared as `Arc<dyn EventSink>`.
/// An implementation must keep the order of events that one thread emits, must not drop one in silence, and may return
/// before an event is durable; an error of earlier work is returned by the next call.
///
/// ```
/// use std::{io, sync::Mutex};
/// use everstep_event::{Event, EventSink, What};
///
/// /// Keeps the last value of one curve.
/// struct Last { tag: &'static str, value: Mutex<Option<f64>> }
///
/// impl EventSink for Last {
///     fn emit(&self, event: Event) -> io::Result<()> {
///         if let What::Scalar { tag, value } = event.what && *tag == *self.tag {
///             *self.value.lock().map_err(|_| io::Error::other("the lock is poisoned"))? = Some(value);
///         }
///         Ok(())
///     }
/// }
///
/// let loss = Last { tag: "loss", value: Mutex::new(None) };
/// loss.emit(Event::scalar(1, "loss", 0.5))?;
/// loss.emit(Event::scalar(2, "accuracy", 0.9))?;
/// assert_eq!(*loss.value.lock().unwrap(), Some(0.5));
/// # Ok::<(), io::Error>(())
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not a sink of events", note = "implement `EventSink::emit`")]
pub trait EventSink: Send + Sync {
    /// Takes one event.
    fn emit(&self, event: Event) -> io::Result<()>;

    /// Returns when every event taken so far is where it shall be, or why it is not.
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

impl<T: EventSink + ?Sized> EventSink for Arc<T> {
    fn emit(&self, event: Event) -> io::Result<()> {
        (**self).emit(event)
    }
    fn flush(&self) -> io::Result<()> {
        (**self).flush()
    }
}

impl<T: EventSink + ?Sized> EventSink for Box<T> {
    fn emit(&self, event: Event) -> io::Result<()> {
        (**self).emit(event)
    }
    fn flush(&self) -> io::Result<()> {
        (**self).flush()
    }
}
