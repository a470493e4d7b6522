//! What is asked of a session, and what it answers.

use std::time::Duration;

use everstep_tensor::Tensor;

use crate::RunMetadata;

/// What a run is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A training run: position and step advance, and hooks act on it.
    #[default]
    Train,
    /// A run of an evaluation: hooks feed and watch it, and metrics may gather in local variables; the step and every
    /// variable that is listed stay as they are, and nothing is dropped at random.
    Evaluate,
    /// A reading run changes nothing; hooks pass it over unless they say otherwise.
    Read,
}

/// One run: what to feed and what to fetch.
#[derive(Clone, Debug)]
pub struct Request<F, I> {
    /// What the run is for.
    pub purpose: Purpose,
    /// What to compute; one twice is computed once.
    pub fetches: Vec<F>,
    /// Values for inputs, each input at most once.
    pub feeds: Vec<(I, Tensor)>,
    /// How to run it.
    pub options: RunOptions,
}

impl<F, I> Request<F, I> {
    /// A training run of `fetches`.
    pub fn train(fetches: Vec<F>) -> Self {
        Self { purpose: Purpose::Train, fetches, feeds: Vec::new(), options: RunOptions::default() }
    }

    /// A run of an evaluation of `fetches`.
    pub fn evaluate(fetches: Vec<F>) -> Self {
        Self { purpose: Purpose::Evaluate, ..Self::train(fetches) }
    }

    /// A reading run of `fetches`.
    pub fn read(fetches: Vec<F>) -> Self {
        Self { purpose: Purpose::Read, ..Self::train(fetches) }
    }

    /// The same, with one more feed.
    pub fn feed(mut self, input: I, value: Tensor) -> Self {
        self.feeds.push((input, value));
        self
    }
}

/// How to run a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Whether the outcome shall carry [`RunMetadata`].
    pub trace: bool,
    /// After this long the run is given up with `DeadlineExceeded`, and nothing has changed; `None` is the
    /// [configuration's](crate::SessionConfig::operation_timeout).
    pub timeout: Option<Duration>,
}

/// What a run gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One value per fetch, in order.
    pub values: Vec<Tensor>,
    /// What was traced, if it was asked for.
    pub metadata: Option<RunMetadata>,
}
