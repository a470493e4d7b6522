//! Tensors, sets and copies through the public face.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::sync::Arc;

use everstep_tensor::{
    Bf16, ByteOrder, CopyRules, DType, Element, Encoding, Error, ErrorKind, F16, Prefixed, Shape, Shared, Snapshot,
    Tensor, Variables, compare, copy,
};
use proptest::prelude::*;

#[test]
fn a_vector_is_kept_without_a_copy_and_written_in_place() {
    let elements = vec![1.0f32, 2.0, 3.0];
    let address = elements.as_ptr();
    let mut tensor = Tensor::from_vec([3], elements).unwrap();
    assert_eq!(tensor.as_slice::<f32>().unwrap().as_ptr(), address);
    tensor.get_mut::<f32>().unwrap()[1] = 5.0;
    assert_eq!(tensor.as_slice::<f32>().unwrap(), [1.0, 5.0, 3.0]);
    assert!(tensor.get_mut::<f64>().is_none(), "another dtype");

    let shared = tensor.clone();
    assert!(!tensor.is_unique() && tensor.get_mut::<f32>().is_none());
    tensor.make_mut::<f32>().unwrap()[0] = -1.0;
    assert_eq!(shared.as_slice::<f32>().unwrap(), [1.0, 5.0, 3.0], "a clone does not see it");
    assert_eq!(tensor.as_slice::<f32>().unwrap(), [-1.0, 5.0, 3.0]);
}

#[test]
fn a_value_is_taken_over_without_sharing() {
    let mut kept = Tensor::scalar(1.0f32);
    let address = kept.bytes().as_ptr();
    let other = Tensor::scalar(-0.0f32);
    kept.copy_from(&other).unwrap();
    assert!(kept.bit_eq(&other) && kept.bytes().as_ptr() == address && kept.is_unique());
    let shared = kept.clone();
    kept.copy_from(&Tensor::scalar(2.0f32)).unwrap();
    assert!(shared.bit_eq(&other));
    kept.copy_from(&Tensor::from_vec([2], vec![true, false]).unwrap()).unwrap();
    assert_eq!(kept.as_slice::<bool>().unwrap(), [true, false]);
}

#[test]
fn memory_of_its_own_is_aligned() {
    for len in [1usize, 15, 16, 17, 1000] {
        let tensor = Tensor::zeros(DType::F64, [len]).unwrap();
        assert!((tensor.bytes().as_ptr() as usize).is_multiple_of(64));
        assert_eq!(tensor.as_slice::<f64>().unwrap(), vec![0.0; len]);
    }
}

#[test]
fn a_mapped_file_is_wrapped_and_never_written() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes: Vec<u8> = (0..64u8).chain([0, 1, 2]).collect();
    std::fs::write(file.path(), &bytes).unwrap();
    #[allow(unsafe_code, reason = "mapping a file is unsafe, because another process may change it; this one is ours")]
    // SAFETY: the temporary file is written by nobody else.
    let map = Arc::new(unsafe { memmap2::Mmap::map(file.as_file()) }.unwrap());
    let mut tensor = Tensor::from_shared(DType::I32, [2, 3], map.clone(), 8).unwrap();
    assert_eq!(tensor.bytes(), &bytes[8..32]);
    assert!(tensor.get_mut::<i32>().is_none() && !tensor.is_unique());
    tensor.make_mut::<i32>().unwrap()[0] = 0;
    assert_eq!(tensor.bytes()[4..], bytes[12..32]);

    let fault = |dtype, shape: &[usize], offset| {
        let error = Tensor::from_shared(dtype, shape, map.clone(), offset).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        error.to_string()
    };
    assert!(fault(DType::I32, &[2], 2).contains("aligned"));
    assert!(fault(DType::F64, &[100], 0).contains("not there"));
    assert!(fault(DType::U8, &[1], 1000).contains("not there"));
    assert!(fault(DType::Bool, &[3], 64).contains("not valid"));
    let empty = Tensor::from_shared(DType::F64, [0, 3], Arc::new([0u8; 0]), 0).unwrap();
    assert_eq!(empty.as_slice::<f64>().unwrap(), [0.0; 0]);
    assert_eq!(Tensor::from_shared(DType::Bool, [2], map, 64).unwrap().as_slice::<bool>().unwrap(), [false, true]);
}

#[track_caller]
fn check_fault(result: Result<Tensor, Error>, kind: ErrorKind, text: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
}

#[test]
fn faults_name_the_value() {
    use ErrorKind::InvalidArgument;
    let wrong = Tensor::from_vec([2, 2], vec![1u8, 2, 3]);
    check_fault(wrong, InvalidArgument, "shape [2, 2] does not hold 3 elements; give a shape that does");
    check_fault(Tensor::from_bytes(DType::F32, [2], &[0; 7]), InvalidArgument, "f32[2] takes 8 bytes, 7 were given");
    check_fault(Tensor::from_bytes(DType::Bool, [1], &[2]), InvalidArgument, "a bool's byte is neither 0 nor 1");
    let huge = Tensor::zeros(DType::F64, [usize::MAX, 2]);
    assert_eq!(huge.unwrap_err().kind(), ErrorKind::ResourceExhausted);
    let error = Tensor::scalar(1i32).as_slice::<f32>().map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "the tensor holds i32, not f32; read it as i32");
    assert!(Tensor::zeros(DType::F32, [2]).unwrap().to_f64().is_err());
    assert!(Tensor::zeros(DType::F32, [2]).unwrap().reshape([3]).is_err());
}

#[test]
fn scalars_of_every_dtype_convert() {
    fn check<T: Element>(value: T, expected: f64) {
        let tensor = Tensor::scalar(value);
        assert_eq!((tensor.dtype(), tensor.len(), tensor.shape()), (T::DTYPE, 1, &[][..]));
        assert_eq!((tensor.item::<T>().unwrap(), tensor.to_f64().unwrap()), (value, expected));
        assert_eq!(DType::from_name(T::DTYPE.name()), Some(T::DTYPE));
    }
    check(true, 1.0);
    check(7u8, 7.0);
    check(-7i32, -7.0);
    check(1i64 << 40, (1u64 << 40) as f64);
    check(0.5f32, 0.5);
    check(-0.25f64, -0.25);
    assert!(!Tensor::scalar(f32::NAN).is_finite() && !Tensor::scalar(f64::INFINITY).is_finite());
    assert!(Tensor::scalar(f32::MAX).is_finite() && Tensor::scalar(i64::MAX).is_finite());
}

#[test]
fn debug_shows_the_first_few() {
    assert_eq!(format!("{:?}", Tensor::from_vec([2], vec![1.5f32, 2.0]).unwrap()), "f32[2] [1.5, 2.0]");
    let long = Tensor::from_vec([10], (0..10i64).collect()).unwrap();
    assert_eq!(format!("{long:?}"), "i64[10] [0, 1, 2, 3, 4, 5, 6, 7] and 2 more");
}

#[test]
fn shapes_of_any_rank_are_slices() {
    for rank in 0..10 {
        let axes: Vec<usize> = (1..=rank).collect();
        let shape = Shape::from(axes.clone());
        assert_eq!((&*shape, shape.elements()), (&axes[..], Some(axes.iter().product())));
        assert_eq!((shape.clone(), shape.to_string()), (shape, format!("{axes:?}")));
    }
    assert_eq!(Shape::new(&[usize::MAX, 2]).elements(), None);
}

fn set(variables: &[(&str, f32)]) -> Snapshot {
    variables.iter().map(|(name, value)| (*name, Tensor::scalar(*value))).collect()
}

#[track_caller]
fn check_copy(from: &[(&str, f32)], into: &[(&str, f32)], rules: CopyRules, expected: Result<&[(&str, f32)], &str>) {
    let mut target = set(into);
    let result = copy(&set(from), &mut target, &rules);
    match expected {
        Ok(expected) => {
            assert_eq!(result.unwrap(), compare(&set(from), &set(into), &rules));
            assert!(target.bit_eq(&set(expected)), "{target:?}");
        }
        Err(text) => {
            assert_eq!(result.unwrap_err().to_string(), text);
            assert!(target.bit_eq(&set(into)), "a failing copy changed the target");
        }
    }
}

#[test]
fn copies_by_rules() {
    let exact = CopyRules::default;
    check_copy(&[("a", 1.0), ("b", 2.0)], &[("a", 0.0), ("b", 0.0)], exact(), Ok(&[("a", 1.0), ("b", 2.0)]));
    let fault = "the sets do not fit: missing in the source: b; unknown to the target: c";
    check_copy(&[("a", 1.0), ("c", 2.0)], &[("a", 0.0), ("b", 0.0)], exact(), Err(fault));
    let loose = CopyRules { allow_missing: true, allow_unused: true, ..exact() };
    check_copy(&[("a", 1.0), ("c", 2.0)], &[("a", 0.0), ("b", 0.0)], loose, Ok(&[("a", 1.0), ("b", 0.0)]));

    let pairs = [("new/", "old/"), ("step", "global_step")];
    let rename = pairs.map(|(target, source)| (target.to_owned(), source.to_owned())).to_vec();
    let renamed = CopyRules { rename, keep: vec!["head/".into()], ..exact() };
    let from = [("global_step", 9.0), ("head/w", 5.0), ("old/b", 2.0), ("old/w", 1.0)];
    let into = [("head/w", 0.0), ("new/b", 0.0), ("new/w", 0.0), ("step", 0.0)];
    check_copy(&from, &into, renamed, Ok(&[("head/w", 0.0), ("new/b", 2.0), ("new/w", 1.0), ("step", 9.0)]));
}

#[test]
fn a_copy_of_another_shape_names_both() {
    let from = Snapshot::from_iter([("w", Tensor::zeros(DType::F32, [3]).unwrap())]);
    let mut into = Snapshot::from_iter([("w", Tensor::zeros(DType::F64, [2]).unwrap())]);
    let loose = CopyRules { allow_missing: true, allow_unused: true, ..Default::default() };
    let error = copy(&from, &mut into, &loose).unwrap_err();
    assert_eq!(error.to_string(), "the sets do not fit: w is f64[2] here, f32[3] in the source");
}

#[test]
fn reshaped_and_retyped_values_are_taken_where_the_rules_allow_it() {
    let from = Snapshot::from_iter([
        ("count", Tensor::scalar(7i64)),
        ("flat", Tensor::from_vec([4], vec![1.0f32, 2.0, 3.0, 4.0]).unwrap()),
        ("wide", Tensor::from_vec([2], vec![0.1f64, f64::INFINITY]).unwrap()),
    ]);
    let target = || {
        Snapshot::from_iter([
            ("count", Tensor::scalar(0i32)),
            ("flat", Tensor::zeros(DType::F32, [2, 2]).unwrap()),
            ("wide", Tensor::zeros(DType::F32, [2, 1]).unwrap()),
        ])
    };
    let mut into = target();
    let reshaped = CopyRules { allow_reshaped: true, ..Default::default() };
    let report = compare(&from, &into, &reshaped);
    let expected = "0 copied\n\
                    reshaped  flat is f32[2, 2] here, f32[4] in the source\n\
                    retyped   count is i32[] here, i64[] in the source\n\
                    retyped   wide is f32[2, 1] here, f64[2] in the source";
    assert_eq!(report.to_string(), expected);
    assert_eq!(copy(&from, &mut into, &reshaped).unwrap_err().kind(), ErrorKind::FailedPrecondition);
    assert!(into.bit_eq(&target()), "a failing copy changed the target");

    let both = CopyRules { allow_retyped: true, ..reshaped };
    assert_eq!(copy(&from, &mut into, &both).unwrap(), report);
    let expected = Snapshot::from_iter([
        ("count", Tensor::scalar(7i32)),
        ("flat", Tensor::from_vec([2, 2], vec![1.0f32, 2.0, 3.0, 4.0]).unwrap()),
        ("wide", Tensor::from_vec([2, 1], vec![0.1f32, f32::INFINITY]).unwrap()),
    ]);
    assert!(into.bit_eq(&expected), "{into:?}");
}

#[test]
fn a_number_that_does_not_fit_changes_nothing() {
    let rules = CopyRules { allow_retyped: true, ..Default::default() };
    for (from, into, message) in [
        (Tensor::scalar(256i64), Tensor::scalar(0u8), "b: 256 exceeds u8"),
        (Tensor::scalar(1e300f64), Tensor::scalar(0f32), "b: 1e300 exceeds f32"),
        (Tensor::scalar(1f32), Tensor::scalar(0i64), "the sets do not fit: b is i64[] here, f32[] in the source"),
    ] {
        let from = Snapshot::from_iter([("a", Tensor::scalar(1f32)), ("b", from)]);
        let before = Snapshot::from_iter([("a", Tensor::scalar(0f32)), ("b", into)]);
        let mut after = before.clone();
        assert_eq!(copy(&from, &mut after, &rules).unwrap_err().to_string(), message);
        assert!(after.bit_eq(&before), "a failing copy changed the target");
    }
}

#[test]
fn a_part_is_taken_from_under_a_prefix_and_put_under_one() {
    let pair =
        |target: &str, source: &str| CopyRules { rename: vec![(target.into(), source.into())], ..Default::default() };
    check_copy(&[("model/a", 1.0)], &[("a", 0.0)], pair("", "model/"), Ok(&[("a", 1.0)]));
    check_copy(&[("a", 1.0)], &[("model/a", 0.0)], pair("model/", ""), Ok(&[("model/a", 1.0)]));
    let kept = CopyRules { keep: vec![String::new()], allow_unused: true, ..Default::default() };
    check_copy(&[("a", 1.0)], &[("a", 0.0)], kept, Ok(&[("a", 0.0)]));
}

#[test]
fn a_prefix_selects_a_part() {
    let all = set(&[("a", 1.0), ("hook/feed/position", 2.0), ("hook/feeder/x", 3.0), ("z", 4.0)]);
    let part = Prefixed::new("hook/feed/", &all);
    assert!(Snapshot::of(&part).unwrap().bit_eq(&set(&[("position", 2.0)])));
    assert_eq!(part.read("a").unwrap_err().kind(), ErrorKind::NotFound);
    everstep_testkit::laws::specs_are_sorted_and_stable(&part);
}

#[test]
fn errors_carry_kind_context_and_source() {
    let error = Error::from(std::io::Error::new(std::io::ErrorKind::StorageFull, "no space")).context("step 3");
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::ResourceExhausted, "step 3: no space"));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no space");
    assert!(
        Error::new(ErrorKind::Aborted, "").is_lost_session() && !Error::new(ErrorKind::Diverged, "").is_lost_session()
    );
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

proptest! {
    #[test]
    fn bytes_go_in_and_come_out(words in proptest::collection::vec(any::<u32>(), 0..40)) {
        let floats: Vec<f32> = words.iter().map(|word| f32::from_bits(*word)).collect();
        let tensor = Tensor::from_vec([floats.len()], floats).unwrap();
        let again = Tensor::from_bytes(DType::F32, tensor.shape(), tensor.bytes()).unwrap();
        prop_assert!(again.bit_eq(&tensor));
        let bits: Vec<u32> = again.as_slice::<f32>().unwrap().iter().map(|float| float.to_bits()).collect();
        prop_assert_eq!(bits, words);
    }
}

#[cfg(feature = "ndarray")]
#[test]
fn arrays_go_in_without_a_copy_and_come_out() {
    use ndarray::{Array2, array, s};
    let matrix: Array2<f32> = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let address = matrix.as_ptr();
    let view_of_transposed = Tensor::from_array(&matrix.t());
    let sliced = Tensor::from(matrix.clone().slice_move(s![1.., ..]));
    let tensor = Tensor::from(matrix);
    assert_eq!(tensor.as_slice::<f32>().unwrap().as_ptr(), address);
    assert_eq!(tensor.view::<f32>().unwrap()[[1, 2]], 6.0);
    assert_eq!(view_of_transposed.as_slice::<f32>().unwrap(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(sliced.as_slice::<f32>().unwrap(), [4.0, 5.0, 6.0]);
    let fortran = array![[1i64, 2], [3, 4]].reversed_axes();
    assert_eq!(Tensor::from(fortran).as_slice::<i64>().unwrap(), [1, 3, 2, 4]);
    assert_eq!(tensor.to_array::<f32>().unwrap().shape(), [2, 3]);
    assert!(tensor.view::<f64>().is_err());
}

#[track_caller]
fn check_encoding(stored: Encoding, bytes: &[u8], expected: &Tensor) {
    let mut turned = bytes.to_vec();
    turned.chunks_exact_mut(stored.size()).for_each(<[u8]>::reverse);
    for (order, bytes) in [(ByteOrder::Little, bytes.to_vec()), (ByteOrder::Big, turned)] {
        // One byte in front, so that the elements are not aligned.
        let shifted: Shared = Arc::new([&[7], &bytes[..]].concat());
        let tensor = stored.tensor(order, [bytes.len() / stored.size()], &shifted, 1..bytes.len() + 1).unwrap();
        assert!(tensor.bit_eq(expected), "{stored} {order:?}: {tensor:?}");
        assert_eq!(tensor.dtype(), stored.dtype());
    }
}

#[test]
fn stored_elements_keep_their_numbers() {
    let list = |elements: Vec<i32>| Tensor::from_vec([elements.len()], elements).unwrap();
    check_encoding(Encoding::I8, &[0x80, 0x7f], &list(vec![-128, 127]));
    check_encoding(Encoding::I16, &[0x00, 0x80, 0xff, 0x7f], &list(vec![-32768, 32767]));
    check_encoding(Encoding::U16, &[0xff, 0xff], &list(vec![65535]));
    check_encoding(Encoding::U32, &[0xff; 4], &Tensor::from_vec([1], vec![i64::from(u32::MAX)]).unwrap());
    check_encoding(Encoding::U64, &7u64.to_le_bytes(), &Tensor::from_vec([1], vec![7i64]).unwrap());
    check_encoding(Encoding::Bf16, &[0x01, 0xff], &Tensor::from_vec([1], vec![Bf16::from_bits(0xff01)]).unwrap());
    check_encoding(Encoding::F16, &[0x01, 0xfe], &Tensor::from_vec([1], vec![F16::from_bits(0xfe01)]).unwrap());
    for dtype in DType::ALL {
        let zeros = Tensor::zeros(dtype, [2]).unwrap();
        check_encoding(Encoding::of(dtype), zeros.bytes(), &zeros);
    }
}

#[test]
fn every_half_is_the_number_of_its_bits() {
    for bits in 0..=u16::MAX {
        let file: Shared = Arc::new(bits.to_le_bytes());
        let single = Encoding::F16.tensor(ByteOrder::Little, [], &file, 0..2).unwrap().item::<F16>().unwrap().to_f32();
        let (exponent, fraction) = (i32::from(bits >> 10) & 31, f64::from(bits & 1023));
        let magnitude = match exponent {
            0 => fraction * 2f64.powi(-24),
            31 if fraction == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
        };
        assert_eq!(single.is_sign_negative(), bits >> 15 == 1);
        assert!(
            f64::from(single.abs()) == magnitude || (single.is_nan() && magnitude.is_nan()),
            "{bits:04x}: {single}"
        );
    }
}

/// Every f32 between two neighbours becomes the nearer one, or in the middle the even one: rounding is monotone.
#[track_caller]
fn check_rounding(widen: fn(u16) -> f32, round: fn(f32) -> u16, infinity: u16) {
    let next = |number: f32| f32::from_bits(number.to_bits() + 1);
    for bits in 0..infinity {
        let (low, high) = (widen(bits), widen(bits + 1));
        let step = if high.is_finite() { high - low } else { low - widen(bits - 1) };
        let (middle, even) = (low + step / 2.0, bits + bits % 2);
        let before = f32::from_bits(middle.to_bits() - 1);
        for (number, expected) in [(low, bits), (before, bits), (middle, even), (next(middle), bits + 1)] {
            assert_eq!(round(number), expected, "{number:e}");
            assert_eq!(round(-number), expected | 0x8000, "-{number:e}");
        }
    }
    assert_eq!(round(f32::INFINITY), infinity);
    assert_eq!(round(f32::MAX), infinity);
    assert_eq!(round(f32::from_bits(1)), 0);
    for bits in (infinity + 1..0x8000).flat_map(|bits| [bits, bits | 0x8000]) {
        let again = round(widen(bits));
        assert!(widen(bits).is_nan() && widen(again).is_nan() && again >> 15 == bits >> 15, "{bits:04x}");
    }
    // A payload that the upper bits do not show, and a quiet one that they do.
    assert!(widen(round(f32::from_bits(0x7f80_0001))).is_nan());
    assert_eq!(round(widen(0x7fff)), 0x7fff);
}

#[test]
fn numbers_of_two_bytes_are_rounded_to_the_nearest() {
    check_rounding(|bits| F16::from_bits(bits).to_f32(), |number| F16::from_f32(number).to_bits(), 0x7c00);
    check_rounding(|bits| Bf16::from_bits(bits).to_f32(), |number| Bf16::from_f32(number).to_bits(), 0x7f80);
    for bits in 0..=u16::MAX {
        assert_eq!(Bf16::from_bits(bits).to_f32().to_bits(), u32::from(bits) << 16);
    }
}

#[test]
fn numbers_of_two_bytes_are_elements_like_others() {
    let mut tensor = Tensor::from_vec([2], [1.5, -2.0].map(F16::from_f32).to_vec()).unwrap();
    assert_eq!(format!("{tensor:?}"), "f16[2] [1.5, -2.0]");
    assert_eq!(F16::slice_to_bits(tensor.as_slice().unwrap()), [0x3e00, 0xc000]);
    F16::slice_to_bits_mut(tensor.get_mut().unwrap())[1] = 0x7c00;
    assert!(!tensor.is_finite() && tensor.bytes().len() == 4);
    assert_eq!(Tensor::scalar(Bf16::from_f32(0.5)).to_f64().unwrap(), 0.5);
    assert!(tensor.as_slice::<Bf16>().is_err() && tensor.get_mut::<Bf16>().is_none());
    let nan = Bf16::from_f32(f32::NAN);
    assert!(nan != nan && Bf16::from_bits(0x8000) == Bf16::default());
    assert_eq!(DType::from_name("bf16"), Some(DType::Bf16));
    assert_eq!([DType::F16, DType::F64, DType::I32].map(DType::arithmetic), [DType::F32, DType::F64, DType::I32]);
}

#[test]
fn floats_become_numbers_of_two_bytes_if_they_fit() {
    let rules = CopyRules { allow_retyped: true, ..CopyRules::default() };
    let source = Snapshot::from_iter([("w", Tensor::from_vec([2], vec![1.0f32 / 3.0, 65504.0]).unwrap())]);
    let zeros = |dtype| Snapshot::from_iter([("w", Tensor::zeros(dtype, [2]).unwrap())]);
    let copied = |source: &Snapshot, dtype| {
        let mut target = zeros(dtype);
        copy(source, &mut target, &rules).map(|_| target)
    };
    let half = copied(&source, DType::F16).unwrap();
    assert_eq!(F16::slice_to_bits(half.read("w").unwrap().as_slice().unwrap()), [0x3555, 0x7bff]);
    let single = copied(&half, DType::F32).unwrap();
    assert_eq!(single.read("w").unwrap().as_slice::<f32>().unwrap(), [0.333_251_95, 65504.0]);
    assert_eq!(copied(&half, DType::Bf16).unwrap().read("w").unwrap().as_slice::<Bf16>().unwrap()[0].to_bits(), 0x3eab);
    let large = Snapshot::from_iter([("w", Tensor::from_vec([2], vec![0.0f64, 65520.0]).unwrap())]);
    assert_eq!(copied(&large, DType::F16).unwrap_err().to_string(), "w: 65520.0 exceeds f16");
    assert!(copy(&source, &mut zeros(DType::Bf16), &CopyRules::default()).is_err());
}

#[test]
fn stored_bytes_that_are_no_elements_are_refused() {
    let file: Shared = Arc::new([255u8; 8]);
    let read = |stored: Encoding, range| stored.tensor(ByteOrder::Little, [1], &file, range).unwrap_err().kind();
    assert_eq!(read(Encoding::Bool, 0..1), ErrorKind::DataLoss);
    assert_eq!(read(Encoding::F32, 0..3), ErrorKind::DataLoss);
    assert_eq!(read(Encoding::F32, 6..10), ErrorKind::DataLoss);
    assert_eq!(read(Encoding::U64, 0..8), ErrorKind::FailedPrecondition);
}
