//! Files that are not as the format says.

use everstep_checkpoint::Contents;
use everstep_tensor::{ErrorKind, Tensor};

use crate::{file, read};

#[track_caller]
fn check(bytes: &[u8], message: &str) {
    let error = read(bytes).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(error.kind(), ErrorKind::DataLoss);
}

#[test]
fn a_fault_names_the_tensor_and_what_is_wrong() {
    check(b"", "the file has 0 bytes, the shortest has 8");
    check(&file("{}", &[])[..9], "the header takes 2 bytes, the file has 1 and 100000000 is most");
    check(&u64::MAX.to_le_bytes(), "the header takes 18446744073709551615 bytes, the file has 0 and 100000000 is most");
    check(&file("{}", &[0]), "the tensors end at byte 0 of the data, which has 1 bytes");
    check(
        &file(r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}"#, &[0]),
        "tensor a: U8[2] does not take bytes 0 to 1",
    );
    check(
        &file(r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, &[0, 0]),
        "tensor a: it begins at byte 1, not at 0",
    );
    let overlapping =
        r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#;
    check(&file(overlapping, &[0; 3]), "tensor b: it begins at byte 1, not at 2");
    check(
        &file(r#"{"a":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]}}"#, &[2]),
        "tensor a: a bool's byte is neither 0 nor 1",
    );
    check(&file(r#"{"__metadata__":{"everstep.step":"x"}}"#, &[]), r#"the step "x" in the metadata is no number"#);
}

#[test]
fn a_header_that_is_none_is_refused() {
    let twice =
        r#"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}"#;
    for header in
        ["", "[]", "{", "{}x", r#"{"a":1}"#, r#"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}"#, twice]
    {
        let error = read(&file(header, &[0, 0])).unwrap_err();
        assert!(error.to_string().starts_with("the header does not parse: "), "{header}: {error}");
    }
    let huge = format!(r#"{{"a":{{"dtype":"U8","shape":[{0},{0}],"data_offsets":[0,{0}]}}}}"#, u64::MAX);
    assert_eq!(read(&file(&huge, &[0])).unwrap_err().kind(), ErrorKind::DataLoss);
}

#[test]
fn the_name_of_the_metadata_is_no_name_for_a_variable() {
    let variables = [("__metadata__", Tensor::scalar(1.0f32))].into_iter().collect();
    let error =
        everstep_safetensors::write(&Contents { variables, ..Default::default() }, &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_number_that_no_dtype_holds_is_refused() {
    let error = read(&file(r#"{"a":{"dtype":"U64","shape":[],"data_offsets":[0,8]}}"#, &[255; 8])).unwrap_err();
    assert_eq!(error.to_string(), "tensor a: the u64 18446744073709551615 exceeds i64; store it as i64");
}
