//! Events for other programs.

use std::{fs, io, path::Path};

use everstep_event::EventSink;
use everstep_sinks::{Csv, JsonLines};
use everstep_summary::Run;

use crate::{
    Outcome,
    arguments::{Arguments, Format},
    history, runs_of,
};

/// Exports each run to a file, or the only one to stdout.
pub(crate) fn export(place: &Path, arguments: &Arguments) -> Outcome {
    let runs = runs_of(place)?;
    match (&arguments.out, &*runs) {
        (Some(folder), runs) => runs.iter().try_for_each(|run| to_file(run, folder, arguments.format)),
        (None, [run]) => to(run, &*sink(io::stdout(), arguments.format)?),
        (None, runs) => {
            let names: Vec<&str> = runs.iter().map(|run| &*run.name).collect();
            Err(format!("there are {} runs ({}); name one of them, or a folder by --out", runs.len(), names.join(", "))
                .into())
        }
    }
}

fn to_file(run: &Run, folder: &Path, format: Format) -> Outcome {
    fs::create_dir_all(folder)?;
    let end = if format == Format::Csv { "csv" } else { "jsonl" };
    let name = if run.name == "." { "run" } else { &run.name };
    let path = folder.join(format!("{}.{end}", name.replace('/', "_")));
    to(run, &*sink(fs::File::create(&path)?, format)?)?;
    println!("{}", path.display());
    Ok(())
}

fn sink(output: impl io::Write + Send + 'static, format: Format) -> io::Result<Box<dyn EventSink>> {
    Ok(match format {
        Format::JsonLines => Box::new(JsonLines::new(output)),
        Format::Csv => Box::new(Csv::new(output)?),
    })
}

fn to(run: &Run, sink: &dyn EventSink) -> Outcome {
    history(run)?.events().iter().try_for_each(|event| sink.emit(event.clone()))?;
    Ok(sink.flush()?)
}
