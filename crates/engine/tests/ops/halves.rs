//! Every op on bf16 and f16: what f32 gives, rounded once, fused or not.

use std::sync::Arc;

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Input, Output};
use everstep_session::{GraphOptimization, Outcome, Request, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};
use proptest::test_runner::{TestCaseError, TestError};

use crate::{
    array::{Array, tensor},
    close::{Tolerance, close, same_bits},
    entry::{Build, Case, Entry},
    golden,
    program::{Checked, Program, Running, Shapes},
    prove::runner,
    subject::Subject,
};

/// Cases of each type.
const CASES: u32 = 4;
/// Updates of rows, which no variable of two bytes has.
const OF_ROWS: [&str; 4] = ["ScatterAdd", "ScatterSub", "SparseApplyMomentum", "SparseApplyAdam"];

/// Of an op that takes f32.
pub(crate) fn halves(entry: &Entry) -> Checked {
    if !entry.dtypes.contains(&DType::F32) || OF_ROWS.contains(&entry.name) && matches!(entry.build, Build::Update(..))
    {
        return Ok(());
    }
    for dtype in [DType::Bf16, DType::F16] {
        let context = |case: &Case, error: String| format!("{} of {dtype}, {case:?}: {error}", entry.name);
        let checked = |case: &Case| check(entry, &narrow(entry, dtype, case)).map_err(|error| context(case, error));
        (entry.edges)(DType::F32).iter().try_for_each(checked)?;
        match runner(CASES).run(&(entry.cases)(DType::F32), |case| checked(&case).map_err(TestCaseError::fail)) {
            Ok(()) => {}
            Err(TestError::Fail(error, _)) => return Err(error.message().to_owned()),
            Err(TestError::Abort(error)) => return Err(error.message().to_owned()),
        }
    }
    Ok(())
}

/// The case with its f32 rounded, but for the slots and scalars of an update.
fn narrow(entry: &Entry, dtype: DType, case: &Case) -> Case {
    let is_stored = |index: usize| match entry.build {
        Build::Values(_) => true,
        Build::Update(1, _) if entry.name.starts_with("Assign") => true,
        Build::Update(..) if entry.name == "AssignMovingAverage" => index == 1,
        Build::Update(2, _) if entry.name == "ApplyMomentum" => index == 0 || index == 3,
        Build::Update(..) => index == 0 || index + 1 == case.inputs.len(),
    };
    let narrowed = |(index, input): (usize, &Tensor)| match input.dtype() == DType::F32 && is_stored(index) {
        true => tensor(dtype, &Array::from(input)),
        false => input.clone(),
    };
    Case { inputs: case.inputs.iter().enumerate().map(narrowed).collect(), ..case.clone() }
}

/// The narrow numbers as f32.
fn wide(case: &Case) -> Case {
    let widened = |input: &Tensor| match input.dtype().is_half() {
        true => tensor(DType::F32, &Array::from(input)),
        false => input.clone(),
    };
    Case { inputs: case.inputs.iter().map(widened).collect(), ..case.clone() }
}

fn check(entry: &Entry, case: &Case) -> Checked {
    let subject = Arc::new(Subject::cpu(1));
    let plain = SessionConfig { graph_optimization: GraphOptimization::Off, ..SessionConfig::default() };
    let both = |program: &Program, run: &dyn Fn(&mut Running<'_>) -> Checked<Vec<Tensor>>| {
        let expected = run(&mut program.open_with(&subject, &plain))?;
        let found = run(&mut program.open(&subject))?;
        same_bits("with fusion and without", &found, &expected)?;
        Ok::<_, String>(found)
    };
    let program = Program::forward(entry, case, Shapes::Known)?;
    let found = both(&program, &|running| running.outputs(&case.inputs))?;
    let is_update = matches!(entry.build, Build::Update(..));
    if program.is_one_op() || is_update {
        let case = wide(case);
        let exact = Program::forward(entry, &case, Shapes::Known)?.open(&subject).outputs(&case.inputs)?;
        let rounded = exact.iter().zip(&found).map(|(exact, found)| match found.dtype().is_half() {
            true => tensor(found.dtype(), &Array::from(exact)),
            false => exact.clone(),
        });
        same_bits("of f32, rounded", &found, &rounded.collect::<Vec<Tensor>>())?;
    }
    if !entry.differentiable.is_empty() && found.iter().any(|output| output.dtype().is_float()) {
        let program = Program::backward(entry, case, Shapes::Known)?;
        both(&program, &|running| running.gradients(&case.inputs, &found))?;
    }
    Ok(())
}

/// Ops on bf16 and f16 as TensorFlow computes them: bit for bit what is rounded once from an exact f32, and else within a
/// unit in the last place.
#[test]
fn tensorflow() {
    let mut seen = std::collections::BTreeSet::new();
    for (op, line) in golden::family("halves").unwrap() {
        let (graph, found) = computed(&op, &line.case);
        let dtype = found.dtype();
        let digits = if dtype == DType::Bf16 { 8 } else { 11 };
        let is_exact = !matches!(&*op, "exp" | "tanh" | "softmax" | "matmul" | "squared_difference");
        // TensorFlow rounds within these, too.
        let units = if matches!(&*op, "softmax" | "squared_difference") { 3.0 } else { 1.0 };
        let tolerance = if is_exact { 0.0 } else { units * 2f64.powi(1 - digits) };
        close(&format!("{op} of {dtype}"), &found, &line.outputs[0], Tolerance { relative: tolerance, floor: 0.0 })
            .unwrap_or_else(|error| panic!("{error}, {:?}:\n{graph}", line.case));
        seen.insert((op, line.case.inputs[0].dtype()));
    }
    assert!(seen.len() > 25, "{seen:?}");
}

fn computed(op: &str, case: &Case) -> (Graph, Tensor) {
    let mut graph = Graph::new();
    let inputs: Vec<Input> =
        case.inputs.iter().map(|value| graph.placeholder("x", value.dtype(), value.shape()).unwrap()).collect();
    let x: Vec<Output> = inputs.iter().map(|input| input.output()).collect();
    let output = match op {
        "cast" => graph.cast(x[0], named(case.attributes["dtype"].as_str().unwrap())),
        "add" => graph.add(x[0], x[1]),
        "sub" => graph.sub(x[0], x[1]),
        "mul" => graph.mul(x[0], x[1]),
        "div" => graph.div(x[0], x[1]),
        "maximum" => graph.maximum(x[0], x[1]),
        "squared_difference" => graph.squared_difference(x[0], x[1]),
        "neg" => graph.neg(x[0]),
        "relu" => graph.relu(x[0]),
        "exp" => graph.exp(x[0]),
        "tanh" => graph.tanh(x[0]),
        "sqrt" => graph.sqrt(x[0]),
        "softmax" => graph.softmax(x[0]),
        "matmul" => graph.matmul(x[0], x[1]),
        other => panic!("the golden values have {other}"),
    };
    let feeds = inputs.into_iter().zip(case.inputs.iter().cloned()).collect();
    let request = Request { feeds, ..Request::read(vec![output.unwrap()]) };
    let mut session = GraphSession::new(graph.clone(), &SessionConfig::default()).unwrap();
    let mut outcome = Outcome::default();
    session.run(&request, &mut outcome).unwrap();
    (graph, outcome.values.remove(0))
}

/// By TensorFlow's and NumPy's names.
fn named(name: &str) -> DType {
    match name {
        "bfloat16" => DType::Bf16,
        "float16" => DType::F16,
        "float32" => DType::F32,
        "float64" => DType::F64,
        "int32" => DType::I32,
        "bool" => DType::Bool,
        other => panic!("the golden values have the dtype {other}"),
    }
}
