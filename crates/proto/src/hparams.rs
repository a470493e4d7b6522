//! A search over hyperparameters: TensorBoard's `plugins/hparams/api.proto` and `plugin_data.proto`, and protobuf's `struct.proto`.

use prost::{Enumeration, Message, Oneof};

/// What a tag of the plugin says.
#[derive(Clone, PartialEq, Message)]
pub struct HParamsPluginData {
    /// The version of this format: 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// What it says.
    #[prost(oneof = "HParamsData", tags = "2, 3, 4")]
    pub data: Option<HParamsData>,
}

/// The content of a [`HParamsPluginData`].
#[derive(Clone, PartialEq, Oneof)]
pub enum HParamsData {
    /// What is varied and measured.
    #[prost(message, tag = "2")]
    Experiment(Experiment),
    /// A trial began.
    #[prost(message, tag = "3")]
    SessionStartInfo(SessionStartInfo),
    /// A trial ended.
    #[prost(message, tag = "4")]
    SessionEndInfo(SessionEndInfo),
}

/// What is varied and measured.
#[derive(Clone, PartialEq, Message)]
pub struct Experiment {
    /// A description in Markdown.
    #[prost(string, tag = "1")]
    pub description: String,
    /// Who runs it.
    #[prost(string, tag = "2")]
    pub user: String,
    /// When it began, in seconds since 1970.
    #[prost(double, tag = "3")]
    pub time_created_secs: f64,
    /// What is varied.
    #[prost(message, repeated, tag = "4")]
    pub hparam_infos: Vec<HParamInfo>,
    /// What is measured.
    #[prost(message, repeated, tag = "5")]
    pub metric_infos: Vec<MetricInfo>,
    /// Its name.
    #[prost(string, tag = "6")]
    pub name: String,
}

/// A hyperparameter.
#[derive(Clone, PartialEq, Message)]
pub struct HParamInfo {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its name for people.
    #[prost(string, tag = "2")]
    pub display_name: String,
    /// A description in Markdown.
    #[prost(string, tag = "3")]
    pub description: String,
    /// The type of its values.
    #[prost(enumeration = "HParamType", tag = "4")]
    pub r#type: i32,
    /// Which values it may have.
    #[prost(oneof = "HParamDomain", tags = "5, 6")]
    pub domain: Option<HParamDomain>,
}

/// The type of a hyperparameter's values: `DataType` of `api.proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum HParamType {
    /// Not said.
    Unset = 0,
    /// Texts.
    String = 1,
    /// Truth values.
    Bool = 2,
    /// Numbers.
    Float64 = 3,
}

/// Which values a hyperparameter may have.
#[derive(Clone, PartialEq, Oneof)]
pub enum HParamDomain {
    /// Some.
    #[prost(message, tag = "5")]
    Discrete(ListValue),
    /// Those between two.
    #[prost(message, tag = "6")]
    Interval(Interval),
}

/// The numbers between two, inclusive.
#[derive(Clone, PartialEq, Message)]
pub struct Interval {
    /// The least.
    #[prost(double, tag = "1")]
    pub min_value: f64,
    /// The largest.
    #[prost(double, tag = "2")]
    pub max_value: f64,
}

/// A measure.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MetricInfo {
    /// Where it is found.
    #[prost(message, optional, tag = "1")]
    pub name: Option<MetricName>,
    /// Its name for people.
    #[prost(string, tag = "3")]
    pub display_name: String,
    /// A description in Markdown.
    #[prost(string, tag = "4")]
    pub description: String,
    /// Which data it is measured on.
    #[prost(enumeration = "DatasetType", tag = "5")]
    pub dataset_type: i32,
}

/// Where a measure is found.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MetricName {
    /// The run below the trial's that has the curve.
    #[prost(string, tag = "1")]
    pub group: String,
    /// The tag of the curve.
    #[prost(string, tag = "2")]
    pub tag: String,
}

/// Which data a measure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum DatasetType {
    /// Not said.
    Unknown = 0,
    /// What the model is trained on.
    Training = 1,
    /// What the model has not seen.
    Validation = 2,
}

/// A trial began.
#[derive(Clone, PartialEq, Message)]
pub struct SessionStartInfo {
    /// The value of each hyperparameter; on the wire a map.
    #[prost(message, repeated, tag = "1")]
    pub hparams: Vec<HparamsEntry>,
    /// Where the model is.
    #[prost(string, tag = "2")]
    pub model_uri: String,
    /// Where the trial can be watched.
    #[prost(string, tag = "3")]
    pub monitor_url: String,
    /// The group of trials that differ in chance alone.
    #[prost(string, tag = "4")]
    pub group_name: String,
    /// When it began, in seconds since 1970.
    #[prost(double, tag = "5")]
    pub start_time_secs: f64,
}

/// A hyperparameter with its value.
#[derive(Clone, PartialEq, Message)]
pub struct HparamsEntry {
    /// Its name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Its value.
    #[prost(message, optional, tag = "2")]
    pub value: Option<Value>,
}

/// A trial ended.
#[derive(Clone, PartialEq, Message)]
pub struct SessionEndInfo {
    /// How.
    #[prost(enumeration = "Status", tag = "1")]
    pub status: i32,
    /// When, in seconds since 1970.
    #[prost(double, tag = "2")]
    pub end_time_secs: f64,
}

/// How a trial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum Status {
    /// Not said.
    Unknown = 0,
    /// Well.
    Success = 1,
    /// Not well.
    Failure = 2,
    /// It has not ended yet.
    Running = 3,
}

/// A value of JSON: `google.protobuf.Value`.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// The value; `None` if it is of a kind that is not here.
    #[prost(oneof = "Kind", tags = "2, 3, 4")]
    pub kind: Option<Kind>,
}

/// The content of a [`Value`].
#[derive(Clone, PartialEq, Oneof)]
pub enum Kind {
    /// A number.
    #[prost(double, tag = "2")]
    NumberValue(f64),
    /// A text.
    #[prost(string, tag = "3")]
    StringValue(String),
    /// A truth value.
    #[prost(bool, tag = "4")]
    BoolValue(bool),
}

/// Several values: `google.protobuf.ListValue`.
#[derive(Clone, PartialEq, Message)]
pub struct ListValue {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<Value>,
}
