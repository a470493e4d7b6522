//! What a request feeds: whether it makes sense.

use everstep_graph::{Graph, Input, Op, TensorType};
use everstep_tensor::{Error, ErrorKind, Result, Tensor};

/// # Errors
/// `InvalidArgument` naming the first input that is not of this graph, is fed twice, or is fed another type.
pub(crate) fn check(graph: &Graph, feeds: &[(Input, Tensor)]) -> Result<()> {
    for (index, (input, value)) in feeds.iter().enumerate() {
        let (name, expected) = placeholder(graph, *input)?;
        if feeds[..index].iter().any(|(earlier, _)| earlier == input) {
            return invalid(format!("input {name} is fed twice; feed it once"));
        }
        if !expected.accepts(value) {
            let given = TensorType::from(value);
            return invalid(format!("input {name} takes {expected}, it was fed {given}"));
        }
    }
    Ok(())
}

fn placeholder(graph: &Graph, input: Input) -> Result<(&str, &TensorType)> {
    match graph.node(input.node()).map(|node| (node.op(), node)) {
        Some((Op::Placeholder { .. }, node)) => Ok((node.name(), &node.outputs()[0])),
        _ => invalid(format!("{input:?} is not an input of this graph; {}", inputs(graph))),
    }
}

/// Which inputs could be meant.
fn inputs(graph: &Graph) -> String {
    let placeholders = graph.nodes().iter().filter(|node| matches!(node.op(), Op::Placeholder { .. }));
    let names: Vec<&str> = placeholders.map(|node| node.name()).collect();
    if names.is_empty() { "it has none".into() } else { format!("feed {}", names.join(", ")) }
}

fn invalid<T>(message: String) -> Result<T> {
    Err(Error::new(ErrorKind::InvalidArgument, message))
}
