//! Kernels that move elements without computing with them.

/// Moves elements, any dtype unless said otherwise; one input and one output of one dtype, but for `Fill`.
#[derive(Clone, Debug, PartialEq)]
pub enum ShapeKernel {
    /// The output at `i, j, ...` is the input, seen as a list, at `offset + i * strides[0] + j * strides[1] + ...`.
    ///
    /// Transposes, slices, reversals and broadcasts are this.
    Strided {
        /// The place of the first element.
        offset: usize,
        /// How far it is from one element to the next along each axis of the output.
        strides: Vec<isize>,
    },
    /// The input at `i, j, ...` goes to the output at `begins[0] + i * steps[0], begins[1] + j * steps[1], ...`.
    ///
    /// Concatenation, constant padding and the gradient of slicing are this.
    Place {
        /// Where the first element goes, axis by axis.
        begins: Vec<usize>,
        /// How far from one to the next, axis by axis; not 0.
        steps: Vec<isize>,
        /// What the other elements become, converted to the dtype; without it they stay as they are.
        fill: Option<f64>,
    },
    /// The input with mirrored elements around it.
    MirrorPad {
        /// How many elements before the input, axis by axis.
        before: Vec<usize>,
        /// What is mirrored.
        mirror: Mirror,
    },
    /// The adjoint of `MirrorPad`, float: each output is the sum of its images in the input.
    MirrorPadGrad {
        /// How many elements before the output's, axis by axis.
        before: Vec<usize>,
        /// What is mirrored.
        mirror: Mirror,
    },
    /// The input repeated along each axis; each extent of the output is a multiple of the input's.
    Tile,
    /// The adjoint of `Tile`, float: each output is the sum of its repetitions in the input.
    TileGrad,
    /// This number everywhere, converted to the dtype; no inputs.
    Fill(f64),
}

/// Where a mirrored padding begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mirror {
    /// With the second element: `3 2 | 1 2 3 | 2 1`; no longer than the extent less one.
    Reflect,
    /// With the first element: `2 1 | 1 2 3 | 3 2`; no longer than the extent.
    Symmetric,
}

impl Mirror {
    /// The most elements that an axis can be padded by on one side.
    pub(crate) fn most(self, extent: usize) -> usize {
        match self {
            Mirror::Reflect => extent.saturating_sub(1),
            Mirror::Symmetric => extent,
        }
    }

    /// The element of the unpadded axis that is seen at `place` of the padded one.
    pub(crate) fn source(self, place: usize, before: usize, extent: usize) -> usize {
        let edge = usize::from(self == Mirror::Reflect);
        if place < before {
            before - place - 1 + edge
        } else if place - before < extent {
            place - before
        } else {
            2 * extent - 1 - edge - (place - before)
        }
    }

    /// The places of the padded axis where an element of the unpadded one is seen, in ascending order.
    pub(crate) fn images(self, element: usize, before: usize, extent: usize, padded: usize) -> [Option<usize>; 3] {
        let edge = usize::from(self == Mirror::Reflect);
        // Mirrored at the first element, itself, and mirrored at the last one.
        let first = (before + edge).checked_sub(element + 1).filter(|_| element >= edge);
        let last = before + 2 * extent - 1 - edge - element;
        let is_image = last < padded && element + edge < extent;
        [first, Some(before + element), is_image.then_some(last)]
    }
}
