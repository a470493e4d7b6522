//! When a run is traced, and what is written of it.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use everstep_event::{Element, Memory, What};
use everstep_hook::{Every, Hook, StartedFrom, When};
use everstep_hooks::Profiler;
use everstep_session::{Clock, KernelStats, OutputStats, RunMetadata};
use everstep_tensor::{DType, Error, ErrorKind, Result};
use serde_json::{Value, json};

use crate::driver::{Driver, Scripted, capture_log, logged};

/// A folder of the test's own, empty.
fn folder(test: &str) -> Result<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("profiler").join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Ok(folder)
}

fn metadata() -> RunMetadata {
    let kernel = |node: &str, kernel: &str, thread, start| KernelStats {
        node: node.into(),
        kernel: kernel.into(),
        thread,
        start: Duration::from_nanos(start),
        elapsed: Duration::from_nanos(2_500),
        outputs: vec![OutputStats { dtype: DType::F32, shape: [2, 3].into() }],
        bytes: 24,
        live_bytes: 48,
    };
    let kernels = vec![kernel("dense/matmul", "MatMul", 0, 0), kernel("dense/relu", "Relu", 1, 3_250)];
    RunMetadata { kernels, peak_bytes: 4096 }
}

struct Stage {
    driver: Driver,
    profiler: Profiler,
    folder: PathBuf,
}

impl Stage {
    fn new(test: &str, when: impl Into<When>) -> Result<Self> {
        let (folder, mut driver) = (folder(test)?, Driver::new());
        driver.session.trace = Some(metadata());
        let mut profiler = Profiler::new(when, &folder).with_clock(driver.clock.clone());
        Hook::<Scripted>::begin(&mut profiler)?;
        driver.start(&mut profiler, StartedFrom::Fresh)?;
        Ok(Self { driver, profiler, folder })
    }

    /// How many files there are after a run.
    fn run(&mut self) -> Result<usize> {
        self.driver.train(&mut self.profiler, 1)?;
        Ok(self.files()?.len())
    }

    fn files(&self) -> Result<Vec<String>> {
        let names = fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names: Vec<String> = names.collect::<Result<_>>()?;
        names.sort();
        Ok(names)
    }

    fn trace(&self, step: u64) -> Result<Value> {
        let text = fs::read_to_string(self.folder.join(format!("trace-{step}.json")))?;
        serde_json::from_str(&text).map_err(|error| Error::new(ErrorKind::DataLoss, error.to_string()))
    }
}

#[test]
fn case_166_the_first_run_is_not_traced() -> Result<()> {
    let mut stage = Stage::new("first", Every::secs(2.0))?;
    stage.driver.clock.sleep(Duration::from_secs(3));
    assert_eq!(stage.run()?, 0);
    Ok(())
}

#[test]
fn case_167_runs_are_traced_by_time() -> Result<()> {
    let mut stage = Stage::new("secs", Every::secs(2.0))?;
    let mut counts = Vec::new();
    for pause in [0, 2500, 100, 1800, 100] {
        stage.driver.clock.sleep(Duration::from_millis(pause));
        counts.push(stage.run()?);
    }
    assert_eq!(counts, [0, 1, 1, 1, 2]);
    Ok(())
}

#[test]
fn case_169_runs_are_traced_by_steps() -> Result<()> {
    let mut stage = Stage::new("steps", Every::steps(2))?;
    let counts: Vec<usize> = (0..5).map(|_| stage.run()).collect::<Result<_>>()?;
    assert_eq!(counts, [0, 1, 1, 2, 2]);
    assert_eq!(stage.files()?, ["trace-2.json", "trace-4.json"]);
    Ok(())
}

#[test]
fn case_170_the_second_of_two_runs_is_told_to_the_sink_of_events() -> Result<()> {
    let mut stage = Stage::new("events", Every::steps(1))?;
    let sink = Arc::new(Memory::new());
    stage.profiler = stage.profiler.events(sink.clone());
    stage.run()?;
    stage.run()?;
    let [event] = &*sink.events() else { panic!("one event") };
    let What::RunMetadata { tag, stats } = &event.what else { panic!("{event:?}") };
    assert_eq!((event.step, &**tag), (2, "step_2"));
    let [device] = &*stats.devices else { panic!("one device") };
    let [matmul, relu] = &*device.nodes else { panic!("two nodes") };
    assert_eq!((&*matmul.name, &*matmul.label, matmul.thread), ("dense/matmul", "dense/matmul = MatMul()", 0));
    assert_eq!((relu.start - matmul.start, relu.elapsed), (Duration::from_nanos(3_250), Duration::from_nanos(2_500)));
    assert_eq!((relu.bytes, relu.live_bytes), (24, 48));
    let output = everstep_event::OutputStats { element: Element::F32, shape: vec![2, 3], bytes: 24 };
    assert_eq!(relu.outputs, [output]);
    Ok(())
}

#[test]
fn a_period_of_one_step_traces_the_second() -> Result<()> {
    let mut stage = Stage::new("each", Every::steps(1))?;
    stage.run()?;
    stage.run()?;
    assert_eq!(stage.files()?, ["trace-2.json"]);
    Ok(())
}

#[test]
fn the_first_run_of_another_session_is_not_traced_either() -> Result<()> {
    let mut stage = Stage::new("recovered", Every::steps(1))?;
    stage.run()?;
    stage.driver.start(&mut stage.profiler, StartedFrom::Live(1))?;
    assert_eq!((stage.run()?, stage.run()?), (0, 1));
    assert_eq!(stage.files()?, ["trace-3.json"]);
    Ok(())
}

#[test]
fn reading_runs_are_not_traced() -> Result<()> {
    let mut stage = Stage::new("reading", When::at([2]))?;
    stage.run()?;
    stage.driver.read(&mut stage.profiler)?;
    assert_eq!((stage.files()?.len(), stage.run()?), (0, 1));
    Ok(())
}

#[test]
fn a_trace_has_a_lane_for_each_thread() -> Result<()> {
    let mut stage = Stage::new("lanes", When::at([2]))?;
    stage.run()?;
    stage.run()?;
    let trace = stage.trace(2)?;
    assert_eq!(trace["otherData"], json!({"step": 2, "peak_bytes": 4096, "kernels_left_out": 0}));
    let name = |what: &str, thread: u64, name: &str| json!({"ph": "M", "pid": 0, "tid": thread, "name": what, "args": {"name": name}});
    let kernel = |node: &str, name: &str, thread: u64, ts: f64| {
        let args = json!({"node": node, "outputs": ["f32[2, 3]"], "bytes": 24});
        json!({"ph": "X", "cat": "Op", "pid": 0, "tid": thread, "ts": ts, "dur": 2.5, "name": name, "args": args})
    };
    let memory = |ts: f64| json!({"ph": "C", "cat": "Memory", "pid": 0, "ts": ts, "name": "intermediate results", "args": {"bytes": 48}});
    let expected = json!([
        name("process_name", 0, "training run to step 2"),
        name("thread_name", 0, "thread 0"),
        name("thread_name", 1, "thread 1"),
        kernel("dense/matmul", "MatMul", 0, 0.0),
        memory(0.0),
        kernel("dense/relu", "Relu", 1, 3.25),
        memory(3.25),
    ]);
    assert_eq!(trace["traceEvents"], expected);
    Ok(())
}

#[test]
fn a_trace_is_bounded() -> Result<()> {
    capture_log();
    let mut stage = Stage::new("bounded", When::at([2]))?;
    let kernels = vec![metadata().kernels.swap_remove(1); 50_003];
    stage.driver.session.trace = Some(RunMetadata { kernels, peak_bytes: 0 });
    stage.run()?;
    stage.run()?;
    let text = fs::read_to_string(stage.folder.join("trace-2.json"))?;
    assert!(text.lines().next().is_some_and(|head| head.contains(r#""kernels_left_out":3"#)));
    let events = text.lines().filter(|line| line.contains(r#""ph":"#)).count();
    assert_eq!(events, 2 + 2 * 50_000, "names, and a kernel and a counter each");
    assert_eq!(logged()[0], "WARN: step 2: the trace holds 50000 kernels; 3 later ones are left out");
    Ok(())
}

#[test]
fn a_session_that_traces_nothing_is_warned_about() -> Result<()> {
    capture_log();
    let mut stage = Stage::new("nothing", When::at([2]))?;
    stage.driver.session.trace = None;
    assert_eq!((stage.run()?, stage.run()?), (0, 0));
    assert_eq!(logged(), ["WARN: step 2: the session was asked for a trace and gave none"]);
    Ok(())
}

#[test]
fn a_file_that_cannot_be_written_is_named() -> Result<()> {
    let mut stage = Stage::new("gone", When::at([2]))?;
    stage.run()?;
    fs::remove_dir(&stage.folder)?;
    let error = stage.run().expect_err("the folder is gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("gone/trace-2.json"), "{error}");
    Ok(())
}
