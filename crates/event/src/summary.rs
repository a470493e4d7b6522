//! What a run shall say about its values.

use std::sync::Arc;

/// A declaration: the values of these fetches, which an engine computes, are to be said under a tag, as one kind.
///
/// `F` is what an engine's session fetches by. Whoever runs the model asks for the fetches when the summary is due, and
/// makes the event of their values.
///
/// ```
/// use everstep_event::{Summary, SummaryKind};
///
/// let declared: [Summary<&str>; 2] = [("loss", "loss_node").into(), Summary::histogram("logits", "logits_node")];
/// assert_eq!(declared[0].kind(), SummaryKind::Scalar);
/// assert_eq!(declared[1].fetches(), ["logits_node"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary<F> {
    tag: Arc<str>,
    kind: SummaryKind,
    fetches: Vec<F>,
}

/// What the values of a [`Summary`] are said as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SummaryKind {
    /// One number.
    Scalar,
    /// How the elements are distributed, in TensorFlow's default buckets.
    Histogram,
    /// Pictures.
    Images {
        /// How many of the batch are said, from the first.
        most: usize,
    },
    /// Sounds.
    Audio {
        /// Samples a second.
        sample_rate: u32,
        /// How many of the batch are said, from the first.
        most: usize,
    },
    /// The elements as a table in Markdown.
    Text,
    /// The elements as they are.
    Tensor,
    /// How precision trades against recall.
    PrCurve {
        /// At how many thresholds.
        thresholds: usize,
    },
}

impl<F> Summary<F> {
    fn of(tag: impl Into<Arc<str>>, kind: SummaryKind, fetches: Vec<F>) -> Self {
        Self { tag: tag.into(), kind, fetches }
    }

    /// One element: a loss, a rate, a norm.
    pub fn scalar(tag: impl Into<Arc<str>>, fetch: F) -> Self {
        Self::of(tag, SummaryKind::Scalar, vec![fetch])
    }

    /// How the elements of a tensor of any shape are distributed.
    pub fn histogram(tag: impl Into<Arc<str>>, fetch: F) -> Self {
        Self::of(tag, SummaryKind::Histogram, vec![fetch])
    }

    /// The first pictures of a batch: `[pictures, height, width, channels]` with 1 to 4 channels.
    ///
    /// Bytes are taken as they are; other numbers are scaled, each picture by itself.
    pub fn images(tag: impl Into<Arc<str>>, fetch: F, most: usize) -> Self {
        Self::of(tag, SummaryKind::Images { most }, vec![fetch])
    }

    /// The first sounds of a batch: `[sounds, moments]`, or `[sounds, moments, channels]`, between −1 and 1.
    pub fn audio(tag: impl Into<Arc<str>>, fetch: F, sample_rate: u32, most: usize) -> Self {
        Self::of(tag, SummaryKind::Audio { sample_rate, most }, vec![fetch])
    }

    /// The elements as a table: a number, a row `[columns]`, or `[rows, columns]`.
    pub fn text(tag: impl Into<Arc<str>>, fetch: F) -> Self {
        Self::of(tag, SummaryKind::Text, vec![fetch])
    }

    /// The elements of a tensor of any shape.
    pub fn tensor(tag: impl Into<Arc<str>>, fetch: F) -> Self {
        Self::of(tag, SummaryKind::Tensor, vec![fetch])
    }

    /// How precision trades against recall: labels, of which all but 0 are positive, and as many predictions from 0 to 1.
    pub fn pr_curve(tag: impl Into<Arc<str>>, labels: F, predictions: F, thresholds: usize) -> Self {
        Self::of(tag, SummaryKind::PrCurve { thresholds }, vec![labels, predictions])
    }

    /// The same under another tag.
    pub fn with_tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        self.tag = tag.into();
        self
    }

    /// The name under which the values of several steps are shown together.
    pub fn tag(&self) -> &Arc<str> {
        &self.tag
    }

    /// What the values are said as.
    pub fn kind(&self) -> SummaryKind {
        self.kind
    }

    /// What is to be fetched: one value, but labels and predictions for a precision-recall curve.
    pub fn fetches(&self) -> &[F] {
        &self.fetches
    }
}

/// A scalar.
impl<T: Into<Arc<str>>, F> From<(T, F)> for Summary<F> {
    fn from((tag, fetch): (T, F)) -> Self {
        Self::scalar(tag, fetch)
    }
}
