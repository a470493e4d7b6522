//! Layers of images: what they build, and what they refuse.

use everstep_graph::{Convolution, Graph, Initializer, Padding, Pooling};
use everstep_nn::{
    Activation, AveragePool2D, Conv2D, Conv2DTranspose, DepthwiseConv2D, Dropout, Flatten, GlobalAveragePool2D,
    GlobalMaxPool2D, Kernel, Layer, MaxPool2D, Reshape,
};
use everstep_tensor::DType;

const IMAGES: [Option<usize>; 4] = [None, Some(9), Some(8), Some(6)];

/// What the layer adds to a graph with `x` of that shape, without the names' scope.
#[track_caller]
fn check(layer: impl Layer, shape: impl IntoIterator<Item = Option<usize>>, expected: &str) {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, shape.into_iter().collect::<everstep_graph::PartialShape>()).unwrap();
    let built = layer.build(&mut graph, "l", x);
    graph.verify().unwrap();
    let found = match built {
        Ok(_) => graph.to_string().lines().skip(1).map(|line| line.replace("l/", "")).collect::<Vec<_>>().join("\n"),
        Err(error) => error.to_string().split(": ").last().unwrap().to_owned(),
    };
    let expected = expected.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert_eq!(found, expected, "\n{found}");
}

const ZEROS: Kernel = Kernel::Fixed(Initializer::ZEROS);

#[test]
fn a_convolution_is_conv2d_bias_activation() {
    let strided = Convolution { strides: [2, 1], ..Convolution::same() };
    let relu =
        Conv2D { convolution: strided, activation: Activation::Relu, kernel: ZEROS, groups: 2, ..Conv2D::new(4, 3) };
    check(
        relu,
        IMAGES,
        "kernel = VariableV2{Constant(0.0), trainable}() f32[3, 3, 3, 4]
        Conv2D = Conv2D{strides [2, 1], SAME}(x, kernel) f32[?, 5, 8, 4]
        bias = VariableV2{Constant(0.0), trainable}() f32[4]
        AddV2 = AddV2(Conv2D, bias) f32[?, 5, 8, 4]
        Relu = Relu(AddV2) f32[?, 5, 8, 4]",
    );
    let bare = Conv2D { kernel_size: [2, 3], bias: None, kernel: ZEROS, ..Conv2D::new(4, 1) };
    check(
        bare,
        IMAGES,
        "kernel = VariableV2{Constant(0.0), trainable}() f32[2, 3, 6, 4]
        Conv2D = Conv2D{VALID}(x, kernel) f32[?, 8, 6, 4]",
    );
}

#[test]
fn a_depthwise_convolution_keeps_channels_apart() {
    check(
        DepthwiseConv2D { multiplier: 2, kernel: ZEROS, ..DepthwiseConv2D::new(3) },
        IMAGES,
        "kernel = VariableV2{Constant(0.0), trainable}() f32[3, 3, 6, 2]
        DepthwiseConv2dNative = DepthwiseConv2dNative{VALID}(x, kernel) f32[?, 7, 6, 12]
        bias = VariableV2{Constant(0.0), trainable}() f32[12]
        AddV2 = AddV2(DepthwiseConv2dNative, bias) f32[?, 7, 6, 12]",
    );
}

/// The sizes are those of Keras 3's `Conv2DTranspose`, for explicit padding those of PyTorch's `ConvTranspose2d`.
#[test]
fn a_transposed_convolution_makes_images_larger() {
    let shape = |convolution, kernel_size, size| {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F32, IMAGES).unwrap();
        let layer = Conv2DTranspose { convolution, size, kernel: ZEROS, ..Conv2DTranspose::new(4, kernel_size) };
        let output = layer.build(&mut graph, "l", x).unwrap();
        graph.verify().unwrap();
        let kernel = graph.find_variable("l/kernel").unwrap();
        let kernel_shape = [kernel_size, kernel_size, 4, 6].map(Some);
        assert_eq!(*graph.type_of(kernel).unwrap().shape, kernel_shape);
        graph.type_of(output).unwrap().to_string()
    };
    let strided = |convolution| Convolution { strides: [2, 3], ..convolution };
    assert_eq!(shape(Convolution::valid(), 3, None), "f32[?, 11, 10, 4]");
    assert_eq!(shape(strided(Convolution::valid()), 1, None), "f32[?, 18, 24, 4]");
    assert_eq!(shape(strided(Convolution::valid()), 5, None), "f32[?, 21, 26, 4]");
    assert_eq!(shape(strided(Convolution::same()), 5, None), "f32[?, 18, 24, 4]");
    assert_eq!(shape(Convolution { dilations: [2, 2], ..Convolution::valid() }, 3, None), "f32[?, 13, 12, 4]");
    let padded = Convolution { padding: Padding::Explicit([[1, 0], [2, 1]]), ..strided(Convolution::valid()) };
    assert_eq!(shape(padded, 5, None), "f32[?, 20, 23, 4]");
    assert_eq!(shape(strided(Convolution::same()), 5, Some([17, 22])), "f32[?, 17, 22, 4]");
}

#[test]
fn poolings_are_their_ops() {
    check(MaxPool2D::new(2), IMAGES, "MaxPool = MaxPool{[2, 2], strides [2, 2], VALID}(x) f32[?, 4, 4, 6]");
    let pooling = Pooling { strides: [2, 2], padding: Padding::Same, ..Pooling::new(3) };
    check(AveragePool2D { pooling }, IMAGES, "AvgPool = AvgPool{[3, 3], strides [2, 2], SAME}(x) f32[?, 5, 4, 6]");
    let unknown = [None, None, None, Some(6)];
    check(GlobalAveragePool2D, unknown, "Mean = Mean{[1, 2]}(x) f32[?, 6]");
    check(GlobalMaxPool2D, unknown, "Max = Max{[1, 2]}(x) f32[?, 6]");
}

#[test]
fn shapes_change_sample_by_sample() {
    check(Flatten, IMAGES, "Reshape = Reshape{shape=[-2, 432]}(x) f32[?, 432]");
    check(Flatten, [None], "Reshape = Reshape{shape=[-2, 1]}(x) f32[?, 1]");
    check(Flatten, [None, None, Some(2)], "Reshape = Reshape{shape=[-2, -1]}(x) f32[?, ?]");
    check(Reshape::new([-1, 12]), IMAGES, "Reshape = Reshape{shape=[-2, -1, 12]}(x) f32[?, 36, 12]");
}

#[test]
fn dropout_is_its_op() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, IMAGES).unwrap();
    let output = Dropout::new(0.25).build(&mut graph, "drop", x).unwrap();
    let op = graph.node(output.node()).unwrap().op().to_string();
    assert_eq!(op, r#"Dropout{rate 0.25, "drop/Dropout"}"#);
    assert!(Dropout::new(1.0).build(&mut graph, "all", x).is_err());
}

#[test]
fn what_does_not_suit_is_refused() {
    let images = "x is f32[?, 9, 8, ?]; the layer takes images [batch, height, width, channels], channels known";
    let unknown = [None, Some(9), Some(8), None];
    check(Conv2D::new(4, 3), unknown, images);
    check(DepthwiseConv2D::new(3), unknown, images);
    check(
        Conv2DTranspose::new(4, 3),
        [None, None, Some(8), Some(2)],
        "x is f32[?, ?, 8, 2]; the layer takes images [batch, height, width, channels], all but the batch known",
    );
    check(
        Conv2D { groups: 4, ..Conv2D::new(4, 3) },
        IMAGES,
        "6 channels and 4 filters make no 4 groups; give a number that divides both",
    );
    check(
        Conv2D { groups: 0, ..Conv2D::new(4, 3) },
        IMAGES,
        "6 channels and 4 filters make no 0 groups; give a number that divides both",
    );
    let padding = Padding::Explicit([[9, 9], [0, 0]]);
    let message = "a kernel of [3, 3] on images of [9, 8] leaves nothing inside Explicit([[9, 9], [0, 0]]); pad less";
    let convolution = Convolution { padding, ..Convolution::valid() };
    check(Conv2DTranspose { convolution, ..Conv2DTranspose::new(4, 3) }, IMAGES, message);
    check(Flatten, [], "x is f32[]; the layer takes samples [batch, ..]");
    check(Reshape::new([1]), [], "x is f32[]; the layer takes samples [batch, ..]");
}
