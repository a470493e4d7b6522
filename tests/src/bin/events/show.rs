//! What each run holds, tag by tag.

use std::{collections::BTreeMap, path::Path};

use everstep_event::{Event, What};
use everstep_summary::History;

use crate::{Outcome, history, runs_of};

/// What is told of the events of one kind and tag.
struct Series {
    count: u64,
    first: u64,
    last: u64,
    value: String,
}

pub(crate) fn show(place: &Path) -> Outcome {
    for run in runs_of(place)? {
        println!("{} ({})", run.name, run.path.display());
        print(&history(&run)?);
    }
    Ok(())
}

fn print(history: &History) {
    let mut all: BTreeMap<(&str, &str), Series> = BTreeMap::new();
    for Event { step, what, .. } in history.events() {
        let kind = everstep_sinks::kind(what);
        let tag = what.tag().map_or("", |tag| &**tag);
        let series =
            all.entry((kind, tag)).or_insert(Series { count: 0, first: *step, last: *step, value: String::new() });
        series.count += 1;
        series.last = *step;
        series.value = value(what);
    }
    let width = all.keys().map(|(_, tag)| tag.chars().count()).max().unwrap_or(0).max(3);
    println!("  {:<13} {:<width$} {:>8} {:>9} {:>9}  last value", "kind", "tag", "count", "first", "last");
    for ((kind, tag), Series { count, first, last, value }) in all {
        println!("  {kind:<13} {tag:<width$} {count:>8} {first:>9} {last:>9}  {value}");
    }
    if history.superseded() > 0 {
        println!("  {} values of steps that were made again are left out", history.superseded());
    }
}

/// A few words of a content.
pub(crate) fn value(what: &What) -> String {
    match what {
        What::Scalar { value, .. } => value.to_string(),
        What::Text { text, .. } => text.lines().next().unwrap_or_default().chars().take(60).collect(),
        What::Histogram { histogram, .. } => {
            format!("{} values from {} to {}", histogram.count(), histogram.min, histogram.max)
        }
        What::Images { images, .. } => {
            let sizes = images.iter().map(|image| format!("{} × {}", image.width(), image.height()));
            sizes.collect::<Vec<_>>().join(", ")
        }
        What::Tensor { array, .. } => format!("shape {:?}", array.shape()),
        What::Mesh { mesh, .. } => format!("{} points, {} triangles", mesh.vertices().len(), mesh.faces().len()),
        What::Graph(bytes) => format!("{} bytes", bytes.len()),
        What::Checkpoint { path } => path.clone(),
        _ => String::new(),
    }
}
