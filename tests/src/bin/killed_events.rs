//! Kills processes that write events, at random moments: what a process has flushed must be there, in order.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader, ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use everstep::{
    event::{Event, EventSink, What},
    summary::{EventReader, EventWriter, event_files},
};

const USAGE: &str =
    "usage: killed_events [--rounds N]    or, as the one that is killed: killed_events write DIR [EVENTS]";

/// So many events a process writes, if it lives.
const EVENTS: u64 = 1_000_000;

/// So many between two flushes.
const FLUSHED: u64 = 997;

/// A process is killed within so many microseconds of its first report.
const LIFETIME: u64 = 300_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["write", directory] => write(Path::new(directory), EVENTS),
        ["write", directory, events] => {
            events.parse().map_err(Box::from).and_then(|events| write(Path::new(directory), events))
        }
        [] => rounds(10),
        ["--rounds", count] => count.parse().map_err(Box::from).and_then(rounds),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes so many events and reports each step that was flushed.
fn write(directory: &Path, events: u64) -> Result<(), Box<dyn Error>> {
    let writer = EventWriter::create(directory)?;
    let mut report = std::io::stdout();
    for step in 1..=events {
        writer.emit(Event::scalar(step, "loss", step as f64))?;
        if step % FLUSHED == 0 {
            writer.flush()?;
            writeln!(report, "{step}")?;
            report.flush()?;
        }
    }
    Ok(writer.close()?)
}

fn rounds(count: u64) -> Result<(), Box<dyn Error>> {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    println!("seed {seed}");
    let directory = std::env::temp_dir().join(format!("everstep-killed-events-{}", std::process::id()));
    let (mut events, mut torn) = (0, 0);
    for round in 0..count {
        let lifetime = Duration::from_micros(scrambled(seed ^ round) % LIFETIME);
        let (found, is_torn) = kill(&directory.join(round.to_string()), lifetime)?;
        events += found;
        torn += u64::from(is_torn);
    }
    fs::remove_dir_all(&directory)?;
    println!("{count} processes killed; {events} events read, every flushed one among them; {torn} files were torn");
    Ok(())
}

/// Kills a process after some time, and reads what it wrote: how many events, and whether the last one was torn.
fn kill(directory: &Path, lifetime: Duration) -> Result<(u64, bool), Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = command.arg("write").arg(directory).stdout(Stdio::piped()).spawn()?;
    let mut reports = BufReader::new(child.stdout.take().ok_or("the pipe is there")?).lines();
    let first = reports.next().transpose()?;
    let killer = thread::spawn(move || end(child, lifetime));
    let last = reports.map_while(Result::ok).last().or(first);
    killer.join().map_err(|_| "the thread that kills panicked")??;
    let flushed: u64 = last.ok_or("the process reported nothing")?.parse()?;
    let (found, is_torn) = read(directory)?;
    if found < flushed {
        return Err(format!("{flushed} events were flushed and {found} are there").into());
    }
    fs::remove_dir_all(directory)?;
    Ok((found, is_torn))
}

fn end(mut child: Child, lifetime: Duration) -> std::io::Result<()> {
    thread::sleep(lifetime);
    child.kill()?;
    child.wait().map(|_| ())
}

/// How many events are there, which must be those from 1 on, with nothing but a torn one behind.
fn read(directory: &Path) -> Result<(u64, bool), Box<dyn Error>> {
    let files: Vec<PathBuf> = event_files(directory)?;
    let [file] = &*files else { return Err(format!("one process made {} files", files.len()).into()) };
    let mut found = 0;
    for event in EventReader::open(file)? {
        let event = match event {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok((found, true)),
            event => event?,
        };
        found += 1;
        let expected = What::scalar("loss", f64::from(found as f32));
        if (event.step, &event.what) != (found, &expected) {
            return Err(format!("event {found} is {event:?}").into());
        }
    }
    Ok((found, false))
}

/// SplitMix64's output function, by Steele, Lea and Flood (2014).
fn scrambled(mut word: u64) -> u64 {
    word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}
