//! Saves in the background: what waits, what is left out, what is told.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, SyncSender, sync_channel},
};

use everstep_checkpoint::{
    Contents, Draft, Files, Format, Keep, Native, Options, Overlap, SaveReport, Saved, Saver, Writing,
};
use everstep_tensor::{ErrorKind, Result, Save, Saving, Snapshot, Tensor, Which};
use everstep_testkit::Disk;

/// The native format, which begins to write when it is let.
#[derive(Debug)]
struct Gated {
    began: SyncSender<u64>,
    let_go: Mutex<Receiver<()>>,
}

impl Format for Gated {
    fn extension(&self) -> &str {
        "everstep"
    }
    fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()> {
        self.began.send(contents.step).unwrap();
        self.let_go.lock().unwrap().recv().unwrap();
        Native::default().write(contents, draft)
    }
    fn open(&self, files: &Files) -> Result<Contents> {
        Native::default().open(files)
    }
}

/// A saver, what begins to be written, and what lets it.
fn gated(overlap: Overlap) -> (Saver, Receiver<u64>, SyncSender<()>) {
    let ((began, begins), (lets, let_go)) = (sync_channel(100), sync_channel(100));
    let format = Arc::new(Gated { began, let_go: Mutex::new(let_go) });
    let options = Options { format, keep: Keep::All, writing: Writing::Background(overlap), ..Default::default() };
    (Saver::on(Arc::new(Disk::new()), options), begins, lets)
}

fn save(saver: &Saver, step: u64, pinned: bool) {
    let model = Snapshot::from_iter([("step", Tensor::scalar(step as i64))]);
    saver.save(&Saving { step, variables: &model, metrics: &[], pinned }).unwrap();
}

fn outcomes(reports: &[SaveReport]) -> Vec<(u64, Saved)> {
    reports.iter().map(|report| (report.step, report.saved.clone())).collect()
}

fn steps(saver: &Saver) -> Vec<u64> {
    saver.list().unwrap().iter().map(|kept| kept.step).collect()
}

#[test]
fn a_save_that_comes_too_soon_waits() {
    let (saver, begins, lets) = gated(Overlap::Wait);
    std::thread::scope(|scope| {
        scope.spawn(|| (1..=3).for_each(|step| save(&saver, step, false)));
        for step in 1..=3 {
            assert_eq!(begins.recv().unwrap(), step);
            assert!(begins.try_recv().is_err(), "two at once");
            lets.send(()).unwrap();
        }
    });
    saver.finish().unwrap();
    assert_eq!(steps(&saver), [1, 2, 3]);
    let reports = saver.take_reports();
    assert_eq!(outcomes(&reports), [1, 2, 3].map(|step| (step, Saved::Written)));
    assert!(reports.iter().all(|report| report.bytes > 76 && !report.duration.is_zero()), "{reports:?}");
    assert!(saver.take_reports().is_empty());
}

#[test]
fn a_save_that_comes_too_soon_is_left_out() {
    let (saver, begins, lets) = gated(Overlap::Skip);
    save(&saver, 1, false);
    assert_eq!(begins.recv().unwrap(), 1);
    save(&saver, 2, false);
    lets.send(()).unwrap();
    saver.finish().unwrap();
    lets.send(()).unwrap();
    save(&saver, 3, false);
    // One that is pinned waits.
    lets.send(()).unwrap();
    save(&saver, 4, true);
    saver.finish().unwrap();
    assert_eq!(steps(&saver), [1, 3, 4]);
    let expected = [(2, Saved::Skipped), (1, Saved::Written), (3, Saved::Written), (4, Saved::Written)];
    assert_eq!(outcomes(&saver.take_reports()), expected);
}

#[test]
fn a_save_that_waits_is_replaced_and_the_last_is_awaited() {
    let (saver, begins, lets) = gated(Overlap::Replace);
    save(&saver, 1, false);
    assert_eq!(begins.recv().unwrap(), 1);
    (2..=4).for_each(|step| save(&saver, step, false));
    (0..2).for_each(|_| lets.send(()).unwrap());
    saver.finish().unwrap();
    assert_eq!(steps(&saver), [1, 4]);
    let expected = [(2, Saved::Replaced), (3, Saved::Replaced), (1, Saved::Written), (4, Saved::Written)];
    assert_eq!(outcomes(&saver.take_reports()), expected);
}

#[test]
fn the_configuration_is_kept_and_another_is_said() {
    crate::logged::start();
    let directory = tempfile::tempdir().unwrap();
    let saver = |config: &str| {
        let options = Options { config: config.into(), writing: Writing::Blocking, ..Default::default() };
        Saver::new(directory.path(), options)
    };
    save(&saver("rate = 0.1"), 1, false);
    let files = Files::at(directory.path().join("checkpoint-1.everstep")).unwrap();
    let manifest = Native::default().describe(&files).unwrap().manifest;
    let hash = "d473";
    assert_eq!((&*manifest["config"], &manifest["config_sha256"][..4]), ("rate = 0.1", hash));
    saver("rate = 0.1").open(Which::Newest).unwrap();
    assert!(crate::logged::about(directory.path()).is_empty());
    saver("rate = 0.2").open(Which::Newest).unwrap();
    let lines = crate::logged::about(directory.path());
    assert!(lines[0].contains("was saved under another configuration: its SHA-256 is "), "{lines:?}");
}

#[test]
fn a_format_that_writes_no_main_file_is_told_so() {
    #[derive(Debug)]
    struct Nothing;
    impl Format for Nothing {
        fn extension(&self) -> &str {
            "nothing"
        }
        fn write(&self, _: &Contents, _: &mut Draft) -> Result<()> {
            Ok(())
        }
        fn open(&self, _: &Files) -> Result<Contents> {
            Ok(Contents::default())
        }
    }
    let options = Options { format: Arc::new(Nothing), writing: Writing::Blocking, ..Default::default() };
    let saver = Saver::on(Arc::new(Disk::new()), options);
    let error = saver.save(&Saving { step: 1, variables: &Snapshot::new(), metrics: &[], pinned: false }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
}
