//! The sinks through their public face.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::{
    fs, io,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use everstep_event::{
    Array, Audio, Band, Category, Channels, Chart, Curves, Domain, Elements, Event, EventSink, Experiment, Histogram,
    Hparam, Image, Layout, Memory, Mesh, Metric, Plugin, PrCurve, RunStats, Tee, Trial, TrialStatus, What,
};
use everstep_sinks::{ConsoleTable, Csv, JsonLines, json};
use serde_json::{Value, json};

/// An event of 2017.
fn at(step: u64, what: What) -> Event {
    Event { wall_time: SystemTime::UNIX_EPOCH + Duration::from_micros(1_500_000_000_250_000), step, what }
}

fn scalar(step: u64, tag: &str, value: f64) -> Event {
    at(step, What::scalar(tag, value))
}

#[test]
fn csv_has_a_line_for_each_scalar_and_passes_over_the_rest() {
    let csv = Csv::new(Vec::new()).unwrap();
    let events = [
        scalar(1, "loss", 0.5),
        at(1, What::SessionStart),
        scalar(2, "a,\"b\"\nc", f64::NAN),
        scalar(u64::MAX, "loss", f64::NEG_INFINITY),
    ];
    events.into_iter().for_each(|event| csv.emit(event).unwrap());
    let text = String::from_utf8(csv.into_inner().unwrap()).unwrap();
    let expected = "wall_time,step,tag,value\n\
         1500000000.25,1,loss,0.5\n\
         1500000000.25,2,\"a,\"\"b\"\"\nc\",NaN\n\
         1500000000.25,18446744073709551615,loss,-inf\n";
    assert_eq!(text, expected);
}

#[track_caller]
fn check_appended(make: impl Fn(&Path) -> Box<dyn EventSink>, there: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    fs::write(&path, there).unwrap();
    let sink = make(&path);
    sink.emit(scalar(7, "loss", 0.5)).unwrap();
    sink.flush().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_file_goes_on_behind_its_last_whole_line() {
    let csv = |path: &Path| Box::new(Csv::append(path).unwrap()) as Box<dyn EventSink>;
    let (head, line) = ("wall_time,step,tag,value", "1500000000.25,7,loss,0.5");
    check_appended(csv, "", &[head, line]);
    check_appended(csv, "wall_time,st", &[head, line]);
    check_appended(csv, "wall_time,step,tag,value\n1,2,loss,3\n", &[head, "1,2,loss,3", line]);
    let long = "x".repeat(10_000);
    check_appended(csv, &format!("{head}\n{long}\n1,2,lo{long}"), &[head, &long, line]);

    let lines = |path: &Path| Box::new(JsonLines::append(path).unwrap()) as Box<dyn EventSink>;
    let object = json(&scalar(7, "loss", 0.5)).to_string();
    check_appended(lines, "{}\n{\"to", &["{}", &object]);
    check_appended(lines, "{\"to", &[&object]);
}

#[test]
fn a_place_that_cannot_be_opened_is_named() {
    let error = Csv::append("no/such/folder/events.csv").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().starts_with("cannot write events to `no/such/folder/events.csv`: "), "{error}");
}

#[track_caller]
fn check_json(what: What, expected: Value) {
    let mut all = json!({"wall_time": 1_500_000_000.25, "step": 3});
    all.as_object_mut().unwrap().extend(expected.as_object().unwrap().clone());
    assert_eq!(json(&at(3, what)), all);
}

#[test]
fn json_has_every_field_of_every_kind() {
    check_json(What::scalar("s", f64::INFINITY), json!({"kind": "scalar", "tag": "s", "value": "Infinity"}));
    let histogram = Histogram { nan: 2, ..Histogram::adaptive([1.0, 3.0], 2) };
    check_json(
        What::histogram("h", histogram),
        json!({"kind": "histogram", "tag": "h", "min": 1.0, "max": 3.0, "sum": 4.0, "sum_squares": 10.0,
               "limits": [2.0, 3.0], "counts": [1.0, 1.0], "nan": 2, "positive_infinity": 0, "negative_infinity": 0}),
    );
    let images = [Image::new(1, 1, Channels::Rgb, [1, 2, 3]).unwrap(), Image::file(5, 6, Channels::Grey, *b"PNG")];
    check_json(
        What::images("i", images),
        json!({"kind": "images", "tag": "i", "images": [
            {"width": 1, "height": 1, "channels": 3, "pixels": "AQID"},
            {"width": 5, "height": 6, "channels": 1, "file": "UE5H"}]}),
    );
    let clips = [Audio::new(8000, 1, [0.5, -0.25]).unwrap(), Audio::wav(44_100, 2, *b"RIFF")];
    check_json(
        What::audio("a", clips),
        json!({"kind": "audio", "tag": "a", "clips": [
            {"sample_rate": 8000, "channels": 1, "samples": [0.5, -0.25]},
            {"sample_rate": 44100, "channels": 2, "wav": "UklGRg=="}]}),
    );
    check_json(What::text("t", "**b**"), json!({"kind": "text", "tag": "t", "text": "**b**"}));
    let plugin = Plugin { name: "p".into(), content: vec![1] };
    let array = Array::new([2], Elements::Bytes([b"ab".to_vec(), Vec::new()].into())).unwrap().for_plugin(plugin);
    check_json(
        What::tensor("x", array),
        json!({"kind": "tensor", "tag": "x", "shape": [2], "dtype": "bytes", "elements": ["YWI=", ""],
               "plugin": {"name": "p", "content": "AQ=="}}),
    );
    check_json(
        What::pr_curve("c", PrCurve::of([(true, 0.9), (false, 0.2)], 2).unwrap()),
        json!({"kind": "pr_curve", "tag": "c", "true_positives": [1.0, 0.0], "false_positives": [1.0, 0.0],
               "true_negatives": [0.0, 1.0], "false_negatives": [0.0, 1.0], "nan": 0}),
    );
    let mesh = Mesh::points([[0.0, 0.5, 1.0]]).with_faces([[0, 0, 0]]).unwrap().with_colors([[1, 2, 3]]).unwrap();
    check_json(
        What::mesh("m", mesh),
        json!({"kind": "mesh", "tag": "m", "vertices": [[0.0, 0.5, 1.0]], "faces": [[0, 0, 0]],
               "colors": [[1, 2, 3]], "config": ""}),
    );
}

#[test]
fn json_has_what_a_run_says_without_a_tag() {
    let interval = Domain::Interval { min: 0.0, max: 1.0 };
    let experiment = Experiment {
        name: "search".into(),
        hparams: vec![
            Hparam { name: "rate".into(), domain: interval, ..Hparam::default() },
            Hparam { name: "deep".into(), domain: Domain::OneOf(vec![true.into(), "so".into()]), ..Hparam::default() },
        ],
        metrics: vec![Metric { tag: "loss".into(), ..Metric::default() }],
        ..Experiment::default()
    };
    check_json(
        What::Experiment(Arc::new(experiment)),
        json!({"kind": "experiment", "name": "search", "description": "", "user": "", "hparams": [
                   {"name": "rate", "display_name": "", "description": "", "domain": {"min": 0.0, "max": 1.0}},
                   {"name": "deep", "display_name": "", "description": "", "domain": [true, "so"]}],
               "metrics": [{"tag": "loss", "group": "", "display_name": "", "description": "", "dataset": "unknown"}]}),
    );
    let trial = Trial { hparams: vec![("rate".into(), 0.5.into())], group: "g".into(), ..Trial::default() };
    check_json(
        What::TrialStart(Arc::new(trial)),
        json!({"kind": "trial_start", "hparams": {"rate": 0.5}, "group": "g", "model_uri": "", "monitor_url": ""}),
    );
    check_json(What::TrialEnd(TrialStatus::Success), json!({"kind": "trial_end", "status": "success"}));
    let band = Band { value: "v".into(), lower: "l".into(), upper: "u".into() };
    let charts = vec![
        Chart { title: "one".into(), curves: Curves::Lines(vec!["loss.*".into()]) },
        Chart { title: "two".into(), curves: Curves::Bands(vec![band]) },
    ];
    let category = Category { title: "all".into(), closed: true, charts };
    check_json(
        What::Layout(Arc::new(Layout { categories: vec![category] })),
        json!({"kind": "layout", "categories": [{"title": "all", "closed": true, "charts": [
            {"title": "one", "lines": ["loss.*"]}, {"title": "two", "bands": [["v", "l", "u"]]}]}]}),
    );
    check_json(What::Graph(Arc::from([255])), json!({"kind": "graph", "graph_def": "/w=="}));
    check_json(
        What::run_metadata("r", RunStats::default()),
        json!({"kind": "run_metadata", "tag": "r", "devices": []}),
    );
    check_json(What::SessionStart, json!({"kind": "session_start"}));
    check_json(What::SessionStop, json!({"kind": "session_stop"}));
    check_json(What::Checkpoint { path: "a/b".into() }, json!({"kind": "checkpoint", "path": "a/b"}));
}

#[test]
fn json_lines_are_objects_on_lines_of_their_own() {
    let lines = JsonLines::new(Vec::new());
    let events = [at(1, What::text("t", "two\nlines")), scalar(2, "loss", 0.5)];
    events.iter().for_each(|event| lines.emit(event.clone()).unwrap());
    let text = String::from_utf8(lines.into_inner().unwrap()).unwrap();
    let read: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, events.map(|event| json(&event)));
}

#[track_caller]
fn check_table(table: ConsoleTable<Vec<u8>>, events: &[(u64, &str, f64)], expected: &[&str]) {
    for (step, tag, value) in events {
        table.emit(scalar(*step, tag, *value)).unwrap();
    }
    let text = String::from_utf8(table.into_inner().unwrap()).unwrap();
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_table_has_a_row_for_each_step_and_a_new_head_for_a_new_tag() {
    check_table(
        ConsoleTable::new(Vec::new()),
        &[(1, "loss", 0.1), (2, "loss", 1.0 / 3.0), (2, "a/long/name", 3e-9), (3, "a/long/name", f64::NAN)],
        &[
            "     step         loss",
            "        1          0.1",
            "     step         loss  a/long/name",
            "        2     0.333333         3e-9",
            "        3                       NaN",
        ],
    );
}

#[test]
fn a_table_of_given_tags_has_their_columns_alone() {
    check_table(
        ConsoleTable::new(Vec::new()).tags(["loss", "accuracy"]),
        &[(1, "accuracy", 0.5), (1, "speed", 7.0), (1, "loss", 123_456_789.0), (2, "loss", 5e10)],
        &["     step         loss     accuracy", "        1    123457000          0.5", "        2         5e10"],
    );
}

#[test]
fn a_tee_feeds_several_places() {
    let (memory, csv) = (Arc::new(Memory::new()), Arc::new(Csv::new(Vec::new()).unwrap()));
    let tee = Tee::new([memory.clone() as Arc<dyn EventSink>, csv.clone()]);
    tee.emit(scalar(1, "loss", 0.5)).unwrap();
    tee.flush().unwrap();
    drop(tee);
    assert_eq!(memory.scalars("loss"), [(1, 0.5)]);
    let text = String::from_utf8(Arc::into_inner(csv).unwrap().into_inner().unwrap()).unwrap();
    assert!(text.ends_with("1,loss,0.5\n"), "{text}");
}
