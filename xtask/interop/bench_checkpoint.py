"""One GiB in 100 tensors through another saver (torch, tensorflow or orbax): prints a line of JSON.

Fails where the library cannot be imported.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy

TENSORS, ELEMENTS, ROUNDS = 100, -(-(1 << 28) // 100), 5
BYTES = TENSORS * ELEMENTS * 4


def values():
    block = numpy.arange(ELEMENTS, dtype=numpy.float32)
    return {f"v{index:02}": block + index for index in range(TENSORS)}


def torch_saver(path):
    import torch

    model = {name: torch.from_numpy(value) for name, value in values().items()}
    file = os.path.join(path, "model.pt")
    return "torch.save " + torch.__version__, lambda: torch.save(model, file), lambda: torch.load(file), None


def tensorflow_saver(path):
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    tf.logging.set_verbosity(tf.logging.ERROR)
    value = tf.placeholder(tf.float32, [ELEMENTS])
    variables = [tf.get_variable(name, [ELEMENTS], use_resource=False) for name in values()]
    assigns = [tf.assign(variable, value).op for variable in variables]
    session = tf.Session()
    for assign, block in zip(assigns, values().values()):
        session.run(assign, {value: block})
    saver = tf.train.Saver(sharded=True)
    prefix = os.path.join(path, "model")
    save = lambda: saver.save(session, prefix, write_meta_graph=False)
    return "tf.compat.v1.train.Saver " + tf.__version__, save, lambda: saver.restore(session, prefix), None


def orbax_saver(path):
    import jax
    import jax.numpy
    import orbax.checkpoint

    model = {name: jax.numpy.asarray(value) for name, value in values().items()}
    target = jax.tree.map(orbax.checkpoint.utils.to_shape_dtype_struct, model)
    saver = orbax.checkpoint.StandardCheckpointer()
    place = os.path.join(path, "model")
    restore = lambda: jax.block_until_ready(saver.restore(place, target))
    name = "orbax StandardCheckpointer " + orbax.checkpoint.__version__
    return name, lambda: saver.save(place, model), restore, saver.wait_until_finished


def sync(path):
    for root, _, names in os.walk(path):
        for name in names:
            file = os.open(os.path.join(root, name), os.O_RDONLY)
            os.fsync(file)
            os.close(file)


def main():
    make = {"torch": torch_saver, "tensorflow": tensorflow_saver, "orbax": orbax_saver}[sys.argv[1]]
    path = os.path.join(tempfile.mkdtemp(), "checkpoints")
    name, save, restore, wait = make(path)
    blocks, writes, restores = [], [], []
    for _ in range(ROUNDS):
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        os.sync()
        began = time.perf_counter()
        save()
        blocks.append((time.perf_counter() - began) * 1e3)
        if wait:
            wait()
        sync(path)
        writes.append(BYTES / 1e9 / (time.perf_counter() - began))
        began = time.perf_counter()
        restore()
        restores.append(BYTES / 1e9 / (time.perf_counter() - began))
    shutil.rmtree(os.path.dirname(path))
    report = {"blocks_ms": blocks, "write_gbps": writes, "restore_gbps": restores}
    print(json.dumps({"name": name} | {key: statistics.median(value) for key, value in report.items()}))


main()
