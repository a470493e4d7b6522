//! The laws of a format, on the native one and on the smallest.

use std::{fs, str::FromStr};

use everstep_checkpoint::{Contents, Draft, Files, Format, Native, read, write};
use everstep_tensor::{DType, Error, ErrorKind, Result, Snapshot, Tensor};
use proptest::{collection, prelude::*, sample};

/// Lines of numbers: the step; name and text of each note; name, dtype, shape and bytes of each tensor.
#[derive(Debug)]
pub(crate) struct Text;

impl Format for Text {
    fn extension(&self) -> &str {
        "text"
    }
    fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()> {
        let into = draft.main()?;
        writeln!(into, "{}", contents.step)?;
        for (name, text) in &contents.manifest {
            writeln!(into, "note\t{}\t{}", list(name.bytes()), list(text.bytes()))?;
        }
        for (name, tensor) in contents.variables.iter() {
            let (name, shape, bytes) = (list(name.bytes()), list(tensor.shape()), list(tensor.bytes()));
            writeln!(into, "{name}\t{}\t{shape}\t{bytes}", tensor.dtype())?;
        }
        Ok(())
    }
    fn open(&self, files: &Files) -> Result<Contents> {
        let file = files.main()?;
        let mut bytes = vec![0; file.length() as usize];
        file.read_at(0, &mut bytes)?;
        let text = String::from_utf8(bytes).ok();
        text.and_then(|text| parse(&text)).ok_or_else(|| Error::new(ErrorKind::DataLoss, "it is no checkpoint in text"))
    }
}

fn list<T: ToString>(numbers: impl IntoIterator<Item = T>) -> String {
    numbers.into_iter().map(|number| number.to_string()).collect::<Vec<_>>().join(",")
}

fn numbers<T: FromStr>(list: &str) -> Option<Vec<T>> {
    list.split_terminator(',').map(|number| number.parse().ok()).collect()
}

fn parse(text: &str) -> Option<Contents> {
    let mut lines = text.lines();
    let mut contents = Contents { step: lines.next()?.parse().ok()?, ..Default::default() };
    for line in lines {
        if let Some((name, text)) = line.strip_prefix("note\t").and_then(|line| line.split_once('\t')) {
            let (name, text) = (String::from_utf8(numbers(name)?).ok()?, String::from_utf8(numbers(text)?).ok()?);
            contents.manifest.insert(name, text);
            continue;
        }
        let [name, dtype, shape, bytes] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let (dtype, shape, bytes) = (DType::from_name(dtype)?, numbers::<usize>(shape)?, numbers(bytes)?);
        if shape.iter().try_fold(dtype.size(), |size, axis| size.checked_mul(*axis))? != bytes.len() {
            return None;
        }
        let tensor = Tensor::from_bytes(dtype, shape, &bytes).ok()?;
        contents.variables.insert(String::from_utf8(numbers(name)?).ok()?, tensor);
    }
    Some(contents)
}

/// The bytes of the main file.
pub(crate) fn written(format: &dyn Format, contents: &Contents) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    write(&Files::at(&path).unwrap(), format, contents).unwrap();
    fs::read(&path).unwrap()
}

/// What the format reads from a main file of these bytes.
pub(crate) fn opened(format: &dyn Format, bytes: &[u8]) -> Result<Contents> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, bytes).unwrap();
    read(&Files::at(path).unwrap(), format)
}

#[track_caller]
fn check_round_trip(format: &dyn Format, contents: &Contents) {
    let bytes = written(format, contents);
    let opened = opened(format, &bytes).unwrap();
    assert_eq!(opened.description(), contents.description());
    assert!(opened.variables.bit_eq(&contents.variables));
    assert_eq!(written(format, &opened), bytes);
}

/// A tensor of any dtype and of rank 0 to 7, its elements these bytes over and over.
fn tensor(dtype: DType, shape: Vec<usize>, pattern: &[u8]) -> Tensor {
    let length = shape.iter().product::<usize>() * dtype.size();
    let mut bytes: Vec<u8> = pattern.iter().copied().cycle().take(length).collect();
    if dtype == DType::Bool {
        bytes.iter_mut().for_each(|byte| *byte &= 1);
    }
    Tensor::from_bytes(dtype, shape, &bytes).unwrap()
}

fn contents() -> impl Strategy<Value = Contents> {
    let shape = collection::vec(0..4usize, 0..=7);
    let tensor = (sample::select(&DType::ALL), shape, collection::vec(any::<u8>(), 1..64))
        .prop_map(|(dtype, shape, pattern)| tensor(dtype, shape, &pattern));
    let tensors = collection::btree_map(".{0,12}", tensor, 0..6);
    let manifest = collection::btree_map(".{0,8}", ".{0,8}", 0..3);
    (any::<u64>(), manifest, tensors).prop_map(|(step, manifest, tensors)| Contents {
        step,
        manifest,
        variables: Snapshot::from_iter(tensors),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_was_written_is_opened(contents in contents()) {
        check_round_trip(&Native::default(), &contents);
        check_round_trip(&Text, &contents);
    }

    #[test]
    fn garbage_is_an_error(bytes in collection::vec(any::<u8>(), 0..256), lines in "[0-9]{1,3}\n((note|[0-9,]{0,9}|f32|u8)[\t\n]){0,20}") {
        check_damaged(&bytes);
        check_damaged(&[&b"EVERSTEP\x01\0\0\0"[..], &[0; 52], &bytes[..]].concat());
        if let Ok(contents) = opened(&Text, lines.as_bytes()) {
            check_round_trip(&Text, &contents);
        }
    }
}

#[track_caller]
fn check_damaged(bytes: &[u8]) {
    assert_eq!(opened(&Native::default(), bytes).unwrap_err().kind(), ErrorKind::DataLoss);
}

#[test]
fn the_bits_of_numbers_that_are_not_equal_to_themselves_are_kept() {
    let doubles =
        [f64::from_bits(0x7ff0_0000_0000_0001), f64::from_bits(0xfff8_dead_beef_0001), -0.0, f64::MIN_POSITIVE];
    let singles = [f32::from_bits(0x7f80_0001), f32::from_bits(0xffc0_beef), -0.0, f32::NEG_INFINITY];
    let variables = [
        ("doubles", Tensor::from_vec([4], doubles.to_vec()).unwrap()),
        ("singles", Tensor::from_vec([2, 2], singles.to_vec()).unwrap()),
    ];
    let contents = Contents { variables: variables.into_iter().collect(), ..Default::default() };
    check_round_trip(&Native::default(), &contents);
    check_round_trip(&Text, &contents);
}
