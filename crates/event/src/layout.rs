//! Which curves are drawn together.

/// The charts of TensorBoard's page of custom scalars; the last one written to a run is the one shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Its categories, from the top.
    pub categories: Vec<Category>,
}

/// Charts under a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Category {
    /// The title.
    pub title: String,
    /// Whether it is folded at first.
    pub closed: bool,
    /// The charts.
    pub charts: Vec<Chart>,
}

/// A chart of several curves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// The title.
    pub title: String,
    /// The curves.
    pub curves: Curves,
}

/// The curves of a [`Chart`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Curves {
    /// A line for each tag that fits one of these regular expressions.
    Lines(Vec<String>),
    /// Lines with a band around each.
    Bands(Vec<Band>),
}

/// A line in a band: three tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Band {
    /// The tag of the line.
    pub value: String,
    /// The tag of the lower end of the band.
    pub lower: String,
    /// The tag of the upper end.
    pub upper: String,
}
