//! The content of an event.

use std::sync::Arc;

use crate::{Array, Audio, Experiment, Histogram, Image, Layout, Mesh, PrCurve, RunStats, Trial, TrialStatus};

/// The content of an [`Event`](crate::Event); a sink must pass over what it does not know.
///
/// A tag is the name under which the values of several steps are shown together; `/` groups tags.
/// What is large is shared, so that a clone of any content is cheap.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// One number: a loss, a rate, a norm.
    Scalar {
        /// The name of its curve.
        tag: Arc<str>,
        /// The number; NaN and infinities are allowed.
        value: f64,
    },
    /// How values were distributed; TensorBoard shows it as a histogram and as a distribution.
    Histogram {
        /// The name of its series.
        tag: Arc<str>,
        /// The buckets.
        histogram: Arc<Histogram>,
    },
    /// Pictures.
    Images {
        /// The name of their series.
        tag: Arc<str>,
        /// The pictures of this step, shown side by side.
        images: Arc<[Image]>,
    },
    /// Sounds.
    Audio {
        /// The name of their series.
        tag: Arc<str>,
        /// The clips of this step.
        clips: Arc<[Audio]>,
    },
    /// A text, read as Markdown by TensorBoard.
    Text {
        /// The name of its series.
        tag: Arc<str>,
        /// The text.
        text: String,
    },
    /// Any numbers or texts, for whoever knows their tag or plugin.
    Tensor {
        /// The name of their series.
        tag: Arc<str>,
        /// The elements, and which plugin shows them.
        array: Arc<Array>,
    },
    /// How precision trades against recall.
    PrCurve {
        /// The name of its series.
        tag: Arc<str>,
        /// The counts at each threshold.
        curve: Arc<PrCurve>,
    },
    /// Points in space, or the triangles between them.
    Mesh {
        /// The name of its series.
        tag: Arc<str>,
        /// The points and triangles.
        mesh: Arc<Mesh>,
    },
    /// What trials of a search over hyperparameters vary and measure.
    Experiment(Arc<Experiment>),
    /// A trial began, at the event's wall time, with these hyperparameters; a trial is a run of its own.
    TrialStart(Arc<Trial>),
    /// The trial ended, at the event's wall time.
    TrialEnd(TrialStatus),
    /// Which curves to draw in one chart.
    Layout(Arc<Layout>),
    /// The computation, as a serialised TensorFlow `GraphDef`.
    Graph(Arc<[u8]>),
    /// What one run of the graph took, node by node.
    RunMetadata {
        /// The name of the run; each may be used once.
        tag: Arc<str>,
        /// The time and memory of its nodes.
        stats: Arc<RunStats>,
    },
    /// A session began to train at this step: readers forget what earlier sessions said of it and of later steps.
    SessionStart,
    /// Training ended well at this step.
    SessionStop,
    /// A checkpoint of this step was handed to the saver.
    Checkpoint {
        /// Where it is.
        path: String,
    },
}

impl What {
    /// A number.
    pub fn scalar(tag: impl Into<Arc<str>>, value: f64) -> Self {
        Self::Scalar { tag: tag.into(), value }
    }

    /// How values were distributed.
    pub fn histogram(tag: impl Into<Arc<str>>, histogram: Histogram) -> Self {
        Self::Histogram { tag: tag.into(), histogram: Arc::new(histogram) }
    }

    /// Pictures of one step.
    pub fn images(tag: impl Into<Arc<str>>, images: impl IntoIterator<Item = Image>) -> Self {
        Self::Images { tag: tag.into(), images: images.into_iter().collect() }
    }

    /// Sounds of one step.
    pub fn audio(tag: impl Into<Arc<str>>, clips: impl IntoIterator<Item = Audio>) -> Self {
        Self::Audio { tag: tag.into(), clips: clips.into_iter().collect() }
    }

    /// A text in Markdown.
    pub fn text(tag: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        Self::Text { tag: tag.into(), text: text.into() }
    }

    /// Any numbers or texts.
    pub fn tensor(tag: impl Into<Arc<str>>, array: Array) -> Self {
        Self::Tensor { tag: tag.into(), array: Arc::new(array) }
    }

    /// How precision trades against recall.
    pub fn pr_curve(tag: impl Into<Arc<str>>, curve: PrCurve) -> Self {
        Self::PrCurve { tag: tag.into(), curve: Arc::new(curve) }
    }

    /// Points in space, or the triangles between them.
    pub fn mesh(tag: impl Into<Arc<str>>, mesh: Mesh) -> Self {
        Self::Mesh { tag: tag.into(), mesh: Arc::new(mesh) }
    }

    /// What one run of the graph took.
    pub fn run_metadata(tag: impl Into<Arc<str>>, stats: RunStats) -> Self {
        Self::RunMetadata { tag: tag.into(), stats: Arc::new(stats) }
    }

    /// The tag, of the kinds that have one.
    pub fn tag(&self) -> Option<&Arc<str>> {
        match self {
            Self::Scalar { tag, .. }
            | Self::Histogram { tag, .. }
            | Self::Images { tag, .. }
            | Self::Audio { tag, .. }
            | Self::Text { tag, .. }
            | Self::Tensor { tag, .. }
            | Self::PrCurve { tag, .. }
            | Self::Mesh { tag, .. }
            | Self::RunMetadata { tag, .. } => Some(tag),
            Self::Experiment(_)
            | Self::TrialStart(_)
            | Self::TrialEnd(_)
            | Self::Layout(_)
            | Self::Graph(_)
            | Self::SessionStart
            | Self::SessionStop
            | Self::Checkpoint { .. } => None,
        }
    }
}
