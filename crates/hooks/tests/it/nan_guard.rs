//! Values that leave the finite numbers.

use everstep_hook::StartedFrom;
use everstep_hooks::NanGuard;
use everstep_tensor::{ErrorKind, Result, Tensor};

use crate::driver::Driver;

/// The error of a run whose value `value` is that, from step 6 to 7; empty if there is none.
#[track_caller]
fn check(value: fn(u64) -> Tensor, expected: &str) {
    let mut driver = Driver::new().value("value", value).value("good", |_| Tensor::scalar(1.0f32));
    driver.judges = true;
    let mut hook = NanGuard::new([("good", "good"), ("dense/kernel", "value")]);
    let trained = driver.start(&mut hook, StartedFrom::Restored(6)).and_then(|()| driver.train(&mut hook, 1));
    let Err(error) = trained else {
        return assert_eq!(expected, "");
    };
    assert_eq!(error.kind(), ErrorKind::Diverged);
    let text = error.to_string();
    assert_eq!(text.split_once("; lower the learning rate, clip the gradients").map(|(what, _)| what), Some(expected));
}

fn matrix(elements: [f64; 6]) -> Tensor {
    Tensor::from_vec([2, 3], elements.to_vec()).expect("a shape of six")
}

#[test]
fn every_element_of_any_shape_is_looked_at() {
    check(|_| Tensor::scalar(f32::NAN), "at step 7 dense/kernel is NaN");
    check(|_| Tensor::scalar(f64::INFINITY), "at step 7 dense/kernel is inf");
    check(|_| Tensor::scalar(f32::NEG_INFINITY), "at step 7 dense/kernel is -inf");
    check(|_| matrix([1.0, 2.0, 3.0, 4.0, 5.0, f64::NAN]), "at step 7 dense/kernel[1, 2] is NaN");
    check(|_| matrix([1.0, -f64::INFINITY, 3.0, 4.0, 5.0, f64::NAN]), "at step 7 dense/kernel[0, 1] is -inf");
}

#[test]
fn finite_values_pass() {
    check(|_| matrix([f64::MAX, f64::MIN, 0.0, -0.0, f64::MIN_POSITIVE, 5e-324]), "");
    check(|_| Tensor::scalar(i64::MIN), "");
    check(|_| Tensor::scalar(true), "");
    check(|_| Tensor::zeros(everstep_tensor::DType::F32, [0]).expect("nothing fits"), "");
}

#[test]
fn each_training_run_is_guarded_and_no_reading_run() -> Result<()> {
    let mut driver = Driver::new().value("loss", |step| Tensor::scalar(if step == 4 { f32::NAN } else { 0.5 }));
    driver.judges = true;
    let mut hook = NanGuard::new([("loss", "loss")]);
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 3)?;
    driver.read(&mut hook)?;
    assert_eq!(driver.times_fetched("loss"), 3);
    assert!(driver.train(&mut hook, 1).is_err());
    Ok(())
}
