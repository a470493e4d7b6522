//! Another checkpoint format: the saver does the names, the durability and the retention.

use std::{fs, path::Path, sync::Arc};

use everstep_checkpoint::{Contents, Draft, Files, Format, Options, Saver};
use everstep_engine::connect;
use everstep_hooks::StopAtStep;
use everstep_tensor::{DType, Error, ErrorKind, Result, Save, Saving, Snapshot, Tensor, Which};
use everstep_testkit::{generate, laws::saver_keeps_the_newest};
use everstep_train::{Scaffold, TrainOptions, train};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::regression::Regression;

/// One JSON object a file, readable by any language.
#[derive(Debug)]
struct Json;

impl Format for Json {
    fn extension(&self) -> &str {
        "json"
    }
    fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()> {
        let variable = |(name, value): (&str, &Tensor)| json!({"name": name, "dtype": value.dtype().name(), "shape": value.shape(), "bytes": value.bytes()});
        let variables: Vec<Value> = contents.variables.iter().map(variable).collect();
        let object = json!({"step": contents.step, "manifest": contents.manifest, "variables": variables});
        Ok(write!(draft.main()?, "{object}")?)
    }
    fn open(&self, files: &Files) -> Result<Contents> {
        let file = files.main()?;
        let mut bytes = vec![0; file.length() as usize];
        file.read_at(0, &mut bytes)?;
        let object: Option<Value> = serde_json::from_slice(&bytes).ok();
        object
            .and_then(|object| contents(&object))
            .ok_or_else(|| Error::new(ErrorKind::DataLoss, "it is no checkpoint in JSON"))
    }
}

fn contents(object: &Value) -> Option<Contents> {
    let note = |(name, text): (&String, &Value)| Some((name.clone(), text.as_str()?.to_owned()));
    let manifest = object["manifest"].as_object()?.iter().map(note).collect::<Option<_>>()?;
    let variables = object["variables"].as_array()?.iter().map(variable).collect::<Option<Snapshot>>()?;
    Some(Contents { step: object["step"].as_u64()?, manifest, variables })
}

fn variable(object: &Value) -> Option<(String, Tensor)> {
    let numbers = |value: &Value| value.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>();
    let shape: Vec<usize> =
        numbers(&object["shape"])?.into_iter().map(|axis| usize::try_from(axis).ok()).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        numbers(&object["bytes"])?.into_iter().map(|byte| u8::try_from(byte).ok()).collect::<Option<_>>()?;
    let dtype = DType::from_name(object["dtype"].as_str()?)?;
    // A shape that promises more than the bytes hold must not be allocated.
    let promised = shape.iter().try_fold(dtype.size(), |size, axis| size.checked_mul(*axis))?;
    let tensor = (promised == bytes.len()).then(|| Tensor::from_bytes(dtype, shape, &bytes).ok())??;
    Some((object["name"].as_str()?.to_owned(), tensor))
}

fn saver(directory: &Path) -> Saver {
    Saver::new(directory, Options { format: Arc::new(Json), ..Options::default() })
}

#[test]
fn a_training_resumes_from_files_of_another_format() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let model = Regression::new();
    for last_step in [5, 9] {
        let options = TrainOptions {
            scaffold: Scaffold { saver: Some(Arc::new(saver(directory.path()))), ..Default::default() },
            hooks: vec![Box::new(model.feed()), Box::new(StopAtStep::last_step(last_step))],
            save_summaries_steps: None,
            ..Default::default()
        };
        train(connect(model.graph.clone()), model.train_op, None, options)?.expect("steps were run");
        assert!(directory.path().join(format!("checkpoint-{last_step}.json")).is_file());
    }
    Ok(())
}

#[test]
fn a_damaged_file_is_passed_over() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let saver = saver(directory.path());
    saver_keeps_the_newest(&saver, &Snapshot::new());
    fs::write(directory.path().join("checkpoint-5.json"), "{\"step\":5,")?;
    assert_eq!(saver.open(Which::Newest)?.map(|checkpoint| checkpoint.step), Some(2));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_written_is_read_bit_for_bit(variables in generate::snapshot()) {
        let directory = tempfile::tempdir().unwrap();
        let saver = saver(directory.path());
        saver.save(&Saving { step: 1, variables: &variables, metrics: &[], pinned: false }).unwrap();
        let opened = saver.open(Which::Step(1)).unwrap().unwrap();
        prop_assert!(Snapshot::of(&*opened.variables).unwrap().bit_eq(&variables));
    }
}
