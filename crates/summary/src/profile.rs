//! Profiles: the files of TensorBoard's profile plugin, which are no events.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::Duration,
};

use everstep_event::{DeviceStats, NodeStats, RunStats};
use everstep_proto::{
    Message,
    xplane::{XEvent, XEventMetadata, XEventMetadataEntry, XLine, XPlane, XSpace},
};

use crate::{file::explain, host};

/// Writes what runs of a graph took for the trace viewer of TensorBoard's profile plugin; gives the file.
///
/// The file is `plugins/profile/<name>/<host>.xplane.pb` in the log directory, with a plane for each device, a line for
/// each thread and an event for each node. The plugin, `tensorboard-plugin-profile`, is installed beside TensorBoard.
///
/// # Errors
///
/// - `InvalidInput`: the name is empty or has a path separator.
/// - Why the file cannot be written.
pub fn write_profile(logdir: impl AsRef<Path>, name: &str, stats: &RunStats) -> io::Result<PathBuf> {
    if name.is_empty() || name.starts_with('.') || name.contains(std::path::is_separator) {
        let message = format!("a profile cannot be named `{name}`; give it the name of a folder");
        return Err(io::Error::new(ErrorKind::InvalidInput, message));
    }
    let folder = logdir.as_ref().join("plugins/profile").join(name);
    let path = folder.join(format!("{}.xplane.pb", host::name()));
    let planes = stats.devices.iter().zip(1..).map(|(device, id)| plane(device, id)).collect();
    let space = XSpace { planes, hostnames: vec![host::name()] };
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, space.encode_to_vec()));
    written.map_err(|error| explain(error, format_args!("cannot write the profile `{}`", path.display())))?;
    Ok(path)
}

fn plane(device: &DeviceStats, id: i64) -> XPlane {
    let mut threads = BTreeMap::<u32, Vec<&NodeStats>>::new();
    device.nodes.iter().for_each(|node| threads.entry(node.thread).or_default().push(node));
    let names: BTreeMap<&str, i64> = device.nodes.iter().map(|node| &*node.name).zip(1..).collect();
    let lines = threads.into_iter().map(|(thread, nodes)| line(thread, &nodes, &names)).collect();
    let event_metadata = names.iter().map(|(name, id)| metadata(name, *id)).collect();
    // The trace viewer shows the planes that begin like this.
    let name = if device.name.contains("CPU") { "/host:CPU" } else { &device.name }.to_owned();
    XPlane { id, name, lines, event_metadata }
}

fn line(thread: u32, nodes: &[&NodeStats], names: &BTreeMap<&str, i64>) -> XLine {
    let began = nodes.iter().map(|node| node.start).min().unwrap_or_default();
    let ended = nodes.iter().map(|node| node.start + node.elapsed).max().unwrap_or_default();
    let event = |node: &&NodeStats| XEvent {
        metadata_id: names[&*node.name],
        offset_ps: picoseconds(node.start - began),
        duration_ps: picoseconds(node.elapsed),
    };
    XLine {
        id: thread.into(),
        name: format!("thread {thread}"),
        timestamp_ns: i64::try_from(began.as_nanos()).unwrap_or(i64::MAX),
        events: nodes.iter().map(event).collect(),
        duration_ps: picoseconds(ended - began),
    }
}

fn metadata(name: &str, id: i64) -> XEventMetadataEntry {
    let value = XEventMetadata { id, name: name.to_owned(), display_name: String::new() };
    XEventMetadataEntry { key: id, value: Some(value) }
}

fn picoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos().saturating_mul(1000)).unwrap_or(i64::MAX)
}
