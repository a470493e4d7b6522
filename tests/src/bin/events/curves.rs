//! The curves of runs.

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use everstep_event::{Event, EventSink, What};
use everstep_sinks::ConsoleTable;

use crate::{Outcome, history, runs_of};

/// A curve: a point for each step, in order.
pub(crate) type Curve = Vec<(u64, f64)>;

/// Prints a table for each run.
pub(crate) fn scalars(place: &Path, tags: &[String]) -> Outcome {
    for run in runs_of(place)? {
        println!("{} ({})", run.name, run.path.display());
        let history = history(&run)?;
        let mut events: Vec<&Event> = history.events().iter().filter(|event| is_scalar(event)).collect();
        // The values of one step stand in one row, whoever wrote them when.
        events.sort_by_key(|event| event.step);
        let table = ConsoleTable::new(io::stdout()).tags(tags);
        events.into_iter().try_for_each(|event| table.emit(event.clone()))?;
        table.flush()?;
    }
    Ok(())
}

fn is_scalar(event: &Event) -> bool {
    matches!(event.what, What::Scalar { .. })
}

/// The curves of a run by tag.
pub(crate) fn by_tag(events: &[Event]) -> BTreeMap<Arc<str>, Curve> {
    let mut curves: BTreeMap<Arc<str>, Curve> = BTreeMap::new();
    for event in events {
        if let What::Scalar { tag, value } = &event.what {
            curves.entry(tag.clone()).or_default().push((event.step, *value));
        }
    }
    curves
}

/// The curve smoothed as TensorBoard does: an exponential moving average, corrected for its start at 0; points that are
/// not finite stay as they are.
pub(crate) fn smoothed(curve: &[(u64, f64)], weight: f64) -> Curve {
    let (mut last, mut counted) = (0.0, 0);
    let smooth = |(step, value): &(u64, f64)| {
        if !value.is_finite() {
            return (*step, *value);
        }
        last = last * weight + (1.0 - weight) * value;
        counted += 1;
        (*step, last / (1.0 - weight.powi(counted)))
    };
    curve.iter().map(smooth).collect()
}

#[cfg(test)]
mod tests {
    use super::smoothed;

    #[test]
    fn smoothing_keeps_a_constant_and_the_first_point_and_passes_over_nan() {
        let constant = [(1, 2.0), (2, 2.0), (3, 2.0)];
        for (step, value) in smoothed(&constant, 0.9) {
            assert!((value - 2.0).abs() < 1e-12, "{step}: {value}");
        }
        let curve = [(1, 1.0), (2, f64::NAN), (3, 3.0)];
        let smooth = smoothed(&curve, 0.5);
        assert_eq!((smooth[0], smooth[1].0), ((1, 1.0), 2));
        assert!(smooth[1].1.is_nan());
        assert!((smooth[2].1 - (0.25 + 1.5) / 0.75).abs() < 1e-12);
        assert_eq!(smoothed(&curve, 0.0)[2], (3, 3.0));
    }
}
