//! Executing a plan.

use everstep_graph::{Graph, Input, Node, NodeId};
use everstep_ops::{Data, DataMut, KernelError, Kernels, Target, Update, View, ViewMut};
use everstep_session::{KernelStats, Outcome, OutputStats, RunMetadata};
use everstep_tensor::{Error, ErrorKind, Result, Tensor};

use crate::{
    arena::Arena,
    place::{Operand, Place},
    plan::{Changed, Instruction, Plan, Updating},
    variables::{GraphVariables, Next},
    view::{data, data_mut},
    watch::Watch,
};

/// The most tensors that a kernel or an update reads.
pub(crate) const INPUTS: usize = 10;
/// The most tensors that a kernel or an update writes.
pub(crate) const OUTPUTS: usize = 4;

/// A plan with all that it touches.
pub(crate) struct Execution<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) kernels: &'a dyn Kernels,
    pub(crate) plan: &'a Plan,
    pub(crate) feeds: &'a [(Input, Tensor)],
    pub(crate) arena: &'a mut Arena,
    pub(crate) variables: &'a mut GraphVariables,
    pub(crate) watch: Watch,
    /// Whether an update was applied: from then on the run goes on to its end, however long it takes.
    pub(crate) is_changed: bool,
}

impl Execution<'_> {
    /// Runs every kernel but those of branches that are not taken, hands the fetched values over, and applies the updates where the plan says, which is after
    /// the last kernel that may refuse: nothing but kernels allocates once the variables have their second buffers and
    /// the outcome its tensors.
    ///
    /// # Errors
    /// `InvalidArgument` naming the node whose kernel refused, `Diverged` naming the value that is not finite,
    /// `DeadlineExceeded`; no variable has changed then.
    /// `Internal` if an update was refused that the graph had allowed.
    pub(crate) fn run(&mut self, outcome: &mut Outcome) -> Result<()> {
        let plan = self.plan;
        self.arena.prepare_results(&plan.results, &mut outcome.values)?;
        let mut updates = plan.updates.iter().peekable();
        for (index, (instruction, live_bytes)) in plan.instructions.iter().zip(&plan.live_bytes).enumerate() {
            while let Some(updating) = updates.next_if(|updating| updating.after == index) {
                self.apply(updating)?;
                self.is_changed = true;
            }
            if !self.is_changed {
                self.watch.check()?;
            }
            if self.holds(instruction.condition.as_ref())? {
                self.compute(instruction)?;
                self.tell_computed(instruction, *live_bytes);
            }
        }
        if !self.is_changed {
            self.watch.check()?;
        }
        for operand in &plan.values {
            self.fetch(operand, &mut outcome.values)?;
        }
        updates.try_for_each(|updating| self.apply(updating))?;
        outcome.metadata = self.metadata();
        Ok(())
    }

    /// What was traced, if it was asked for.
    fn metadata(&mut self) -> Option<RunMetadata> {
        let kernels = self.watch.take_kernels()?;
        let peak_bytes = self.arena.bytes() + self.variables.held_bytes() + self.plan.result_bytes();
        Some(RunMetadata { kernels, peak_bytes: peak_bytes as u64 })
    }

    /// Completes what a trace knows of the kernel that ran last.
    fn tell_computed(&mut self, instruction: &Instruction, live_bytes: usize) {
        let Some(stats) = self.watch.last() else { return };
        let arena = &*self.arena;
        let node = &self.graph.nodes()[instruction.node.index()];
        let outputs = instruction.outputs[..instruction.results].iter().filter_map(|operand| {
            let dtype = arena.get(operand.place)?.dtype();
            Some(OutputStats { dtype, shape: operand.shape.clone() })
        });
        stats.outputs = outputs.collect();
        describe(stats, node, instruction.bytes, live_bytes);
        let ops = instruction.fused.iter().map(|node| self.graph.nodes()[node.index()].op().name());
        if let Some(all) = ops.map(String::from).reduce(|all, op| all + "+" + &op) {
            stats.kernel = all;
        }
    }

    /// Completes what a trace knows of the update that was applied last.
    fn tell_updated(&mut self, updating: &Updating) {
        let Some(stats) = self.watch.last() else { return };
        let specs = updating.targets.iter().map(|changed| self.variables.entry(changed.variable).spec());
        stats.outputs = specs.map(|spec| OutputStats { dtype: spec.dtype, shape: spec.shape.clone() }).collect();
        let live_bytes = self.plan.live_bytes.last().copied().unwrap_or(0);
        describe(stats, &self.graph.nodes()[updating.node.index()], updating.bytes, live_bytes);
    }

    fn compute(&mut self, instruction: &Instruction) -> Result<()> {
        let mut taken = [const { None }; OUTPUTS];
        for (tensor, operand) in taken.iter_mut().zip(&instruction.outputs) {
            *tensor = self.arena.at(operand.place).and_then(Option::take);
        }
        let computed = self.compute_into(instruction, &mut taken);
        for (tensor, operand) in taken.iter_mut().zip(&instruction.outputs) {
            if let Some(place) = self.arena.at(operand.place) {
                *place = tensor.take();
            }
        }
        computed
    }

    fn compute_into(&mut self, instruction: &Instruction, taken: &mut [Option<Tensor>; OUTPUTS]) -> Result<()> {
        let memory = Memory { arena: self.arena, variables: self.variables, plan: self.plan, feeds: self.feeds };
        let mut inputs = [NOTHING; INPUTS];
        memory.view(&instruction.inputs, &mut inputs)?;
        let mut outputs: [_; OUTPUTS] = std::array::from_fn(|_| nothing_mut());
        for ((view, tensor), operand) in outputs.iter_mut().zip(taken).zip(&instruction.outputs) {
            let tensor = tensor.as_mut().expect("a plan writes each slot and result once an instruction");
            *view = ViewMut { shape: &operand.shape, data: data_mut(tensor, elements(operand))? };
        }
        let inputs = &inputs[..instruction.inputs.len()];
        let outputs = &mut outputs[..instruction.outputs.len()];
        let run = || self.kernels.run(&instruction.kernel, inputs, outputs);
        let computed = self.watch.time(run);
        computed.map_err(|error| match error.is_divergence() {
            true => diverged(self.graph, instruction.node, error),
            false => refused(self.graph, instruction.node, ErrorKind::InvalidArgument, error),
        })
    }

    /// Hands over the value of a fetch, shared with where it lies.
    fn fetch(&self, operand: &Operand, values: &mut Vec<Tensor>) -> Result<()> {
        let tensor = self.memory().tensor(operand.place)?;
        match *tensor.shape() == *operand.shape {
            true => values.push(tensor.clone()),
            false => values.push(tensor.reshape(&operand.shape)?),
        }
        Ok(())
    }

    /// Whether a condition is true, if there is one.
    fn holds(&self, condition: Option<&Operand>) -> Result<bool> {
        let Some(condition) = condition else { return Ok(true) };
        // A slot may be longer than what lies in it.
        Ok(self.memory().tensor(condition.place)?.as_slice::<bool>()?[0])
    }

    /// Leaves the variables of an update as they are; those whose values a later one reads are copied as if it had
    /// changed them, and the later one finds them where it looks.
    fn pass_over(&mut self, updating: &Updating) -> Result<()> {
        for changed in updating.targets.iter().filter(|changed| changed.keep) {
            let entry = self.variables.entry_mut(changed.variable);
            let mut next = entry.take_next(true)?;
            let (value, shape) = (entry.value()?, &entry.spec().shape);
            let elements = value.len();
            let target = Target { next: ViewMut { shape, data: data_mut(&mut next.tensor, elements)? }, from: None };
            let copied =
                self.kernels.update(&Update::Assign, &mut [target], &[View { shape, data: data(value, elements)? }]);
            copied.map_err(|error| refused(self.graph, updating.node, ErrorKind::Internal, error))?;
            entry.put_next(next);
        }
        Ok(())
    }

    fn memory(&self) -> Memory<'_> {
        Memory { arena: self.arena, variables: self.variables, plan: self.plan, feeds: self.feeds }
    }

    /// Makes an update, or passes it over.
    fn apply(&mut self, updating: &Updating) -> Result<()> {
        if !self.holds(updating.inputs.last().filter(|_| updating.is_conditional))? {
            return self.pass_over(updating);
        }
        self.update(updating)?;
        self.tell_updated(updating);
        Ok(())
    }

    fn update(&mut self, updating: &Updating) -> Result<()> {
        let mut next = [const { None }; OUTPUTS];
        let taken = next.iter_mut().zip(&updating.targets).try_for_each(|(next, changed)| {
            *next = Some(self.variables.entry_mut(changed.variable).take_next(changed.keep)?);
            Ok(())
        });
        let updated = taken.and_then(|()| self.update_into(updating, &mut next));
        for (next, changed) in next.iter_mut().zip(&updating.targets) {
            let Some(next) = next.take() else { break };
            let entry = self.variables.entry_mut(changed.variable);
            if updated.is_ok() { entry.put_next(next) } else { entry.put_back(next) }
        }
        updated
    }

    fn update_into(&mut self, updating: &Updating, next: &mut [Option<Next>; OUTPUTS]) -> Result<()> {
        let memory = Memory { arena: self.arena, variables: self.variables, plan: self.plan, feeds: self.feeds };
        let mut inputs = [NOTHING; INPUTS];
        memory.view(&updating.inputs, &mut inputs)?;
        let mut targets: [_; OUTPUTS] = std::array::from_fn(|_| Target { next: nothing_mut(), from: None });
        for ((target, next), changed) in targets.iter_mut().zip(next.iter_mut().flatten()).zip(&updating.targets) {
            *target = memory.target(*changed, next)?;
        }
        let inputs = &inputs[..updating.inputs.len() - usize::from(updating.is_conditional)];
        let targets = &mut targets[..updating.targets.len()];
        let run = || self.kernels.update(&updating.update, targets, inputs);
        let updated = self.watch.time(run);
        updated.map_err(|error| refused(self.graph, updating.node, ErrorKind::Internal, error))
    }
}

/// All that kernels may read, while what they write is taken out.
#[derive(Clone, Copy)]
struct Memory<'a> {
    arena: &'a Arena,
    variables: &'a GraphVariables,
    plan: &'a Plan,
    feeds: &'a [(Input, Tensor)],
}

impl<'a> Memory<'a> {
    fn tensor(self, place: Place) -> Result<&'a Tensor> {
        const PLACED: &str = "a plan reads what it has written, and no instruction writes what it reads";
        match place {
            Place::Slot(_) | Place::Result(_) => Ok(self.arena.get(place).expect(PLACED)),
            Place::Constant(index) => Ok(&self.plan.constants[index]),
            Place::Feed(index) => Ok(&self.feeds[index].1),
            Place::Variable(index) => self.variables.entry(index).value(),
            Place::Before(index) => Ok(self.variables.entry(index).before().expect(PLACED)),
        }
    }

    /// Sees the operands as views, as many as there are.
    fn view<'b>(self, operands: &'b [Operand], views: &mut [View<'b>; INPUTS]) -> Result<()>
    where
        'a: 'b,
    {
        for (view, operand) in views.iter_mut().zip(operands) {
            *view = View { shape: &operand.shape, data: data(self.tensor(operand.place)?, elements(operand))? };
        }
        Ok(())
    }

    fn target<'b>(self, changed: Changed, next: &'b mut Next) -> Result<Target<'b>>
    where
        'a: 'b,
    {
        let entry = self.variables.entry(changed.variable);
        let shape = &entry.spec().shape;
        let elements = next.tensor.len();
        let from = match entry.current() {
            Some(value) if !next.in_place => Some(View { shape, data: data(value, elements)? }),
            _ => None,
        };
        Ok(Target { next: ViewMut { shape, data: data_mut(&mut next.tensor, elements)? }, from })
    }
}

const NOTHING: View<'static> = View { shape: &[0], data: Data::U8(&[]) };

fn nothing_mut() -> ViewMut<'static> {
    ViewMut { shape: &[0], data: DataMut::U8(&mut []) }
}

fn elements(operand: &Operand) -> usize {
    operand.shape.iter().product()
}

fn describe(stats: &mut KernelStats, node: &Node, bytes: usize, live_bytes: usize) {
    stats.node = node.name().into();
    stats.kernel = node.op().name().into();
    (stats.bytes, stats.live_bytes) = (bytes as u64, live_bytes as u64);
}

/// The error of a node that checks its input.
fn diverged(graph: &Graph, node: NodeId, error: KernelError) -> Error {
    let inputs = graph.nodes()[node.index()].inputs();
    let checked = inputs.first().and_then(|input| graph.name_of(*input).ok()).unwrap_or_default();
    let message = format!(
        "{checked} is not finite, and the run changed nothing ({error}); lower the learning rate, clip the gradients or \
         look for bad input"
    );
    Error::new(ErrorKind::Diverged, message).with_source(error)
}

fn refused(graph: &Graph, node: NodeId, kind: ErrorKind, error: KernelError) -> Error {
    let node = &graph.nodes()[node.index()];
    Error::new(kind, format!("{} ({}): {error}", node.name(), node.op().name())).with_source(error)
}
