//! The state file.

use everstep_tensor::ErrorKind;
use everstep_tensor_bundle::CheckpointState;
use proptest::{collection, option, prelude::*};

#[test]
fn what_tensorflow_wrote_is_read() {
    let text = include_str!("../fixtures/saver/checkpoint");
    let state = CheckpointState::of(vec!["model.ckpt-3".into()]);
    assert_eq!(CheckpointState::parse(text).unwrap(), state);
    assert_eq!(state.to_string(), text);
}

#[test]
fn escapes_comments_and_other_fields_are_read() {
    let text = "# a comment\n\nmodel_checkpoint_path : 'a\\'b\\n\\303\\251\\x41' \nunknown: 7\n";
    assert_eq!(CheckpointState::parse(text).unwrap().model_checkpoint_path, "a'b\néA");
}

#[track_caller]
fn check(text: &str, kind: ErrorKind, message: &str) {
    let error = CheckpointState::parse(text).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
}

#[test]
fn what_is_no_field_is_named() {
    check("\nmodel", ErrorKind::DataLoss, "line 2: \"model\" is no field");
    check("model_checkpoint_path: a", ErrorKind::DataLoss, "line 1: \"a\" is no text in quotes");
    check("model_checkpoint_path: \"\\400\"", ErrorKind::DataLoss, "line 1: \"\\\"\\\\400\\\"\" is no text in quotes");
    check("last_preserved_timestamp: x", ErrorKind::DataLoss, "line 1: \"x\" is no number");
    let message = "there are 0 paths and 1 times; give one for each path, or none";
    check("all_model_checkpoint_timestamps: 1", ErrorKind::InvalidArgument, message);
}

proptest! {
    #[test]
    fn what_was_written_is_read(paths in collection::vec(any::<String>(), 0..4), preserved in option::of(0f64..1e10)) {
        let all_model_checkpoint_timestamps = paths.iter().map(|path| path.len() as f64 + 0.25).collect();
        let state = CheckpointState { all_model_checkpoint_timestamps, last_preserved_timestamp: preserved, ..CheckpointState::of(paths) };
        prop_assert_eq!(CheckpointState::parse(&state.to_string()).unwrap(), state);
    }

    #[test]
    fn garbage_gives_a_state_or_an_error(text in "(model_checkpoint_path: [\"'\\\\x0-9a-z]{0,12}\n|.{0,12}\n){0,4}") {
        let _ = CheckpointState::parse(&text);
    }
}
