//! Normalisations, attention and losses: shapes, text, gradients, errors.

use everstep_graph::{Attention, Axes, Graph, Output};
use everstep_tensor::{DType, Result};

use crate::check_dump;

fn input(graph: &mut Graph, name: &str, shape: &[Option<usize>]) -> Output {
    let shape: everstep_graph::PartialShape = shape.iter().copied().collect();
    graph.placeholder(name, DType::F32, shape).unwrap().output()
}

/// The type that `build` gives, or its message.
#[track_caller]
fn check(build: impl FnOnce(&mut Graph) -> Result<Output>, expected: &str) {
    let mut graph = Graph::new();
    let found = match build(&mut graph) {
        Ok(output) => graph.type_of(output).unwrap().to_string(),
        Err(error) => error.to_string().split(": ").last().unwrap().to_owned(),
    };
    assert_eq!(found, expected);
    graph.verify().unwrap();
}

#[test]
fn all_gradients_of_an_op_are_one_op() {
    let mut graph = Graph::new();
    let x = input(&mut graph, "x", &[None, Some(3)]);
    let gamma = input(&mut graph, "gamma", &[Some(3)]);
    let beta = input(&mut graph, "beta", &[Some(3)]);
    let y = graph.layer_norm(x, gamma, beta, 0.5).unwrap();
    let loss = graph.sum(y, Axes::all()).unwrap();
    let gradients = graph.gradients(loss, &[gamma, x, beta]).unwrap();
    let names: Vec<String> = gradients.iter().map(|gradient| graph.name_of(gradient.unwrap()).unwrap()).collect();
    let node = "gradients/LayerNorm_grad/LayerNormGrad";
    assert_eq!(names, [format!("{node}:1"), node.into(), format!("{node}:2")]);
    check_dump(
        &graph,
        "x = Placeholder() f32[?, 3]
        gamma = Placeholder() f32[3]
        beta = Placeholder() f32[3]
        LayerNorm = LayerNorm{epsilon=0.5}(x, gamma, beta) f32[?, 3] f32[?] f32[?]
        Sum = Sum{[0, 1]}(LayerNorm) f32[]
        gradients/Const = Const{f32[] [1.0]}() f32[]
        gradients/Sum_grad/Spread = Spread{[0, 1]}(gradients/Const, LayerNorm) f32[?, 3]
        gradients/LayerNorm_grad/LayerNormGrad = LayerNormGrad{epsilon=0.5}(gradients/Sum_grad/Spread, x, gamma, LayerNorm:1, LayerNorm:2) f32[?, 3] f32[3] f32[3]",
    );
}

#[test]
fn the_same_norm_twice_has_two_gradients() {
    let mut graph = Graph::new();
    let x = input(&mut graph, "x", &[None, Some(3)]);
    let gamma = input(&mut graph, "gamma", &[Some(3)]);
    let once = graph.rms_norm(x, gamma, 0.1).unwrap();
    let twice = graph.rms_norm(once, gamma, 0.1).unwrap();
    let loss = graph.sum(twice, Axes::all()).unwrap();
    graph.gradients(loss, &[x, gamma]).unwrap();
    let grads = graph.nodes().iter().filter(|node| node.op().name() == "RmsNormGrad").count();
    assert_eq!(grads, 2);
}

#[test]
fn shapes_of_norms() {
    check(
        |graph| {
            let x = input(graph, "x", &[None, Some(4), None]);
            let gamma = input(graph, "gamma", &[Some(6)]);
            graph.rms_norm(x, gamma, 0.1)
        },
        "f32[?, 4, 6]",
    );
    let grouped = |groups: usize, channels: usize| {
        move |graph: &mut Graph| {
            let x = input(graph, "x", &[None, Some(4), Some(6)]);
            let weights = input(graph, "weights", &[Some(channels)]);
            graph.group_norm(x, weights, weights, groups, 0.1)
        }
    };
    check(grouped(3, 6), "f32[?, 4, 6]");
    check(grouped(4, 6), "the last axis of [?, 4, 6] makes no 4 groups; take a divisor of its length");
    check(grouped(3, 5), "[5] is no vector along the last axis of [?, 4, 6]; give one as long");
    check(
        |graph| {
            let x = input(graph, "x", &[]);
            graph.layer_norm(x, x, x, 0.1)
        },
        "a scalar has no last axis; give a tensor of rank 1 or more",
    );
    check(
        |graph| {
            let x = input(graph, "x", &[Some(2), Some(3)]);
            let vector = input(graph, "vector", &[Some(3)]);
            graph.layer_norm(x, vector, vector, f64::NAN)
        },
        "epsilon is NaN; give a finite number that is not negative",
    );
    check(
        |graph| {
            let x = input(graph, "x", &[None, Some(2), None]);
            let vector = input(graph, "vector", &[Some(3)]);
            Ok(graph.batch_norm(x, [vector; 2], [vector; 2], 0.1)?.variance)
        },
        "f32[3]",
    );
}

#[test]
fn shapes_of_attention() {
    let attend = |k: [Option<usize>; 4], mask: Option<DType>| {
        move |graph: &mut Graph| {
            let q = input(graph, "q", &[None, Some(5), Some(2), Some(4)]);
            let k = input(graph, "k", &k);
            let v = input(graph, "v", &[Some(3), Some(7), None, Some(6)]);
            let mask = mask.map(|dtype| graph.placeholder("mask", dtype, [3, 7]).unwrap().output());
            graph.scaled_dot_product_attention(q, k, v, Attention { mask, ..Attention::causal() })
        }
    };
    let keys = [None, Some(7), Some(2), None];
    check(attend(keys, None), "f32[3, 5, 2, 6]");
    check(attend(keys, Some(DType::Bool)), "f32[3, 5, 2, 6]");
    check(attend(keys, Some(DType::F32)), "it takes a mask of bool, not f32; cast the input");
    check(
        attend([None, Some(8), Some(2), None], None),
        "queries [?, 5, 2, 4], keys [?, 8, 2, ?] and values [3, 7, ?, 6] do not fit; give [batch, queries, heads, depth], \
         [batch, keys, heads, depth] and [batch, keys, heads, any]",
    );
}

#[test]
fn losses_are_checked() {
    check(
        |graph| {
            let x = input(graph, "x", &[None, Some(3)]);
            let labels = input(graph, "labels", &[Some(4), None]);
            graph.softmax_cross_entropy(x, labels)
        },
        "f32[4]",
    );
    check(
        |graph| {
            let x = input(graph, "x", &[None]);
            graph.softmax_cross_entropy(x, x)
        },
        "logits [?] do not fit; give [batch, classes]",
    );
    check(
        |graph| {
            let x = input(graph, "x", &[None]);
            graph.huber_loss(x, x, 0.0)
        },
        "delta is 0; give a positive number",
    );
}
