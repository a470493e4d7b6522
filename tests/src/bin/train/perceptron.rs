//! A multilayer perceptron: layers of rectified units.

use everstep::nn::{Activation, Dense, Kernel, Sequential};

use crate::arguments::Data;

/// Pixels to ten logits.
pub(crate) fn perceptron(data: Data) -> Sequential {
    let units = match data {
        Data::Digits => 128,
        Data::FashionMnist => 512,
    };
    let hidden = Dense { activation: Activation::Relu, kernel: Kernel::HeNormal, ..Dense::new(units) };
    Sequential::new().with("hidden_1", hidden.clone()).with("hidden_2", hidden).with("logits", Dense::new(10))
}
