//! What was measured, for people and for programs.

use everstep_tests::models::Model;
use serde_json::{Value, json};

use super::rounds::Ratio;

/// A model on a number of threads.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) model: Model,
    pub(crate) threads: usize,
    pub(crate) peak_gflops: f64,
    pub(crate) steps_per_s: f64,
    pub(crate) peak_rss_mb: f64,
    pub(crate) first_step_s: f64,
    /// Name, steps a second, peak memory in MB, seconds to the end of the first step.
    pub(crate) peers: Vec<(String, f64, f64, f64)>,
    /// The best peer, and how ours compares in rounds that alternate.
    pub(crate) ratio: Option<(String, Ratio)>,
}

impl Row {
    fn gflops(&self) -> f64 {
        self.steps_per_s * self.model.flop() / 1e9
    }

    pub(crate) fn json(&self) -> Value {
        let peers = self.peers.iter().map(|(name, steps_per_s, peak_rss_mb, first_step_s)| {
            json!({
                "name": name, "steps_per_s": steps_per_s, "peak_rss_mb": peak_rss_mb, "first_step_s": first_step_s,
            })
        });
        let peers = peers.collect::<Vec<_>>();
        let ratio = self.ratio.as_ref();
        json!({
            "model": self.model.name(),
            "threads": self.threads,
            "steps_per_s": self.steps_per_s,
            "samples_per_s": self.steps_per_s * self.model.batch() as f64,
            "gflops": self.gflops(),
            "percent_of_peak": 100.0 * self.gflops() / self.peak_gflops,
            "peak_rss_mb": self.peak_rss_mb,
            "first_step_s": self.first_step_s,
            "best_peer": ratio.map(|(name, _)| name),
            "ratio": ratio.map(|(_, ratio)| ratio.median),
            "ratio_lower_95": ratio.map(|(_, ratio)| ratio.lower),
            "goal": self.model.goal(),
            "peers": peers,
        })
    }
}

/// One line each.
pub(crate) fn print(rows: &[Row]) {
    println!(
        "{:<12} {:>7} {:>10} {:>11} {:>9} {:>7} {:>8} {:>9}  {:<20} {:>6} {:>6} {:>6}",
        "model",
        "threads",
        "steps/s",
        "samples/s",
        "GFLOP/s",
        "% peak",
        "peak MB",
        "first, ms",
        "best peer",
        "ratio",
        "95 %",
        "goal"
    );
    for row in rows {
        let (peer, ratio, lower) = match &row.ratio {
            Some((name, ratio)) => (&**name, format!("{:.2}", ratio.median), format!("{:.2}", ratio.lower)),
            None => ("", String::new(), String::new()),
        };
        println!(
            "{:<12} {:>7} {:>10.1} {:>11.0} {:>9.1} {:>7.0} {:>8.1} {:>9.1}  {peer:<20} {ratio:>6} {lower:>6} {:>6.1}",
            row.model.name(),
            row.threads,
            row.steps_per_s,
            row.steps_per_s * row.model.batch() as f64,
            row.gflops(),
            100.0 * row.gflops() / row.peak_gflops,
            row.peak_rss_mb,
            1e3 * row.first_step_s,
            row.model.goal(),
        );
    }
}
