//! Operations that move elements: what NumPy gives, their gradients, and shapes that only the run knows.

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Input, Length, Output, PadMode, Section};
use everstep_session::{Outcome, Request, Session, SessionConfig};
use everstep_tensor::{DType, Element, Result, Tensor};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::gradients::Case;

/// What `build` gives of one input whose shape only the run knows.
fn of<T: Element>(shape: &[usize], values: Vec<T>, build: impl Fn(&mut Graph, Output) -> Result<Output>) -> Tensor {
    let mut graph = Graph::new();
    let anything: everstep_graph::PartialShape = shape.iter().map(|_| None).collect();
    let input = graph.placeholder("input", T::DTYPE, anything).unwrap();
    let output = build(&mut graph, input.output()).unwrap();
    graph.verify().unwrap();
    run(graph, vec![output], vec![(input, Tensor::from_vec(shape, values).unwrap())]).remove(0)
}

fn run(graph: Graph, fetches: Vec<Output>, feeds: Vec<(Input, Tensor)>) -> Vec<Tensor> {
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    let mut outcome = Outcome::default();
    session.run(&Request { feeds, ..Request::read(fetches) }, &mut outcome).unwrap();
    outcome.values
}

/// `0, 1, ...` in a shape.
#[track_caller]
fn check(shape: &[usize], build: impl Fn(&mut Graph, Output) -> Result<Output>, to: &[usize], expected: &[i32]) {
    let count: usize = shape.iter().product();
    let found = of(shape, (0..count as i32).collect(), build);
    assert_eq!((found.shape(), found.as_slice::<i32>().unwrap()), (to, expected));
}

#[test]
fn other_shapes_of_the_same_elements() {
    let six = [0, 1, 2, 3, 4, 5];
    check(&[2, 3], |graph, x| graph.reshape(x, [3, -1]), &[3, 2], &six);
    check(&[2, 3], |graph, x| graph.reshape(x, [Length::OfInput(1), Length::OfInput(0)]), &[3, 2], &six);
    check(&[2, 3], |graph, x| graph.reshape(x, [-1]), &[6], &six);
    check(&[2, 3], |graph, x| graph.expand_dims(x, -1), &[2, 3, 1], &six);
    check(&[2, 1, 3, 1], |graph, x| graph.squeeze(x, [1, -1]), &[2, 3], &six);
    check(&[1, 0], |graph, x| graph.reshape(x, [Length::OfInput(1), 1.into(), Length::OfInput(0)]), &[0, 1, 1], &[]);
}

#[test]
fn orders_and_joins() {
    check(&[2, 3], |graph, x| graph.transpose(x, &[1, 0]), &[3, 2], &[0, 3, 1, 4, 2, 5]);
    check(&[2, 1, 2], |graph, x| graph.transpose(x, &[-1, 0, 1]), &[2, 2, 1], &[0, 2, 1, 3]);
    check(&[2, 3], |graph, x| graph.reverse(x, [0, 1]), &[2, 3], &[5, 4, 3, 2, 1, 0]);
    check(&[2, 2], |graph, x| graph.concat(&[x, x], -1), &[2, 4], &[0, 1, 0, 1, 2, 3, 2, 3]);
    check(&[2, 2], |graph, x| graph.stack(&[x, x], 1), &[2, 2, 2], &[0, 1, 0, 1, 2, 3, 2, 3]);
    check(&[2, 2], |graph, x| graph.stack(&[x; 12], 0), &[12, 2, 2], &[0, 1, 2, 3].repeat(12));
    let last = |graph: &mut Graph, x| graph.split(x, 1, &[1, 2]).map(|parts| parts[1]);
    check(&[2, 3], last, &[2, 2], &[1, 2, 4, 5]);
    let joined_again = |graph: &mut Graph, x| {
        let parts = graph.split(x, 0, &[1, 0, 2])?;
        graph.concat(&parts, 0)
    };
    check(&[3, 2], joined_again, &[3, 2], &[0, 1, 2, 3, 4, 5]);
    let unstacked = |graph: &mut Graph, x| {
        let known = graph.reshape(x, [2, 3])?;
        graph.unstack(known, 1).map(|parts| parts[2])
    };
    check(&[2, 3], unstacked, &[2], &[2, 5]);
}

#[test]
fn more_of_the_same() {
    check(&[2], |graph, x| graph.tile(x, &[3]), &[6], &[0, 1, 0, 1, 0, 1]);
    check(&[2, 1], |graph, x| graph.tile(x, &[1, 2]), &[2, 2], &[0, 0, 1, 1]);
    check(&[2], |graph, x| graph.tile(x, &[0]), &[0], &[]);
    check(&[2, 1], |graph, x| graph.broadcast_to(x, &[2, 2, 2]), &[2, 2, 2], &[0, 0, 1, 1, 0, 0, 1, 1]);
    check(&[2], |graph, x| graph.pad(x, &[(1, 2)], PadMode::Constant(7.0)), &[5], &[7, 0, 1, 7, 7]);
    check(&[3], |graph, x| graph.pad(x, &[(2, 1)], PadMode::Reflect), &[6], &[2, 1, 0, 1, 2, 1]);
    check(&[3], |graph, x| graph.pad(x, &[(2, 1)], PadMode::Symmetric), &[6], &[1, 0, 0, 1, 2, 2]);
    check(&[2, 2], |graph, x| graph.fill_like(x, 3.0), &[2, 2], &[3, 3, 3, 3]);
    check(&[2, 2], |graph, x| graph.ones_like(x), &[2, 2], &[1, 1, 1, 1]);
    check(&[1], |graph, _| graph.fill("fours", DType::I32, &[2], 4.0), &[2], &[4, 4]);
}

#[test]
fn shapes_are_known_without_the_value() {
    let shape = of(&[2, 0, 3], Vec::<f32>::new(), |graph, x| graph.shape_of(x));
    assert_eq!(shape.as_slice::<i64>().unwrap(), [2, 0, 3]);
    let size = of(&[2, 3], vec![0u8; 6], |graph, x| graph.size_of(x));
    assert_eq!(size.item::<i64>().unwrap(), 6);
}

#[test]
fn numpy_slices() {
    let all = Section::all();
    let back = Section::Range { begin: Some(3), end: Some(1), step: 1 };
    let slice = |sections: Vec<Section>| move |graph: &mut Graph, x| graph.strided_slice(x, &sections);
    check(&[2, 3], slice(vec![1.into()]), &[3], &[3, 4, 5]);
    check(&[2, 3], slice(vec![Section::Ellipsis, (-1).into()]), &[2], &[2, 5]);
    check(&[2, 3], slice(vec![all.by(-1), (1..).into()]), &[2, 2], &[4, 5, 1, 2]);
    check(&[5], slice(vec![Section::from(..).by(-2)]), &[3], &[4, 2, 0]);
    check(&[5], slice(vec![Section::from(-2..100)]), &[2], &[3, 4]);
    check(&[5], slice(vec![Section::from(-100..2)]), &[2], &[0, 1]);
    check(&[5], slice(vec![back]), &[0], &[]);
    check(&[5], slice(vec![back.by(-1)]), &[2], &[3, 2]);
    check(&[2], slice(vec![Section::NewAxis, all, Section::NewAxis]), &[1, 2, 1], &[0, 1]);
    check(&[2, 2], |graph, x| graph.slice(x, &[0, 1], &[-1, 1]), &[2, 1], &[1, 3]);
    check(&[2, 3], slice(vec![all, 0.into(), Section::NewAxis]), &[2, 1], &[0, 3]);
}

#[test]
fn every_dtype_moves() {
    let back = |graph: &mut Graph, x| {
        let padded = graph.pad(x, &[(1, 1)], PadMode::Constant(1.0))?;
        graph.strided_slice(padded, &[Section::all().by(-1)])
    };
    assert_eq!(of(&[2], vec![false, true], back).as_slice::<bool>().unwrap(), [true, true, false, true]);
    assert_eq!(of(&[2], vec![4u8, 5], back).as_slice::<u8>().unwrap(), [1, 5, 4, 1]);
    assert_eq!(of(&[2], vec![4i64, 5], back).as_slice::<i64>().unwrap(), [1, 5, 4, 1]);
    assert_eq!(of(&[2], vec![4.5f32, 5.0], back).as_slice::<f32>().unwrap(), [1.0, 5.0, 4.5, 1.0]);
}

#[test]
fn gradients_move_back() {
    Case::of(&[&[2, 3]]).check(|graph, x| graph.reshape(x[0], [-1, 1]));
    Case::of(&[&[2, 3, 2]]).check(|graph, x| graph.transpose(x[0], &[2, 0, 1]));
    Case::of(&[&[2, 3], &[2, 1], &[2, 3]]).check(|graph, x| graph.concat(&[x[0], x[1], x[2]], 1));
    Case::of(&[&[2, 3], &[2, 3]]).check(|graph, x| graph.stack(&[x[0], x[1], x[0]], 1));
    Case::of(&[&[4, 2]]).check(|graph, x| {
        let parts = graph.split(x[0], 0, &[1, 2, 1])?;
        let squares = graph.square(parts[1])?;
        graph.concat(&[squares, parts[2]], 0)
    });
    Case::of(&[&[3, 2]]).check(|graph, x| {
        let known = graph.reshape(x[0], [3, 2])?;
        let parts = graph.unstack(known, 0)?;
        graph.mul(parts[0], parts[2])
    });
    let sections = [Section::all().by(-2), Section::NewAxis, (-1).into()];
    Case::of(&[&[4, 3]]).check(|graph, x| graph.strided_slice(x[0], &sections));
    Case::of(&[&[5]]).check(|graph, x| graph.strided_slice(x[0], &[Section::from(1..4)]));
    for mode in [PadMode::Constant(2.0), PadMode::Reflect, PadMode::Symmetric] {
        Case::of(&[&[3, 2]]).check(|graph, x| graph.pad(x[0], &[(1, 2), (0, 1)], mode));
    }
    Case::of(&[&[2, 3]]).check(|graph, x| graph.tile(x[0], &[3, 2]));
    Case::of(&[&[1, 3]]).check(|graph, x| graph.expand_dims(x[0], 0));
    Case::of(&[&[1, 3]]).check(|graph, x| graph.squeeze(x[0], [0]));
    Case::of(&[&[2, 1]]).check(|graph, x| graph.broadcast_to(x[0], &[3, 2, 4]));
    Case::of(&[&[3], &[2, 3]]).check(|graph, x| {
        let wide = graph.broadcast_like(x[0], x[1])?;
        graph.mul(wide, x[1])
    });
    Case::of(&[&[2, 3]]).check(|graph, x| graph.reverse(x[0], Axes::all()));
    Case::of(&[&[2, 3], &[3, 2]]).check(|graph, x| {
        let same = graph.reshape_like(x[0], x[1])?;
        let ones = graph.ones_like(x[0])?;
        let sum = graph.add(ones, x[0])?;
        let sum = graph.reshape_like(sum, x[1])?;
        let product = graph.mul(same, sum)?;
        graph.mul(product, x[1])
    });
}

/// A section, for an axis of that length.
fn section() -> impl Strategy<Value = Section> {
    let bound = || prop::option::of(-6isize..6);
    (bound(), bound(), select(vec![-3isize, -2, -1, 1, 2, 3])).prop_map(|(begin, end, step)| Section::Range {
        begin,
        end,
        step,
    })
}

/// Python's `range(*slice(begin, end, step).indices(length))`, one place after the other.
fn places(section: Section, length: usize) -> Vec<usize> {
    let Section::Range { begin, end, step } = section else { unreachable!("only ranges are drawn") };
    let length = length as isize;
    let (least, most) = if step < 0 { (-1, length - 1) } else { (0, length) };
    let place = |given: isize| (if given < 0 { given + length } else { given }).max(least).min(most);
    let mut at = begin.map_or(if step < 0 { most } else { least }, place);
    let stop = end.map_or(if step < 0 { least } else { most }, place);
    let mut places = Vec::new();
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        places.push(at as usize);
        at += step;
    }
    places
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn slices_take_what_python_takes(one in section(), other in section(), rows in 0usize..5, columns in 0usize..5) {
        let found = of(&[rows, columns], (0..(rows * columns) as i32).collect(), |graph, x| {
            graph.strided_slice(x, &[one, other])
        });
        let (rows, across) = (places(one, rows), places(other, columns));
        let expected: Vec<i32> =
            rows.iter().flat_map(|row| across.iter().map(move |column| (row * columns + column) as i32)).collect();
        prop_assert_eq!(found.shape(), &[rows.len(), across.len()]);
        prop_assert_eq!(found.as_slice::<i32>().unwrap(), expected);
    }

    #[test]
    fn slicing_gradients_are_right(one in section(), other in section(), rows in 1usize..5, columns in 1usize..5) {
        Case::of(&[&[rows, columns]]).check(|graph, x| graph.strided_slice(x[0], &[one, other]));
    }

    #[test]
    fn padding_gradients_are_right(
        shape in vec(1usize..4, 1..3),
        sides in vec((0usize..4, 0usize..4), 3),
        mode in select(vec![PadMode::Constant(1.0), PadMode::Reflect, PadMode::Symmetric]),
        multiples in vec(0usize..3, 3),
    ) {
        let most = |length: usize| match mode {
            PadMode::Constant(_) => 4,
            PadMode::Reflect => length - 1,
            PadMode::Symmetric => length,
        };
        let cut = |(length, (before, after)): (&usize, &(usize, usize))| ((*before).min(most(*length)), (*after).min(most(*length)));
        let paddings: Vec<(usize, usize)> = shape.iter().zip(&sides).map(cut).collect();
        Case::of(&[&shape]).check(|graph, x| graph.pad(x[0], &paddings, mode));
        Case::of(&[&shape]).check(|graph, x| graph.tile(x[0], &multiples[..shape.len()]));
    }
}

#[test]
fn a_run_refuses_what_only_its_shapes_forbid() {
    let mut graph = Graph::new();
    let input = graph.placeholder("input", DType::F32, [None]).unwrap();
    let third = graph.strided_slice(input, &[2.into()]).unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    let request = Request::read(vec![third]).feed(input, Tensor::from_vec([2], vec![0.0f32; 2]).unwrap());
    let error = session.run(&request, &mut Outcome::default()).unwrap_err().to_string();
    assert!(error.contains("Index(2) is beyond axis 0 of [2]"), "{error}");
}
