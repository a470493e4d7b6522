//! What a run does, as instructions that passes rewrite before the values get their places in memory.

mod branches;
mod constants;
mod dead;
mod epilogues;
mod fuse;
mod groups;
mod in_place;
mod lifetimes;
mod members;
mod merge;
mod order;
mod updates;
mod uses;
mod widen;

use everstep_graph::NodeId;
use everstep_ops::{Binary, IndexKernel, Kernel, Kernels};
use everstep_tensor::{DType, Shape, Tensor};

use crate::{
    lower::Value,
    place::{Operand, Place},
    plan::{Instruction, Updating},
};

/// The instructions of a run in the making; each computed value has a [`Place::Slot`] of its own.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) computed: Vec<Value>,
    pub(crate) constants: Vec<Tensor>,
    pub(crate) feeds: Vec<DType>,
    /// The types of all variables of the session.
    pub(crate) variables: Vec<DType>,
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) updates: Vec<Updating>,
    /// What is fetched.
    pub(crate) values: Vec<Operand>,
    /// Under which condition instructions that are pushed run.
    pub(crate) condition: Option<Operand>,
}

impl Code {
    /// Rewrites the instructions to fewer ones that give the same bits.
    pub(crate) fn optimize(&mut self, kernels: &dyn Kernels) {
        self.fold_constants(kernels);
        self.merge_common();
        self.remove_dead();
        self.hoist_fallible();
        self.add_epilogues();
        self.fuse(kernels);
        self.merge_branches();
        self.widen();
        self.write_in_place();
        self.place_updates();
    }

    /// An instruction of one of the kernel's nodes that computes those values.
    pub(crate) fn push(
        &mut self,
        node: NodeId,
        kernel: Kernel,
        inputs: Vec<Operand>,
        outputs: Vec<Operand>,
        bytes: usize,
    ) {
        let (results, condition) = (outputs.len(), self.condition.clone());
        let fused = Vec::new();
        self.instructions.push(Instruction { node, fused, kernel, condition, inputs, outputs, results, bytes });
    }

    /// Values that are going to be computed: where they will lie.
    pub(crate) fn make(&mut self, values: impl IntoIterator<Item = Value>) -> Vec<Place> {
        let first = self.computed.len();
        self.computed.extend(values);
        (first..self.computed.len()).map(Place::Slot).collect()
    }

    /// Gives the instruction made last what its kernel works with beside its outputs: a value that nobody reads.
    pub(crate) fn give_workspace(&mut self, kernels: &dyn Kernels, index: usize) {
        let Instruction { kernel, inputs, outputs, .. } = &self.instructions[index];
        let elements = kernels.workspace(kernel, &shapes_of(inputs), &shapes_of(outputs));
        if elements > 0 {
            let dtype = self.dtype(outputs[0].place);
            let shape = Shape::from([elements]);
            let place = self.make([Value { dtype, shape: shape.clone() }])[0];
            self.instructions[index].outputs.push(Operand { place, shape });
        }
    }

    pub(crate) fn dtype(&self, place: Place) -> DType {
        match place {
            Place::Slot(index) => self.computed[index].dtype,
            Place::Constant(index) => self.constants[index].dtype(),
            Place::Feed(index) => self.feeds[index],
            Place::Variable(index) | Place::Before(index) => self.variables[index],
            Place::Result(_) => unreachable!("values get their places after the passes"),
        }
    }

    /// All that is read after the instructions or beside them.
    fn read_outside(&self) -> impl Iterator<Item = &Operand> {
        self.values.iter().chain(self.updates.iter().flat_map(|updating| &updating.inputs))
    }

    /// Reads other places instead of those that have one.
    fn redirect(&mut self, to: &[Option<Place>]) {
        let of_instructions = self.instructions.iter_mut().flat_map(Instruction::reads_mut);
        let of_updates = self.updates.iter_mut().flat_map(|updating| &mut updating.inputs);
        for operand in of_instructions.chain(of_updates).chain(&mut self.values) {
            if let Place::Slot(index) = operand.place
                && let Some(place) = to[index]
            {
                operand.place = place;
            }
        }
    }

    /// How many instructions write each computed value: some are written in parts.
    fn writes(&self) -> Vec<usize> {
        let mut writes = vec![0; self.computed.len()];
        for output in self.instructions.iter().flat_map(|instruction| &instruction.outputs) {
            if let Place::Slot(index) = output.place {
                writes[index] += 1;
            }
        }
        writes
    }
}

/// The computed values that some operands are.
fn slots<'a>(operands: impl IntoIterator<Item = &'a Operand>) -> impl Iterator<Item = usize> {
    operands.into_iter().filter_map(|operand| match operand.place {
        Place::Slot(index) => Some(index),
        _ => None,
    })
}

fn shapes_of(operands: &[Operand]) -> Vec<&[usize]> {
    operands.iter().map(|operand| &*operand.shape).collect()
}

/// Whether a kernel may refuse what it reads, or does what this crate does not know; `dtype` is that of its first input.
fn can_fail(kernel: &Kernel, dtype: Option<DType>) -> bool {
    match kernel {
        Kernel::Binary(Binary::Div | Binary::FloorDiv | Binary::FloorMod) => !dtype.is_some_and(DType::is_float),
        Kernel::MatMul { .. } | Kernel::BatchMatMul { .. } | Kernel::Convolution { .. } | Kernel::Pooling { .. } => {
            false
        }
        Kernel::Unary(_) | Kernel::Binary(_) | Kernel::Compare(_) | Kernel::UnaryGrad(_) | Kernel::Logic(_) => false,
        Kernel::Cast | Kernel::Copy | Kernel::Broadcast { .. } | Kernel::Shape(_) | Kernel::Fused(_) => false,
        Kernel::Reduce { .. } => false,
        Kernel::Softmax | Kernel::LogSoftmax | Kernel::SoftmaxGrad | Kernel::SoftmaxCrossEntropy => false,
        Kernel::Norm { .. } | Kernel::BatchNorm { .. } | Kernel::Attention { .. } => false,
        Kernel::Random { .. } | Kernel::Dropout { .. } => false,
        Kernel::Index(kernel) => {
            !matches!(kernel, IndexKernel::OneHot { .. } | IndexKernel::TopK { .. } | IndexKernel::Cumulate(_))
        }
        _ => true,
    }
}

/// Whether the kernel gives the same whenever it is given the same, and nothing but its outputs.
fn is_pure(kernel: &Kernel) -> bool {
    !matches!(kernel, Kernel::Custom(_) | Kernel::Random { .. } | Kernel::Dropout { .. } | Kernel::CheckNumerics)
}

impl Instruction {
    /// All that it reads: its condition and the inputs of its kernel.
    pub(crate) fn reads(&self) -> impl Iterator<Item = &Operand> {
        self.condition.iter().chain(&self.inputs)
    }

    pub(crate) fn reads_mut(&mut self) -> impl Iterator<Item = &mut Operand> {
        self.condition.iter_mut().chain(&mut self.inputs)
    }

    /// Where the condition lies under which it runs.
    fn condition_place(&self) -> Option<Place> {
        self.condition.as_ref().map(|condition| condition.place)
    }

    /// The type of what it reads first.
    fn first_dtype(&self, code: &Code) -> Option<DType> {
        self.inputs.first().map(|input| code.dtype(input.place))
    }
}
