//! What errors say.

use everstep_graph::Graph;
use everstep_nn::{Dense, Layer, accuracy, mean_squared_error};
use everstep_tensor::DType;

#[test]
fn errors_name_the_line_that_called_the_layer() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [Some(3), None]).unwrap();
    let labels = graph.placeholder("labels", DType::I64, [4]).unwrap();

    let line = line!() + 1;
    let error = Dense::new(2).build(&mut graph, "hidden", x).unwrap_err().to_string();
    let message = "x is f32[3, ?]; the layer takes [.., features], features known";
    assert_eq!(error, format!("hidden at {}:{line}: {message}", file!()));

    let line = line!() + 1;
    let error = accuracy(&mut graph, x, labels).unwrap_err().to_string();
    let message = "logits make i64[3], labels are i64[4]; give one label per row";
    assert_eq!(error, format!("accuracy at {}:{line}: {message}", file!()));

    let line = line!() + 1;
    let error = mean_squared_error(&mut graph, x, labels).unwrap_err().to_string();
    let message = "predictions are f32[3, ?], targets i64[4]; give one target for each prediction";
    assert_eq!(error, format!("mean squared error at {}:{line}: {message}", file!()));

    let y = graph.placeholder("y", DType::F32, [3, 3]).unwrap();
    Dense::new(2).build(&mut graph, "twice", y).unwrap();
    let line = line!() + 1;
    let error = Dense::new(2).build(&mut graph, "twice", y).unwrap_err().to_string();
    assert!(error.starts_with("twice/kernel = VariableV2"), "{error}");
    assert!(error.contains(&format!("{}:{line}: the name is taken", file!())), "{error}");
}
