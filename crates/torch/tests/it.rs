//! Files that PyTorch wrote, and files that nobody should have.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::sync::Arc;

use everstep_tensor::{Bf16, ErrorKind, F16, Result, Shared, Snapshot, Tensor, Variables};
use proptest::{prelude::*, sample::Index};

const LINEAR: &[u8] = include_bytes!("fixtures/linear.pt");
const TRAINING: &[u8] = include_bytes!("fixtures/training.pt");
const VIEWS: &[u8] = include_bytes!("fixtures/views.pt");

fn read(bytes: &[u8]) -> Result<Snapshot> {
    let file: Shared = Arc::new(bytes.to_vec());
    everstep_torch::read(&file)
}

fn floats(shape: &[usize], elements: &[f32]) -> Tensor {
    Tensor::from_vec(shape, elements.to_vec()).unwrap()
}

#[test]
fn a_state_dictionary_is_read() {
    let state = read(LINEAR).unwrap();
    let weight = floats(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let expected = Snapshot::from_iter([("bias", floats(&[2], &[0.5, -0.0])), ("weight", weight)]);
    assert!(state.bit_eq(&expected), "{state:?}");
}

#[test]
fn nested_dictionaries_are_joined_and_numbers_are_scalars() {
    let state = read(TRAINING).unwrap();
    assert_eq!(state.read("epoch").unwrap().item::<i64>().unwrap(), 3);
    assert_eq!(state.read("optimizer/param_groups/0/lr").unwrap().item::<f64>().unwrap(), 0.25);
    assert!(!state.read("optimizer/param_groups/0/nesterov").unwrap().item::<bool>().unwrap());
    let momentum = state.read("optimizer/state/0/momentum_buffer").unwrap();
    assert!(momentum.bit_eq(&floats(&[2, 3], &[1.0; 6])), "{momentum:?}");
    assert!(state.read("model/bias").unwrap().bit_eq(&floats(&[2], &[0.25, -0.25])));
    assert_eq!(state.read("note").unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn views_are_read_by_their_strides() {
    let expected = Snapshot::from_iter([
        ("transposed", floats(&[3, 2], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0])),
        ("tied", floats(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])),
        ("row", floats(&[3], &[3.0, 4.0, 5.0])),
        ("column", floats(&[2], &[1.0, 4.0])),
        ("parameter", floats(&[1], &[1.0])),
        ("empty", floats(&[0, 3], &[])),
        ("half", Tensor::from_vec([2], [1.0, -2.5].map(F16::from_f32).to_vec()).unwrap()),
        ("bfloat16", Tensor::from_vec([2], [1.0, -2.5].map(Bf16::from_f32).to_vec()).unwrap()),
        ("int8", Tensor::from_vec([2], vec![-128i32, 127]).unwrap()),
        ("uint16", Tensor::from_vec([1], vec![65535i32]).unwrap()),
        ("flag", Tensor::from_vec([2], vec![true, false]).unwrap()),
        ("count", Tensor::scalar(7i64)),
    ]);
    let views = read(VIEWS).unwrap();
    assert!(views.bit_eq(&expected), "{views:?}");
}

#[track_caller]
fn check(bytes: &[u8], kind: ErrorKind, message: &str) {
    let error = read(bytes).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
}

#[test]
fn what_is_no_state_dictionary_is_named_and_not_run() {
    let message = "the pickle names builtins.print, which a state dictionary does not need; save model.state_dict()";
    let python_2 = message.replace("builtins", "__builtin__");
    let error = read(include_bytes!("fixtures/hostile.pt")).unwrap_err().to_string();
    assert!([message, &python_2].contains(&error.as_str()), "{error}");
    check(
        include_bytes!("fixtures/expanded.pt"),
        ErrorKind::FailedPrecondition,
        "a tensor of shape [1000] repeats the 1 elements it has; save it after .contiguous()",
    );
    check(
        include_bytes!("fixtures/legacy.pt"),
        ErrorKind::FailedPrecondition,
        "the file is of a PyTorch before 1.6; load it there, and save it by a later one",
    );
    check(b"", ErrorKind::DataLoss, "Missing end of central directory");
}

#[test]
fn a_changed_element_is_found() {
    let mut bytes = LINEAR.to_vec();
    let element = 5.0f32.to_le_bytes();
    let place = bytes.windows(4).position(|window| window == element).unwrap();
    bytes[place] ^= 1;
    assert_eq!(read(&bytes).unwrap_err().kind(), ErrorKind::DataLoss);
}

/// An archive of this pickle alone.
fn archive(pickle: &[u8]) -> Vec<u8> {
    let mut archive = rawzip::ZipArchiveWriter::new(Vec::new());
    let (mut entry, config) = archive.new_file("archive/data.pkl").start().unwrap();
    let mut data = config.wrap(&mut entry);
    std::io::Write::write_all(&mut data, pickle).unwrap();
    let (_, output) = data.finish().unwrap();
    entry.finish(output).unwrap();
    archive.finish().unwrap()
}

#[test]
fn pickles_that_grow_without_end_are_refused() {
    // A list that holds itself.
    let held = "the pickle's dictionaries hold each other; save them one by one";
    check(&archive(b"\x80\x02]q\x00h\x00a."), ErrorKind::FailedPrecondition, held);
    // Lists of two, each twice the one before.
    let doubled: Vec<u8> =
        (0..60).flat_map(|level| [b"(h".as_slice(), &[level], b"h", &[level], b"tq", &[level + 1]].concat()).collect();
    let error = read(&archive(&[b"\x80\x02K\x01q\x00".as_slice(), &doubled, b"."].concat())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
}

#[test]
fn a_pickle_that_is_none_is_refused() {
    for (pickle, message) in [
        (b"".as_slice(), "the pickle ends too early"),
        (b".", "the pickle takes what it never made"),
        (b"t", "the pickle goes back to a mark that it never made"),
        (b"N(0", "the pickle takes what it never made"),
        (b"h\x07", "the pickle recalls 7, which it never kept"),
        (b"}K\x01a", "the pickle appends to what is no list"),
        (b"]K\x01K\x02s", "the pickle sets an item of what is no dictionary"),
        (b"K\x01)R", "the pickle calls what is no name"),
        (b"X\xff\xff\xff\xff", "the pickle ends too early"),
    ] {
        check(&archive(pickle), ErrorKind::DataLoss, message);
    }
    let message = "the pickle has the opcode 0x69, which no state dictionary needs";
    check(&archive(b"i"), ErrorKind::FailedPrecondition, message);
    let system = b"\x80\x02cposix\nsystem\n(X\x02\x00\x00\x00lstR.";
    let message = "the pickle names posix.system, which a state dictionary does not need; save model.state_dict()";
    check(&archive(system), ErrorKind::FailedPrecondition, message);
}

proptest! {
    #[test]
    fn any_pickle_gives_a_set_or_an_error(pickle in prop::collection::vec(any::<u8>(), 0..64), simple in "[()\\]}NK\\x01tesua0q\\x00h.]{0,24}") {
        let _ = read(&archive(&pickle));
        let _ = read(&archive(simple.as_bytes()));
    }

    #[test]
    fn any_change_gives_a_set_or_an_error(at: Index, byte: u8, cut: Index) {
        let mut bytes = VIEWS.to_vec();
        *at.get_mut(&mut bytes) = byte;
        let _ = read(&bytes);
        let _ = read(&bytes[..cut.index(bytes.len())]);
    }
}
