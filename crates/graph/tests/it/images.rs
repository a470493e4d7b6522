//! Convolutions and poolings: shapes, text, `GraphDef`, errors.

use everstep_graph::{Convolution, Graph, Output, Padding, Pooling};
use everstep_tensor::{DType, Result};

fn images(graph: &mut Graph, shape: [Option<usize>; 4]) -> Output {
    graph.placeholder("x", DType::F32, shape).unwrap().output()
}

fn filter(graph: &mut Graph, shape: [usize; 4]) -> Output {
    graph.placeholder("w", DType::F32, shape).unwrap().output()
}

/// The type that `build` gives of images and a filter.
#[track_caller]
fn check(
    of_images: [Option<usize>; 4],
    of_filter: [usize; 4],
    build: impl FnOnce(&mut Graph, Output, Output) -> Result<Output>,
    expected: &str,
) {
    let mut graph = Graph::new();
    let (x, w) = (images(&mut graph, of_images), filter(&mut graph, of_filter));
    let found = match build(&mut graph, x, w) {
        Ok(output) => graph.type_of(output).unwrap().to_string(),
        Err(error) => error.to_string().split(": ").last().unwrap().to_owned(),
    };
    assert_eq!(found, expected);
    graph.verify().unwrap();
}

const HALVING: Convolution = Convolution { strides: [2, 2], dilations: [1, 1], padding: Padding::Same };

#[test]
fn lengths_follow_the_padding() {
    let known = [None, Some(28), Some(27), Some(3)];
    let dilated = Convolution { dilations: [2, 3], ..Convolution::valid() };
    let explicit = Convolution { padding: Padding::Explicit([[1, 0], [2, 2]]), ..Convolution::valid() };
    for (convolution, expected) in [
        (Convolution::same(), "f32[?, 28, 27, 8]"),
        (Convolution::valid(), "f32[?, 24, 23, 8]"),
        (HALVING, "f32[?, 14, 14, 8]"),
        (Convolution { padding: Padding::Valid, ..HALVING }, "f32[?, 12, 12, 8]"),
        (dilated, "f32[?, 20, 15, 8]"),
        (explicit, "f32[?, 25, 27, 8]"),
    ] {
        check(known, [5, 5, 3, 8], |graph, x, w| graph.conv2d(x, w, convolution), expected);
    }
    let unknown = [Some(2), None, Some(9), None];
    check(unknown, [3, 3, 4, 8], |graph, x, w| graph.conv2d(x, w, HALVING), "f32[2, ?, 5, 8]");
    check(known, [5, 5, 3, 2], |graph, x, w| graph.depthwise_conv2d(x, w, HALVING), "f32[?, 14, 14, 6]");
    let overlapping = Pooling { strides: [2, 1], padding: Padding::Same, ..Pooling::new(3) };
    check(known, [1; 4], |graph, x, _| graph.max_pool(x, overlapping), "f32[?, 14, 27, 3]");
    check(known, [1; 4], |graph, x, _| graph.avg_pool(x, Pooling::new(5)), "f32[?, 5, 5, 3]");
    let doubled = |graph: &mut Graph, x, w| graph.conv2d_transpose(x, w, [56, 53, 8], HALVING);
    check(known, [4, 4, 8, 3], doubled, "f32[?, 56, 53, 8]");
}

#[test]
fn what_does_not_fit_is_refused() {
    let known = [None, Some(4), Some(9), Some(6)];
    let conv = |graph: &mut Graph, x, w| graph.conv2d(x, w, Convolution::valid());
    check(
        known,
        [5, 5, 6, 8],
        conv,
        "a window of 5 with dilation 1 does not fit into height 4 with padding 0 and 0; pad more, or with SAME",
    );
    check(
        known,
        [3, 3, 4, 8],
        conv,
        "images of 6 channels and a filter [3, 3, 4, 8] make no whole groups; give a filter with as many input channels, \
         or a divisor, and a multiple of the groups as output channels",
    );
    check(
        known,
        [3, 3, 5, 8],
        |graph, x, w| graph.depthwise_conv2d(x, w, HALVING),
        "the images have 6 channels, the depthwise filter is [3, 3, 5, 8]; make its third axis as long",
    );
    check(known, [3, 3, 6, 0], conv, "a filter of shape [3, 3, 6, 0] has an axis of length 0; give at least 1");
    check(
        known,
        [3, 3, 6, 8],
        |graph, x, w| graph.conv2d(x, w, Convolution { strides: [0, 1], ..HALVING }),
        "strides are [0, 1]; give numbers of at least 1",
    );
    check(
        known,
        [3, 3, 8, 6],
        |graph, x, w| graph.conv2d_transpose(x, w, [9, 18, 8], HALVING),
        "images [?, 9, 18, 8] under a filter [3, 3, 8, 6] give [?, 5, 9, 6], not [?, 4, 9, 6]; make the shapes fit",
    );
    let wide = Pooling { padding: Padding::Explicit([[2, 0], [0, 0]]), ..Pooling::new(2) };
    check(
        known,
        [1; 4],
        |graph, x, _| graph.max_pool(x, wide),
        "padding [[2, 0], [0, 0]] holds a whole window of [2, 2]; pad less than the window",
    );
    check(
        [None, Some(0), Some(9), Some(6)],
        [1; 4],
        |graph, x, _| graph.avg_pool(x, Pooling::new(2)),
        "images of shape [?, 0, 9, 6] have no elements to pool; give a height and a width",
    );
    let error = |build: fn(&mut Graph, Output) -> Result<Output>| {
        let mut graph = Graph::new();
        let flat = graph.placeholder("flat", DType::F32, [2, 3]).unwrap().output();
        let integers = graph.placeholder("integers", DType::I32, [1, 2, 2, 1]).unwrap().output();
        let of = if build(&mut graph, flat).is_err() { flat } else { integers };
        build(&mut graph, of).unwrap_err().to_string()
    };
    let message = error(|graph, x| graph.max_pool(x, Pooling::new(2)));
    assert!(message.contains("MaxPool{[2, 2], strides [2, 2], VALID}(flat f32[2, 3]) at "), "{message}");
    assert!(message.ends_with("images of shape [2, 3] have not rank 4; give [batch, height, width, channels]"));
}

#[test]
fn gradients_are_the_adjoint_passes() {
    let mut graph = Graph::new();
    let (x, w) = (images(&mut graph, [None, Some(8), Some(8), Some(3)]), filter(&mut graph, [3, 3, 3, 4]));
    let convolved = graph.conv2d(x, w, HALVING).unwrap();
    let pooled = graph.max_pool(convolved, Pooling::new(2)).unwrap();
    let smooth =
        graph.avg_pool(pooled, Pooling { strides: [1, 1], padding: Padding::Same, ..Pooling::new(2) }).unwrap();
    let loss = graph.sum(smooth, everstep_graph::Axes::all()).unwrap();
    graph.gradients(loss, &[x, w]).unwrap();
    graph.verify().unwrap();
    let dump = graph.to_string();
    let found: Vec<&str> = dump.lines().filter(|line| line.contains("_grad/") && !line.contains(" Spread")).collect();
    assert_eq!(
        found,
        [
            "gradients/AvgPool_grad/AvgPoolGrad = AvgPoolGrad{[2, 2], SAME}(MaxPool, gradients/Sum_grad/Spread) \
             f32[?, 2, 2, 4]",
            "gradients/MaxPool_grad/MaxPoolGrad = MaxPoolGrad{[2, 2], strides [2, 2], VALID}(Conv2D, MaxPool, \
             gradients/AvgPool_grad/AvgPoolGrad) f32[?, 4, 4, 4]",
            "gradients/Conv2D_grad/Conv2DBackpropInput = Conv2DBackpropInput{strides [2, 2], SAME}(x, w, \
             gradients/MaxPool_grad/MaxPoolGrad) f32[?, 8, 8, 3]",
            "gradients/Conv2D_grad/Conv2DBackpropFilter = Conv2DBackpropFilter{strides [2, 2], SAME}(x, w, \
             gradients/MaxPool_grad/MaxPoolGrad) f32[3, 3, 3, 4]",
        ]
    );
}
