//! A set of samples in memory.

use everstep_tensor::{Bf16, DType, Element, Error, ErrorKind, F16, Result, Shape, Tensor};

use crate::Batch;

/// A set of samples in memory, as named columns: one tensor a column, whose first axis is the sample.
///
/// Cloning shares the elements.
#[derive(Clone, Debug)]
pub struct Dataset(Batch);

impl Dataset {
    /// A dataset of these columns.
    ///
    /// # Errors
    /// `InvalidArgument` if there is no column, two have one name, one is a scalar, or their lengths differ.
    ///
    /// ```
    /// use everstep_data::Dataset;
    /// use everstep_tensor::Tensor;
    ///
    /// let x = Tensor::from_vec([3, 2], vec![0.0f32, 0.1, 1.0, 1.1, 2.0, 2.1])?;
    /// let labels = Tensor::from_vec([3], vec![7i64, 8, 9])?;
    /// let dataset = Dataset::new(vec![("x", x), ("labels", labels)])?;
    /// let batch = dataset.gather(&[2, 0])?;
    /// assert_eq!(batch.column("x")?.as_slice::<f32>()?, [2.0, 2.1, 0.0, 0.1]);
    /// assert_eq!(batch.column("labels")?.as_slice::<i64>()?, [9, 7]);
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    pub fn new<N: Into<String>>(columns: Vec<(N, Tensor)>) -> Result<Self> {
        let (names, columns): (Vec<String>, Vec<Tensor>) =
            columns.into_iter().map(|(name, column)| (name.into(), column)).unzip();
        check_names(&names)?;
        check_lengths(&names, &columns)?;
        Ok(Self(Batch::new(names.into(), columns)))
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All samples in their order, as one batch that shares the elements.
    pub fn all(&self) -> &Batch {
        &self.0
    }

    /// The samples of these rows, in this order; a row may come twice.
    ///
    /// # Errors
    /// `InvalidArgument` naming a row that is not there.
    pub fn gather(&self, rows: &[usize]) -> Result<Batch> {
        if let Some(row) = rows.iter().find(|row| **row >= self.len()) {
            let message = format!("there is no row {row} in a dataset of {}; rows count from 0", self.len());
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let columns = self.0.columns().iter().map(|column| gather(column, rows)).collect::<Result<_>>()?;
        Ok(Batch::new(self.0.names().into(), columns))
    }

    /// A dataset of these rows, in this order.
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        self.gather(rows).map(Self)
    }
}

fn check_names(names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Err(Error::new(ErrorKind::InvalidArgument, "a dataset without a column; give at least one"));
    }
    match names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
        Some((_, name)) => {
            let message = format!("two columns have the name {name}; give each its own");
            Err(Error::new(ErrorKind::InvalidArgument, message))
        }
        None => Ok(()),
    }
}

fn check_lengths(names: &[String], columns: &[Tensor]) -> Result<()> {
    let first = columns[0].shape().first();
    for (name, column) in names.iter().zip(columns) {
        let message = match (column.shape().first(), first) {
            (None, _) => format!("column {name} is a scalar; its first axis must be the sample"),
            (Some(len), Some(first)) if len != first => {
                format!("column {name} holds {len} samples and column {} holds {first}; make them equal", names[0])
            }
            _ => continue,
        };
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    Ok(())
}

fn gather(column: &Tensor, rows: &[usize]) -> Result<Tensor> {
    match column.dtype() {
        DType::Bool => gather_elements::<bool>(column, rows),
        DType::U8 => gather_elements::<u8>(column, rows),
        DType::I32 => gather_elements::<i32>(column, rows),
        DType::I64 => gather_elements::<i64>(column, rows),
        DType::F32 => gather_elements::<f32>(column, rows),
        DType::F64 => gather_elements::<f64>(column, rows),
        DType::Bf16 => gather_elements::<Bf16>(column, rows),
        DType::F16 => gather_elements::<F16>(column, rows),
        dtype => Err(Error::new(ErrorKind::Internal, format!("rows of {dtype} cannot be gathered yet"))),
    }
}

/// Writes into memory of the tensor's own, which is aligned for the kernels that read it.
fn gather_elements<T: Element>(column: &Tensor, rows: &[usize]) -> Result<Tensor> {
    let mut shape = Shape::from(column.shape());
    shape[0] = rows.len();
    let width = shape[1..].iter().product::<usize>();
    let mut gathered = Tensor::zeros(T::DTYPE, shape)?;
    let (from, into) = (column.as_slice::<T>()?, gathered.make_mut::<T>()?);
    if width > 0 {
        for (row, into) in rows.iter().zip(into.chunks_exact_mut(width)) {
            into.copy_from_slice(&from[row * width..(row + 1) * width]);
        }
    }
    Ok(gathered)
}
