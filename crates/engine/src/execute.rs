//! Executing a plan.

use everstep_graph::{Graph, Input, NodeId};
use everstep_ops::{Data, DataMut, KernelError, Kernels, Target, View, ViewMut};
use everstep_session::Outcome;
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
const INPUTS: usize = 8;
/// The most tensors that a kernel or an update writes.
const OUTPUTS: usize = 4;

/// A plan with all that it touches.
pub(crate) struct Execution<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) kernels: &'a dyn Kernels,
    pub(crate) plan: &'a Plan,
    pub(crate) feeds: &'a [(Input, Tensor)],
    pub(crate) arena: &'a mut Arena,
    pub(crate) variables: &'a mut GraphVariables,
    pub(crate) watch: Watch,
}

impl Execution<'_> {
    /// Runs every kernel, hands the fetched values over, and then applies the updates: nothing but
    /// kernels allocates once the variables have their second buffers and the outcome its tensors.
    ///
    /// # Errors
    /// `InvalidArgument` naming the node whose kernel refused, `DeadlineExceeded`; no variable has changed then.
    /// `Internal` if an update was refused that the graph had allowed.
    pub(crate) fn run(mut self, outcome: &mut Outcome) -> Result<()> {
        let plan = self.plan;
        self.arena.prepare_results(&plan.results, &mut outcome.values)?;
        for instruction in &plan.instructions {
            self.watch.check()?;
            self.compute(instruction)?;
        }
        self.watch.check()?;
        for operand in &plan.values {
            outcome.values.push(self.fetched(operand)?);
        }
        for updating in &plan.updates {
            self.update(updating)?;
        }
        outcome.metadata = self.watch.into_metadata();
        Ok(())
    }

    fn compute(&mut self, instruction: &Instruction) -> Result<()> {
        let mut taken = [const { None }; OUTPUTS];
        for (tensor, operand) in taken.iter_mut().zip(&instruction.outputs) {
            *tensor = self.arena.at(operand.place).and_then(Option::take);
        }
        let computed = self.compute_into(instruction, &mut taken);
        for (tensor, operand) in taken.into_iter().zip(&instruction.outputs) {
            if let Some(place) = self.arena.at(operand.place) {
                *place = tensor;
            }
        }
        computed
    }

    fn compute_into(&mut self, instruction: &Instruction, taken: &mut [Option<Tensor>; OUTPUTS]) -> Result<()> {
        let node = &self.graph.nodes()[instruction.node.index()];
        let memory = Memory { arena: self.arena, variables: self.variables, plan: self.plan, feeds: self.feeds };
        let inputs = memory.views(&instruction.inputs)?;
        let mut outputs: [_; OUTPUTS] = std::array::from_fn(|_| nothing_mut());
        for ((view, tensor), operand) in outputs.iter_mut().zip(taken).zip(&instruction.outputs) {
            let tensor = tensor.as_mut().expect("a plan writes each slot and result once an instruction");
            *view = ViewMut { shape: &operand.shape, data: data_mut(tensor, elements(operand))? };
        }
        let inputs = &inputs[..instruction.inputs.len()];
        let outputs = &mut outputs[..instruction.outputs.len()];
        let run = || self.kernels.run(&instruction.kernel, inputs, outputs);
        let computed = self.watch.time(node, instruction.bytes, run);
        computed.map_err(|error| refused(self.graph, instruction.node, ErrorKind::InvalidArgument, error))
    }

    /// The value of a fetch, shared with where it lies.
    fn fetched(&self, operand: &Operand) -> Result<Tensor> {
        let memory = Memory { arena: self.arena, variables: self.variables, plan: self.plan, feeds: self.feeds };
        let tensor = memory.tensor(operand.place)?;
        if *tensor.shape() == *operand.shape { Ok(tensor.clone()) } else { tensor.reshape(&operand.shape) }
    }

    fn update(&mut self, updating: &Updating) -> Result<()> {
        let mut next = [const { None }; OUTPUTS];
        let taken = next.iter_mut().zip(&updating.targets).try_for_each(|(next, changed)| {
            *next = Some(self.variables.entry_mut(changed.variable).take_next(changed.keep)?);
            Ok(())
        });
        let updated = taken.and_then(|()| self.update_into(updating, &mut next));
        for (next, changed) in next.into_iter().flatten().zip(&updating.targets) {
            let entry = self.variables.entry_mut(changed.variable);
            if updated.is_ok() { entry.put_next(next) } else { entry.put_back(next) }
        }
        updated
    }

    fn update_into(&mut self, updating: &Updating, next: &mut [Option<Next>; OUTPUTS]) -> Result<()> {
        let node = &self.graph.nodes()[updating.node.index()];
        let memory = Memory { arena: self.arena, variables: self.variables, plan: self.plan, feeds: self.feeds };
        let inputs = memory.views(&updating.inputs)?;
        let mut targets: [_; OUTPUTS] = std::array::from_fn(|_| Target { next: nothing_mut(), from: None });
        for ((target, next), changed) in targets.iter_mut().zip(next.iter_mut().flatten()).zip(&updating.targets) {
            *target = memory.target(*changed, next)?;
        }
        let inputs = &inputs[..updating.inputs.len()];
        let targets = &mut targets[..updating.targets.len()];
        let run = || self.kernels.update(&updating.update, targets, inputs);
        let updated = self.watch.time(node, updating.bytes, run);
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

    fn views<'b>(self, operands: &'b [Operand]) -> Result<[View<'b>; INPUTS]>
    where
        'a: 'b,
    {
        let mut views = [NOTHING; INPUTS];
        for (view, operand) in views.iter_mut().zip(operands) {
            *view = View { shape: &operand.shape, data: data(self.tensor(operand.place)?, elements(operand))? };
        }
        Ok(views)
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

fn refused(graph: &Graph, node: NodeId, kind: ErrorKind, error: KernelError) -> Error {
    let node = &graph.nodes()[node.index()];
    Error::new(kind, format!("{} ({}): {error}", node.name(), node.op().name())).with_source(error)
}
