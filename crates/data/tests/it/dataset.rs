//! Datasets and batches: columns, rows, names.

use everstep_data::Dataset;
use everstep_tensor::{DType, Element, ErrorKind, Tensor};

use crate::{check_error, numbered, rows};

fn column<T: Element>(shape: &[usize], elements: Vec<T>) -> Tensor {
    Tensor::from_vec(shape, elements).unwrap()
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let (two, three) = (column(&[2], vec![1i64, 2]), column(&[3], vec![1i64, 2, 3]));
    let invalid = ErrorKind::InvalidArgument;
    check_error(Dataset::new(Vec::<(&str, Tensor)>::new()), invalid, &["at least one"]);
    check_error(Dataset::new(vec![("x", two.clone()), ("x", two.clone())]), invalid, &["two columns", "x"]);
    check_error(Dataset::new(vec![("x", two), ("labels", three)]), invalid, &["labels holds 3", "x holds 2"]);
    check_error(Dataset::new(vec![("x", Tensor::scalar(1i64))]), invalid, &["column x is a scalar"]);
}

#[test]
fn rows_of_every_dtype_are_gathered() {
    #[track_caller]
    fn check<T: Element>(elements: Vec<T>, expected: Vec<T>) {
        let dataset = Dataset::new(vec![("x", column(&[3, 1, 2], elements))]).unwrap();
        let batch = dataset.gather(&[2, 0, 2]).unwrap();
        assert!(batch.columns()[0].bit_eq(&column(&[3, 1, 2], expected)));
    }
    check(vec![true, false, false, false, true, true], vec![true, true, true, false, true, true]);
    check(vec![1u8, 2, 3, 4, 5, 6], vec![5, 6, 1, 2, 5, 6]);
    check(vec![1i32, 2, 3, 4, 5, -6], vec![5, -6, 1, 2, 5, -6]);
    check(vec![1i64, 2, 3, 4, 5, i64::MIN], vec![5, i64::MIN, 1, 2, 5, i64::MIN]);
    check(vec![-0.0f32, 2.0, 3.0, 4.0, f32::NAN, 6.0], vec![f32::NAN, 6.0, -0.0, 2.0, f32::NAN, 6.0]);
    check(vec![1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0], vec![5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
}

#[test]
fn samples_without_elements_are_gathered() {
    let dataset = Dataset::new(vec![("x", Tensor::zeros(DType::F32, [3, 0]).unwrap())]).unwrap();
    assert_eq!(dataset.gather(&[1, 2]).unwrap().columns()[0].shape(), [2, 0]);
}

#[test]
fn a_row_that_is_not_there_is_refused() {
    check_error(numbered(3).gather(&[0, 3]), ErrorKind::InvalidArgument, &["row 3", "dataset of 3"]);
    check_error(numbered(3).select(&[usize::MAX]), ErrorKind::InvalidArgument, &["dataset of 3"]);
}

#[test]
fn a_selection_is_a_dataset_of_its_rows() {
    let selection = numbered(5).select(&[4, 1]).unwrap();
    assert_eq!(rows(selection.all()), [4, 1]);
    assert_eq!(rows(&selection.gather(&[1]).unwrap()), [1]);
    assert!(numbered(5).select(&[]).unwrap().is_empty());
}

#[test]
fn a_column_is_found_by_its_name() {
    let batch = numbered(4).gather(&[3]).unwrap();
    assert_eq!(batch.names(), ["x", "row"]);
    assert_eq!(batch.len(), 1);
    assert!(batch.column("row").unwrap().bit_eq(&batch.columns()[1]));
    check_error(batch.column("labels"), ErrorKind::NotFound, &["labels", "x, row"]);
}

#[test]
fn feeds_pair_inputs_with_columns_in_order() {
    let batch = numbered(4).gather(&[3]).unwrap();
    check_error(batch.clone().feeds(["x"]), ErrorKind::InvalidArgument, &["1 inputs", "x, row"]);
    check_error(batch.clone().feeds(["x", "row", "z"]), ErrorKind::InvalidArgument, &["3 inputs"]);
    let feeds = batch.feeds([10, 20]).unwrap();
    assert_eq!((feeds[0].0, feeds[0].1.dtype()), (10, DType::F32));
    assert_eq!((feeds[1].0, feeds[1].1.dtype()), (20, DType::I64));
}
