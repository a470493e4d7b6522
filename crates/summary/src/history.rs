//! What holds of a run that was killed and resumed.

use everstep_event::{Event, What};

/// The events of a run of which a later start has left none behind.
///
/// A training that is killed has often written events beyond its last checkpoint; resumed, it makes these steps again.
/// When it says that a session starts at a step, the values of that step and of later ones are dropped, as TensorBoard
/// drops them, so that every curve goes one way. Graphs and the session log stay.
///
/// ```
/// use everstep_event::{Event, What};
/// use everstep_summary::History;
///
/// let killed = (1..=5).map(|step| Event::scalar(step, "loss", 1.0));
/// let resumed = [Event::now(4, What::SessionStart), Event::scalar(4, "loss", 0.5)];
/// let history: History = killed.chain(resumed).collect();
/// assert_eq!(history.scalars("loss"), [(1, 1.0), (2, 1.0), (3, 1.0), (4, 0.5)]);
/// assert_eq!(history.superseded(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct History {
    events: Vec<Event>,
    superseded: usize,
}

impl History {
    /// The history of no event.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event, and drops those that it supersedes.
    pub fn push(&mut self, event: Event) {
        if matches!(event.what, What::SessionStart) {
            let before = self.events.len();
            self.events.retain(|earlier| earlier.step < event.step || !is_value(&earlier.what));
            self.superseded += before - self.events.len();
        }
        self.events.push(event);
    }

    /// What holds, in the order written.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many events were dropped.
    pub fn superseded(&self) -> usize {
        self.superseded
    }

    /// The curve of one tag: (step, value), in the order written.
    pub fn scalars(&self, tag: &str) -> Vec<(u64, f64)> {
        let of_tag = |event: &Event| match &event.what {
            What::Scalar { tag: name, value } if **name == *tag => Some((event.step, *value)),
            _ => None,
        };
        self.events.iter().filter_map(of_tag).collect()
    }
}

impl Extend<Event> for History {
    fn extend<T: IntoIterator<Item = Event>>(&mut self, events: T) {
        events.into_iter().for_each(|event| self.push(event));
    }
}

impl FromIterator<Event> for History {
    fn from_iter<T: IntoIterator<Item = Event>>(events: T) -> Self {
        let mut history = Self::new();
        history.extend(events);
        history
    }
}

/// Whether it is a value of a tag.
fn is_value(what: &What) -> bool {
    !matches!(what, What::Graph(_) | What::SessionStart | What::SessionStop | What::Checkpoint { .. })
}
