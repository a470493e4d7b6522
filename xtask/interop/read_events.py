"""Prints as JSON what TensorBoard's own readers find in a log directory.

Usage: python3 read_events.py LOGDIR   (needs the package `tensorboard` from PyPI)

    {
      "files": [name, ...],                       # event files, in the order in which TensorBoard reads them
      "file_versions": [version, ...],            # one a file
      "scalars": {tag: [[step, value], ...]},     # in the order written; a step that was trained again occurs again
      "texts": {tag: [[step, text], ...]},
      "graph_nodes": number or null,
      "graph_ops": {op: number, ...},
      "session_log": [[step, status, checkpoint_path], ...]
    }

A value that is not a number is a string: "nan", "inf", "-inf".
"""

import collections
import json
import math
import os
import sys

from tensorboard.backend.event_processing import event_file_loader, plugin_event_accumulator
from tensorboard.compat.proto import event_pb2
from tensorboard.util import tensor_util


def number(value):
    value = float(value)
    return value if math.isfinite(value) else str(value)


def series(accumulator, plugin, convert):
    """The tensors of each tag of a plugin, as (step, value)."""
    tags = accumulator.PluginTagToContent(plugin) if plugin in accumulator.ActivePlugins() else {}
    value = lambda event: convert(tensor_util.make_ndarray(event.tensor_proto).item())
    return {tag: [[event.step, value(event)] for event in accumulator.Tensors(tag)] for tag in sorted(tags)}


def raw_events(path):
    """The events as they were written."""
    return event_file_loader.LegacyEventFileLoader(path).Load()


def main(logdir):
    accumulator = plugin_event_accumulator.EventAccumulator(
        logdir, size_guidance={plugin_event_accumulator.TENSORS: 0}, purge_orphaned_data=False
    ).Reload()
    files = sorted(name for name in os.listdir(logdir) if "tfevents" in name)
    events = [event for name in files for event in raw_events(os.path.join(logdir, name))]
    nodes = accumulator.Graph().node if accumulator.Tags()["graph"] else None
    status_name = event_pb2.SessionLog.SessionStatus.Name
    print(
        json.dumps(
            {
                "files": files,
                "file_versions": [event.file_version for event in events if event.HasField("file_version")],
                "scalars": series(accumulator, "scalars", number),
                "texts": series(accumulator, "text", lambda text: text.decode("utf-8")),
                "graph_nodes": None if nodes is None else len(nodes),
                "graph_ops": dict(sorted(collections.Counter(node.op for node in nodes or []).items())),
                "session_log": [
                    [event.step, status_name(event.session_log.status), event.session_log.checkpoint_path]
                    for event in events
                    if event.HasField("session_log")
                ],
            },
            sort_keys=True,
        )
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 read_events.py LOGDIR")
    main(sys.argv[1])
