//! The crate through its public face.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod contents;

use std::{io, sync::Arc};

use everstep_event::{Event, EventSink, Memory, Tee, What};

struct Broken;

impl EventSink for Broken {
    fn emit(&self, _event: Event) -> io::Result<()> {
        Err(io::Error::other("the disk is full"))
    }
}

#[test]
fn memory_keeps_order_and_curves() {
    let memory = Memory::new();
    for step in 1..=3 {
        memory.emit(Event::scalar(step, "loss", 1.0 / step as f64)).unwrap();
        memory.emit(Event::now(step, What::Checkpoint { path: format!("at-{step}") })).unwrap();
    }
    assert_eq!(memory.scalars("loss"), [(1, 1.0), (2, 0.5), (3, 1.0 / 3.0)]);
    assert_eq!(memory.scalars("absent"), []);
    assert_eq!(memory.events().iter().map(|event| event.step).collect::<Vec<_>>(), [1, 1, 2, 2, 3, 3]);
}

#[test]
fn tee_reaches_every_sink_and_returns_the_first_error() {
    let memory = Arc::new(Memory::new());
    let tee = Tee::new([Arc::new(Broken) as Arc<dyn EventSink>, memory.clone()]);
    assert_eq!(tee.emit(Event::now(7, What::SessionStop)).unwrap_err().to_string(), "the disk is full");
    assert_eq!(memory.events().len(), 1);
    tee.flush().unwrap();
}

#[test]
fn the_law_of_sinks_holds() {
    let sinks = [Arc::new(Memory::new()) as Arc<dyn EventSink>, Arc::new(Memory::new())];
    everstep_testkit::laws::sink_takes_and_flushes(&Tee::new(sinks));
}
