//! CSV files: tables, and where they are none.

use everstep_data::read_csv;
use everstep_tensor::{ErrorKind, Result, Tensor};
use proptest::prelude::*;

use crate::{check_error, file, gzip};

fn read(content: &[u8]) -> Result<Tensor> {
    let (_folder, path) = file(content);
    read_csv(path)
}

#[track_caller]
fn check(content: &str, shape: [usize; 2], elements: &[f32]) {
    for content in [content.as_bytes().to_vec(), gzip(content.as_bytes())] {
        let table = read(&content).unwrap();
        assert!(table.bit_eq(&Tensor::from_vec(shape, elements.to_vec()).unwrap()), "{table:?}");
    }
}

#[track_caller]
fn refused(content: &[u8], parts: &[&str]) {
    check_error(read(content), ErrorKind::DataLoss, parts);
    check_error(read(&gzip(content)), ErrorKind::DataLoss, parts);
}

#[test]
fn a_table_is_read() {
    check("1,2,3\n4,5,6\n", [2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    check("1.5\r\n-0\r\n1e-3", [3, 1], &[1.5, -0.0, 0.001]);
    check("\u{feff} 1 ,\"2\"\n\n3,+4\n", [2, 2], &[1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn what_is_no_number_is_named_with_line_and_field() {
    refused(b"x,label\n1,2\n", &["line 1, field 1", "\"x\"", "if it is a header"]);
    refused(b"1,2\n3,four\n", &["line 2, field 2", "\"four\"", "write a number"]);
    refused(b"1,2\n3,\"4\n", &["line 2, field 2"]);
    refused(b"1,2\n3,\n", &["line 2, field 2", "\"\""]);
    refused(b"1\n2\nnan\n", &["line 3, field 1", "nan"]);
    refused(b"1e99\n", &["line 1, field 1", "1e99"]);
    refused(b"1\n\xff\xfe\n", &["line 2, field 1"]);
    refused(&[b"1\n".to_vec(), vec![b'y'; 1000]].concat(), &["line 2, field 1", &format!("{:?} is", "y".repeat(32))]);
    refused(b"1,2\r\n3,four\r\n", &["line 2, field 2"]);
    refused(b"1\n\n\nfour\n", &["line 4, field 1"]);
}

#[test]
fn a_line_of_another_width_is_named() {
    refused(b"1,2\n3,4\n5\n", &["line 3 has 1 fields, the first has 2"]);
    refused(b"1\n2,3\n", &["line 2 has 2 fields, the first has 1"]);
}

#[test]
fn a_file_without_a_row_is_refused() {
    refused(b"", &["no row"]);
    refused(b"\n\n", &["no row"]);
}

#[test]
fn a_truncated_compressed_table_is_data_loss() {
    let packed = gzip(b"1,2\n3,4\n");
    for len in 2..packed.len() {
        check_error(read(&packed[..len]), ErrorKind::DataLoss, &["compressed data are corrupt"]);
    }
}

#[test]
fn a_file_that_is_not_there_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.csv");
    check_error(read_csv(&missing), ErrorKind::NotFound, &["missing.csv"]);
}

proptest! {
    #[test]
    fn garbage_is_a_table_or_data_loss(
        content in prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), "[0-9.,\"\n -]{0,60}".prop_map(String::into_bytes)],
    ) {
        match read(&content) {
            Ok(table) => prop_assert!(table.shape().len() == 2 && table.is_finite()),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::DataLoss),
        }
    }

    #[test]
    fn what_was_written_is_read(elements in proptest::collection::vec(proptest::num::f32::NORMAL, 1..60), columns in 1usize..5) {
        let rows = elements.len().div_ceil(columns);
        let elements: Vec<f32> = elements.into_iter().cycle().take(rows * columns).collect();
        let line = |row: &[f32]| row.iter().map(|number| format!("{number:e}")).collect::<Vec<_>>().join(",");
        let content = elements.chunks(columns).map(line).collect::<Vec<_>>().join("\n");
        check(&content, [rows, columns], &elements);
    }
}
