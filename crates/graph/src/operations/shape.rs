//! Building nodes that move elements.

use everstep_tensor::{DType, Result};

use crate::{Axes, Graph, Length, NodeId, Op, Output, PadMode, Section, ShapeOp};

/// Other shapes of the same elements.
impl Graph {
    /// The same elements in another shape; see [`Length`] for what only the run knows.
    ///
    /// # Errors
    /// If the shapes do not hold as many elements, or more than one length is -1.
    #[track_caller]
    pub fn reshape<L: Into<Length>>(
        &mut self,
        input: impl Into<Output>,
        shape: impl IntoIterator<Item = L>,
    ) -> Result<Output> {
        let shape = shape.into_iter().map(Into::into).collect();
        self.add_shape_op(ShapeOp::Reshape(shape), input)
    }

    /// The same elements in the shape of another value.
    ///
    /// # Errors
    /// If the shapes do not hold as many elements.
    #[track_caller]
    pub fn reshape_like(&mut self, input: impl Into<Output>, like: impl Into<Output>) -> Result<Output> {
        self.add_op(Op::Shape(ShapeOp::ReshapeLike), &[input.into(), like.into()])
    }

    /// A new axis of length 1, at that place of the result (from its end if negative).
    ///
    /// # Errors
    /// If there is no such place.
    #[track_caller]
    pub fn expand_dims(&mut self, input: impl Into<Output>, axis: isize) -> Result<Output> {
        let input = input.into();
        let axis = self.new_axis("ExpandDims", input, axis)?;
        self.add_shape_op(ShapeOp::ExpandDims(axis), input)
    }

    /// The value without some axes of length 1; [`Axes::all`] are all that are known to have it.
    ///
    /// # Errors
    /// If there is no such axis, or its length is not 1.
    #[track_caller]
    pub fn squeeze(&mut self, input: impl Into<Output>, axes: impl Into<Axes>) -> Result<Output> {
        let input = input.into();
        let axes = match axes.into().axes {
            Some(axes) => self.distinct_axes("Squeeze", input, &axes)?,
            None => {
                let shape = &self.type_of(input)?.shape;
                (0..shape.len()).filter(|axis| shape[*axis] == Some(1)).collect()
            }
        };
        self.add_shape_op(ShapeOp::Squeeze(axes), input)
    }

    /// The axes in another order: axis `i` of the result is axis `axes[i]` of the value (from the last one if negative).
    ///
    /// # Errors
    /// If not each axis is named once.
    #[track_caller]
    pub fn transpose(&mut self, input: impl Into<Output>, axes: &[isize]) -> Result<Output> {
        let input = input.into();
        let each = axes.iter().map(|axis| self.resolve_axes("Transpose", input, &[*axis]).map(|axis| axis[0]));
        let axes = each.collect::<Result<Vec<usize>>>()?;
        self.add_shape_op(ShapeOp::Transpose(axes), input)
    }

    /// The elements from last to first along some axes.
    ///
    /// # Errors
    /// If there is no such axis, or one is named twice.
    #[track_caller]
    pub fn reverse(&mut self, input: impl Into<Output>, axes: impl Into<Axes>) -> Result<Output> {
        let input = input.into();
        let axes = match axes.into().axes {
            Some(axes) => self.distinct_axes("ReverseV2", input, &axes)?,
            None => (0..self.type_of(input)?.shape.len()).collect(),
        };
        self.add_shape_op(ShapeOp::Reverse(axes), input)
    }
}

/// Joining and cutting.
impl Graph {
    /// Values one after the other along an axis (from the last one if negative).
    ///
    /// # Errors
    /// If there is none, or dtypes or other axes differ.
    #[track_caller]
    pub fn concat(&mut self, inputs: &[Output], axis: isize) -> Result<Output> {
        let axis = match inputs.first() {
            Some(first) => self.resolve_axes("ConcatV2", *first, &[axis])?[0],
            None => 0,
        };
        self.add_op(Op::Shape(ShapeOp::Concat(axis)), inputs)
    }

    /// Values of one shape side by side along a new axis, at that place of the result (from its end if negative).
    ///
    /// # Errors
    /// If there is none, or dtypes or shapes differ.
    #[track_caller]
    pub fn stack(&mut self, inputs: &[Output], axis: isize) -> Result<Output> {
        let axis = match inputs.first() {
            Some(first) => self.new_axis("Pack", *first, axis)?,
            None => 0,
        };
        self.add_op(Op::Shape(ShapeOp::Pack(axis)), inputs)
    }

    /// The value cut along an axis (from the last one if negative) into parts of these lengths.
    ///
    /// # Errors
    /// If there is no such axis, or the lengths do not add up to it.
    #[track_caller]
    pub fn split(&mut self, input: impl Into<Output>, axis: isize, sizes: &[usize]) -> Result<Vec<Output>> {
        let input = input.into();
        let axis = self.resolve_axes("SplitV", input, &[axis])?[0];
        self.add_cut(ShapeOp::Split { axis, sizes: sizes.to_vec() }, input)
    }

    /// The value cut along an axis (from the last one if negative) into its slices, without that axis.
    ///
    /// # Errors
    /// If there is no such axis, or its length is not known or 0.
    #[track_caller]
    pub fn unstack(&mut self, input: impl Into<Output>, axis: isize) -> Result<Vec<Output>> {
        let input = input.into();
        let axis = self.resolve_axes("Unpack", input, &[axis])?[0];
        let known = self.type_of(input)?;
        let Some(count) = known.shape[axis] else {
            let message = format!("the length of axis {axis} of {known} is not known; slice the value instead");
            return Err(self.refusal("Unpack", message));
        };
        self.add_cut(ShapeOp::Unpack { axis, count }, input)
    }

    /// `size` elements from `begin` on, axis by axis; a size of -1 is all that remain.
    ///
    /// # Errors
    /// If there is not one begin and size for each axis, or the axis has fewer elements.
    #[track_caller]
    pub fn slice(&mut self, input: impl Into<Output>, begin: &[usize], size: &[isize]) -> Result<Output> {
        let input = input.into();
        let rank = self.type_of(input)?.shape.len();
        if begin.len() != rank || size.len() != rank {
            let (known, begins, sizes) = (self.type_of(input)?, begin.len(), size.len());
            let message = format!("{begins} begins and {sizes} sizes for {known}; give one of each for each axis");
            return Err(self.refusal("StridedSlice", message));
        }
        let mut sections = Vec::with_capacity(rank);
        for (axis, (begin, size)) in begin.iter().zip(size).enumerate() {
            let end = usize::try_from(*size).ok().and_then(|size| begin.checked_add(size));
            let most = self.type_of(input)?.shape[axis].unwrap_or(usize::MAX);
            if *size < -1 || *begin > most || (*size >= 0 && end.is_none_or(|end| end > most)) {
                let message = format!(
                    "begin {begin} and size {size} are not inside axis {axis} of {}; a size of -1 is what remains",
                    self.type_of(input)?
                );
                return Err(self.refusal("StridedSlice", message));
            }
            let bound = |place: usize| isize::try_from(place).unwrap_or(isize::MAX);
            sections.push(Section::Range { begin: Some(bound(*begin)), end: end.map(bound), step: 1 });
        }
        self.add_shape_op(ShapeOp::StridedSlice(sections), input)
    }

    /// The elements that NumPy's basic indexing chooses; see [`Section`].
    ///
    /// # Errors
    /// If there are more sections than axes, an index is beyond its axis, a step is 0, or there are two ellipses.
    #[track_caller]
    pub fn strided_slice(&mut self, input: impl Into<Output>, sections: &[Section]) -> Result<Output> {
        let input = input.into();
        let rank = self.type_of(input)?.shape.len();
        let is_ellipsis = |section: &&Section| **section == Section::Ellipsis;
        let ellipses = sections.iter().filter(is_ellipsis).count();
        let taken = sections.iter().filter(|section| **section != Section::NewAxis).count() - ellipses;
        if taken > rank || ellipses > 1 {
            let message = format!(
                "{taken} sections and {ellipses} ellipses for {}; give one a axis at most, and one ellipsis",
                self.type_of(input)?
            );
            return Err(self.refusal("StridedSlice", message));
        }
        let place = sections.iter().position(|section| *section == Section::Ellipsis).unwrap_or(sections.len());
        let (before, after) = (&sections[..place], sections.get(place + 1..).unwrap_or_default());
        let rest = std::iter::repeat_n(Section::all(), rank - taken);
        let sections = before.iter().copied().chain(rest).chain(after.iter().copied()).collect();
        self.add_shape_op(ShapeOp::StridedSlice(sections), input)
    }
}

/// More elements of the same.
impl Graph {
    /// Elements before and after the value along each axis.
    ///
    /// # Errors
    /// If there is not one padding for each axis, or a mirrored one is longer than what it mirrors.
    #[track_caller]
    pub fn pad(&mut self, input: impl Into<Output>, paddings: &[(usize, usize)], mode: PadMode) -> Result<Output> {
        self.add_shape_op(ShapeOp::Pad { paddings: paddings.to_vec(), mode }, input)
    }

    /// The value repeated so often along each axis.
    ///
    /// # Errors
    /// If there is not one multiple for each axis.
    #[track_caller]
    pub fn tile(&mut self, input: impl Into<Output>, multiples: &[usize]) -> Result<Output> {
        self.add_shape_op(ShapeOp::Tile(multiples.to_vec()), input)
    }

    /// The value repeated to that shape, by NumPy's broadcasting.
    ///
    /// # Errors
    /// If it does not broadcast to the shape.
    #[track_caller]
    pub fn broadcast_to(&mut self, input: impl Into<Output>, shape: &[usize]) -> Result<Output> {
        self.add_shape_op(ShapeOp::BroadcastTo(shape.to_vec()), input)
    }

    /// The value repeated to the shape of another, by NumPy's broadcasting.
    ///
    /// # Errors
    /// If it does not broadcast to that shape.
    #[track_caller]
    pub fn broadcast_like(&mut self, input: impl Into<Output>, like: impl Into<Output>) -> Result<Output> {
        self.add_op(Op::Shape(ShapeOp::BroadcastLike), &[input.into(), like.into()])
    }

    /// A number everywhere in a shape, of any dtype but bool; it takes no memory in the graph.
    ///
    /// # Errors
    /// If the name is not one, or the dtype is bool.
    #[track_caller]
    pub fn fill(&mut self, name: &str, dtype: DType, shape: &[usize], value: f64) -> Result<Output> {
        self.composite(name, |graph| {
            let value = graph.scalar("value", dtype, value)?;
            graph.broadcast_to(value, shape)
        })
    }

    /// A number everywhere, in the dtype and shape of a value; for bool whether it is not zero.
    ///
    /// # Errors
    /// If the handle is of another graph.
    #[track_caller]
    pub fn fill_like(&mut self, like: impl Into<Output>, value: f64) -> Result<Output> {
        self.add_shape_op(ShapeOp::FillLike(value), like)
    }

    /// Zeros in the dtype and shape of a value.
    ///
    /// # Errors
    /// If the handle is of another graph.
    #[track_caller]
    pub fn zeros_like(&mut self, like: impl Into<Output>) -> Result<Output> {
        self.fill_like(like, 0.0)
    }

    /// Ones in the dtype and shape of a value.
    ///
    /// # Errors
    /// If the handle is of another graph.
    #[track_caller]
    pub fn ones_like(&mut self, like: impl Into<Output>) -> Result<Output> {
        self.fill_like(like, 1.0)
    }

    /// The lengths of a value's axes, as an i64 vector; the value itself need not be computed.
    ///
    /// # Errors
    /// If the handle is of another graph.
    #[track_caller]
    pub fn shape_of(&mut self, input: impl Into<Output>) -> Result<Output> {
        self.add_shape_op(ShapeOp::Shape, input)
    }

    /// The number of a value's elements, as an i64 scalar; the value itself need not be computed.
    ///
    /// # Errors
    /// If the handle is of another graph.
    #[track_caller]
    pub fn size_of(&mut self, input: impl Into<Output>) -> Result<Output> {
        self.add_shape_op(ShapeOp::Size, input)
    }
}

impl Graph {
    #[track_caller]
    fn add_shape_op(&mut self, op: ShapeOp, input: impl Into<Output>) -> Result<Output> {
        self.add_op(Op::Shape(op), &[input.into()])
    }

    /// Every output of an operation that cuts.
    #[track_caller]
    fn add_cut(&mut self, op: ShapeOp, input: Output) -> Result<Vec<Output>> {
        let node: NodeId = self.push(op.name(), Op::Shape(op), &[input], &[])?;
        let count = self.nodes()[node.index()].outputs().len() as u32;
        Ok((0..count).map(|index| Output { node, index }).collect())
    }

    /// Ascending axes, each named once.
    #[track_caller]
    fn distinct_axes(&self, what: &str, input: Output, axes: &[isize]) -> Result<Vec<usize>> {
        let axes = self.resolve_axes(what, input, axes)?;
        match axes.windows(2).find(|pair| pair[0] == pair[1]) {
            None => Ok(axes),
            Some(pair) => Err(self.refusal(what, format!("axis {} is named twice; name each once", pair[0]))),
        }
    }

    /// The place of an axis that is not there yet.
    #[track_caller]
    fn new_axis(&self, what: &str, input: Output, axis: isize) -> Result<usize> {
        let known = self.type_of(input)?;
        let places = known.shape.len() + 1;
        let place = if axis < 0 { axis.checked_add_unsigned(places) } else { Some(axis) };
        match place.and_then(|place| usize::try_from(place).ok()).filter(|place| *place < places) {
            Some(place) => Ok(place),
            None => Err(self.refusal(what, format!("a new axis of {known} has no place {axis}"))),
        }
    }
}
