//! The columns of the table: what is checked of every op.

use std::sync::Arc;

use everstep_tensor::{DType, Tensor};

use crate::{
    array::{Array, tensor},
    close::{Tolerance, close, roundings, same_bits},
    entry::{Case, Entry},
    golden::{self, Line},
    program::{Checked, Program, Shapes},
    prove::{holds, shows_faults},
    subject::Subject,
};

// What is checked of every op beside the columns.
pub(crate) use crate::{forms::forms, halves::halves as half_precision};

/// The numbers of threads that must give the same bits as one.
const THREADS: [usize; 3] = [2, 3, 7];

impl Entry {
    fn tolerance(&self, dtype: DType) -> Tolerance {
        Tolerance { relative: roundings(dtype, self.roundings), floor: self.floor }
    }

    /// Gradients are made of several kernels.
    fn gradient_tolerance(&self, dtype: DType) -> Tolerance {
        Tolerance { relative: roundings(dtype, 8.0 * self.roundings), floor: 1.0 }
    }

    fn float_dtypes(&self) -> impl Iterator<Item = DType> {
        self.dtypes.iter().copied().filter(|dtype| dtype.is_float())
    }

    fn ways(&self) -> &'static [Shapes] {
        if self.symbolic { &[Shapes::Known, Shapes::Unknown] } else { &[Shapes::Known] }
    }
}

/// The outputs are what the definition says, in every dtype, with shapes known to the graph or not.
pub(crate) fn forward(entry: &Entry) -> Checked {
    for dtype in entry.dtypes {
        holds(entry, *dtype, &(entry.cases)(*dtype), &(entry.edges)(*dtype), &|case, subject| {
            let expected = (entry.definition)(&case.arrays(), &case.attributes);
            entry.ways().iter().try_for_each(|shapes| {
                let found = Program::forward(entry, case, *shapes)?.open(subject).outputs(&case.inputs)?;
                compare("output", &found[..expected.len()], &expected, |dtype| entry.tolerance(dtype))
            })
        })?;
    }
    Ok(())
}

/// The outputs of the fast kernels are those of the plain ones.
pub(crate) fn reference(entry: &Entry) -> Checked {
    let reference = Arc::new(Subject::reference());
    for dtype in entry.dtypes {
        holds(entry, *dtype, &(entry.cases)(*dtype), &(entry.edges)(*dtype), &|case, subject| {
            let program = Program::forward(entry, case, Shapes::Known)?;
            let expected = program.open(&reference).outputs(&case.inputs)?;
            let found = program.open(subject).outputs(&case.inputs)?;
            compare("output", &found, &arrays(&expected), |dtype| entry.tolerance(dtype))
        })?;
    }
    Ok(())
}

/// The gradients of the fast kernels are those of the plain ones.
pub(crate) fn gradient(entry: &Entry) -> Checked {
    let reference = Arc::new(Subject::reference());
    for dtype in entry.float_dtypes() {
        holds(entry, dtype, &(entry.smooth)(dtype), &(entry.edges)(dtype), &|case, subject| {
            let program = Program::backward(entry, case, Shapes::Known)?;
            let mut plain = program.open(&reference);
            let outputs = plain.outputs(&case.inputs)?;
            let expected = plain.gradients(&case.inputs, &outputs)?;
            let found = program.open(subject).gradients(&case.inputs, &outputs)?;
            compare("gradient", &found, &arrays(&expected), |dtype| entry.gradient_tolerance(dtype))
        })?;
    }
    Ok(())
}

/// The gradients are the central differences of the loss, in f64, with shapes known to the graph or not.
pub(crate) fn differences(entry: &Entry) -> Checked {
    let sound = Arc::new(Subject::cpu(1));
    holds(entry, DType::F64, &(entry.smooth)(DType::F64), &[], &|case, subject| {
        entry.ways().iter().try_for_each(|shapes| {
            let program = Program::backward(entry, case, *shapes)?;
            let mut running = program.open(&sound);
            let outputs = running.outputs(&case.inputs)?;
            let found = program.open(subject).gradients(&case.inputs, &outputs)?;
            for (gradient, input) in found.iter().zip(entry.differentiable) {
                let input_values = Array::from(&case.inputs[*input]);
                let mut moved = case.inputs.clone();
                let mut loss = |element: usize, step: f64| {
                    let mut values = input_values.clone();
                    values.values[element] += step;
                    moved[*input] = tensor(DType::F64, &values);
                    running.loss(&moved, &outputs)
                };
                let difference = |element: usize| {
                    let step = entry.step * input_values.values[element].abs().max(1.0);
                    Ok((loss(element, step)? - loss(element, -step)?) / (2.0 * step))
                };
                let values = (0..input_values.values.len()).map(difference).collect::<Checked<Vec<f64>>>()?;
                let expected = Array::new(&input_values.shape, values);
                let tolerance = Tolerance { relative: entry.slack, floor: 1.0 };
                close(&format!("the gradient of input {input}"), gradient, &expected, tolerance)?;
            }
            Ok(())
        })
    })
}

/// Outputs and gradients are those that TensorFlow gave.
pub(crate) fn tensorflow(entry: &Entry, module: &str) -> Checked {
    let lines = golden::lines(module)?;
    if lines.is_empty() {
        return Err(format!("{module} has no golden values; add it to the family's script in tests/golden"));
    }
    on_lines(entry, lines.iter().collect(), &|line, subject| {
        let inputs = &line.case.inputs;
        let found = Program::forward(entry, &line.case, Shapes::Known)?.open(subject).outputs(inputs)?;
        let tolerance = |dtype| Tolerance { relative: 4.0 * entry.tolerance(dtype).relative, floor: entry.floor };
        compare("output", &found[..line.outputs.len()], &line.outputs, tolerance)
    })?;
    if entry.differentiable.is_empty() {
        return Ok(());
    }
    let differentiated: Vec<&Line> = lines.iter().filter(|line| !line.gradients.is_empty()).collect();
    if differentiated.is_empty() {
        return Err(format!("{module} has no golden gradients"));
    }
    let sound = Arc::new(Subject::cpu(1));
    on_lines(entry, differentiated, &|line, subject| {
        let inputs = &line.case.inputs;
        let program = Program::backward(entry, &line.case, Shapes::Known)?;
        let outputs = program.open(&sound).outputs(inputs)?;
        let found = program.open(subject).gradients(inputs, &outputs)?;
        compare("gradient", &found, &line.gradients, |dtype| entry.gradient_tolerance(dtype))
    })
}

/// The check holds on every line, and in one of them every fault shows.
fn on_lines(entry: &Entry, lines: Vec<&Line>, check: &dyn Fn(&Line, &Arc<Subject>) -> Checked) -> Checked {
    for line in &lines {
        check(line, &Arc::new(Subject::cpu(1)))
            .map_err(|error| format!("{} against TensorFlow, {:?}: {error}", entry.name, line.case))?;
    }
    let shows = |line: &&Line| shows_faults(entry, &line.case, &Subject::cpu(1), &|_, subject| check(line, subject));
    let results: Vec<Checked> = lines.iter().map(shows).collect();
    results.iter().find(|result| result.is_ok()).unwrap_or(&results[0]).clone()
}

/// The bits of outputs and gradients are the same on any number of threads.
pub(crate) fn threads(entry: &Entry) -> Checked {
    let case = (entry.large)();
    let alone = Arc::new(Subject::cpu(1));
    let is_differentiable = !entry.differentiable.is_empty();
    let program = match is_differentiable {
        true => Program::backward(entry, &case, Shapes::Known)?,
        false => Program::forward(entry, &case, Shapes::Known)?,
    };
    let outputs = program.open(&alone).outputs(&case.inputs)?;
    let gradients = |subject: &Arc<Subject>| match is_differentiable {
        true => program.open(subject).gradients(&case.inputs, &outputs),
        false => Ok(Vec::new()),
    };
    let expected = gradients(&alone)?;
    for count in THREADS {
        let pool = Subject::cpu(count);
        let check_outputs = |_: &Case, subject: &Arc<Subject>| {
            same_bits("outputs", &program.open(subject).outputs(&case.inputs)?, &outputs)
        };
        let check_gradients =
            |_: &Case, subject: &Arc<Subject>| same_bits("gradients", &gradients(subject)?, &expected);
        let subject = Arc::new(pool);
        check_outputs(&case, &subject).map_err(|error| format!("{count} threads: {error}"))?;
        check_gradients(&case, &subject).map_err(|error| format!("{count} threads: {error}"))?;
        if count == THREADS[0] {
            shows_faults(entry, &case, &subject, &check_outputs)?;
            if is_differentiable {
                shows_faults(entry, &case, &subject, &check_gradients)?;
            }
        }
    }
    Ok(())
}

/// Nothing flows back through the op: its inputs have no gradient, or the graph says that it is not known.
pub(crate) fn no_gradient(entry: &Entry) -> Checked {
    assert!(entry.differentiable.is_empty(), "the entry has a gradient and says that it has none");
    Program::forward(entry, &(entry.large)(), Shapes::Known)?.refuses_gradients()
}

/// There are no golden values of an op that says so.
pub(crate) fn no_tensorflow(module: &str) -> Checked {
    match golden::lines(module) {
        Ok(lines) if !lines.is_empty() => Err(format!("{module} has golden values and says that it has none")),
        _ => Ok(()),
    }
}

fn arrays(tensors: &[Tensor]) -> Vec<Array> {
    tensors.iter().map(Array::from).collect()
}

fn compare(what: &str, found: &[Tensor], expected: &[Array], tolerance: impl Fn(DType) -> Tolerance) -> Checked {
    if found.len() != expected.len() {
        return Err(format!("{} values of kind {what}, expected {}", found.len(), expected.len()));
    }
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        close(&format!("{what} {index}"), found, expected, tolerance(found.dtype()))?;
    }
    Ok(())
}
