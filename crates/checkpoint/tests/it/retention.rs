//! What stays: rules, their unions, and what is read back after a restart.

use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use everstep_checkpoint::{Better, Keep, Options, Saver, Writing};
use everstep_tensor::{ErrorKind, Save, Saving, Snapshot, Tensor, Which};
use everstep_testkit::Disk;
use proptest::{collection, prelude::*};

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1_700_000_000) };
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW.get())
}

/// A saver that has just been started.
fn saver(disk: &Disk, keep: &Keep) -> Saver {
    let options = Options { keep: keep.clone(), writing: Writing::Blocking, now, ..Default::default() };
    Saver::on(Arc::new(disk.clone()), options)
}

fn save(saver: &Saver, step: u64, metrics: &[(String, f64)]) {
    let model = Snapshot::from_iter([("step", Tensor::scalar(step as i64))]);
    saver.save(&Saving { step, variables: &model, metrics, pinned: false }).unwrap();
}

fn steps(disk: &Disk) -> Vec<u64> {
    saver(disk, &Keep::All).list().unwrap().iter().map(|kept| kept.step).collect()
}

/// Saves these steps, an hour apart, each by a process of its own, with these losses; these stay.
#[track_caller]
fn check(keep: Keep, saved: &[(u64, Option<f64>)], expected: &[u64]) {
    let disk = Disk::new();
    for (step, loss) in saved {
        let metrics: Vec<_> = loss.iter().map(|loss| ("loss".to_owned(), *loss)).collect();
        save(&saver(&disk, &keep), *step, &metrics);
        NOW.set(NOW.get() + 3600);
    }
    assert_eq!(steps(&disk), expected);
}

fn plain(steps: impl IntoIterator<Item = u64>) -> Vec<(u64, Option<f64>)> {
    steps.into_iter().map(|step| (step, None)).collect()
}

#[test]
fn the_last_few() {
    check(Keep::Last(3), &plain(1..=9), &[7, 8, 9]);
    check(Keep::All, &plain(1..=9), &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn the_newest_stays_whatever_the_rule() {
    check(Keep::Last(0), &plain(1..=3), &[3]);
    check(Keep::EverySteps(0), &plain(1..=3), &[3]);
    check(Keep::Any(vec![]), &plain(1..=3), &[3]);
    check(Keep::best("loss", 1, Better::Lower), &plain(1..=3), &[3]);
}

#[test]
fn every_so_many_steps() {
    check(Keep::EverySteps(10), &plain([0, 3, 9, 12, 15, 31, 32, 39]), &[0, 12, 31, 39]);
}

#[test]
fn every_so_many_hours() {
    check(Keep::EveryHours(3.0), &plain(0..=8), &[0, 3, 6, 8]);
    check(Keep::EveryHours(2.5), &plain(0..=8), &[0, 3, 6, 8]);
}

#[test]
fn the_best_by_a_metric() {
    let losses = [(1, Some(0.5)), (2, Some(f64::NAN)), (3, Some(0.2)), (4, Some(0.2)), (5, Some(0.9)), (6, None)];
    check(Keep::best("loss", 2, Better::Lower), &losses, &[3, 4, 6]);
    // Of equal ones the newer is better.
    check(Keep::best("loss", 1, Better::Lower), &losses, &[4, 6]);
    check(Keep::best("loss", 1, Better::Higher), &losses, &[5, 6]);
    // NaN is worse than all, and better than none.
    check(Keep::best("loss", 2, Better::Higher), &losses[..2], &[1, 2]);
    check(Keep::best("loss", 1, Better::Higher), &losses[..3], &[1, 3]);
}

#[test]
fn unions_keep_what_one_of_them_keeps() {
    let losses = [(1, Some(0.1)), (2, Some(0.9)), (10, Some(0.5)), (11, Some(0.8)), (12, Some(0.7)), (13, Some(0.6))];
    let keep = Keep::Last(2).or(Keep::EverySteps(10)).or(Keep::best("loss", 2, Better::Lower));
    check(keep, &losses, &[1, 10, 12, 13]);
}

#[test]
fn a_measure_that_comes_later_counts() {
    let disk = Disk::new();
    let keep = Keep::Last(2).or(Keep::best("eval/accuracy %", 1, Better::Higher));
    let training = saver(&disk, &keep);
    save(&training, 1, &[]);
    // An evaluation in another process.
    saver(&disk, &Keep::All).annotate(1, "eval/accuracy %", 0.9).unwrap();
    (2..=4).for_each(|step| save(&training, step, &[]));
    assert_eq!(steps(&disk), [1, 3, 4]);
    training.annotate(3, "eval/accuracy %", 0.95).unwrap();
    training.annotate(3, "eval/accuracy %", 0.99).unwrap();
    save(&training, 5, &[]);
    assert_eq!(steps(&disk), [3, 4, 5]);
    assert_eq!(training.list().unwrap()[0].metrics["eval/accuracy %"], 0.99);
    assert_eq!(training.annotate(1, "loss", 0.0).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_pinned_step_stays_pinned_when_it_is_saved_again() {
    let disk = Disk::new();
    let saver = saver(&disk, &Keep::Last(1));
    let model = Snapshot::new();
    saver.save(&Saving { step: 1, variables: &model, metrics: &[], pinned: true }).unwrap();
    (1..=3).for_each(|step| save(&saver, step, &[]));
    let kept = saver.list().unwrap();
    assert_eq!(kept.iter().map(|kept| (kept.step, kept.pinned)).collect::<Vec<_>>(), [(1, true), (3, false)]);
    assert_eq!(kept[0].location, "memory/checkpoint-1-2.everstep");
}

#[test]
fn times_survive_the_state_file_and_its_loss() {
    let disk = Disk::new();
    let first = saver(&disk, &Keep::All);
    save(&first, 1, &[]);
    let at = first.list().unwrap()[0].saved_at;
    assert_eq!(at, Some(NOW.get() as f64));
    drop(first);
    assert_eq!(saver(&disk, &Keep::All).list().unwrap()[0].saved_at, at);
    let state = String::from_utf8(disk.read("checkpoint").unwrap()).unwrap();
    let expected = format!(
        "model_checkpoint_path: \"checkpoint-1\"\nall_model_checkpoint_paths: \"checkpoint-1\"\n\
         all_model_checkpoint_timestamps: {}.0\n",
        NOW.get()
    );
    assert_eq!(state, expected);
    everstep_checkpoint::Storage::remove(&disk, "checkpoint").unwrap();
    let saver = saver(&disk, &Keep::Last(1));
    assert_eq!(saver.open(Which::Newest).unwrap().unwrap().step, 1);
    assert_eq!(saver.list().unwrap()[0].saved_at, None);
}

#[test]
fn pruning_reads_before_it_removes() {
    let disk = Disk::new();
    let all = saver(&disk, &Keep::All);
    (1..=4).for_each(|step| save(&all, step, &[]));
    drop(all);
    let mut bytes = disk.read("checkpoint-4.everstep").unwrap();
    bytes[64] ^= 1;
    let mut file = everstep_checkpoint::Storage::create(&disk, "checkpoint-4.everstep").unwrap();
    file.write_all(&bytes).unwrap();
    let one = saver(&disk, &Keep::Last(1));
    assert_eq!(one.verify(4).unwrap_err().kind(), ErrorKind::DataLoss);
    one.verify_metadata(4).unwrap();
    one.verify(3).unwrap();
    assert_eq!(one.verify(9).unwrap_err().kind(), ErrorKind::NotFound);
    let surplus: Vec<u64> = one.surplus().unwrap().iter().map(|kept| kept.step).collect();
    assert_eq!(surplus, [1, 2]);
    let removed: Vec<u64> = one.prune().unwrap().iter().map(|kept| kept.step).collect();
    assert_eq!(removed, [1, 2]);
    assert_eq!(one.open(Which::Newest).unwrap().unwrap().step, 3);
    assert_eq!(steps(&disk), [3, 4]);
}

fn keep() -> impl Strategy<Value = Keep> {
    let better = prop_oneof![Just(Better::Lower), Just(Better::Higher)];
    let rule = prop_oneof![
        Just(Keep::All),
        (0..4usize).prop_map(Keep::Last),
        (0..20u64).prop_map(Keep::EverySteps),
        (0.0..5.0f64).prop_map(Keep::EveryHours),
        (0..3usize, better).prop_map(|(count, better)| Keep::best("loss", count, better)),
    ];
    rule.prop_recursive(2, 6, 3, |inner| collection::vec(inner, 0..3).prop_map(Keep::Any))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the rules, the saves, their damage and the restarts: the newest whole one is there.
    #[test]
    fn no_rule_deletes_the_only_one_that_restores(
        keep in keep(),
        saves in collection::vec((0..40u64, any::<Option<f64>>(), any::<bool>()), 1..12),
    ) {
        let disk = Disk::new();
        for (step, loss, is_damaged) in saves {
            let training = saver(&disk, &keep);
            let metrics: Vec<_> = loss.iter().map(|loss| ("loss".to_owned(), *loss)).collect();
            save(&training, step, &metrics);
            prop_assert!(training.open(Which::Step(step)).unwrap().is_some());
            prop_assert!(training.open(Which::Newest).unwrap().is_some());
            let kept = training.list().unwrap();
            let restores = kept.iter().filter(|kept| training.verify(kept.step).is_ok()).count();
            if is_damaged && restores > 1 {
                let name = kept.iter().find(|kept| kept.step == step).unwrap().location.replace("memory/", "");
                let mut file = everstep_checkpoint::Storage::create(&disk, &name).unwrap();
                file.write_all(b"EVERSTEP").unwrap();
            }
            NOW.set(NOW.get() + 3600);
        }
    }
}
