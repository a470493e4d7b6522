//! Other kernels under the same graph.

use std::sync::Arc;

use everstep_engine::{
    GraphSession,
    ops::{Cpu, Kernel, KernelError, Kernels, Reference, Target, Update, View, ViewMut},
};
use everstep_optim::{Adam, Momentum, Optimizer, Sgd};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{ErrorKind, Snapshot, Tensor};

use crate::mlp::Mlp;

fn open(mlp: &Mlp, kernels: Arc<dyn Kernels>) -> GraphSession {
    let config = SessionConfig { seed: 7, ..SessionConfig::default() };
    let mut session = GraphSession::with_kernels(mlp.graph.clone(), &config, kernels).unwrap();
    session.initialize(Scope::Global).unwrap();
    session
}

#[track_caller]
fn assert_close(found: &Tensor, expected: &Tensor, what: &str) {
    let (Ok(found), Ok(expected)) = (found.as_slice::<f32>(), expected.as_slice::<f32>()) else {
        return assert!(found.bit_eq(expected), "{what}: {found:?}, the reference {expected:?}");
    };
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-4, "{what}: {found}, the reference {expected}");
    }
}

#[test]
fn fast_and_plain_kernels_train_alike() {
    let momentum = Momentum { learning_rate: 0.05.into(), momentum: 0.9, nesterov: true };
    for optimizer in [&Sgd { learning_rate: 0.1.into() } as &dyn Optimizer, &momentum, &Adam::default()] {
        let mlp = Mlp::new(optimizer, 16);
        let (mut fast, mut plain) = (mlp.ready(2), open(&mlp, Arc::new(Reference)));
        let (mut found, mut expected) = (Outcome::default(), Outcome::default());
        for position in 0..5 {
            let fetches = vec![mlp.train.output, mlp.train.gradient_norm, mlp.accuracy];
            let request = Request { fetches, ..mlp.step(20, position) };
            fast.run(&request, &mut found).unwrap();
            plain.run(&request, &mut expected).unwrap();
            for (found, expected) in found.values.iter().zip(&expected.values) {
                assert_close(found, expected, &format!("{} at {position}", optimizer.name()));
            }
        }
        for (name, expected) in Snapshot::of(plain.variables()).unwrap().iter() {
            assert_close(&fast.variables().read(name).unwrap(), expected, name);
        }
    }
}

/// Kernels that refuse some work.
#[derive(Debug)]
struct Refusing {
    matmul: bool,
    update: Update,
    cpu: Cpu,
}

impl Kernels for Refusing {
    fn run(&self, kernel: &Kernel, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> Result<(), KernelError> {
        match kernel {
            Kernel::MatMul { .. } if self.matmul => Err(KernelError::new("no matrix today")),
            _ => self.cpu.run(kernel, inputs, outputs),
        }
    }

    fn update(&self, update: &Update, targets: &mut [Target<'_>], inputs: &[View<'_>]) -> Result<(), KernelError> {
        if *update == self.update {
            Err(KernelError::new("no change today"))
        } else {
            self.cpu.update(update, targets, inputs)
        }
    }
}

#[test]
fn a_refusal_names_the_node() {
    let mlp = Mlp::new(&Adam::default(), 4);
    let check = |matmul, update, kind, message| {
        let mut session = open(&mlp, Arc::new(Refusing { matmul, update, cpu: Cpu::new(1).unwrap() }));
        let before = Snapshot::of(session.variables()).unwrap();
        let error = session.run(&mlp.step(4, 0), &mut Outcome::default()).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
        assert!(Snapshot::of(session.variables()).unwrap().bit_eq(&before));
    };
    let message = "hidden/MatMul (MatMul): no matrix today";
    check(true, Update::Adam, ErrorKind::InvalidArgument, message);
    let message = "train/Adam/update_logits/bias/ApplyAdam (ApplyAdam): no change today";
    check(false, Update::Adam, ErrorKind::Internal, message);
}
