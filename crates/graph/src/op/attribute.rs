//! The attributes of an operation, once for its text form and its `GraphDef` form.

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Attribute {
    Flag(bool),
    Integer(i64),
    Integers(Vec<i64>),
    Number(f64),
    Text(&'static str),
}

/// The attributes of an operation by TensorFlow's names, where it has them.
pub(crate) type Attributes = Vec<(&'static str, Attribute)>;

impl Attribute {
    /// A list of axes or lengths.
    pub(crate) fn lengths<'a>(lengths: impl IntoIterator<Item = &'a usize>) -> Self {
        Self::Integers(lengths.into_iter().map(|length| length_of(*length)).collect())
    }

    /// An axis or a length.
    pub(crate) fn length(length: usize) -> Self {
        Self::Integer(length_of(length))
    }
}

/// As in the text of a graph, where a flag stands only if it is set: `axis=1`, `exclusive`.
pub(crate) fn texts(attributes: Attributes) -> Vec<String> {
    let text = |(name, attribute)| match attribute {
        Attribute::Flag(set) => set.then(|| String::from(name)),
        Attribute::Integer(integer) => Some(format!("{name}={integer}")),
        Attribute::Integers(integers) => Some(format!("{name}={integers:?}")),
        Attribute::Number(number) => Some(format!("{name}={number}")),
        Attribute::Text(text) => Some(format!("{name}={text}")),
    };
    attributes.into_iter().filter_map(text).collect()
}

fn length_of(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
