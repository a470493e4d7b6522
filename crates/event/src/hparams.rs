//! A search over hyperparameters.

/// What the trials of a search vary and measure; written once, to the folder of the whole search or to any trial's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// A description in Markdown.
    pub description: String,
    /// Who runs it.
    pub user: String,
    /// What the trials vary.
    pub hparams: Vec<Hparam>,
    /// What the trials measure.
    pub metrics: Vec<Metric>,
}

/// A hyperparameter of an [`Experiment`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hparam {
    /// The name by which a [`Trial`] gives its value.
    pub name: String,
    /// The name for people; empty means the name.
    pub display_name: String,
    /// A description in Markdown.
    pub description: String,
    /// Which values it may have.
    pub domain: Domain,
}

/// Which values an [`Hparam`] may have.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Domain {
    /// Not said.
    #[default]
    Unknown,
    /// Any number.
    Number,
    /// Any text.
    Text,
    /// True or false.
    Bool,
    /// A number between two, inclusive.
    Interval {
        /// The least.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// One of these, which are of one kind.
    OneOf(Vec<HparamValue>),
}

/// The value of a hyperparameter.
#[derive(Clone, Debug, PartialEq)]
pub enum HparamValue {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// True or false.
    Bool(bool),
}

/// A measure of an [`Experiment`]: the last value of a curve of each trial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metric {
    /// The tag of the curve.
    pub tag: String,
    /// The run below the trial's that has the curve, such as `eval`; empty means the trial's own.
    pub group: String,
    /// The name for people; empty means the tag.
    pub display_name: String,
    /// A description in Markdown.
    pub description: String,
    /// Which data it is measured on.
    pub dataset: Dataset,
}

/// Which data a [`Metric`] is measured on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dataset {
    /// Not said.
    #[default]
    Unknown,
    /// What the model is trained on.
    Training,
    /// What the model has not seen.
    Validation,
}

/// The hyperparameters of one trial, which is a run in a folder of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// Each hyperparameter with its value.
    pub hparams: Vec<(String, HparamValue)>,
    /// Trials of one group differ in chance alone and are shown as one; empty for a group of its own.
    pub group: String,
    /// Where the model is.
    pub model_uri: String,
    /// Where the trial can be watched.
    pub monitor_url: String,
}

/// How a trial ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrialStatus {
    /// Not said.
    #[default]
    Unknown,
    /// Well.
    Success,
    /// Not well.
    Failure,
    /// It has not ended yet.
    Running,
}

impl From<f64> for HparamValue {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<i32> for HparamValue {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

impl From<bool> for HparamValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for HparamValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
