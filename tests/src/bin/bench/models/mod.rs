//! Steps a second of whole models, beside other engines on the same work.

mod peers;
mod rounds;
mod table;
mod worker;

use std::error::Error;

use everstep_tests::models::Model;
use serde_json::{Value, json};

pub(crate) use self::worker::work;
use self::{
    peers::Peer,
    rounds::{Ratio, duel, speed},
    table::{Row, print},
};
use crate::peak;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What is to be measured.
#[derive(Debug)]
struct Options {
    models: Vec<Model>,
    threads: Vec<usize>,
    peers: bool,
    json: bool,
    /// Where frameworks are looked for.
    pythons: Vec<String>,
}

impl Options {
    fn parse(words: &[&str]) -> Outcome<Self> {
        let mut options =
            Self { models: Vec::new(), threads: Vec::new(), peers: false, json: false, pythons: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} takes a value"));
            match *word {
                "--peers" => options.peers = true,
                "--json" => options.json = true,
                "--model" => options.models.push(value()?.parse()?),
                "--threads" => options.threads.push(value()?.parse()?),
                "--python" => options.pythons.push((*value()?).to_owned()),
                _ => return Err(format!("unexpected argument `{word}`; see `cargo xtask bench --help`").into()),
            }
        }
        if options.models.is_empty() {
            options.models = Model::ALL.into();
        }
        if options.threads.is_empty() {
            options.threads = vec![1, 2];
        }
        if options.pythons.is_empty() {
            options.pythons = crate::peers::interpreters();
        }
        Ok(options)
    }
}

/// Measures and prints.
pub(crate) fn bench(words: &[&str]) -> Outcome {
    let options = Options::parse(words)?;
    let peers = if options.peers { peers::installed(&options.pythons) } else { Vec::new() };
    let peaks: Vec<(usize, f64)> = options.threads.iter().map(|threads| (*threads, peak::gflops(*threads))).collect();
    let mut rows = Vec::new();
    for (threads, peak_gflops) in &peaks {
        for model in &options.models {
            eprintln!("{model} on {threads} threads");
            rows.push(measure(*model, *threads, *peak_gflops, &peers)?);
        }
    }
    print(&rows);
    if options.json {
        let machine_peak_gflops = peaks.iter().map(|(_, gflops)| *gflops).fold(0.0, f64::max);
        let models: Vec<Value> = rows.iter().map(Row::json).collect();
        println!("{}", json!({ "machine_peak_gflops": machine_peak_gflops, "models": models }));
    }
    Ok(())
}

/// Ours alone, each peer alone to find the best one, and then both in turn.
fn measure(model: Model, threads: usize, peak_gflops: f64, peers: &[Peer]) -> Outcome<Row> {
    let mut ours = Peer::ours()?.start(model, threads)?;
    let steps_per_s = speed(&mut ours)?;
    let mut row = Row {
        model,
        threads,
        peak_gflops,
        steps_per_s,
        peak_rss_mb: ours.peak_rss_mb(),
        first_step_s: ours.first_step_s,
        peers: Vec::new(),
        ratio: None,
    };
    let mut best = None;
    for peer in peers.iter().filter(|peer| peer.can(model)) {
        match peer.start(model, threads).and_then(|mut started| Ok((speed(&mut started)?, started))) {
            Ok((steps_per_s, started)) => {
                eprintln!("  {:<20} {steps_per_s:>10.1} steps/s", peer.name);
                row.peers.push((peer.name.clone(), steps_per_s, started.peak_rss_mb(), started.first_step_s));
                if best.as_ref().is_none_or(|(_, fastest, _)| steps_per_s > *fastest) {
                    best = Some((peer.name.clone(), steps_per_s, started));
                }
            }
            Err(error) => eprintln!("  {} is left out: {error}", peer.name),
        }
    }
    if let Some((name, _, mut peer)) = best {
        let (ours, ratio): (f64, Ratio) = duel(&mut ours, &mut peer)?;
        (row.steps_per_s, row.ratio) = (ours, Some((name, ratio)));
    }
    Ok(row)
}
