//! The checks of convolutions and poolings.

use super::{Call, Checked, FLOATS};
use crate::{
    View,
    kernel::{Epilogue, Geometry, Pass, Pooling, Window, Windows},
};

impl Call {
    /// `one` and `other` are the inputs of the pass.
    pub(super) fn convolution(
        self,
        pass: Pass,
        window: Window,
        depthwise: bool,
        [one, other, output]: [View<'_>; 3],
    ) -> Checked {
        self.dtype(one, FLOATS)?;
        self.same_dtype(&[one, other, output])?;
        let (images, filter, result) = match pass {
            Pass::Forward => (one, other, output),
            Pass::BackpropInput => (output, one, other),
            Pass::BackpropFilter => (one, output, other),
        };
        let geometry = Geometry::of(window, depthwise, images.shape, filter.shape, result.shape);
        self.require(geometry.is_some(), || {
            let (images, filter, result) = (images.shape, filter.shape, result.shape);
            format!("images {images:?}, filter {filter:?} and output {result:?} make no convolution by {window:?}")
        })
    }

    /// Only what comes out of a convolution has a bias and an activation.
    pub(super) fn epilogue(self, pass: Pass, epilogue: Epilogue) -> Checked {
        self.require(pass == Pass::Forward || epilogue == Epilogue::default(), || {
            format!("{pass:?} has no epilogue, give Epilogue::default() instead of {epilogue:?}")
        })
    }

    /// A bias has one element for each column of the output.
    pub(super) fn bias(self, bias: &[View<'_>], output: View<'_>) -> Checked {
        let columns = output.shape.last().copied().unwrap_or(1);
        bias.iter().try_for_each(|bias| {
            self.same_dtype(&[output, *bias])?;
            self.require(bias.shape == [columns], || {
                format!("the bias must be of shape [{columns}], not {:?}", bias.shape)
            })
        })
    }

    /// A workspace is a float vector that the kernel may use as it likes.
    pub(super) fn workspace(self, output: View<'_>, workspace: View<'_>) -> Checked {
        self.same_dtype(&[output, workspace])
    }

    pub(super) fn pooling(self, kind: Pooling, windows: Windows, inputs: &[View<'_>], output: View<'_>) -> Checked {
        self.dtype(output, FLOATS)?;
        inputs.iter().try_for_each(|input| self.same_dtype(&[output, *input]))?;
        let (images, pooled) = match (kind, inputs) {
            (Pooling::Max | Pooling::Average, [images]) => (*images, output),
            (Pooling::AverageGrad, [gradient]) => (output, *gradient),
            (Pooling::MaxGrad, [images, maxima, gradient]) => {
                self.same_shape(&[*images, output])?;
                self.same_shape(&[*maxima, *gradient])?;
                (output, *gradient)
            }
            _ => return self.arity((kind.input_count(), 1), inputs.len(), "outputs", 1),
        };
        let fits = match (images.shape, pooled.shape) {
            (&[batch, height, width, channels], &[pools, down, across, results]) => {
                batch == pools
                    && channels == results
                    && windows.touch(0, down, height)
                    && windows.touch(1, across, width)
            }
            _ => false,
        };
        self.require(fits, || format!("images {:?} are not pooled to {:?} by {windows:?}", images.shape, pooled.shape))
    }
}

impl Pooling {
    pub(super) fn name(self) -> &'static str {
        match self {
            Pooling::Max => "max pooling",
            Pooling::MaxGrad => "max pooling gradient",
            Pooling::Average => "average pooling",
            Pooling::AverageGrad => "average pooling gradient",
        }
    }

    pub(super) fn input_count(self) -> usize {
        if self == Pooling::MaxGrad { 3 } else { 1 }
    }
}

impl Pass {
    pub(super) fn name(self) -> &'static str {
        match self {
            Pass::Forward => "convolution",
            Pass::BackpropInput => "convolution gradient of the images",
            Pass::BackpropFilter => "convolution gradient of the filter",
        }
    }
}
