//! Numbers or texts of any shape.

use std::{
    io::{self, ErrorKind},
    sync::Arc,
};

/// Elements of one type in a shape, row by row, and which plugin of TensorBoard shows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<u64>,
    elements: Elements,
    plugin: Plugin,
}

/// The elements of an [`Array`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Elements {
    /// Truth values.
    Bool(Arc<[bool]>),
    /// Unsigned bytes.
    U8(Arc<[u8]>),
    /// 32-bit integers.
    I32(Arc<[i32]>),
    /// 64-bit integers.
    I64(Arc<[i64]>),
    /// Single precision.
    F32(Arc<[f32]>),
    /// Double precision.
    F64(Arc<[f64]>),
    /// Texts, or bytes of any length.
    Bytes(Arc<[Vec<u8>]>),
}

/// Which plugin of TensorBoard shows values, and what it shall know of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugin {
    /// Its name; empty for values that no plugin shows.
    pub name: String,
    /// What only the plugin understands.
    pub content: Vec<u8>,
}

impl Array {
    /// Elements in a shape, which no plugin shows.
    ///
    /// # Errors
    ///
    /// `InvalidInput` where the shape has another number of elements.
    pub fn new(shape: impl Into<Vec<u64>>, elements: Elements) -> io::Result<Self> {
        let shape = shape.into();
        let count = shape.iter().try_fold(1_u64, |count, length| count.checked_mul(*length));
        if count != Some(elements.len() as u64) {
            let message = format!("an array of shape {shape:?} cannot have {} elements; give as many", elements.len());
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        Ok(Self { shape, elements, plugin: Plugin::default() })
    }

    /// The same, shown by a plugin.
    pub fn for_plugin(mut self, plugin: Plugin) -> Self {
        self.plugin = plugin;
        self
    }

    /// The lengths of the axes; empty for one element.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// The elements, row by row.
    pub fn elements(&self) -> &Elements {
        &self.elements
    }

    /// Which plugin shows them.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }
}

impl Elements {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(elements) => elements.len(),
            Self::U8(elements) => elements.len(),
            Self::I32(elements) => elements.len(),
            Self::I64(elements) => elements.len(),
            Self::F32(elements) => elements.len(),
            Self::F64(elements) => elements.len(),
            Self::Bytes(elements) => elements.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
