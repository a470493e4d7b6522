//! Operations that choose elements, and products of batches: their values and gradients.

use everstep_engine::GraphSession;
use everstep_graph::{Cumulate, Graph, IndexOp, Output, Transpose};
use everstep_session::{Outcome, Request, Session, SessionConfig};
use everstep_tensor::{DType, Result, Tensor};

use crate::gradients::Case;

/// What `build` gives of nothing.
fn value(build: impl FnOnce(&mut Graph) -> Result<Output>) -> Result<Tensor> {
    let mut graph = Graph::new();
    let output = build(&mut graph)?;
    graph.verify()?;
    let mut session = GraphSession::new(graph, &SessionConfig::default())?;
    let mut outcome = Outcome::default();
    session.run(&Request::read(vec![output]), &mut outcome)?;
    Ok(outcome.values.remove(0))
}

fn floats(graph: &mut Graph, shape: &[usize], values: &[f32]) -> Result<Output> {
    graph.constant("floats", Tensor::from_vec(shape, values.to_vec())?)
}

fn indices(graph: &mut Graph, shape: &[usize], values: &[i32]) -> Result<Output> {
    graph.constant("indices", Tensor::from_vec(shape, values.to_vec())?)
}

#[track_caller]
fn check(build: impl FnOnce(&mut Graph) -> Result<Output>, to: &[usize], expected: &[f32]) {
    let found = value(build).unwrap();
    assert_eq!((found.shape(), found.as_slice::<f32>().unwrap()), (to, expected));
}

#[test]
fn gathered_and_scattered() {
    let table = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let gather = |axis, shape: &'static [usize], named: &'static [i32]| {
        move |graph: &mut Graph| {
            let (table, named) = (floats(graph, &[3, 2], &table)?, indices(graph, shape, named)?);
            graph.gather(table, named, axis)
        }
    };
    check(gather(0, &[2], &[2, 0]), &[2, 2], &[5.0, 6.0, 1.0, 2.0]);
    check(gather(-1, &[1, 1], &[1]), &[3, 1, 1], &[2.0, 4.0, 6.0]);
    check(gather(0, &[], &[1]), &[2], &[3.0, 4.0]);
    let error = value(gather(0, &[1], &[3])).unwrap_err().to_string();
    assert_eq!(error, "GatherV2 (GatherV2): gather: index 3 at place 0 is not in 0..3");
    let scatter = |graph: &mut Graph| {
        let (start, named) = (floats(graph, &[3], &[1.0, 1.0, 1.0])?, indices(graph, &[3], &[2, 0, 2])?);
        let added = floats(graph, &[3], &[1.0, 2.0, 3.0])?;
        graph.scatter_add(start, named, added)
    };
    check(scatter, &[3], &[3.0, 1.0, 5.0]);
}

#[test]
fn one_hot_and_masks() {
    let hot = |graph: &mut Graph| {
        let named = indices(graph, &[3], &[1, -1, 2])?;
        graph.one_hot(named, 3, DType::F32)
    };
    check(hot, &[3, 3], &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let first = |graph: &mut Graph| {
        let named = indices(graph, &[2], &[0, 1])?;
        graph.one_hot_with(named, IndexOp::OneHot { axis: 0, depth: 2, on: 5.0, off: 1.0, dtype: DType::F32 })
    };
    check(first, &[2, 2], &[5.0, 1.0, 1.0, 5.0]);
    let mask = value(|graph| {
        let lengths = indices(graph, &[3], &[0, 2, 9])?;
        graph.sequence_mask(lengths, 3)
    });
    let expected = [false, false, false, true, true, false, true, true, true];
    assert_eq!(mask.unwrap().as_slice::<bool>().unwrap(), expected);
}

#[test]
fn ordered() {
    let row = [1.0, 3.0, f32::NAN, 3.0, -2.0];
    let order = |which: fn(&mut Graph, Output) -> Result<(Output, Output)>| {
        let indices = value(|graph| {
            let row = floats(graph, &[5], &row)?;
            which(graph, row).map(|(_, indices)| indices)
        });
        indices.unwrap().as_slice::<i32>().unwrap().to_vec()
    };
    assert_eq!(order(|graph, row| graph.top_k(row, 3)), [2, 1, 3]);
    assert_eq!(order(|graph, row| graph.sort(row)), [4, 0, 1, 3, 2]);
    assert_eq!(order(|graph, row| graph.sort_descending(row)), [2, 1, 3, 0, 4]);
    let top = value(|graph| {
        let predictions = floats(graph, &[4, 3], &[0.1, 0.5, 0.5, 0.3, 0.2, 0.1, f32::NAN, 0.0, 1.0, 0.0, 0.0, 0.0])?;
        let targets = indices(graph, &[4], &[2, 1, 0, 7])?;
        graph.in_top_k(predictions, targets, 1)
    });
    assert_eq!(top.unwrap().as_slice::<bool>().unwrap(), [true, false, false, false]);
}

#[test]
fn cumulated() {
    let cumulate = |product, exclusive, reverse| {
        move |graph: &mut Graph| {
            let row = floats(graph, &[3], &[2.0, 3.0, 4.0])?;
            graph.cumulate(row, Cumulate { axis: 0, product, exclusive, reverse })
        }
    };
    check(cumulate(false, false, false), &[3], &[2.0, 5.0, 9.0]);
    check(cumulate(false, true, false), &[3], &[0.0, 2.0, 5.0]);
    check(cumulate(false, true, true), &[3], &[7.0, 4.0, 0.0]);
    check(cumulate(true, false, true), &[3], &[24.0, 12.0, 4.0]);
    check(cumulate(true, true, false), &[3], &[1.0, 2.0, 6.0]);
}

#[test]
fn gradients_of_choices() {
    let named = |graph: &mut Graph| graph.constant("named", Tensor::from_vec([2, 2], vec![2i64, 0, 2, 1]).unwrap());
    for axis in [0, 1] {
        Case::of(&[&[3, 3]]).check(|graph, x| {
            let named = named(graph)?;
            graph.gather(x[0], named, axis)
        });
    }
    Case::of(&[&[3, 2], &[2, 2, 2]]).check(|graph, x| {
        let named = named(graph)?;
        graph.scatter_add(x[0], named, x[1])
    });
    // A table that is looked up twice, and used as a whole too.
    Case::of(&[&[3, 2]]).check(|graph, x| {
        let named = named(graph)?;
        let (one, other) = (graph.gather(x[0], named, 0)?, graph.gather(x[0], named, 0)?);
        let product = graph.mul(one, other)?;
        let product = graph.square(product)?;
        let once = graph.sum(product, [0, 1])?;
        graph.mul(once, x[0])
    });
    Case::of(&[&[2, 5]]).check(|graph, x| graph.top_k(x[0], 3).map(|(values, _)| values));
    Case::of(&[&[2, 5]]).check(|graph, x| graph.sort(x[0]).map(|(values, _)| values));
    for [product, exclusive, reverse] in [0, 1, 2, 3, 4, 5, 6, 7].map(|bits| [bits & 1 > 0, bits & 2 > 0, bits & 4 > 0])
    {
        let cumulate = Cumulate { axis: 1, product, exclusive, reverse };
        Case::of(&[&[2, 4, 2]]).check(|graph, x| graph.cumulate(x[0], cumulate));
        Case::of(&[&[2, 4]]).check(|graph, x| {
            let zeros = graph.constant("zeros", Tensor::from_vec([4], vec![1.0, 0.0, 1.0, 0.0])?)?;
            let holes = graph.mul(x[0], zeros)?;
            graph.cumulate(holes, cumulate)
        });
    }
}

#[test]
fn products_of_batches() {
    let pairs: [[&[usize]; 2]; 5] = [[&[2], &[2]], [&[2, 3], &[3]], [&[1, 3], &[2, 1]], [&[3], &[]], [&[], &[2, 2]]];
    for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
        for [left, right] in pairs {
            let left = [left, if a { &[4, 2] } else { &[2, 4] }].concat();
            let right = [right, if b { &[3, 4] } else { &[4, 3] }].concat();
            let transpose = Transpose { a, b };
            Case::of(&[&left, &right]).check(|graph, x| graph.matmul_transposed(x[0], x[1], transpose));
        }
    }
    let found = value(|graph| {
        let a = floats(graph, &[2, 1, 2], &[1.0, 2.0, 3.0, 4.0])?;
        let b = floats(graph, &[2, 2, 1], &[1.0, 1.0, 10.0, 10.0])?;
        graph.matmul(a, b)
    });
    assert_eq!(found.unwrap().as_slice::<f32>().unwrap(), [3.0, 70.0]);
}
