//! Only the saver: of a snapshot that is filled by hand, and of a store of one's own.

use std::collections::BTreeMap;

use everstep_checkpoint::{Options, Saver};
use everstep_tensor::{
    CopyRules, DType, Error, ErrorKind, Result, Save, Saving, Snapshot, Spec, Tensor, Variables, VariablesMut, Which,
    copy,
};

#[test]
fn a_snapshot_is_saved_and_opened() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let saver = Saver::new(directory.path(), Options::default());
    let model = Snapshot::from_iter([("weights", Tensor::from_vec([2, 1], vec![0.5f32, -0.5])?)]);
    saver.save(&Saving { step: 100, variables: &model, metrics: &[], pinned: false })?;
    saver.finish()?;

    let checkpoint = saver.open(Which::Newest)?.expect("one was saved");
    assert_eq!(checkpoint.step, 100);
    assert!(Snapshot::of(&*checkpoint.variables)?.bit_eq(&model));
    Ok(())
}

/// A store that has nothing of Everstep in it.
#[derive(Default)]
struct Store(BTreeMap<String, Vec<f64>>);

impl Variables for Store {
    fn specs(&self) -> Vec<Spec> {
        let spec = |(name, values): (&String, &Vec<f64>)| Spec {
            name: name.clone(),
            dtype: DType::F64,
            shape: [values.len()].into(),
        };
        self.0.iter().map(spec).collect()
    }
    fn read(&self, name: &str) -> Result<Tensor> {
        let values = self.0.get(name).ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no variable {name}")))?;
        Tensor::from_vec([values.len()], values.clone())
    }
}

impl VariablesMut for Store {
    fn assign(&mut self, name: &str, value: Tensor) -> Result<()> {
        self.read(name)?.spec(name).check(&value)?;
        self.0.insert(name.into(), value.as_slice()?.to_vec());
        Ok(())
    }
}

#[test]
fn a_store_of_ones_own_is_saved_and_restored() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let saver = Saver::new(directory.path(), Options::default());
    let mut store = Store([("a".into(), vec![1.0, 2.0]), ("b".into(), vec![3.0])].into());
    saver.save(&Saving { step: 7, variables: &store, metrics: &[], pinned: false })?;

    store.0.insert("a".into(), vec![0.0, 0.0]);
    let checkpoint = saver.open(Which::Step(7))?.expect("it was saved");
    copy(&*checkpoint.variables, &mut store, &CopyRules::default())?;
    assert_eq!(store.0["a"], [1.0, 2.0]);
    Ok(())
}
