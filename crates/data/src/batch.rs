//! Samples as named columns: what a step is fed.

use std::sync::Arc;

use everstep_tensor::{Error, ErrorKind, Result, Tensor};

/// Samples as named columns: one tensor a column, whose first axis is the sample.
///
/// Cloning shares the elements.
#[derive(Clone, Debug)]
pub struct Batch {
    names: Arc<[String]>,
    columns: Vec<Tensor>,
}

impl Batch {
    /// The caller has checked that there is a column, that names differ and that lengths agree.
    pub(crate) fn new(names: Arc<[String]>, columns: Vec<Tensor>) -> Self {
        Self { names, columns }
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.columns[0].shape()[0]
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names of the columns, in the order of the dataset.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns, in the order of the dataset.
    pub fn columns(&self) -> &[Tensor] {
        &self.columns
    }

    /// The column of that name.
    ///
    /// # Errors
    /// `NotFound` naming the columns that there are.
    pub fn column(&self, name: &str) -> Result<&Tensor> {
        let index = self.names.iter().position(|known| known == name).ok_or_else(|| {
            let message = format!("there is no column {name}; there are {}", self.names.join(", "));
            Error::new(ErrorKind::NotFound, message)
        })?;
        Ok(&self.columns[index])
    }

    /// Each input of an engine with its column, in order: the feeds of a step.
    ///
    /// # Errors
    /// `InvalidArgument` if there are not as many inputs as columns.
    ///
    /// ```
    /// let batch = everstep_data::digits().gather(&[0, 1])?;
    /// let feeds = batch.feeds(["image", "label"])?;
    /// assert_eq!(feeds[1].0, "label");
    /// assert_eq!(feeds[1].1.as_slice::<i64>()?, [0, 1]);
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    pub fn feeds<I, const N: usize>(self, inputs: [I; N]) -> Result<Vec<(I, Tensor)>> {
        if N != self.columns.len() {
            let columns = self.names.join(", ");
            let message = format!("{N} inputs for the columns {columns}; give one input for each");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Ok(inputs.into_iter().zip(self.columns).collect())
    }
}
