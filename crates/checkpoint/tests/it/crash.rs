//! A save cut short at every operation, in every way that a disk can lose what was not synced; and every operation failing.

use std::{io, sync::Arc};

use everstep_checkpoint::{Better, Keep, Native, Options, Saver, Storage, Writing};
use everstep_tensor::{Result, Save, Saving, Snapshot, Tensor, Which};
use everstep_testkit::{Crashes, Disk};

/// Beyond ten operations that are not durable, so many sets of them are drawn.
const SAMPLES: u64 = 100_000;

/// A directory, what is done in it, and what restores before and after.
struct Case {
    keep: Keep,
    shard_bytes: u64,
    before: fn(&Saver) -> Result<()>,
    act: fn(&Saver) -> Result<()>,
    old: Option<u64>,
    new: u64,
}

/// Four tensors of 24 bytes, in every element of which is `value`.
fn model(value: u64) -> Snapshot {
    let tensor = || Tensor::from_vec([3], vec![value as i64; 3]).unwrap();
    ["a", "b", "c", "d"].into_iter().map(|name| (name, tensor())).collect()
}

/// Saves a model of this value.
fn save(saver: &Saver, step: u64, value: u64) -> Result<()> {
    saver.save(&Saving { step, variables: &model(value), metrics: &[], pinned: false })
}

impl Case {
    fn saver(&self, disk: &Disk) -> Saver {
        let format = Arc::new(Native { shard_bytes: self.shard_bytes });
        let options = Options { keep: self.keep.clone(), format, writing: Writing::Blocking, ..Default::default() };
        Saver::on(Arc::new(disk.clone()), options)
    }

    /// A disk on which all that comes before is durable.
    fn prepared(&self) -> Disk {
        let disk = Disk::new();
        (self.before)(&self.saver(&disk)).unwrap();
        disk.settle();
        disk
    }

    /// The value of the model that restores: the old or the new one.
    #[track_caller]
    fn check(&self, disk: &Disk) -> Option<u64> {
        let opened = self.saver(disk).open(Which::Newest).unwrap();
        let variables = opened.map(|checkpoint| Snapshot::of(&*checkpoint.variables).unwrap());
        let holds = |value: &Option<u64>| match (value, &variables) {
            (Some(value), Some(variables)) => variables.bit_eq(&model(*value)),
            (value, variables) => value.is_none() && variables.is_none(),
        };
        let value = [self.old, Some(self.new)].into_iter().find(holds);
        value.unwrap_or_else(|| panic!("neither the old nor the new one: {variables:?}"))
    }

    /// The directory can be saved to again, and nothing is left of what was cut short.
    #[track_caller]
    fn check_goes_on(&self, disk: &Disk) {
        let saver = self.saver(disk);
        save(&saver, 1000, 1000).unwrap();
        let newest = saver.open(Which::Newest).unwrap().unwrap();
        assert!(Snapshot::of(&*newest.variables).unwrap().bit_eq(&model(1000)));
        drop(saver);
        self.saver(disk).claim().unwrap();
        let names: Vec<String> = disk.list().unwrap().into_iter().map(|file| file.name).collect();
        let main = |name: &str| format!("{}.everstep", name.split('.').next().unwrap());
        let debris = names.iter().find(|name| *name != "checkpoint" && !names.contains(&main(name)));
        assert_eq!(debris, None, "{names:?}");
    }

    fn crash(&self) -> Crashes {
        let disk = self.prepared();
        (self.act)(&self.saver(&disk)).unwrap();
        let (mut old, mut new) = (0, 0);
        let counts = disk.crashes(SAMPLES, |crashed| {
            let count = if self.check(crashed) == self.old { &mut old } else { &mut new };
            *count += 1;
            // A save for each of tens of thousands takes minutes, and finds no more.
            if (old + new) % 20 == 1 {
                self.check_goes_on(crashed);
            }
        });
        assert!(old > 0 && new > 0, "{old} states had the old one, {new} the new one");
        assert_eq!(self.check(&disk), Some(self.new));
        println!("{counts:?}: {old} restored the old one, {new} the new one");
        counts
    }

    /// Each operation fails once, and from some operation on all fail.
    fn fail(&self) {
        let clean = self.prepared();
        let calls = clean.calls();
        (self.act)(&self.saver(&clean)).unwrap();
        let calls = clean.calls() - calls;
        let (mut failed, mut went_on) = (0, 0);
        // No space, an error of the device, no permission.
        let errors: [fn() -> io::Error; 3] = [
            || io::ErrorKind::StorageFull.into(),
            || io::Error::other("i/o error"),
            || io::ErrorKind::PermissionDenied.into(),
        ];
        for (at, error, count) in
            (0..calls).flat_map(|at| errors.map(|error| [(at, error, 1), (at, error, 1 << 40)])).flatten()
        {
            let disk = self.prepared();
            disk.fail_after(at, count, error);
            let outcome = (self.act)(&self.saver(&disk));
            disk.recover();
            let value = self.check(&disk);
            self.check_goes_on(&disk);
            match outcome {
                Ok(()) => {
                    assert_eq!(value, Some(self.new), "operation {at}");
                    went_on += 1;
                }
                Err(error) => {
                    assert!(error.to_string().contains("memory/"), "operation {at}: {error}");
                    failed += 1;
                }
            }
        }
        println!("{calls} operations, each failing in 3 ways, once and for good: {failed} errors, {went_on} went on");
        assert!(failed > 0 && went_on > 0);
    }
}

const FIRST: Case = Case {
    keep: Keep::Last(5),
    shard_bytes: 1 << 20,
    before: |_| Ok(()),
    act: |saver| save(saver, 1, 1),
    old: None,
    new: 1,
};

/// With a metric and a pin; the one before is surplus.
const SURPLUS: Case = Case {
    keep: Keep::Last(1),
    shard_bytes: 1 << 20,
    before: |saver| save(saver, 1, 1),
    act: |saver| {
        let metrics = [("loss".to_owned(), 0.5)];
        saver.save(&Saving { step: 2, variables: &model(2), metrics: &metrics, pinned: true })
    },
    old: Some(1),
    new: 2,
};

/// The same step again, in shards.
const AGAIN: Case = Case {
    keep: Keep::Last(1),
    shard_bytes: 128,
    before: |saver| save(saver, 1, 1),
    act: |saver| save(saver, 1, 2),
    old: Some(1),
    new: 2,
};

/// Many shards: more than ten operations are not durable at a time.
const SHARDS: Case = Case {
    keep: Keep::Last(2),
    shard_bytes: 64,
    before: |saver| (1..=2).try_for_each(|step| save(saver, step, step)),
    act: |saver| {
        let metrics = ["a", "b", "c", "d", "e", "f"].map(|name| (name.to_owned(), 0.5));
        saver.save(&Saving { step: 3, variables: &model(3), metrics: &metrics, pinned: true })
    },
    old: Some(2),
    new: 3,
};

#[test]
fn a_first_save_is_there_or_not() {
    let counts = FIRST.crash();
    assert_eq!(counts.sampled, 0);
}

#[test]
fn a_save_that_removes_the_one_before_loses_neither() {
    let counts = SURPLUS.crash();
    assert!(counts.tried > 100, "{counts:?}");
}

#[test]
fn a_step_that_is_saved_again_is_never_half_of_each() {
    AGAIN.crash();
}

#[test]
fn many_shards_appear_together() {
    let counts = SHARDS.crash();
    assert!(counts.sampled > SAMPLES / 2, "{counts:?}");
}

#[test]
fn whatever_fails_nothing_is_lost() {
    [FIRST, SURPLUS, AGAIN, SHARDS].iter().for_each(Case::fail);
}

#[test]
fn a_measure_is_there_or_not() {
    let disk = Disk::new();
    let saver = || Saver::on(Arc::new(disk.clone()), Options { writing: Writing::Blocking, ..Default::default() });
    save(&saver(), 1, 1).unwrap();
    saver().annotate(1, "loss", 2.0).unwrap();
    disk.settle();
    saver().annotate(1, "loss", 1.0).unwrap();
    disk.crashes(SAMPLES, |crashed| {
        let listed = Saver::on(Arc::new(crashed.clone()), Options::default()).list().unwrap();
        assert!([1.0, 2.0].contains(&listed[0].metrics["loss"]), "{listed:?}");
    });
    let options = || Options { keep: Keep::best("loss", 1, Better::Lower), ..Default::default() };
    assert_eq!(Saver::on(Arc::new(disk.clone()), options()).list().unwrap()[0].metrics["loss"], 1.0);
}
