//! Values as they would be with other variables.

use std::collections::BTreeMap;

use everstep_tensor::Result;

use crate::{Graph, NodeId, Op, Output, Variable, condition::Conditions};

impl Graph {
    /// The values, computed from the second variable of each pair wherever they are computed from the first.
    ///
    /// The nodes between are built once more, under their names in the scope that is being built; all others are shared.
    ///
    /// ```
    /// use everstep_graph::{Graph, Initializer};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let [weight, other] = ["weight", "other"].map(|name| graph.variable(name, DType::F32, [], Initializer::ONES));
    /// let (weight, other) = (weight?, other?);
    /// let square = graph.square(weight)?;
    /// let instead = graph.scope("instead", |graph| graph.substituted(&[square], &[(weight, other)]))?;
    /// assert!(graph.to_string().ends_with("instead/Square = Square(other) f32[]\n"));
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a handle is of another graph, the types of a pair differ (but that f32 stands for bf16 or f16, cast), or a value depends on an update of a first variable.
    #[track_caller]
    pub fn substituted(&mut self, values: &[Output], pairs: &[(Variable, Variable)]) -> Result<Vec<Output>> {
        let mut others = BTreeMap::new();
        for (first, second) in pairs {
            let (known, other) = (self.spec_of(*first)?, self.spec_of(*second)?);
            if known.shape != other.shape || ![known.dtype, known.dtype.arithmetic()].contains(&other.dtype) {
                return Err(self.refusal("substituted", format!("{known:?} and {other:?} are of different types")));
            }
            let place = match known.dtype == other.dtype {
                true => second.node(),
                false => self.push("Cast", Op::Cast(known.dtype), &[second.output()], &[])?,
            };
            others.insert(first.node(), place);
        }
        for id in self.needed_by(values)? {
            self.substitute(id, &mut others)?;
        }
        Ok(values.iter().map(|value| other(&others, *value)).collect())
    }

    /// Builds the node once more if it depends on one that has another in its place.
    #[track_caller]
    fn substitute(&mut self, id: NodeId, others: &mut BTreeMap<NodeId, NodeId>) -> Result<()> {
        let node = self.nodes()[id.index()].clone();
        let read = node.inputs.iter().chain(&node.condition).map(|input| input.node);
        if others.contains_key(&id) || !read.chain(node.control.iter().copied()).any(|id| others.contains_key(&id)) {
            return Ok(());
        }
        let targets = node.op.update_rule().map_or(0, |rule| rule.targets());
        if let Some(target) = node.inputs[..targets].iter().find(|target| others.contains_key(&target.node)) {
            let (update, target) = (&node.name, self.name_of(*target)?);
            let message = format!("the value depends on update {update} of {target}; take one that trains nothing");
            return Err(self.refusal("substituted", message));
        }
        let inputs: Vec<Output> = node.inputs.iter().map(|input| other(others, *input)).collect();
        let control: Vec<NodeId> = node.control.iter().map(|id| *others.get(id).unwrap_or(id)).collect();
        let conditions = Conditions::all(node.condition.map(|condition| other(others, condition)));
        let built = self.under(conditions, |graph| graph.push(&node.name, node.op, &inputs, &control))?;
        others.insert(id, built);
        Ok(())
    }
}

fn other(others: &BTreeMap<NodeId, NodeId>, value: Output) -> Output {
    Output { node: *others.get(&value.node).unwrap_or(&value.node), ..value }
}
