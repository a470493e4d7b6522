"""Prints as JSON what TensorBoard's plugins show of a log directory.

Usage: python3 read_kinds.py LOGDIR   (needs the package `tensorboard` from PyPI)

    {
      run: {
        "scalars": {tag: [[step, value], ...]},
        "histograms": {tag: [[step, [[left, right, count], ...]], ...]},
        "images": {tag: [[step, [[width, height, channels, pixels in hexadecimal digits], ...]], ...]},
        "audio": {tag: [[step, [[sample_rate, channels, [sample, ...]], ...]], ...]},      # samples of 16 bits
        "text": {tag: [[step, text], ...]},
        "pr_curves": {tag: [[step, true positives, false positives, true negatives, false negatives], ...]},
        "mesh": {tag: [[step, vertices, triangles, colors], ...]},
        "tensors": {tag: [[step, shape, elements], ...]},                                  # of no plugin
        "layout": [[title, closed, [[title, tags], ...]], ...],
        "hparams": {name: value},
        "status": status of the trial,
        "graph_nodes": number,
        "run_metadata": [tag, ...],
        "embeddings": {name: [rows, columns]}
      }
    }

What a run does not have is left out. The values are those of TensorBoard's data provider, which its pages ask; and each
plugin's page must list the tags. A value that is not a number is a string: "NaN", "Infinity", "-Infinity".
"""

import collections
import io
import json
import math
import os
import sys
import wave

import numpy
import PIL.Image
import werkzeug.test
from tensorboard import context, default, program
from tensorboard.backend import application
from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.compat.proto import summary_pb2
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.mesh import plugin_data_pb2 as mesh_data_pb2
from tensorboard.util import tensor_util

ALL = 10**6
CONTEXT = context.RequestContext()
SAMPLES = ",".join(f"{plugin}={ALL}" for plugin in "scalars histograms images audio text pr_curves mesh".split())


def number(value):
    value = float(value)
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def numbers(array):
    if isinstance(array, numpy.ndarray) and array.ndim > 0 or isinstance(array, list):
        return [numbers(item) for item in array]
    return number(array)


class Board:
    """TensorBoard in this process, over a log directory that it has read once."""

    def __init__(self, logdir):
        board = program.TensorBoard(default.get_plugins())
        flags = ["--reload_task", "blocking", "--reload_interval", "0", "--load_fast", "false"]
        board.configure([None, "--logdir", logdir, "--samples_per_plugin", SAMPLES, *flags])
        self.provider, self.multiplexer = board._make_data_provider()
        app = application.TensorBoardWSGIApp(
            board.flags, board.plugin_loaders, self.provider, board.assets_zip_provider, self.multiplexer
        )
        self.client = werkzeug.test.Client(app)

    def get(self, path, **query):
        response = self.client.get(f"/data/plugin/{path}", query_string=query)
        assert response.status_code == 200, (path, query, response.status)
        return response.get_json()

    def read(self, kind, plugin):
        """(run, tag, data) of each series of a plugin; `kind` is scalars, tensors or blob_sequences."""
        read = getattr(self.provider, f"read_{kind}")
        found = read(CONTEXT, experiment_id="", plugin_name=plugin, downsample=ALL)
        for run, tags in found.items():
            for tag, data in tags.items():
                yield run, tag, data

    def blob(self, reference):
        return self.provider.read_blob(CONTEXT, blob_key=reference.blob_key)


def image(png):
    picture = PIL.Image.open(io.BytesIO(png))
    channels = len(picture.getbands())
    return [picture.width, picture.height, channels, picture.tobytes().hex()]


def sound(wav):
    with wave.open(io.BytesIO(wav)) as file:
        assert file.getsampwidth() == 2
        samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2")
        return [file.getframerate(), file.getnchannels(), samples.tolist()]


def main(logdir):
    board = Board(logdir)
    runs = collections.defaultdict(lambda: collections.defaultdict(dict))

    for run, tag, data in board.read("scalars", "scalars"):
        runs[run]["scalars"][tag] = [[datum.step, number(datum.value)] for datum in data]
    for run, tag, data in board.read("tensors", "histograms"):
        runs[run]["histograms"][tag] = [[datum.step, numbers(datum.numpy)] for datum in data]
    for run, tag, data in board.read("blob_sequences", "images"):
        # Before the pictures come their width and height.
        runs[run]["images"][tag] = [[d.step, [image(board.blob(b)) for b in d.values[2:]]] for d in data]
    for run, tag, data in board.read("blob_sequences", "audio"):
        runs[run]["audio"][tag] = [[d.step, [sound(board.blob(b)) for b in d.values]] for d in data]
    for run, tag, data in board.read("tensors", "text"):
        runs[run]["text"][tag] = [[datum.step, datum.numpy.item().decode()] for datum in data]
    for run, tag, data in board.read("tensors", "pr_curves"):
        runs[run]["pr_curves"][tag] = [[datum.step, *numbers(datum.numpy[:4])] for datum in data]

    listed = {
        "scalars": "scalars/tags",
        "histograms": "histograms/tags",
        "images": "images/tags",
        "audio": "audio/tags",
        "text": "text/tags",
        "pr_curves": "pr_curves/tags",
    }
    for kind, path in listed.items():
        page = {run: sorted(tags) for run, tags in board.get(path).items() if tags}
        values = {run: sorted(found[kind]) for run, found in runs.items() if found[kind]}
        assert page == values, f"the page {path} lists {page}, but there are {values}"

    for run, tags in board.get("mesh/tags").items():
        for tag in tags:
            runs[run]["mesh"][tag] = meshes(board, run, tag)
    for run in board.multiplexer.Runs():
        rest(board, logdir, run, runs[run])
    print(json.dumps({run: {kind: value for kind, value in found.items() if value} for run, found in runs.items()}))


def meshes(board, run, tag):
    steps = collections.defaultdict(lambda: {"VERTEX": [], "FACE": [], "COLOR": []})
    types = {"VERTEX": "<f4", "FACE": "<i4", "COLOR": "u1"}
    names = {mesh_data_pb2.MeshPluginData.ContentType.Value(name): name for name in types}
    for item in board.get("mesh/meshes", run=run, tag=tag, sample=0):
        name = names[item["content_type"]]
        query = {"content_type": name, "run": run, "tag": tag, "sample": 0, "step": item["step"]}
        data = board.client.get("/data/plugin/mesh/data", query_string=query).data
        steps[item["step"]][name] = numbers(numpy.frombuffer(data, types[name]).reshape(-1, 3))
    return [[step, part["VERTEX"], part["FACE"], part["COLOR"]] for step, part in sorted(steps.items())]


def rest(board, logdir, run, found):
    """What no plugin shows as a series of values."""
    accumulator = board.multiplexer.GetAccumulator(run)
    # TensorBoard keeps but a sample of what it does not show; its accumulator keeps all if it is told so.
    keep = {plugin_event_accumulator.TENSORS: 0}
    whole = plugin_event_accumulator.EventAccumulator(os.path.join(logdir, run), size_guidance=keep).Reload()
    for tag in accumulator.Tags()["tensors"]:
        # Values of no plugin need not have any.
        metadata = accumulator.summary_metadata.get(tag, summary_pb2.SummaryMetadata())
        plugin, content = metadata.plugin_data.plugin_name, metadata.plugin_data.content
        if not plugin:
            arrays = [(event.step, tensor_util.make_ndarray(event.tensor_proto)) for event in whole.Tensors(tag)]
            found["tensors"][tag] = [[step, list(a.shape), numbers(a.reshape(-1))] for step, a in arrays]
        if plugin == "hparams":
            data = plugin_data_pb2.HParamsPluginData.FromString(content)
            if data.HasField("session_start_info"):
                hparams = data.session_start_info.hparams
                found["hparams"] = {name: getattr(v, v.WhichOneof("kind")) for name, v in hparams.items()}
            if data.HasField("session_end_info"):
                found["status"] = api_pb2.Status.Name(data.session_end_info.status)
    layout = [tag for tag in accumulator.Tags()["tensors"] if tag == "custom_scalars__config__"]
    if layout:
        message = layout_pb2.Layout.FromString(accumulator.Tensors(layout[0])[-1].tensor_proto.string_val[0])
        found["layout"] = [
            [c.title, c.closed, [[chart.title, curves(chart)] for chart in c.chart]] for c in message.category
        ]
    info = board.get("graphs/info").get(run, {})
    if info.get("run_graph"):
        found["graph_nodes"] = len(accumulator.Graph().node)
    metadata = sorted(info.get("tags", {}))
    if metadata:
        found["run_metadata"] = metadata


def curves(chart):
    if chart.HasField("multiline"):
        return list(chart.multiline.tag)
    return [[series.value, series.lower, series.upper] for series in chart.margin.series]


main(sys.argv[1])
