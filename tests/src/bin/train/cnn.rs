//! A convolutional network in the manner of LeNet-5 (LeCun et al., 1998), with rectified units and dropout.

use everstep::{
    graph::Convolution,
    nn::{Activation, Conv2D, Dense, Dropout, Flatten, Kernel, MaxPool2D, Reshape, Sequential},
};

use crate::arguments::Data;

/// Pixels to ten logits.
pub(crate) fn cnn(data: Data) -> Sequential {
    let side = match data {
        Data::Digits => 8,
        Data::FashionMnist => 28,
    };
    Sequential::new()
        .with("images", Reshape::new([side, side, 1]))
        .with("conv_1", convolution(32))
        .with("pool_1", MaxPool2D::new(2))
        .with("conv_2", convolution(64))
        .with("pool_2", MaxPool2D::new(2))
        .with("flatten", Flatten)
        .with("hidden", Dense { activation: Activation::Relu, kernel: Kernel::HeNormal, ..Dense::new(512) })
        .with("dropout", Dropout::new(0.4))
        .with("logits", Dense::new(10))
}

fn convolution(filters: usize) -> Conv2D {
    let (convolution, activation, kernel) = (Convolution::same(), Activation::Relu, Kernel::HeNormal);
    Conv2D { convolution, activation, kernel, ..Conv2D::new(filters, 5) }
}
