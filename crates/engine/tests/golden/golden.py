"""What TensorFlow makes of given inputs, a line of JSON for each case.

Each family has a script beside this module that writes `<family>.jsonl`; run it with TensorFlow 2.21 installed:

    pip install tensorflow==2.21
    python crates/engine/tests/golden/unary.py

The lines are committed, so that the tests need no TensorFlow.
An input or result is written as ["f32", [2, 1], [0.5, "nan"]].
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

NAMES = {
    "bool": "bool",
    "uint8": "u8",
    "int32": "i32",
    "int64": "i64",
    "float32": "f32",
    "float64": "f64",
    "bfloat16": "bf16",
    "float16": "f16",
}


def number(value):
    """The shortest text that reads back as the same number."""
    if isinstance(value, (np.bool_, np.integer)):
        return int(value)
    if not np.isfinite(value):
        return {"inf": "inf", "-inf": "-inf"}.get(str(value), "nan")
    return float(np.format_float_scientific(value, unique=True))


def array(value):
    value = np.asarray(value)
    return [NAMES[value.dtype.name], list(value.shape), [number(element) for element in value.reshape(-1)]]


def weights(index, output):
    """What the output is multiplied by to make the loss; the tests have the same numbers."""
    elements = np.arange(np.size(output))
    return (((7 * elements + 3 * index + 3) % 11) / 4 - 1.125).reshape(np.shape(output)).astype(output.dtype.name)


class Family:
    """The lines of a family, written beside its script."""

    def __init__(self, script):
        self.path = os.path.splitext(os.path.abspath(script))[0] + ".jsonl"
        self.lines = []

    def add(self, op, function, inputs, attributes=None, gradients=None):
        """Records `function` of the inputs, and the gradients of the inputs with these numbers (default: the floats)."""
        inputs = [np.asarray(value) for value in inputs]
        if gradients is None:
            gradients = [index for index, value in enumerate(inputs) if value.dtype.kind == "f"]
        tensors = [tf.constant(value) for value in inputs]
        with tf.GradientTape() as tape:
            for index in gradients:
                tape.watch(tensors[index])
            outputs = function(*tensors)
            outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
            floats = [(i, output) for i, output in enumerate(outputs) if output.dtype.is_floating]
            loss = tf.add_n([tf.reduce_sum(output * weights(i, output)) for i, output in floats]) if floats else None
        found = []
        if gradients:
            found = tape.gradient(loss, [tensors[index] for index in gradients])
            found = [tf.convert_to_tensor(gradient) for gradient in found]
        line = {"op": op}
        if attributes:
            line["attributes"] = attributes
        line["inputs"] = [array(value) for value in inputs]
        line["outputs"] = [array(value) for value in outputs]
        if found:
            line["gradients"] = [array(value) for value in found]
        self.lines.append(json.dumps(line, separators=(",", ":")))

    def write(self):
        if not tf.__version__.startswith("2.21."):
            sys.exit(f"the committed values are of TensorFlow 2.21, this is {tf.__version__}")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines) + "\n")


def f32(*values):
    return np.array(values, dtype=np.float32)


def spread(shape, low=-2.0, high=2.0, dtype=np.float32):
    """Numbers between the bounds, without order, none of them equal."""
    count = int(np.prod(shape, dtype=np.int64))
    places = (np.arange(count) * 7 + 3) % max(count, 1) if count % 7 else (np.arange(count) * 5 + 3) % max(count, 1)
    return np.round(low + (places + 0.5) * (high - low) / max(count, 1), 3).astype(dtype).reshape(shape)
