//! Which curves are drawn together: TensorBoard's `plugins/custom_scalar/layout.proto`.

use prost::{Message, Oneof};

/// The charts of the page.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Layout {
    /// The version of this format: 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// The categories, from the top.
    #[prost(message, repeated, tag = "2")]
    pub category: Vec<Category>,
}

/// Charts under a title.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Category {
    /// The title.
    #[prost(string, tag = "1")]
    pub title: String,
    /// The charts.
    #[prost(message, repeated, tag = "2")]
    pub chart: Vec<Chart>,
    /// Whether it is folded at first.
    #[prost(bool, tag = "3")]
    pub closed: bool,
}

/// A chart of several curves.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Chart {
    /// The title.
    #[prost(string, tag = "1")]
    pub title: String,
    /// The curves.
    #[prost(oneof = "ChartContent", tags = "2, 3")]
    pub content: Option<ChartContent>,
}

/// The curves of a [`Chart`].
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum ChartContent {
    /// Lines.
    #[prost(message, tag = "2")]
    Multiline(MultilineChartContent),
    /// Lines in bands.
    #[prost(message, tag = "3")]
    Margin(MarginChartContent),
}

/// Lines.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MultilineChartContent {
    /// Regular expressions of tags.
    #[prost(string, repeated, tag = "1")]
    pub tag: Vec<String>,
}

/// Lines in bands.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MarginChartContent {
    /// The lines.
    #[prost(message, repeated, tag = "1")]
    pub series: Vec<Series>,
}

/// A line in a band.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Series {
    /// The tag of the line.
    #[prost(string, tag = "1")]
    pub value: String,
    /// The tag of the lower end.
    #[prost(string, tag = "2")]
    pub lower: String,
    /// The tag of the upper end.
    #[prost(string, tag = "3")]
    pub upper: String,
}
