//! Weights that are averaged over the updates.

use everstep_graph::{Graph, Initializer, Output, Update, UpdateRule, Variable};
use everstep_tensor::{DType, Result};

use crate::{
    Optimizer, VariableGradient,
    hyperparameters::cast,
    slot::{scalar, slot},
};

const SLOT: &str = "ExponentialMovingAverage";

/// An optimizer after each of whose updates the weights are averaged; the averages predict better than the weights.
///
/// The average of each variable is the slot `variable/ExponentialMovingAverage`, TensorFlow's name. It begins as the
/// variable is after the first update, which `averaged_updates` counts, and then follows it:
/// `average = average * decay + variable * (1 - decay)`, as PyTorch's `AveragedModel`.
///
/// They lie in every checkpoint; [`averaged`] evaluates a model with them in the session that trains, and
/// [`averages_to_restore`] puts them in the place of the weights in another.
///
/// ```
/// use everstep_graph::{Graph, Initializer};
/// use everstep_optim::{Adam, ExponentialMovingAverage, averaged, create_train_op};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let weight = graph.variable("weight", DType::F32, [], Initializer::ONES)?;
/// let loss = graph.square(weight)?;
/// create_train_op(&mut graph, loss, &ExponentialMovingAverage::of(Adam::default(), 0.999))?;
/// let [evaluated] = averaged(&mut graph, [loss])?;
/// assert_eq!(graph.name_of(evaluated)?, "averaged/Square");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExponentialMovingAverage<O> {
    /// What updates the weights.
    pub optimizer: O,
    /// How slowly the averages forget.
    pub decay: f64,
}

impl<O> ExponentialMovingAverage<O> {
    /// The averages over the updates of an optimizer.
    pub fn of(optimizer: O, decay: f64) -> Self {
        Self { optimizer, decay }
    }
}

impl<O: Optimizer> Optimizer for ExponentialMovingAverage<O> {
    fn name(&self) -> &str {
        self.optimizer.name()
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        if !(0.0..1.0).contains(&self.decay) {
            return Err(graph.refusal(SLOT, format!("decay is {}; give at least 0, and less than 1", self.decay)));
        }
        let mut updates = self.optimizer.apply(graph, gradients)?;
        let count = scalar(graph, "averaged_updates", DType::I64, 0.0)?;
        graph.scope(SLOT, |graph| {
            let (zero, one) = (graph.scalar("zero", DType::I64, 0.0)?, graph.scalar("one", DType::I64, 1.0)?);
            let is_first = graph.equal(count, zero)?;
            let (decay, nothing) =
                (graph.scalar("decay", DType::F64, self.decay)?, graph.scalar("none", DType::F64, 0.0)?);
            let decay = graph.select(is_first, nothing, decay)?;
            for (variable, _) in gradients {
                let spec = graph.spec_of(*variable)?;
                let average = slot(graph, &spec, SLOT, Initializer::ZEROS)?;
                let decay = cast(graph, decay, spec.dtype.arithmetic())?;
                updates.push(graph.update(UpdateRule::MovingAverage, &[average, *variable], &[decay])?);
            }
            updates.push(graph.assign_add(count, one)?);
            Ok(updates)
        })
    }
}

/// Values of a model as its averages make them, in the scope `averaged`: what an evaluation fetches in the session that
/// trains.
///
/// What reads variables that have averages is built once more, to read those; the rest is shared.
///
/// # Errors
/// `InvalidArgument` if no variable has an average, or a value depends on an update of one that has.
#[track_caller]
pub fn averaged<const N: usize>(graph: &mut Graph, values: [Output; N]) -> Result<[Output; N]> {
    graph.composite("averaged", |graph| {
        let pairs = averages(graph)?;
        let found = graph.substituted(&values, &pairs)?;
        Ok(found.try_into().expect("each value has one in its place"))
    })
}

/// Pairs (weight, its average) of names, for the `rename` of the [`CopyRules`](everstep_tensor::CopyRules) by which a
/// checkpoint of this graph is restored into a model that is evaluated, TensorFlow's `variables_to_restore`.
///
/// # Errors
/// `InvalidArgument` if no variable has an average.
#[track_caller]
pub fn averages_to_restore(graph: &Graph) -> Result<Vec<(String, String)>> {
    let name = |variable: &Variable| graph.name_of(*variable);
    averages(graph)?.iter().map(|(variable, average)| Ok((name(variable)?, name(average)?))).collect()
}

#[track_caller]
fn averages(graph: &Graph) -> Result<Vec<(Variable, Variable)>> {
    let mut pairs = Vec::new();
    for variable in graph.trainable_variables() {
        let average = format!("{}/{SLOT}", graph.name_of(variable)?);
        pairs.extend(graph.find_variable(&average).map(|average| (variable, average)));
    }
    if pairs.is_empty() {
        let message = "no variable has an average; create the train op with an ExponentialMovingAverage first";
        return Err(graph.refusal("averaged", message));
    }
    Ok(pairs)
}
