//! Only the event writer: curves for TensorBoard from a loop of one's own.

use everstep_event::{Event, EventSink, What};
use everstep_summary::{EventReader, EventWriter, event_files};

#[test]
fn the_writer_needs_no_loop() -> std::io::Result<()> {
    let logdir = tempfile::tempdir()?;
    let writer = EventWriter::create(logdir.path())?;
    for step in 1..=3 {
        writer.emit(Event::scalar(step, "temperature", 20.0 + step as f64))?;
    }
    writer.close()?;

    let mut curve = Vec::new();
    for event in EventReader::open(&event_files(logdir.path())?[0])? {
        let event = event?;
        if let What::Scalar { tag, value } = event.what {
            curve.push((event.step, tag, value));
        }
    }
    assert_eq!(curve, [21.0, 22.0, 23.0].map(|value| (value as u64 - 20, "temperature".into(), value)));
    Ok(())
}
