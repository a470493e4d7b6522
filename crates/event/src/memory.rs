//! A sink that remembers.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{Event, EventSink, What};

/// Keeps every event, in order; for tests and for reading back what a short run said.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Vec<Event>>);

impl Memory {
    /// An empty memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every event so far, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.lock().clone()
    }

    /// The curve of one tag: (step, value), oldest first.
    pub fn scalars(&self, tag: &str) -> Vec<(u64, f64)> {
        let of_tag = |event: &Event| match &event.what {
            What::Scalar { tag: name, value } if **name == *tag => Some((event.step, *value)),
            _ => None,
        };
        self.lock().iter().filter_map(of_tag).collect()
    }

    /// A push cannot leave the list half changed, so a poisoned lock still guards whole events.
    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Memory {
    fn emit(&self, event: Event) -> io::Result<()> {
        self.lock().push(event);
        Ok(())
    }
}
