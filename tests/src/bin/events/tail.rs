//! Events as they are written.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::{self, Write},
    path::Path,
    thread,
    time::Duration,
};

use everstep_event::Event;
use everstep_summary::{Follower, runs};

use crate::{Outcome, runs_of, show::value};

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(500);

/// Prints what there is and what comes, of new runs too, until the process is ended.
pub(crate) fn tail(place: &Path) -> Outcome {
    let (mut found, mut followers) = (runs_of(place)?, BTreeMap::new());
    let mut out = io::stdout();
    loop {
        for run in found {
            if let Entry::Vacant(new) = followers.entry(run.name) {
                new.insert(Follower::open(&run.path)?);
            }
        }
        for (name, follower) in &mut followers {
            for event in follower {
                match event {
                    Ok(event) => line(&mut out, name, &event)?,
                    Err(error) => eprintln!("{error}"),
                }
            }
        }
        out.flush()?;
        thread::sleep(PAUSE);
        found = if place.is_file() { Vec::new() } else { runs(place)? };
    }
}

fn line(out: &mut impl Write, run: &str, event: &Event) -> io::Result<()> {
    let (kind, tag) = (everstep_sinks::kind(&event.what), event.what.tag().map_or("", |tag| &**tag));
    writeln!(out, "{run:<12} {:>9}  {kind:<13} {tag:<32} {}", event.step, value(&event.what))
}
