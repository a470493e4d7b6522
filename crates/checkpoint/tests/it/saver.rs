//! The saver: what it keeps, what it deletes, what it opens, and what it says.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use everstep_checkpoint::{Contents, Draft, Files, Format, Keep, Native, Options, Overlap, Saver, Writing};
use everstep_tensor::{DType, ErrorKind, Result, Save, Saving, Snapshot, Tensor, Variables, VariablesMut, Which};
use tempfile::{TempDir, tempdir};

use crate::{formats::Text, logged};

fn model(value: f32) -> Snapshot {
    [("weight", Tensor::scalar(value))].into_iter().collect()
}

/// A saver that blocks, and keeps this many.
fn saver(directory: &TempDir, keep: usize) -> Saver {
    Saver::new(directory.path(), Options { keep: Keep::Last(keep), writing: Writing::Blocking, ..Default::default() })
}

fn save(saver: &Saver, step: u64) -> Result<()> {
    saver.save(&Saving { step, variables: &model(step as f32), metrics: &[], pinned: false })
}

fn path_of(directory: &TempDir, step: u64) -> PathBuf {
    directory.path().join(format!("checkpoint-{step}.everstep"))
}

/// The names in the directory, sorted, without those of the lock and the state.
#[track_caller]
fn check_names(directory: &Path, expected: &[&str]) {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| ![".checkpoint.lock", "checkpoint"].contains(&&**name));
    names.sort();
    assert_eq!(names, expected);
}

/// The step that opens, whose weight is the step.
#[track_caller]
fn check_opens(saver: &Saver, which: Which, expected: Option<u64>) {
    let opened = saver.open(which).unwrap();
    let weight = opened.as_ref().map(|checkpoint| checkpoint.variables.read("weight").unwrap().item::<f32>().unwrap());
    assert_eq!(opened.map(|checkpoint| checkpoint.step), expected);
    assert_eq!(weight, expected.map(|step| step as f32));
}

/// Flips a bit of the first element.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[64] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_was_saved_opens() {
    let directory = tempdir().unwrap();
    let saver = Saver::new(directory.path().join("a/b"), Options::default());
    check_opens(&saver, Which::Newest, None);
    check_names(directory.path(), &[]);
    for step in [9, 10, 11] {
        save(&saver, step).unwrap();
    }
    check_opens(&saver, Which::Newest, Some(11));
    check_opens(&saver, Which::Step(9), Some(9));
    check_opens(&saver, Which::Step(8), None);
    check_opens(&saver, Which::NewestBefore(11), Some(10));
    check_opens(&saver, Which::NewestBefore(9), None);
    check_names(
        &directory.path().join("a/b"),
        &["checkpoint-10.everstep", "checkpoint-11.everstep", "checkpoint-9.everstep"],
    );
    let path = directory.path().join("a/b/checkpoint-11.everstep").display().to_string();
    assert_eq!((saver.open(Which::Newest).unwrap().unwrap().location, saver.location(11)), (path.clone(), path));
}

#[test]
fn a_background_save_holds_the_values_of_its_moment() {
    let directory = tempdir().unwrap();
    let saver = Saver::new(directory.path(), Options::default());
    let mut model: Snapshot =
        (0..20).map(|index| (format!("v{index:02}"), Tensor::zeros(DType::F32, [1000]).unwrap())).collect();
    let saved = model.clone();
    saver.save(&Saving { step: 1, variables: &model, metrics: &[], pinned: false }).unwrap();
    for (name, _) in saved.iter() {
        model.assign(name, Tensor::from_vec([1000], vec![1.0f32; 1000]).unwrap()).unwrap();
    }
    let opened = saver.open(Which::Newest).unwrap().unwrap();
    assert!(Snapshot::of(&*opened.variables).unwrap().bit_eq(&saved));
}

#[test]
fn the_last_few_are_kept_by_number() {
    let directory = tempdir().unwrap();
    let all = Saver::new(directory.path(), Options { keep: Keep::All, ..Default::default() });
    (0..=10).for_each(|step| save(&all, step).unwrap());
    all.finish().unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 11 + 2);
    drop(all);
    save(&saver(&directory, 2), 11).unwrap();
    check_names(directory.path(), &["checkpoint-10.everstep", "checkpoint-11.everstep"]);
}

#[test]
fn a_pinned_one_is_never_deleted_and_not_counted() {
    let directory = tempdir().unwrap();
    let saver = saver(&directory, 1);
    saver.save(&Saving { step: 1, variables: &model(1.0), metrics: &[], pinned: true }).unwrap();
    save(&saver, 2).unwrap();
    save(&saver, 3).unwrap();
    check_names(directory.path(), &["checkpoint-1.everstep", "checkpoint-1.pinned", "checkpoint-3.everstep"]);
}

#[test]
fn the_same_step_is_replaced() {
    let directory = tempdir().unwrap();
    let saver = saver(&directory, 5);
    save(&saver, 4).unwrap();
    saver.save(&Saving { step: 4, variables: &model(0.5), metrics: &[], pinned: false }).unwrap();
    let weight = saver.open(Which::Newest).unwrap().unwrap().variables.read("weight").unwrap();
    assert_eq!(weight.item::<f32>().unwrap(), 0.5);
    check_names(directory.path(), &["checkpoint-4-2.everstep"]);
}

#[test]
fn names_that_the_saver_does_not_give_are_left_alone() {
    let directory = tempdir().unwrap();
    let foreign =
        ["checkpoint-007.everstep", "checkpoint-9.everstep.tmp", "checkpoint-9.text", "checkpoint-x.everstep", "notes"];
    foreign.iter().for_each(|name| fs::write(directory.path().join(name), "").unwrap());
    let saver = saver(&directory, 1);
    check_opens(&saver, Which::Newest, None);
    save(&saver, 1).unwrap();
    check_names(
        directory.path(),
        &[foreign[0], "checkpoint-1.everstep", foreign[1], foreign[2], foreign[3], foreign[4]],
    );
}

#[test]
fn a_damaged_one_is_passed_over_with_a_warning() {
    logged::start();
    let directory = tempdir().unwrap();
    let saver = saver(&directory, 5);
    (1..=4).for_each(|step| save(&saver, step).unwrap());
    damage(&path_of(&directory, 4));
    fs::write(path_of(&directory, 3), "EVERSTEP").unwrap();
    check_opens(&saver, Which::Newest, Some(2));
    let lines = logged::about(directory.path());
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with(
        "WARN passed over the checkpoint of step 4: DIR/checkpoint-4.everstep: tensor weight: the checksum"
    ));
    let short = "the file has 8 bytes, the shortest has 76";
    assert_eq!(lines[1], format!("WARN passed over the checkpoint of step 3: DIR/checkpoint-3.everstep: {short}"));
    assert_eq!(saver.open(Which::Step(4)).unwrap_err().kind(), ErrorKind::DataLoss);
    check_opens(&saver, Which::NewestBefore(4), Some(2));
}

#[test]
fn if_none_restores_nothing_starts_anew() {
    let directory = tempdir().unwrap();
    let saver = saver(&directory, 5);
    [1, 2].into_iter().for_each(|step| fs::write(path_of(&directory, step), "").unwrap());
    let error = saver.open(Which::Newest).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    let fault = |step| format!("DIR/checkpoint-{step}.everstep: the file has 0 bytes, the shortest has 76");
    let remedy = "bring back a copy that does, or remove them to start anew";
    assert_eq!(
        error.to_string().replace(&directory.path().display().to_string(), "DIR"),
        format!("no checkpoint in DIR restores: {}; {}; {remedy}", fault(2), fault(1))
    );
}

#[test]
fn a_renamed_file_is_not_another_step() {
    let directory = tempdir().unwrap();
    let saver = saver(&directory, 5);
    save(&saver, 7).unwrap();
    fs::rename(path_of(&directory, 7), path_of(&directory, 9)).unwrap();
    let message = saver.open(Which::Newest).unwrap_err().to_string();
    assert!(message.contains("checkpoint-9.everstep holds step 7; give it its name back"), "{message}");
}

#[test]
fn a_file_of_a_newer_version_is_not_passed_over() {
    let directory = tempdir().unwrap();
    let saver = saver(&directory, 5);
    (1..=2).for_each(|step| save(&saver, step).unwrap());
    let mut bytes = [&b"EVERSTEP"[..], &[2, 0, 0, 0], &[0; 52], &[0; 8]].concat();
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    fs::write(path_of(&directory, 2), bytes).unwrap();
    assert_eq!(saver.open(Which::Newest).unwrap_err().kind(), ErrorKind::FailedPrecondition);
    check_opens(&saver, Which::NewestBefore(2), Some(1));
}

#[test]
fn damaged_files_of_later_steps_displace_nothing() {
    let directory = tempdir().unwrap();
    let before = saver(&directory, 5);
    [10, 20, 30].into_iter().for_each(|step| save(&before, step).unwrap());
    [20, 30].into_iter().for_each(|step| damage(&path_of(&directory, step)));
    drop(before);
    let resumed = saver(&directory, 2);
    check_opens(&resumed, Which::Newest, Some(10));
    (15..=17).for_each(|step| save(&resumed, step).unwrap());
    let names =
        ["checkpoint-16.everstep", "checkpoint-17.everstep", "checkpoint-20.everstep", "checkpoint-30.everstep"];
    check_names(directory.path(), &names);
    check_opens(&saver(&directory, 2), Which::Newest, Some(17));
    save(&resumed, 20).unwrap();
    check_opens(&resumed, Which::Newest, Some(20));
    check_names(directory.path(), &["checkpoint-17.everstep", "checkpoint-20-2.everstep", "checkpoint-30.everstep"]);
}

#[test]
fn the_one_just_written_stays_whatever_is_newer() {
    let directory = tempdir().unwrap();
    let saver = saver(&directory, 1);
    save(&saver, 30).unwrap();
    save(&saver, 15).unwrap();
    check_names(directory.path(), &["checkpoint-15.everstep", "checkpoint-30.everstep"]);
    check_opens(&saver, Which::Step(15), Some(15));
}

#[test]
fn what_dead_writers_left_is_removed() {
    let directory = tempdir().unwrap();
    let left = [".checkpoint-8.everstep.tmp-1", "checkpoint-8.pinned"];
    left.iter().for_each(|name| fs::write(directory.path().join(name), "half a check").unwrap());
    let saver = saver(&directory, 5);
    check_opens(&saver, Which::Newest, None);
    check_names(directory.path(), &left);
    saver.claim().unwrap();
    check_names(directory.path(), &[]);
}

#[test]
fn a_second_saver_is_refused_and_told_by_whom() {
    let directory = tempdir().unwrap();
    let first = saver(&directory, 5);
    save(&first, 1).unwrap();
    let second = saver(&directory, 5);
    check_opens(&second, Which::Newest, Some(1));
    let error = save(&second, 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    let holder = format!("DIR is saved to by process {} on ", std::process::id());
    let message = error.to_string().replace(&directory.path().display().to_string(), "DIR");
    assert!(message.starts_with(&holder) && message.ends_with("; end that, or choose another directory"), "{message}");
    drop(first);
    save(&second, 2).unwrap();
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_with_a_remedy() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let saver = Saver::new(file.join("run"), Options::default());
    save(&saver, 1).unwrap();
    let error = saver.finish().unwrap_err();
    let message = error.to_string();
    let path = file.join("run").display().to_string();
    assert!(message.starts_with(&format!("cannot create the checkpoint directory {path}: ")), "{message}");
    assert!(message.ends_with("; check permissions or choose another directory"), "{message}");
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    saver.finish().unwrap();
    let error = Saver::new(file, Options::default()).open(Which::Newest).unwrap_err();
    assert!(error.to_string().starts_with("cannot read the checkpoint directory "), "{error}");
}

/// The native format on a disk that is full, or under a bug, at some steps.
#[derive(Debug)]
struct Failing;

impl Format for Failing {
    fn extension(&self) -> &str {
        "everstep"
    }
    fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()> {
        match contents.step % 10 {
            2 => {
                draft.main()?.write_all(b"EVERSTEP")?;
                Err(io::Error::from(io::ErrorKind::StorageFull).into())
            }
            3 => panic!("a bug in a format"),
            _ => Native::default().write(contents, draft),
        }
    }
    fn open(&self, files: &Files) -> Result<Contents> {
        Native::default().open(files)
    }
}

#[test]
fn the_error_of_a_background_save_is_told_by_the_next() {
    logged::start();
    let directory = tempdir().unwrap();
    let saver = Saver::new(directory.path(), Options { format: Arc::new(Failing), ..Default::default() });
    save(&saver, 1).unwrap();
    save(&saver, 2).unwrap();
    check_opens(&saver, Which::Newest, Some(1));
    let error = save(&saver, 4).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    assert!(error.to_string().ends_with("; free some space or choose another directory"), "{error}");
    saver.finish().unwrap();
    check_names(directory.path(), &["checkpoint-1.everstep", "checkpoint-4.everstep"]);
    save(&saver, 12).unwrap();
    drop(saver);
    let lines = logged::about(directory.path());
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("ERROR cannot save DIR/checkpoint-12.everstep: "), "{lines:?}");
}

#[test]
fn a_panic_of_a_format_is_an_error() {
    let directory = tempdir().unwrap();
    let saver = Saver::new(directory.path(), Options { format: Arc::new(Failing), ..Default::default() });
    save(&saver, 3).unwrap();
    assert_eq!(saver.finish().unwrap_err().kind(), ErrorKind::Internal);
    save(&saver, 4).unwrap();
    check_opens(&saver, Which::Newest, Some(4));
}

#[test]
fn another_format_keeps_all_else() {
    let directory = tempdir().unwrap();
    let saver =
        Saver::new(directory.path(), Options { format: Arc::new(Text), keep: Keep::Last(1), ..Default::default() });
    save(&saver, 1).unwrap();
    save(&saver, 2).unwrap();
    check_opens(&saver, Which::Newest, Some(2));
    check_names(directory.path(), &["checkpoint-2.text"]);
    fs::write(directory.path().join("checkpoint-2.text"), "two").unwrap();
    assert_eq!(saver.open(Which::Newest).unwrap_err().kind(), ErrorKind::DataLoss);
}

#[test]
fn another_instruction_set_is_said() {
    logged::start();
    let directory = tempdir().unwrap();
    save(&saver(&directory, 5), 1).unwrap();
    let elsewhere = Options { instruction_set: "elsewhere".into(), ..Default::default() };
    check_opens(&Saver::new(directory.path(), elsewhere), Which::Newest, Some(1));
    let lines = logged::about(directory.path());
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with(", this is elsewhere: a resume may differ in the last bits"), "{lines:?}");
}

#[test]
fn the_law_of_savers_holds_in_the_background_and_not() {
    for writing in [Writing::Background(Overlap::Wait), Writing::Blocking] {
        let directory = tempfile::tempdir().unwrap();
        let saver = Saver::new(directory.path(), Options { writing, ..Options::default() });
        let set = Snapshot::from_iter([("weight", Tensor::scalar(f32::NAN)), ("bias", Tensor::scalar(-0.0f64))]);
        everstep_testkit::laws::saver_keeps_the_newest(&saver, &set);
        let opened = saver.open(Which::Newest).unwrap().unwrap();
        everstep_testkit::laws::specs_are_sorted_and_stable(&*opened.variables);
    }
}
