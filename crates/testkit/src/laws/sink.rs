//! What every sink of events must do.

use everstep_event::{
    Array, Audio, Channels, Elements, Event, EventSink, Experiment, Histogram, Image, Layout, Mesh, PrCurve, RunStats,
    Trial, TrialStatus, What,
};

/// A sink takes events of every kind, with any value, and flushes.
#[track_caller]
pub fn sink_takes_and_flushes(sink: &dyn EventSink) {
    let contents = [
        What::SessionStart,
        What::Graph([][..].into()),
        What::Scalar { tag: "loss".into(), value: f64::NAN },
        What::Scalar { tag: "loss".into(), value: f64::MAX },
        What::text("note", "é"),
        What::histogram("weights", Histogram::of([1.0, f64::NAN])),
        What::images("digit", [Image::file(1, 1, Channels::Grey, [])]),
        What::audio("tone", [Audio::wav(8000, 1, [])]),
        What::tensor("one", Array::new([], Elements::I64([1].into())).expect("one element")),
        What::pr_curve("positives", PrCurve::of([(true, f64::NAN)], 2).expect("two thresholds")),
        What::mesh("points", Mesh::points([[f32::NAN; 3]])),
        What::Experiment(Experiment::default().into()),
        What::TrialStart(Trial::default().into()),
        What::TrialEnd(TrialStatus::Success),
        What::Layout(Layout::default().into()),
        What::run_metadata("run", RunStats::default()),
        What::Checkpoint { path: "here".into() },
        What::SessionStop,
    ];
    for (step, what) in contents.into_iter().enumerate() {
        sink.emit(Event::now(step as u64, what)).expect("an event is taken");
    }
    sink.flush().expect("events are flushed");
}
