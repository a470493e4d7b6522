//! Building nodes that choose elements by their index or their order.

use everstep_tensor::{DType, Result, Tensor};

use crate::{Cumulate, Graph, IndexOp, NodeId, Op, Output, Variable};

/// Elements by index.
impl Graph {
    /// The slices of a value along an axis (from the last one if negative) that i32 or i64 indices name.
    ///
    /// An index that the axis does not have is an error of the run.
    ///
    /// # Errors
    /// If there is no such axis, or the indices are of another dtype.
    #[track_caller]
    pub fn gather(&mut self, values: impl Into<Output>, indices: impl Into<Output>, axis: isize) -> Result<Output> {
        let values = values.into();
        let axis = self.resolve_axes("GatherV2", values, &[axis])?[0];
        self.add_op(Op::Index(IndexOp::Gather { axis }), &[values, indices.into()])
    }

    /// The rows of a table for some ids: a [`gather`](Self::gather) along axis 0.
    ///
    /// An optimizer whose rule has a sparse form changes only the rows that were looked up.
    ///
    /// ```
    /// use everstep_graph::{Graph, Initializer};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let table = graph.variable("table", DType::F32, [1000, 16], Initializer::ZEROS)?;
    /// let tokens = graph.placeholder("tokens", DType::I32, [None, Some(8)])?;
    /// let embedded = graph.embedding_lookup(table, tokens)?;
    /// assert_eq!(graph.type_of(embedded)?.to_string(), "f32[?, 8, 16]");
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the table is a scalar, or the ids are not i32 or i64.
    #[track_caller]
    pub fn embedding_lookup(&mut self, table: Variable, ids: impl Into<Output>) -> Result<Output> {
        self.gather(table, ids, 0)
    }

    /// A tensor, with each slice added to the row that its index names; slices of one row are added in their order.
    ///
    /// # Errors
    /// If the slices are not what gathering the rows would give, or the tensor is not numeric.
    #[track_caller]
    pub fn scatter_add(
        &mut self,
        tensor: impl Into<Output>,
        indices: impl Into<Output>,
        slices: impl Into<Output>,
    ) -> Result<Output> {
        self.add_op(Op::Index(IndexOp::ScatterAdd), &[tensor.into(), indices.into(), slices.into()])
    }

    /// Slices `[n, ..]` no two of which belong together, and the order of their indices `[n]`.
    ///
    /// The first of the slices with one index becomes the sum of them all, the others become 0; the second output are the
    /// i64 places of the indices in ascending order of the indices, equal ones in their order.
    ///
    /// # Errors
    /// If the slices are not numeric, or the indices not i32 or i64, one a slice.
    #[track_caller]
    pub fn sum_duplicates(
        &mut self,
        slices: impl Into<Output>,
        indices: impl Into<Output>,
    ) -> Result<(Output, Output)> {
        let op = IndexOp::SumDuplicates;
        let node: NodeId = self.push(op.name(), Op::Index(op), &[slices.into(), indices.into()], &[])?;
        Ok((Output::first(node), Output { node, index: 1 }))
    }

    /// 1 where the index along a new last axis of that length is the input's, else 0.
    ///
    /// # Errors
    /// If the indices are not i32 or i64.
    #[track_caller]
    pub fn one_hot(&mut self, indices: impl Into<Output>, depth: usize, dtype: DType) -> Result<Output> {
        let indices = indices.into();
        let axis = self.type_of(indices)?.shape.len();
        self.add_op(Op::Index(IndexOp::OneHot { axis, depth, on: 1.0, off: 0.0, dtype }), &[indices])
    }

    /// Any [`IndexOp::OneHot`]: other numbers than 1 and 0, another axis than the last.
    ///
    /// # Errors
    /// If it is another operation, the axis has no place, or the indices are not i32 or i64.
    #[track_caller]
    pub fn one_hot_with(&mut self, indices: impl Into<Output>, one_hot: IndexOp) -> Result<Output> {
        if let IndexOp::OneHot { .. } = one_hot {
            return self.add_op(Op::Index(one_hot), &[indices.into()]);
        }
        Err(self.refusal("OneHot", format!("{one_hot:?} is another operation; give an IndexOp::OneHot")))
    }

    /// Whether each place up to `length` is before the lengths' one: `[.., length]` of bool.
    ///
    /// # Errors
    /// If the lengths are not i32 or i64.
    #[track_caller]
    pub fn sequence_mask(&mut self, lengths: impl Into<Output>, length: usize) -> Result<Output> {
        let lengths = lengths.into();
        self.composite("SequenceMask", |graph| {
            let places = match graph.type_of(lengths)?.dtype {
                DType::I32 => Tensor::from_vec([length], (0..length).map(|place| place as i32).collect())?,
                _ => Tensor::from_vec([length], (0..length).map(|place| place as i64).collect())?,
            };
            let places = graph.constant("Range", places)?;
            let lengths = graph.expand_dims(lengths, -1)?;
            graph.less(places, lengths)
        })
    }
}

/// Elements by order.
impl Graph {
    /// The `count` greatest elements along the last axis and their i32 indices: the greatest first, of equals the lower index first.
    ///
    /// # Errors
    /// If the input is not numeric, or has no so many.
    #[track_caller]
    pub fn top_k(&mut self, input: impl Into<Output>, count: usize) -> Result<(Output, Output)> {
        self.add_order(IndexOp::TopK { count: Some(count), ascending: false }, input)
    }

    /// The elements along the last axis from the least to the greatest, and their i32 indices; of equals the lower index first, NaN last.
    ///
    /// # Errors
    /// If the input is not numeric, or a scalar.
    #[track_caller]
    pub fn sort(&mut self, input: impl Into<Output>) -> Result<(Output, Output)> {
        self.add_order(IndexOp::TopK { count: None, ascending: true }, input)
    }

    /// The elements along the last axis from the greatest to the least, and their i32 indices; of equals the lower index first, NaN first.
    ///
    /// # Errors
    /// If the input is not numeric, or a scalar.
    #[track_caller]
    pub fn sort_descending(&mut self, input: impl Into<Output>) -> Result<(Output, Output)> {
        self.add_order(IndexOp::TopK { count: None, ascending: false }, input)
    }

    /// Whether fewer than `count` predictions of a row exceed the target's; false where the target is no class, or its prediction not finite.
    ///
    /// # Errors
    /// If the predictions are not float `[batch, classes]`, or the targets not i32 or i64 `[batch]`.
    #[track_caller]
    pub fn in_top_k(
        &mut self,
        predictions: impl Into<Output>,
        targets: impl Into<Output>,
        count: usize,
    ) -> Result<Output> {
        self.add_op(Op::Index(IndexOp::InTopK { count }), &[predictions.into(), targets.into()])
    }

    /// The sum of all elements up to and including each one, along an axis (from the last one if negative).
    ///
    /// # Errors
    /// If the input is not numeric, or has no such axis.
    #[track_caller]
    pub fn cumsum(&mut self, input: impl Into<Output>, axis: isize) -> Result<Output> {
        let input = input.into();
        let axis = self.resolve_axes("Cumsum", input, &[axis])?[0];
        self.cumulate(input, Cumulate { axis, product: false, exclusive: false, reverse: false })
    }

    /// The product of all elements up to and including each one, along an axis (from the last one if negative).
    ///
    /// # Errors
    /// If the input is not numeric, or has no such axis.
    #[track_caller]
    pub fn cumprod(&mut self, input: impl Into<Output>, axis: isize) -> Result<Output> {
        let input = input.into();
        let axis = self.resolve_axes("Cumprod", input, &[axis])?[0];
        self.cumulate(input, Cumulate { axis, product: true, exclusive: false, reverse: false })
    }

    /// Sums or products along an axis, in any of the ways of [`Cumulate`].
    ///
    /// # Errors
    /// If the input is not numeric, or has no such axis.
    #[track_caller]
    pub fn cumulate(&mut self, input: impl Into<Output>, cumulate: Cumulate) -> Result<Output> {
        self.add_op(Op::Index(IndexOp::Cumulate(cumulate)), &[input.into()])
    }

    #[track_caller]
    fn add_order(&mut self, op: IndexOp, input: impl Into<Output>) -> Result<(Output, Output)> {
        let node: NodeId = self.push(op.name(), Op::Index(op), &[input.into()], &[])?;
        Ok((Output::first(node), Output { node, index: 1 }))
    }
}
