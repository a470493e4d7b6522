//! Events as they are written.

use std::{
    io::{self, Write},
    path::Path,
    thread,
    time::Duration,
};

use everstep_event::Event;
use everstep_summary::Follower;

use crate::{Outcome, runs_of, show::value};

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(500);

/// Prints what there is and what comes, until the process is ended; runs that come later are not seen.
pub(crate) fn tail(place: &Path) -> Outcome {
    let runs = runs_of(place)?;
    let mut followers = Vec::new();
    for run in &runs {
        followers.push((&*run.name, Follower::open(&run.path)?));
    }
    let mut out = io::stdout();
    loop {
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
    }
}

fn line(out: &mut impl Write, run: &str, event: &Event) -> io::Result<()> {
    let (kind, tag) = (everstep_sinks::kind(&event.what), event.what.tag().map_or("", |tag| &**tag));
    writeln!(out, "{run:<12} {:>9}  {kind:<13} {tag:<32} {}", event.step, value(&event.what))
}
