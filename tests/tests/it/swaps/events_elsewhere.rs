//! Another place for events, alone or beside the event file.

use std::{
    io,
    sync::{Arc, mpsc},
};

use everstep_engine::connect;
use everstep_event::{Event, EventSink, Tee, What};
use everstep_hooks::StopAtStep;
use everstep_summary::{EventReader, EventWriter};
use everstep_train::{Scaffold, TrainOptions, train};

use crate::regression::Regression;

/// Sends events to whoever receives them: a dashboard, another thread, a test.
struct Channel(mpsc::Sender<Event>);

impl EventSink for Channel {
    fn emit(&self, event: Event) -> io::Result<()> {
        self.0.send(event).map_err(|_| io::Error::other("nobody receives events any more"))
    }
}

#[test]
fn events_go_to_a_channel_and_to_a_file() -> Result<(), Box<dyn std::error::Error>> {
    let logdir = tempfile::tempdir()?;
    let model = Regression::new();
    let (sender, receiver) = mpsc::channel();
    let file = Arc::new(EventWriter::create(logdir.path())?);
    let options = TrainOptions {
        scaffold: Scaffold {
            events: Some(Arc::new(Tee::new([file.clone() as Arc<dyn EventSink>, Arc::new(Channel(sender))]))),
            summaries: vec![("loss", model.loss).into()],
            ..Default::default()
        },
        hooks: vec![Box::new(model.feed()), Box::new(StopAtStep::last_step(3))],
        save_summaries_steps: Some(1),
        save_checkpoint_secs: None,
        ..Default::default()
    };
    train(connect(model.graph.clone()), model.train_op, None, options)?;

    let received: Vec<Event> = receiver.iter().collect();
    let steps = |tag: &str| {
        let is_of_tag = |event: &&Event| matches!(&event.what, What::Scalar { tag: found, .. } if **found == *tag);
        received.iter().filter(is_of_tag).map(|event| event.step).collect::<Vec<u64>>()
    };
    assert_eq!(steps("loss"), [1, 2, 3]);
    assert_eq!(received.last().map(|event| &event.what), Some(&What::SessionStop));
    assert_eq!(EventReader::open(file.path())?.count(), received.len());
    Ok(())
}

#[test]
fn a_sink_that_fails_fails_the_training() {
    let model = Regression::new();
    let (sender, _) = mpsc::channel();
    let options = TrainOptions {
        scaffold: Scaffold { events: Some(Arc::new(Channel(sender))), ..Default::default() },
        hooks: vec![Box::new(model.feed()), Box::new(StopAtStep::last_step(3))],
        save_checkpoint_secs: None,
        ..Default::default()
    };
    let error = train(connect(model.graph.clone()), model.train_op, None, options).expect_err("nobody receives");
    assert!(error.to_string().contains("nobody receives events any more"), "{error}");
}
