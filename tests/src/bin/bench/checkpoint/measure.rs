//! The measurements of saves and restores.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use everstep::{
    checkpoint::{Keep, Options, Saver},
    engine::GraphSession,
    prelude::{Result, Save, Session},
    tensor::{Saving, Snapshot, Which},
};

use super::{Failure, training::Training};

pub(super) const SAVES: usize = 50;
/// Of everything else.
pub(super) const ROUNDS: usize = 10;

/// What was measured; rates in GB (10^9 bytes) a second.
pub(super) struct Report {
    /// The longest gap of each save, less the median step.
    pub(super) stalls: Vec<Duration>,
    /// The same of as much time without a save.
    pub(super) alone: Vec<Duration>,
    /// The same beside a thread that writes a snapshot plainly.
    pub(super) beside_raw: Vec<Duration>,
    pub(super) calls: Vec<Duration>,
    pub(super) steps: Vec<Duration>,
    pub(super) write: f64,
    pub(super) raw: f64,
    pub(super) restore: f64,
}

/// Trains, and saves again as soon as the save before is durable; in between, the disk and the loop are measured alone.
pub(super) fn measure(directory: &Path) -> std::result::Result<Report, Failure> {
    let mut training = Training::begin()?;
    let saver = Saver::new(directory, Options { keep: Keep::Last(1), ..Default::default() });
    let snapshot = Snapshot::of(training.session.variables())?;
    let bytes = bytes_of(&snapshot) as f64;
    drop(snapshot);

    // The second buffers are made and touched, as after the first save of any training.
    save(&saver, &training.session)?;
    training.run(1)?;
    saver.finish()?;
    saver.take_reports();
    training.steps.clear();

    let (mut stalls, mut alone, mut beside_raw) = (vec![], vec![], vec![]);
    let (mut calls, mut writes, mut raws) = (vec![], vec![], vec![]);
    for round in 0..SAVES {
        let is_round = round % (SAVES / ROUNDS) == 0;
        if is_round {
            raws.push(raw_rate(directory, &Snapshot::of(training.session.variables())?)?);
            beside_raw.push(gap_beside_raw(directory, &mut training)?);
        }
        training.run(3)?;
        let began = Instant::now();
        save(&saver, &training.session)?;
        calls.push(began.elapsed());
        let mut report = None;
        stalls.push(training.longest_gap(began, || {
            report = saver.take_reports().pop();
            report.is_some()
        })?);
        let report = report.expect("the steps end with it");
        writes.push(report.bytes as f64 / report.duration.as_nanos() as f64);
        if is_round {
            let (began, duration) = (Instant::now(), report.duration);
            alone.push(training.longest_gap(began, || began.elapsed() > duration)?);
        }
    }
    saver.finish()?;
    let Training { session, mut steps, .. } = training;
    let median_step = median(&mut steps);
    for gaps in [&mut stalls, &mut alone, &mut beside_raw] {
        gaps.iter_mut().for_each(|gap| *gap = gap.saturating_sub(median_step));
    }
    drop(session);
    let restore = restore_rate(&saver, bytes)?;
    let (write, raw) = (median_rate(writes), median_rate(raws));
    Ok(Report { stalls, alone, beside_raw, calls, steps, write, raw, restore })
}

fn save(saver: &Saver, session: &GraphSession) -> Result<()> {
    saver.save(&Saving { step: session.global_step(), variables: session.variables(), metrics: &[], pinned: false })
}

fn bytes_of(snapshot: &Snapshot) -> usize {
    snapshot.iter().map(|(_, tensor)| tensor.bytes().len()).sum()
}

/// The same bytes, written plainly and synced.
fn raw_rate(directory: &Path, snapshot: &Snapshot) -> std::result::Result<f64, Failure> {
    let path = directory.join("raw");
    let began = Instant::now();
    let mut file = File::create(&path)?;
    for (_, tensor) in snapshot.iter() {
        file.write_all(tensor.bytes())?;
    }
    file.sync_all()?;
    let rate = bytes_of(snapshot) as f64 / began.elapsed().as_nanos() as f64;
    drop(file);
    fs::remove_file(path)?;
    Ok(rate)
}

/// What the loop sees of such a write on another thread.
fn gap_beside_raw(directory: &Path, training: &mut Training) -> std::result::Result<Duration, Failure> {
    training.run(3)?;
    let snapshot = Snapshot::of(training.session.variables())?;
    thread::scope(|scope| {
        let began = Instant::now();
        let writer = scope.spawn(move || raw_rate(directory, &snapshot).map_err(|error| error.to_string()));
        let longest = training.longest_gap(began, || writer.is_finished())?;
        writer.join().map_err(|_| "the thread that writes panicked")??;
        Ok(longest)
    })
}

/// Every byte read from the page cache and verified; the first time brings it there.
fn restore_rate(saver: &Saver, bytes: f64) -> std::result::Result<f64, Failure> {
    fs::read(saver.list()?.last().ok_or("nothing was saved")?.location.as_str())?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let opened = saver.open(Which::Newest)?;
        rates.push(bytes / began.elapsed().as_nanos() as f64);
        drop(opened);
    }
    Ok(median_rate(rates))
}

pub(super) fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn median_rate(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
