//! Operations that choose elements as kernels.

use everstep_graph::{Cumulate, IndexOp};
use everstep_ops::{self as ops, IndexKernel};

/// The kernel of the operation's inputs but those of which only the shape is used.
pub(super) fn kernel(op: IndexOp) -> IndexKernel {
    match op {
        IndexOp::Gather { axis } => IndexKernel::Gather { axis },
        IndexOp::GatherGrad { axis } => IndexKernel::Scatter { axis },
        IndexOp::ScatterAdd => IndexKernel::ScatterAdd,
        IndexOp::SumDuplicates => IndexKernel::SumDuplicates,
        IndexOp::OneHot { axis, on, off, .. } => IndexKernel::OneHot { axis, on, off },
        IndexOp::TopK { ascending, .. } => IndexKernel::TopK { ascending },
        IndexOp::TopKGrad => IndexKernel::TopKGrad,
        IndexOp::Cumulate(cumulate) => IndexKernel::Cumulate(of(cumulate)),
        IndexOp::CumprodGrad(cumulate) => IndexKernel::CumprodGrad(of(cumulate)),
        IndexOp::InTopK { count } => IndexKernel::InTopK { count },
    }
}

fn of(Cumulate { axis, product, exclusive, reverse }: Cumulate) -> ops::Cumulate {
    ops::Cumulate { axis, product, exclusive, reverse }
}
