"""Checks that TensorBoard's protocol messages know every byte of the records of event files.

Usage: python3 read_records.py LOGDIR   (needs the package `tensorboard` from PyPI)

Each record, and what it holds for a plugin, is parsed: no field may be unknown, and written again it must be as long.
Prints as JSON how often each kind was found.
"""

import collections
import json
import os
import sys

from google.protobuf import unknown_fields
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.compat.proto import config_pb2, event_pb2
from tensorboard.plugins.audio import plugin_data_pb2 as audio
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import plugin_data_pb2 as hparams
from tensorboard.plugins.image import plugin_data_pb2 as image
from tensorboard.plugins.mesh import plugin_data_pb2 as mesh
from tensorboard.plugins.pr_curve import plugin_data_pb2 as pr_curve

CONTENTS = {
    "audio": audio.AudioPluginData,
    "hparams": hparams.HParamsPluginData,
    "images": image.ImagePluginData,
    "mesh": mesh.MeshPluginData,
    "pr_curves": pr_curve.PrCurvePluginData,
}


def known(message):
    """Fails on a field that the message, or one in it, does not have."""
    if len(unknown_fields.UnknownFieldSet(message)) > 0:
        raise ValueError(f"{message.DESCRIPTOR.full_name} has unknown fields: {message}")
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            values = value.values() if field.message_type.fields_by_name["value"].message_type else []
        else:
            values = value if field.is_repeated else [value]
        for item in values:
            known(item)


def parse(kind, data):
    message = kind.FromString(data)
    known(message)
    if message.ByteSize() != len(data):
        raise ValueError(f"{len(data)} bytes are {message.ByteSize()} when written again: {message}")
    return message


def plugin(value):
    """Parses what a value holds for its plugin; gives its kind."""
    name = value.metadata.plugin_data.plugin_name
    if name in CONTENTS:
        parse(CONTENTS[name], value.metadata.plugin_data.content)
    if name == "custom_scalars":
        parse(layout_pb2.Layout, value.tensor.string_val[0])
    return f"{value.WhichOneof('value')} of {name if name.isidentifier() else 'another'}" if name else value.WhichOneof("value")


def main(logdir):
    kinds = collections.Counter()
    for name in sorted(name for name in os.listdir(logdir) if "tfevents" in name):
        for record in event_file_loader.RawEventFileLoader(os.path.join(logdir, name)).Load():
            event = parse(event_pb2.Event, record)
            what = event.WhichOneof("what")
            if what == "tagged_run_metadata":
                parse(config_pb2.RunMetadata, event.tagged_run_metadata.run_metadata)
            kinds.update([plugin(value) for value in event.summary.value] if what == "summary" else [what])
    print(json.dumps(dict(sorted(kinds.items()))))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 read_records.py LOGDIR")
    main(sys.argv[1])
