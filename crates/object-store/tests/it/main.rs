//! The storage through its public API, over memory and over a store that fails.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod claims;
mod faults;
mod store;

use std::sync::Arc;

use everstep_checkpoint::{Keep, Native, Options, Saver, Storage, Writing};
use everstep_object_store::{
    ObjectStorage,
    object_store::{ObjectStore, memory::InMemory},
};
use everstep_tensor::{Result, Save, Saving, Snapshot, Tensor};

/// Four tensors of 24 bytes, in every element of which is `value`.
fn model(value: u64) -> Snapshot {
    let tensor = || Tensor::from_vec([3], vec![value as i64; 3]).unwrap();
    ["a", "b", "c", "d"].into_iter().map(|name| (name, tensor())).collect()
}

/// Saves on the caller's thread, in shards of 64 bytes.
fn saver(store: &Arc<dyn ObjectStore>) -> Saver {
    let format = Arc::new(Native { shard_bytes: 64 });
    let options = Options { keep: Keep::Last(2), format, writing: Writing::Blocking, ..Default::default() };
    Saver::on(Arc::new(storage(store)), options)
}

fn storage(store: &Arc<dyn ObjectStore>) -> ObjectStorage {
    ObjectStorage::new(store.clone(), "runs/7").unwrap()
}

fn save(saver: &Saver, step: u64) -> Result<()> {
    let metrics = [("loss/eval".to_owned(), 1.0 / step as f64)];
    saver.save(&Saving { step, variables: &model(step), metrics: &metrics, pinned: false })
}

fn names(store: &Arc<dyn ObjectStore>) -> Vec<String> {
    let mut names: Vec<String> = storage(store).list().unwrap().into_iter().map(|file| file.name).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_saver_over_a_store_keeps_the_law_of_savers() {
    let variables = Snapshot::from_iter([("weight", Tensor::scalar(0.5f32))]);
    let options = Options { keep: Keep::All, ..Default::default() };
    let storage = ObjectStorage::new(Arc::new(InMemory::new()), "").unwrap();
    everstep_testkit::laws::saver_keeps_the_newest(&Saver::on(Arc::new(storage), options), &variables);
}

#[test]
fn surplus_goes_and_what_stays_is_told() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let saver = saver(&store);
    (1..=4).for_each(|step| save(&saver, step).unwrap());
    let kept = saver.list().unwrap();
    let told: Vec<_> =
        kept.iter().map(|kept| (kept.step, kept.metrics["loss/eval"], kept.saved_at.is_some())).collect();
    assert_eq!(told, [(3, 1.0 / 3.0, true), (4, 0.25, true)]);
    assert!(kept[0].location.ends_with("runs/7/checkpoint-3.everstep"), "{}", kept[0].location);
    drop(saver);
    let names = names(&store);
    assert!(
        names
            .iter()
            .all(|name| name == "checkpoint" || name.starts_with("checkpoint-3.") || name.starts_with("checkpoint-4."))
    );
    // The state file, and for each: the main object, four shards and the metric.
    assert_eq!(names.len(), 1 + 2 * 6, "{names:?}");
}

#[test]
fn a_large_object_is_uploaded_in_parts_and_read_in_blocks() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let element = |index: usize| (index as i32).wrapping_mul(0x9E37_79B9_u32 as i32);
    let values: Vec<i32> = (0..10 << 20).map(element).collect();
    let large = Snapshot::from_iter([("large", Tensor::from_vec([10, 1 << 20], values).unwrap())]);
    let saver = Saver::on(Arc::new(storage(&store)), Options::default());
    saver.save(&Saving { step: 1, variables: &large, metrics: &[], pinned: false }).unwrap();
    saver.finish().unwrap();
    let opened = saver.open(everstep_tensor::Which::Newest).unwrap().unwrap();
    assert!(Snapshot::of(&*opened.variables).unwrap().bit_eq(&large));
}

#[test]
fn an_address_names_a_place() {
    let place = ObjectStorage::at("memory:///runs/7").unwrap();
    assert!(place.location("note").ends_with("runs/7/note"), "{}", place.location("note"));
    for address in ["nowhere", "ftp://host/runs", "s3://bucket/runs"] {
        let error = ObjectStorage::at(address).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{address} is no place for checkpoints")), "{error}");
    }
    assert!(ObjectStorage::new(Arc::new(InMemory::new()), "runs/../7").is_err());
}
