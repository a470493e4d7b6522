//! Poolings of images.

use everstep_graph::{Graph, Output, Pooling};
use everstep_tensor::Result;

use crate::{Layer, images::channels};

macro_rules! pool {
    ($($(#[$docs:meta])* $name:ident by $method:ident, $global:ident by $reduction:ident: $what:literal;)*) => {$(
        #[doc = concat!("The ", $what, " of each window of images, channel by channel.")]
        ///
        /// Of images `[batch, height, width, channels]` it makes `[batch, height', width', channels]`.
        ///
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            /// Size, strides and padding of the window.
            pub pooling: Pooling,
        }

        impl $name {
            /// Square windows side by side, inside the image.
            pub fn new(size: usize) -> Self {
                Self { pooling: Pooling::new(size) }
            }
        }

        impl Layer for $name {
            fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
                graph.$method(input, self.pooling)
            }
        }

        #[doc = concat!("The ", $what, " of each channel over a whole image: of `[batch, height, width, channels]` it makes `[batch, channels]`.")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $global;

        impl Layer for $global {
            fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
                channels(graph, input)?;
                graph.$reduction(input, [1, 2])
            }
        }
    )*};
}

pool! {
    /// ```
    /// use everstep_graph::{Graph, Padding, Pooling};
    /// use everstep_nn::{Layer, MaxPool2D};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let images = graph.placeholder("images", DType::F32, [None, Some(28), Some(28), Some(32)])?;
    /// let half = MaxPool2D::new(2).build(&mut graph, "pool", images)?;
    /// assert_eq!(graph.type_of(half)?.to_string(), "f32[?, 14, 14, 32]");
    /// let overlapping = Pooling { strides: [2, 2], padding: Padding::Same, ..Pooling::new(3) };
    /// MaxPool2D { pooling: overlapping }.build(&mut graph, "overlapping", images)?;
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    MaxPool2D by max_pool, GlobalMaxPool2D by max: "greatest element";
    /// Padding does not count.
    AveragePool2D by avg_pool, GlobalAveragePool2D by mean: "mean";
}
