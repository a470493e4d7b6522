//! A plan in the making: nodes become kernels and updates, values get places.

use everstep_graph::{Graph, Input, Node, NodeId, Op, Output, TensorType, UpdateRule};
use everstep_ops::{IndexKernel, Kernel, Kernels};
use everstep_tensor::{DType, Result, Shape, Tensor};

use crate::{
    arena::Arena,
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

/// A plan in the making; each computed value has a [`Place::Slot`] of its own.
pub(crate) struct Draft<'a> {
    kernels: &'a dyn Kernels,
    variables: &'a GraphVariables,
    shapes: &'a Shapes,
    feeds: &'a [(Input, Tensor)],
    randomness: Randomness,
    /// Where the outputs of each node lie, by the index of the node.
    places: Vec<Vec<Place>>,
    computed: Vec<Value>,
    constants: Vec<Tensor>,
    reads: Vec<usize>,
    instructions: Vec<Instruction>,
    updates: Vec<Updating>,
}

/// Where the computed values lie.
struct Placed {
    places: Vec<Place>,
    results: Vec<Fetched>,
    live_bytes: Vec<usize>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        graph: &Graph,
        kernels: &'a dyn Kernels,
        variables: &'a GraphVariables,
        shapes: &'a Shapes,
        feeds: &'a [(Input, Tensor)],
        randomness: Randomness,
    ) -> Self {
        Self {
            kernels,
            variables,
            shapes,
            feeds,
            randomness,
            places: vec![Vec::new(); graph.nodes().len()],
            computed: Vec::new(),
            constants: Vec::new(),
            reads: Vec::new(),
            instructions: Vec::new(),
            updates: Vec::new(),
        }
    }

    /// Adds what computes a node; its inputs were added before.
    pub(crate) fn add(&mut self, node: &Node) {
        let places = match node.op() {
            Op::Placeholder { .. } => {
                let fed = self.feeds.iter().position(|(input, _)| input.node() == node.id());
                vec![Place::Feed(fed.expect("shapes were inferred, so every placeholder is fed"))]
            }
            Op::Constant(value) => {
                self.constants.push(value.clone());
                vec![Place::Constant(self.constants.len() - 1)]
            }
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
                self.instructions.push(Instruction { node: node.id(), kernel, inputs, outputs: Vec::new(), bytes: 0 });
                vec![self.place(node.inputs()[0])]
            }
            Lowered::Constant(value) => {
                self.constants.push(value);
                vec![Place::Constant(self.constants.len() - 1)]
            }
            Lowered::Kernel { kernel, outputs: written } => {
                let used = (0..node.inputs().len()).filter(|index| !node.op().uses_only_shape_of(*index));
                let inputs: Vec<Operand> = used.map(|index| self.read(node.inputs()[index])).collect();
                let dtype = outputs[0].dtype;
                let (bytes, places) = self.make(outputs);
                let mut outputs: Vec<Operand> =
                    places.iter().zip(written).map(|(place, shape)| Operand { place: *place, shape }).collect();
                outputs.extend(self.workspace(&kernel, dtype, &inputs, &outputs));
                self.instructions.push(Instruction { node: node.id(), kernel, inputs, outputs, bytes });
                places
            }
            Lowered::Steps(steps) => {
                let (bytes, places) = self.make(outputs);
                for Step { kernel, inputs, outputs } in steps {
                    let seen = |(index, shape)| Operand { shape, ..self.read(node.inputs()[index]) };
                    let inputs = inputs.into_iter().map(seen).collect();
                    let written = |(index, shape): (usize, Shape)| Operand { place: places[index], shape };
                    let outputs = outputs.into_iter().map(written).collect();
                    self.instructions.push(Instruction { node: node.id(), kernel, inputs, outputs, bytes });
                }
                places
            }
        }
    }

    /// What the kernel works with beside its outputs: a value that nobody reads.
    fn workspace(&mut self, kernel: &Kernel, dtype: DType, inputs: &[Operand], outputs: &[Operand]) -> Option<Operand> {
        let elements = self.kernels.workspace(kernel, &shapes_of(inputs), &shapes_of(outputs));
        (elements > 0).then(|| {
            let shape = Shape::from([elements]);
            self.computed.push(Value { dtype, shape: shape.clone() });
            Operand { place: Place::Slot(self.computed.len() - 1), shape }
        })
    }

    /// Values that are going to be computed: how many bytes, and where they will lie.
    fn make(&mut self, values: Vec<Value>) -> (usize, Vec<Place>) {
        let first = self.computed.len();
        let places = (first..first + values.len()).map(Place::Slot).collect();
        let bytes = values.iter().map(|value| bytes(value.dtype, &value.shape)).sum();
        self.computed.extend(values);
        (bytes, places)
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
        self.updates.push(Updating { node: node.id(), update, targets, inputs, is_conditional, bytes });
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
        if let Some(known) = self.instructions.iter().find(is_known) {
            return known.outputs[1].clone();
        }
        let shape = indices.shape.clone();
        let (bytes, places) = self.make(vec![Value { dtype: DType::I64, shape: shape.clone() }]);
        let order = Operand { place: places[0], shape };
        let (kernel, outputs) = (Kernel::Index(IndexKernel::Order), vec![order.clone()]);
        self.instructions.push(Instruction { node, kernel, inputs: vec![indices], outputs, bytes });
        order
    }

    /// Where the coming update finds a variable's value from before the run; an earlier update that changes it keeps it.
    fn value_before(&mut self, variable: usize) -> Place {
        let mut earlier = self.updates.iter_mut().flat_map(|updating| &mut updating.targets);
        match earlier.find(|changed| changed.variable == variable) {
            Some(changed) => {
                changed.keep = true;
                Place::Before(variable)
            }
            None => Place::Variable(variable),
        }
    }

    fn is_changed(&self, variable: usize) -> bool {
        self.updates.iter().flat_map(|updating| &updating.targets).any(|changed| changed.variable == variable)
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

    /// Gives each computed value its place.
    pub(crate) fn finish(mut self, arena: &mut Arena, limit: MemoryLimit, fetches: &[Output]) -> Result<Plan> {
        let values: Vec<Operand> = fetches.iter().map(|fetch| self.operand(*fetch)).collect();
        for value in &values {
            if let Place::Variable(variable) = value.place {
                self.reads.push(variable);
            }
        }
        self.reads.sort_unstable();
        self.reads.dedup();
        let Placed { places, results, live_bytes } = self.placed(arena, limit, &values)?;
        let place = |operand: &mut Operand| {
            if let Place::Slot(index) = operand.place {
                operand.place = places[index];
            }
        };
        let mut plan = Plan {
            is_training: self.randomness.is_training,
            fetches: fetches.to_vec(),
            feeds: self.feeds.iter().map(|(input, value)| (*input, value.dtype(), value.shape().into())).collect(),
            constants: self.constants,
            reads: self.reads,
            instructions: self.instructions,
            updates: self.updates,
            live_bytes,
            results,
            values,
        };
        plan.instructions.iter_mut().flat_map(|made| made.inputs.iter_mut().chain(&mut made.outputs)).for_each(place);
        plan.updates.iter_mut().flat_map(|updating| &mut updating.inputs).for_each(place);
        plan.values.iter_mut().for_each(place);
        Ok(plan)
    }

    /// The places of the computed values: results of the outcome, or slots shared by liveness.
    fn placed(&self, arena: &mut Arena, limit: MemoryLimit, values: &[Operand]) -> Result<Placed> {
        let lifetimes = self.lifetimes();
        let mut places = vec![None; self.computed.len()];
        let mut results = Vec::new();
        for (position, operand) in values.iter().enumerate() {
            let Place::Slot(index) = operand.place else { continue };
            if places[index].is_none() {
                places[index] = Some(Place::Result(results.len()));
                let Value { dtype, shape } = self.computed[index].clone();
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
        Ok(Placed { places, results, live_bytes: live_bytes(&unplaced, self.instructions.len()) })
    }

    /// When each computed value is made, and needed last; what updates read, at the end.
    fn lifetimes(&self) -> Vec<Lifetime> {
        let unmade = |value: &Value| {
            let elements = value.shape.iter().product();
            Lifetime { dtype: value.dtype, elements, made: 0, needed: 0 }
        };
        let mut lifetimes: Vec<Lifetime> = self.computed.iter().map(unmade).collect();
        let mut need = |operand: &Operand, when: usize| {
            if let Place::Slot(index) = operand.place {
                lifetimes[index].needed = when;
            }
        };
        for (when, instruction) in self.instructions.iter().enumerate() {
            instruction.inputs.iter().chain(&instruction.outputs).for_each(|operand| need(operand, when));
        }
        self.updates.iter().flat_map(|updating| &updating.inputs).for_each(|operand| need(operand, usize::MAX));
        for (when, instruction) in self.instructions.iter().enumerate().rev() {
            for output in &instruction.outputs {
                if let Place::Slot(index) = output.place {
                    lifetimes[index].made = when;
                }
            }
        }
        lifetimes
    }
}

fn value(known: &TensorType) -> Value {
    Value { dtype: known.dtype, shape: shapes::shape(known) }
}

fn shapes_of(operands: &[Operand]) -> Vec<&[usize]> {
    operands.iter().map(|operand| &*operand.shape).collect()
}

fn bytes(dtype: DType, shape: &[usize]) -> usize {
    shape.iter().product::<usize>() * dtype.size()
}
