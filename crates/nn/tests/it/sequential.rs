//! Layers one after the other.

use everstep_graph::{Graph, Initializer};
use everstep_nn::{Activation, Dense, Kernel, Layer, Sequential};
use everstep_tensor::DType;

use crate::check::check;

fn dense(units: usize) -> Dense {
    Dense { bias: None, kernel: Kernel::Fixed(Initializer::ZEROS), ..Dense::new(units) }
}

#[test]
fn layers_follow_each_other_under_their_names() {
    let inner: Box<dyn Layer> = Box::new(Sequential::new().with("top", dense(4)));
    let model = Sequential::new().with("first", dense(2)).with("relu", Activation::Relu).with("rest", inner);
    assert_eq!(format!("{model:?}"), r#"["first", "relu", "rest"]"#);
    check(
        |graph, [x, _]| model.build(graph, "model", x),
        "model/first/kernel = VariableV2{Constant(0.0), trainable}() f32[3, 2]
        model/first/MatMul = MatMul(x, model/first/kernel) f32[?, 2]
        model/relu/Relu = Relu(model/first/MatMul) f32[?, 2]
        model/rest/top/kernel = VariableV2{Constant(0.0), trainable}() f32[2, 4]
        model/rest/top/MatMul = MatMul(model/relu/Relu, model/rest/top/kernel) f32[?, 4]",
    );
    check(|graph, [x, _]| Sequential::new().build(graph, "nothing", x), "");
}

#[test]
fn an_error_names_the_layer_and_leaves_the_graph_as_it_was() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, Some(3)]).unwrap();
    let model = Sequential::new().with("first", dense(2)).with("first", dense(2));
    let line = line!() + 1;
    let error = model.build(&mut graph, "model", x).unwrap_err().to_string();
    assert!(error.starts_with("model/first/kernel = VariableV2"), "{error}");
    assert!(error.contains(&format!("{}:{line}: the name is taken", file!())), "{error}");
    assert_eq!(graph.nodes().len(), 1);

    let labels = graph.placeholder("labels", DType::F32, [None]).unwrap();
    let error = model.build(&mut graph, "model", labels).unwrap_err().to_string();
    assert!(error.starts_with("model/first at "), "{error}");
}
