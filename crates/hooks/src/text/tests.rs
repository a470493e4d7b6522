//! Numbers and tensors as text.

use everstep_tensor::{Result, Tensor};

use super::{number, place, tensor};

#[track_caller]
fn check_number(value: f64, expected: &str) {
    assert_eq!(number(value), expected);
}

#[test]
fn numbers_have_six_significant_digits() {
    check_number(0.25, "0.25");
    check_number(1.0, "1");
    check_number(0.1 + 0.2, "0.3");
    check_number(f64::from(0.1f32), "0.1");
    check_number(1_234_567.0, "1234570");
    check_number(-0.000_012_345_678, "-0.0000123457");
    check_number(1.5e-7, "1.5e-7");
    check_number(-2e16, "-2e16");
    check_number(0.0, "0");
    check_number(f64::NAN, "NaN");
    check_number(f64::NEG_INFINITY, "-inf");
}

#[test]
fn small_tensors_are_nested_and_large_ones_are_told_of() -> Result<()> {
    assert_eq!(tensor(&Tensor::scalar(0.5f32)), "0.5");
    assert_eq!(tensor(&Tensor::scalar(i64::MAX)), "9223372036854775807");
    assert_eq!(tensor(&Tensor::from_vec([2, 2], vec![1u8, 2, 3, 4])?), "[[1, 2], [3, 4]]");
    assert_eq!(tensor(&Tensor::from_vec([2], vec![true, false])?), "[true, false]");
    assert_eq!(tensor(&Tensor::from_vec([1, 1], vec![-7i32])?), "[[-7]]");
    assert_eq!(tensor(&Tensor::from_vec([2, 0], Vec::<f64>::new())?), "f64[2, 0] []");
    let large = Tensor::from_vec([17], vec![1.0f32; 17])?;
    assert_eq!(tensor(&large), "f32[17] [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0] and 9 more");
    Ok(())
}

#[test]
fn places_count_the_last_axis_fastest() {
    assert_eq!(place(0, &[]), "");
    assert_eq!(place(5, &[2, 3]), "[1, 2]");
    assert_eq!(place(7, &[9]), "[7]");
}
