//! A plan in the making: nodes become kernels and updates, values get places.

use everstep_graph::{Graph, Input, Node, NodeId, Op, Output, TensorType, UpdateRule};
use everstep_ops::{IndexKernel, Kernel, Kernels};
use everstep_session::GraphOptimization;
use everstep_tensor::{DType, Result, Shape, Tensor};

use crate::{
    arena::Arena,
    code::Code,
    liveness::{Lifetime, live_bytes, share_slots},
    lower::{self, Lowered, Randomness, Step, Value},
    memory::MemoryLimit,
    place::{Operand, Place},
    plan::{Changed, Fetched, Instruction, Plan, Updating},
    shapes::{self, Shapes},
    variables::GraphVariables,
};

/// The needed nodes but those of which only the shape is used.
pub(crate) fn computed_nodes<'a>(graph: &'a Graph, needed: &[NodeId], fetches: &[Output]) -> Vec<&'a Node> {
    let mut is_computed = vec![false; graph.nodes().len()];
    fetches.iter().for_each(|fetch| is_computed[fetch.node().index()] = true);
    for id in needed.iter().rev() {
        let node = &graph.nodes()[id.index()];
        is_computed[id.index()] |= node.op().update_rule().is_some();
        if !is_computed[id.index()] {
            continue;
        }
        for (index, input) in node.inputs().iter().enumerate() {
            is_computed[input.node().index()] |= !node.op().uses_only_shape_of(index);
        }
        node.condition().iter().for_each(|condition| is_computed[condition.node().index()] = true);
    }
    let nodes = needed.iter().filter(|id| is_computed[id.index()]);
    nodes.map(|id| &graph.nodes()[id.index()]).collect()
}

/// A plan in the making.
pub(crate) struct Draft<'a> {
    graph: &'a Graph,
    kernels: &'a dyn Kernels,
    variables: &'a GraphVariables,
    shapes: &'a Shapes,
    feeds: &'a [(Input, Tensor)],
    randomness: Randomness,
    /// Where the outputs of each node lie, by the index of the node.
    places: Vec<Vec<Place>>,
    reads: Vec<usize>,
    code: Code,
}

/// Where the computed values lie.
struct Placed {
    places: Vec<Place>,
    results: Vec<Fetched>,
    live_bytes: Vec<usize>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        graph: &'a Graph,
        kernels: &'a dyn Kernels,
        variables: &'a GraphVariables,
        shapes: &'a Shapes,
        feeds: &'a [(Input, Tensor)],
        randomness: Randomness,
    ) -> Self {
        let code = Code {
            feeds: feeds.iter().map(|(_, value)| value.dtype()).collect(),
            variables: variables.dtypes(),
            ..Code::default()
        };
        let places = vec![Vec::new(); graph.nodes().len()];
        Self { graph, kernels, variables, shapes, feeds, randomness, places, reads: Vec::new(), code }
    }

    /// Adds what computes a node; its inputs were added before.
    pub(crate) fn add(&mut self, node: &Node) {
        self.code.condition = node.condition().map(|condition| self.read(condition));
        let places = match node.op() {
            Op::Merge => self.add_merge(node),
            Op::Placeholder { .. } => {
                let fed = self.feeds.iter().position(|(input, _)| input.node() == node.id());
                vec![Place::Feed(fed.expect("shapes were inferred, so every placeholder is fed"))]
            }
            Op::Constant(value) => vec![self.constant(value.clone())],
            Op::Variable(_) => vec![Place::Variable(self.variables.index_of(node.id()))],
            Op::Update(rule) | Op::SparseUpdate(rule) => {
                self.add_update(node, *rule);
                Vec::new()
            }
            _ => self.add_kernel(node),
        };
        self.places[node.id().index()] = places;
    }

    fn add_kernel(&mut self, node: &Node) -> Vec<Place> {
        let inputs: Vec<Value> = node.inputs().iter().map(|input| value(self.shapes.type_of(*input))).collect();
        let outputs: Vec<Value> = self.shapes.outputs(node.id()).iter().map(value).collect();
        let lowered = lower::lower(node.op(), self.randomness, &inputs, &outputs);
        match lowered.expect("what is not computed was added before") {
            Lowered::Alias => vec![self.place(node.inputs()[0])],
            Lowered::Checked(kernel) => {
                let inputs = vec![self.read(node.inputs()[0])];
                self.code.push(node.id(), kernel, inputs, Vec::new(), 0);
                vec![self.place(node.inputs()[0])]
            }
            Lowered::Constant(value) => vec![self.constant(value)],
            Lowered::Kernel { kernel, outputs: written } => {
                let used = (0..node.inputs().len()).filter(|index| !node.op().uses_only_shape_of(*index));
                let inputs: Vec<Operand> = used.map(|index| self.read(node.inputs()[index])).collect();
                let (bytes, places) = self.make(outputs);
                let outputs =
                    places.iter().zip(written).map(|(place, shape)| Operand { place: *place, shape }).collect();
                self.code.push(node.id(), kernel, inputs, outputs, bytes);
                self.code.give_workspace(self.kernels, self.code.instructions.len() - 1);
                places
            }
            Lowered::Steps(steps) => {
                let (bytes, places) = self.make(outputs);
                for Step { kernel, inputs, outputs } in steps {
                    let seen = |(index, shape)| Operand { shape, ..self.read(node.inputs()[index]) };
                    let inputs = inputs.into_iter().map(seen).collect();
                    let written = |(index, shape): (usize, Shape)| Operand { place: places[index], shape };
                    let outputs = outputs.into_iter().map(written).collect();
                    self.code.push(node.id(), kernel, inputs, outputs, bytes);
                }
                places
            }
        }
    }

    /// The value of each branch is copied in the runs that take it.
    fn add_merge(&mut self, node: &Node) -> Vec<Place> {
        let (bytes, places) = self.make(self.shapes.outputs(node.id()).iter().map(value).collect());
        for input in node.inputs() {
            let branch = self.graph.nodes()[input.node().index()].condition();
            self.code.condition = branch.map(|condition| self.read(condition));
            let input = self.read(*input);
            let output = Operand { place: places[0], shape: input.shape.clone() };
            self.code.push(node.id(), Kernel::Copy, vec![input], vec![output], bytes);
        }
        places
    }

    fn constant(&mut self, value: Tensor) -> Place {
        self.code.constants.push(value);
        Place::Constant(self.code.constants.len() - 1)
    }

    /// Values that are going to be computed: how many bytes, and where they will lie.
    fn make(&mut self, values: Vec<Value>) -> (usize, Vec<Place>) {
        let bytes = values.iter().map(|value| bytes(value.dtype, &value.shape)).sum();
        (bytes, self.code.make(values))
    }

    fn add_update(&mut self, node: &Node, rule: UpdateRule) {
        let (changed, read) = node.inputs().split_at(rule.targets());
        let targets: Vec<usize> = changed.iter().map(|target| self.variables.index_of(target.node())).collect();
        let mut inputs: Vec<Operand> = read.iter().map(|input| self.read_before(*input)).collect();
        if let (Op::SparseUpdate(_), Some(indices)) = (node.op(), inputs.last().cloned()) {
            inputs.push(self.order(node.id(), indices));
        }
        if rule != UpdateRule::Assign {
            let initialised: Vec<usize> = targets.iter().copied().filter(|target| !self.is_changed(*target)).collect();
            self.reads.extend(initialised);
        }
        let is_read = |target: &usize| inputs.iter().any(|input| input.place == Place::Variable(*target));
        let touched = |target: &usize| match (node.op(), inputs.last(), self.variables.entry(*target).spec()) {
            (Op::SparseUpdate(_), Some(order), spec) => order.shape[0] * bytes(spec.dtype, &spec.shape[1..]),
            (_, _, spec) => bytes(spec.dtype, &spec.shape),
        };
        let bytes = targets.iter().map(touched).sum();
        let condition = node.condition().map(|condition| self.read_before(condition));
        let targets = targets.iter().map(|target| Changed { variable: *target, keep: is_read(target) }).collect();
        let (update, is_conditional) = (lower::update(rule), condition.is_some());
        inputs.extend(condition);
        let (node, can_fail) = (node.id(), matches!(node.op(), Op::SparseUpdate(_)));
        let updating = Updating { node, update, can_fail, targets, inputs, is_conditional, bytes, after: usize::MAX };
        self.code.updates.push(updating);
    }

    /// A value that the coming update reads: of a variable, that from before the run.
    fn read_before(&mut self, output: Output) -> Operand {
        let mut operand = self.read(output);
        if let Place::Variable(variable) = operand.place {
            operand.place = self.value_before(variable);
        }
        operand
    }

    /// The order of the indices of an update: what has summed up their duplicates knows it already.
    fn order(&mut self, node: NodeId, indices: Operand) -> Operand {
        let is_known = |made: &&Instruction| {
            made.kernel == Kernel::Index(IndexKernel::SumDuplicates) && made.inputs[1].place == indices.place
        };
        let condition = self.code.condition.as_ref().map(|condition| condition.place);
        let is_there = |made: &&Instruction| made.condition.as_ref().is_none_or(|of| Some(of.place) == condition);
        if let Some(known) = self.code.instructions.iter().filter(is_known).find(is_there) {
            return known.outputs[1].clone();
        }
        let shape = indices.shape.clone();
        let (bytes, places) = self.make(vec![Value { dtype: DType::I64, shape: shape.clone() }]);
        let order = Operand { place: places[0], shape };
        let (kernel, outputs) = (Kernel::Index(IndexKernel::Order), vec![order.clone()]);
        self.code.push(node, kernel, vec![indices], outputs, bytes);
        order
    }

    /// Where the coming update finds a variable's value from before the run; an earlier update that changes it keeps it.
    fn value_before(&mut self, variable: usize) -> Place {
        let mut earlier = self.code.updates.iter_mut().flat_map(|updating| &mut updating.targets);
        match earlier.find(|changed| changed.variable == variable) {
            Some(changed) => {
                changed.keep = true;
                Place::Before(variable)
            }
            None => Place::Variable(variable),
        }
    }

    fn is_changed(&self, variable: usize) -> bool {
        self.code.updates.iter().flat_map(|updating| &updating.targets).any(|changed| changed.variable == variable)
    }

    fn place(&self, output: Output) -> Place {
        self.places[output.node().index()][output.index()]
    }

    fn operand(&self, output: Output) -> Operand {
        Operand { place: self.place(output), shape: shapes::shape(self.shapes.type_of(output)) }
    }

    /// A value that a kernel or an update reads.
    fn read(&mut self, output: Output) -> Operand {
        let operand = self.operand(output);
        if let Place::Variable(variable) = operand.place {
            self.reads.push(variable);
        }
        operand
    }

    /// All that is fetched has been added.
    fn fetch(&mut self, fetches: &[Output]) {
        self.code.values = fetches.iter().map(|fetch| self.operand(*fetch)).collect();
        for value in &self.code.values {
            if let Place::Variable(variable) = value.place {
                self.reads.push(variable);
            }
        }
        self.reads.sort_unstable();
        self.reads.dedup();
    }

    /// Gives each computed value its place, once the code was optimized if it may be.
    pub(crate) fn finish(
        mut self,
        arena: &mut Arena,
        limit: MemoryLimit,
        fetches: &[Output],
        optimization: GraphOptimization,
    ) -> Result<Plan> {
        self.fetch(fetches);
        if optimization == GraphOptimization::On {
            self.code.optimize(self.kernels);
        } else {
            self.code.widen();
        }
        self.code.renumber();
        let Placed { places, results, live_bytes } = self.placed(arena, limit)?;
        self.code.place(&places);
        let Code { constants, instructions, updates, values, .. } = self.code;
        Ok(Plan {
            is_training: self.randomness.is_training,
            fetches: fetches.to_vec(),
            feeds: self.feeds.iter().map(|(input, value)| (*input, value.dtype(), value.shape().into())).collect(),
            constants,
            reads: self.reads,
            instructions,
            updates,
            live_bytes,
            results,
            values,
        })
    }

    /// The places of the computed values: results of the outcome, or slots shared by liveness.
    fn placed(&self, arena: &mut Arena, limit: MemoryLimit) -> Result<Placed> {
        let lifetimes = self.code.lifetimes();
        let mut places = vec![None; lifetimes.len()];
        let mut results = Vec::new();
        for (position, operand) in self.code.values.iter().enumerate() {
            let Place::Slot(index) = operand.place else { continue };
            if places[index].is_none() {
                places[index] = Some(Place::Result(results.len()));
                let Value { dtype, shape } = self.code.computed[index].clone();
                results.push(Fetched { dtype, shape, position });
            }
        }
        let unplaced = lifetimes.iter().zip(&places).filter(|(_, place)| place.is_none());
        let unplaced: Vec<Lifetime> = unplaced.map(|(lifetime, _)| *lifetime).collect();
        let (shared, slots) = share_slots(&unplaced);
        let variables = self.variables.bytes_with(|variable| self.is_changed(variable));
        let fetched: usize = results.iter().map(Fetched::bytes).sum();
        let reserved = arena.reserve(&slots, fetched, |results| limit.check("the run", variables, results))?;
        let mut in_slots = shared.into_iter().map(|slot| Place::Slot(reserved[slot]));
        let mut next = || in_slots.next().expect("every value that is not fetched has a slot");
        let places = places.into_iter().map(|place| place.unwrap_or_else(&mut next)).collect();
        Ok(Placed { places, results, live_bytes: live_bytes(&unplaced, self.code.instructions.len()) })
    }
}

fn value(known: &TensorType) -> Value {
    Value { dtype: known.dtype, shape: shapes::shape(known) }
}

fn bytes(dtype: DType, shape: &[usize]) -> usize {
    shape.iter().product::<usize>() * dtype.size()
}
