//! Names, scopes, order, summaries.

use everstep_event::SummaryKind;
use everstep_graph::{Axes, Graph, Initializer, NodeId};
use everstep_tensor::{DType, Tensor};

use crate::check_dump;

#[test]
fn a_dump_is_one_line_a_node() {
    let mut graph = Graph::new();
    let images = graph.placeholder("images", DType::F32, [None, Some(4)]).unwrap();
    let (sum, bias) = graph.scope("hidden", |graph| {
        let kernel =
            graph.variable("kernel", DType::F32, [4, 2], Initializer::Normal { mean: 0.0, stddev: 0.1 }).unwrap();
        let bias = graph.variable("bias", DType::F32, [2], Initializer::ZEROS).unwrap();
        let product = graph.matmul(images, kernel).unwrap();
        (graph.add(product, bias).unwrap(), bias)
    });
    let mean = graph.mean(sum, Axes::from([0]).keep()).unwrap();
    let half = graph.constant("half", Tensor::scalar(0.5f32)).unwrap();
    let halved = graph.mul(mean, half).unwrap();
    let flat = graph.sum(halved, [0]).unwrap();
    let update = graph.assign(bias, flat).unwrap();
    graph.after("train_op", flat, &[update]).unwrap();
    check_dump(
        &graph,
        "images = Placeholder() f32[?, 4]
        hidden/kernel = VariableV2{Normal { mean: 0.0, stddev: 0.1 }, trainable}() f32[4, 2]
        hidden/bias = VariableV2{Constant(0.0), trainable}() f32[2]
        hidden/MatMul = MatMul(images, hidden/kernel) f32[?, 2]
        hidden/AddV2 = AddV2(hidden/MatMul, hidden/bias) f32[?, 2]
        Mean = Mean{[0], keep_dims}(hidden/AddV2) f32[1, 2]
        half = Const{f32[] [0.5]}() f32[]
        Mul = Mul(Mean, half) f32[1, 2]
        Sum = Sum{[0]}(Mul) f32[2]
        Assign = Assign(hidden/bias, Sum)
        train_op = Identity(Sum, ^Assign) f32[2]",
    );
}

#[test]
fn names_are_made_unique_in_their_scope() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [2]).unwrap();
    graph.placeholder("Relu_2", DType::F32, [2]).unwrap();
    for _ in 0..3 {
        graph.relu(x).unwrap();
    }
    for _ in 0..2 {
        graph.scope("a", |graph| graph.scope("b", |graph| graph.relu(x))).unwrap();
    }
    graph.scope("a", |graph| graph.root(|graph| graph.relu(x))).unwrap();
    let names: Vec<&str> = graph.nodes().iter().map(|node| node.name()).collect();
    assert_eq!(names, ["x", "Relu_2", "Relu", "Relu_1", "Relu_3", "a/b/Relu", "a/b/Relu_1", "Relu_4"]);
    assert_eq!(graph.find("a/b/Relu").unwrap().name(), "a/b/Relu");
    assert!(graph.find("a/b").is_none());
}

#[test]
fn a_node_knows_the_line_that_built_it() {
    let mut graph = Graph::new();
    graph.placeholder("x", DType::F32, [2]).unwrap();
    assert_eq!((graph.nodes()[0].location().file(), graph.nodes()[0].location().line()), (file!(), line!() - 1));
}

#[test]
fn what_a_fetch_needs_is_pruned_and_ordered() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [2]).unwrap();
    let y = graph.placeholder("y", DType::F32, [2]).unwrap();
    let step = graph.global_step().unwrap();
    let one = graph.scalar("one", DType::I64, 1.0).unwrap();
    let update = graph.assign_add(step, one).unwrap();
    let negative = graph.neg(x).unwrap();
    let trained = graph.after("train_op", negative, &[update]).unwrap();
    let names = |ids: Vec<NodeId>| ids.iter().map(|id| graph.node(*id).unwrap().name()).collect::<Vec<_>>();
    assert_eq!(names(graph.needed_by(&[negative]).unwrap()), ["x", "Neg"]);
    assert_eq!(
        names(graph.needed_by(&[trained, y.output()]).unwrap()),
        ["x", "y", "global_step", "one", "AssignAdd", "Neg", "train_op"]
    );
}

#[test]
fn tags_are_cleaned_scoped_and_unique() {
    let mut graph = Graph::new();
    let loss = graph.scalar("loss", DType::F32, 1.0).unwrap();
    let tag = |graph: &mut Graph, tag: &str| graph.summary_scalar(tag, loss).unwrap();
    assert_eq!(tag(&mut graph, "loss"), "loss");
    assert_eq!(tag(&mut graph, "/loss"), "loss_1");
    assert_eq!(tag(&mut graph, "loss"), "loss_2");
    assert_eq!(tag(&mut graph, "mean loss (%)"), "mean_loss____");
    assert_eq!(graph.scope("eval", |graph| tag(graph, "loss")), "eval/loss");
    assert_eq!(graph.summaries().len(), 5);
    assert_eq!(graph.summaries()[1].fetches(), [loss]);

    let vector = graph.placeholder("vector", DType::F32, [2]).unwrap();
    let error = graph.summary_scalar("vector", vector).unwrap_err().to_string();
    assert!(error.ends_with(": vector is f32[2], not a scalar; reduce it first"), "{error}");
    assert!(error.contains(file!()), "{error}");
}

#[test]
fn every_kind_of_summary_is_declared_with_its_fetches() {
    let mut graph = Graph::new();
    let pictures = graph.placeholder("pictures", DType::U8, [None, Some(8), Some(8), Some(3)]).unwrap();
    let sounds = graph.placeholder("sounds", DType::F32, [None, Some(100)]).unwrap();
    let labels = graph.placeholder("labels", DType::I64, [None]).unwrap();
    let scores = graph.placeholder("scores", DType::F32, [None]).unwrap();
    for (name, kind) in [("layer/w", Initializer::ONES), ("layer/b", Initializer::ZEROS)] {
        graph.variable(name, DType::F32, [3], kind).unwrap();
    }
    graph.summary_images("pictures", pictures, 3).unwrap();
    graph.summary_audio("sounds", sounds, 8000, 1).unwrap();
    graph.summary_text("sounds", sounds).unwrap();
    graph.summary_tensor("labels", labels).unwrap();
    graph.summary_pr_curve("scores", labels, scores, 11).unwrap();
    assert_eq!(graph.summary_weights().unwrap(), ["layer/b", "layer/w"]);
    let declared: Vec<_> = graph.summaries().iter().map(|summary| (&**summary.tag(), summary.kind())).collect();
    let expected = [
        ("pictures", SummaryKind::Images { most: 3 }),
        ("sounds", SummaryKind::Audio { sample_rate: 8000, most: 1 }),
        ("sounds_1", SummaryKind::Text),
        ("labels", SummaryKind::Tensor),
        ("scores", SummaryKind::PrCurve { thresholds: 11 }),
        ("layer/b", SummaryKind::Histogram),
        ("layer/w", SummaryKind::Histogram),
    ];
    assert_eq!(declared, expected);
    assert_eq!(graph.summaries()[4].fetches(), [labels.into(), scores.into()]);

    let refused = [
        graph.summary_images("labels", labels, 1),
        graph.summary_audio("labels", labels, 8000, 1),
        graph.summary_text("pictures", pictures),
        graph.summary_pr_curve("scores", labels, scores, 1),
    ];
    let faults = [
        "labels is i64[?], no batch of pictures; give it a shape [pictures, height, width, channels] with 1 to 4 channels",
        "labels is i64[?], no batch of sounds; give it a shape [sounds, moments] or [sounds, moments, channels]",
        "pictures is u8[?, 8, 8, 3], no table; reduce it to two axes at most",
        "labels is i64[?], no curve of fewer than two thresholds; give 201",
    ];
    for (result, fault) in refused.into_iter().zip(faults) {
        let error = result.unwrap_err().to_string();
        assert!(error.ends_with(fault), "{error}");
    }
}

#[test]
fn a_scope_knows_its_name() {
    let mut graph = Graph::new();
    assert_eq!(graph.scope_name(), "");
    let inner = |graph: &mut Graph| (graph.scope_name().to_owned(), graph.root(|graph| graph.scope_name().to_owned()));
    let found = graph.scope("model", |graph| graph.scope("hidden", inner));
    assert_eq!(found, ("model/hidden".into(), String::new()));
}
