//! The laws of sessions and variables, for each optimizer and several numbers of threads.

use everstep_optim::{
    Adafactor, Adagrad, Adam, AdamW, CosineDecay, ExponentialMovingAverage, Lamb, Lion, Mask, Momentum, Optimizer,
    ParameterGroups, RmsProp, Sgd,
};
use everstep_session::{Outcome, Request, Session};
use everstep_tensor::{DType, Snapshot, Tensor};
use everstep_testkit::laws::{SessionLaws, assigned_is_read_back};

use crate::mlp::Mlp;

fn check(optimizer: &dyn Optimizer) {
    let rows = 12;
    let mlp = Mlp::new(optimizer, 8);
    for threads in [1, 2, 3] {
        let images = mlp.feeds(rows, 0)[0].clone();
        let step = mlp.graph.find_variable("global_step").unwrap();
        let wider = Tensor::zeros(images.1.dtype(), [rows, 6]).unwrap();
        SessionLaws {
            open: &|| mlp.open(threads),
            train: mlp.train.output,
            reads: vec![mlp.loss, mlp.accuracy, mlp.train.gradient_norm, step.output()],
            feeds: &|position| mlp.feeds(rows, position),
            wrong_feeds: vec![
                vec![],
                vec![images.clone()],
                vec![(mlp.images, wider), mlp.feeds(rows, 0)[1].clone()],
                vec![images.clone(), (mlp.labels, Tensor::scalar(0i64))],
                vec![images, (mlp.labels, Tensor::zeros(DType::I32, [rows]).unwrap())],
            ],
        }
        .check(3);
        let mut session = mlp.ready(threads);
        let values = Snapshot::of(session.variables()).unwrap();
        assigned_is_read_back(session.variables_mut(), &values);
    }
    threads_give_the_same_bits(optimizer);
}

/// So much work that kernels and updates share it among threads.
fn threads_give_the_same_bits(optimizer: &dyn Optimizer) {
    let mlp = Mlp::new(optimizer, 256);
    let trained = |threads| {
        let mut session = mlp.ready(threads);
        for position in 0..3 {
            session.run(&mlp.step(300, position), &mut Outcome::default()).unwrap();
        }
        Snapshot::of(session.variables()).unwrap()
    };
    let alone = trained(1);
    for threads in [2, 3, 7] {
        assert!(alone.bit_eq(&trained(threads)), "{threads} threads give other bits than one");
    }
}

#[test]
fn gradient_descent_obeys_the_laws() {
    check(&Sgd { learning_rate: 0.1.into() });
}

#[test]
fn momentum_obeys_the_laws() {
    check(&Momentum { learning_rate: 0.1.into(), momentum: 0.9, nesterov: false });
    check(&Momentum { learning_rate: 0.1.into(), momentum: 0.9, nesterov: true });
}

#[test]
fn adam_obeys_the_laws() {
    check(&Adam::default());
}

#[test]
fn the_optimizers_that_decay_obey_the_laws() {
    check(&AdamW { decay_mask: Mask::rank_at_least(2), ..AdamW::default() });
    check(&Lion { weight_decay: 0.1, ..Lion::default() });
    check(&Lamb::default());
}

#[test]
fn the_optimizers_that_scale_obey_the_laws() {
    check(&Adagrad::default());
    check(&RmsProp { momentum: 0.5, centered: true, ..RmsProp::default() });
    check(&Adafactor::default());
}

#[test]
fn averages_of_the_weights_obey_the_laws() {
    check(&ExponentialMovingAverage::of(Adam::default(), 0.9));
}

#[test]
fn a_schedule_in_groups_obeys_the_laws() {
    let cosine = Sgd { learning_rate: CosineDecay::new(0.1, 5).into() };
    check(&ParameterGroups::new().group(Mask::rank_at_least(2), cosine).group(Mask::all(), Adam::default()));
}

#[test]
fn a_perceptron_learns() {
    let mlp = Mlp::new(&Adam { learning_rate: 0.01.into(), ..Adam::default() }, 16);
    let mut session = mlp.ready(2);
    let mut outcome = Outcome::default();
    for position in 0..100 {
        session.run(&mlp.step(30, position), &mut outcome).unwrap();
    }
    let request = Request { feeds: mlp.feeds(30, 1000), ..Request::read(vec![mlp.accuracy]) };
    session.run(&request, &mut outcome).unwrap();
    assert_eq!(outcome.values[0].item::<f32>().unwrap(), 1.0);
    assert_eq!(session.global_step(), 100);
}
