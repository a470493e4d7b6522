//! The program of `cargo xtask events` and `cargo xtask plot`.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use everstep_event::{Event, EventSink, Histogram, What};
use everstep_summary::EventWriter;

/// Two runs: `a` was killed after step 4 and resumed from step 2, `b` has a histogram and a NaN.
fn logdir() -> tempfile::TempDir {
    let logdir = tempfile::tempdir().unwrap();
    let write = |run: &str, events: Vec<Event>| {
        let writer = EventWriter::create(logdir.path().join(run)).unwrap();
        events.into_iter().for_each(|event| writer.emit(event).unwrap());
        writer.close().unwrap();
    };
    let loss = |step: u64, value| Event::scalar(step, "loss", value);
    write("a", (1..=4).map(|step| loss(step, step as f64)).collect());
    write("a", vec![Event::now(3, What::SessionStart), loss(3, 0.5), Event::scalar(3, "rate", 7.0)]);
    let histogram = What::histogram("weights", Histogram::of([1.0, 2.0]));
    write("b", vec![loss(1, f64::NAN), loss(2, 1.5), Event::now(2, histogram)]);
    logdir
}

fn events(words: &[&str], place: &Path) -> Output {
    let (command, options) = words.split_first().unwrap();
    Command::new(env!("CARGO_BIN_EXE_events")).arg(command).arg(place).args(options).output().unwrap()
}

#[track_caller]
fn check(words: &[&str], place: &Path, expected: &[&str]) {
    let output = events(words, place);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let said: Vec<&str> = text.lines().filter(|line| !line.contains(&*place.to_string_lossy())).collect();
    assert_eq!(said, expected);
}

#[track_caller]
fn check_refused(words: &[&str], place: &Path, expected: &str) {
    let output = events(words, place);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with(&format!("error: {expected}")), "{said}");
}

#[test]
fn show_tells_each_run_tag_by_tag() {
    let logdir = logdir();
    let expected = [
        "  kind          tag        count     first      last  last value",
        "  histogram     weights        1         2         2  2 values from 1 to 2",
        "  scalar        loss           2         1         2  1.5",
    ];
    check(&["show"], &logdir.path().join("b"), &expected);
    let output = String::from_utf8(events(&["show"], logdir.path()).stdout).unwrap();
    assert!(output.contains("2 values of steps that were made again are left out"), "{output}");
    assert!(output.starts_with("a (") && output.contains("\nb ("), "{output}");
}

#[test]
fn scalars_are_a_row_for_each_step() {
    let logdir = logdir();
    let expected = [
        "     step         loss",
        "        1            1",
        "        2            2",
        "     step         loss         rate",
        "        3          0.5            7",
    ];
    check(&["scalars"], &logdir.path().join("a"), &expected);
    check(
        &["scalars", "--tag", "rate"],
        &logdir.path().join("a"),
        &["     step         rate", "        3            7"],
    );
}

/// A process that is ended with the test, whatever becomes of that.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn tail_prints_what_is_there_and_what_comes_of_new_runs_too() {
    let logdir = tempfile::tempdir().unwrap();
    let writer = EventWriter::create(logdir.path().join("one")).unwrap();
    writer.emit(Event::scalar(1, "loss", 0.5)).unwrap();
    writer.flush().unwrap();
    let mut tail = Command::new(env!("CARGO_BIN_EXE_events"));
    let mut tail = Ended(tail.arg("tail").arg(logdir.path()).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(tail.0.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(next(), ["one", "1", "scalar", "loss", "0.5"]);

    writer.emit(Event::scalar(2, "loss", 0.25)).unwrap();
    writer.flush().unwrap();
    assert_eq!(next(), ["one", "2", "scalar", "loss", "0.25"]);

    let other = EventWriter::create(logdir.path().join("two")).unwrap();
    other.emit(Event::now(3, What::text("note", "well"))).unwrap();
    other.close().unwrap();
    assert_eq!(next(), ["two", "3", "text", "note", "well"]);
}

#[test]
fn export_is_lines_of_json_or_csv_and_a_file_for_each_of_several_runs() {
    let logdir = logdir();
    let text = String::from_utf8(events(&["export"], &logdir.path().join("b")).stdout).unwrap();
    let kinds: Vec<String> = text
        .lines()
        .map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["kind"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(kinds, ["scalar", "scalar", "histogram"]);
    check_refused(&["export"], logdir.path(), "there are 2 runs (a, b); name one of them, or a folder by --out");

    let out = logdir.path().join("exported");
    let exported = events(&["export", "--format", "csv", "--out", &out.to_string_lossy()], logdir.path());
    assert!(exported.status.success(), "{exported:?}");
    let csv = fs::read_to_string(out.join("a.csv")).unwrap();
    let steps: Vec<&str> = csv.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    assert_eq!(steps, ["1", "2", "3", "3"]);
    assert!(fs::read_to_string(out.join("b.csv")).unwrap().contains(",1,loss,NaN\n"));
}

#[test]
fn plot_draws_every_run_that_has_the_tag() {
    let logdir = logdir();
    let picture = logdir.path().join("loss.svg");
    let drawn = events(&["plot", "-o", &picture.to_string_lossy()], logdir.path());
    assert!(drawn.status.success(), "{drawn:?}");
    let svg = fs::read_to_string(&picture).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    // Of each run a faint curve and a smooth one, and a line in the legend.
    assert!(svg.matches("<polyline").count() >= 6, "{svg}");
    for word in ["loss", "\na\n", "\nb\n"] {
        assert!(svg.contains(word), "{svg}");
    }
    check_refused(&["plot", "--tag", "los"], logdir.path(), "no run has a curve `los`; there are loss, rate");
}

#[test]
fn a_place_without_events_and_words_that_mean_nothing_are_refused() {
    let empty = tempfile::tempdir().unwrap();
    check_refused(&["show"], empty.path(), "`");
    check_refused(&["shw"], empty.path(), "unknown command shw; there are show, tail, scalars and export");
    check_refused(&["plot", "--smooth", "1"], empty.path(), "a curve cannot be smoothed by 1; give a number from 0");
    check_refused(&["export", "--format", "xml"], empty.path(), "unknown format xml; there are jsonl and csv");
}
