//! What every sink of events must do.

use everstep_event::{Event, EventSink, What};

/// A sink takes events of every kind, with any value, and flushes.
#[track_caller]
pub fn sink_takes_and_flushes(sink: &dyn EventSink) {
    let contents = [
        What::SessionStart,
        What::Graph([][..].into()),
        What::Scalar { tag: "loss".into(), value: f64::NAN },
        What::Scalar { tag: "loss".into(), value: f64::MAX },
        What::Text { tag: "note".into(), text: "é".into() },
        What::Checkpoint { path: "here".into() },
        What::SessionStop,
    ];
    for (step, what) in contents.into_iter().enumerate() {
        sink.emit(Event::now(step as u64, what)).expect("an event is taken");
    }
    sink.flush().expect("events are flushed");
}
