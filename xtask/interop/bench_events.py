"""Scalars to an event file through another writer, until it is closed: prints a line of JSON.

Usage: python3 bench_events.py tensorflow|tensorflow-encoded|torch|tensorboardX   (fails where that cannot be imported)
"""

import json
import os
import statistics
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROUNDS, SCALARS = 5, 20_000


def tensorflow():
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    value = lambda step: tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5 * step)])
    return tf.summary.FileWriter, lambda writer, step: writer.add_summary(value(step), step)


def tensorflow_encoded():
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    summary = tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)]).SerializeToString()
    return tf.summary.FileWriter, lambda writer, step: writer.add_summary(summary, step)


def torch():
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter, lambda writer, step: writer.add_scalar("loss", 0.5 * step, step)


def tensorboardX():
    from tensorboardX import SummaryWriter

    return SummaryWriter, lambda writer, step: writer.add_scalar("loss", 0.5 * step, step)


WRITERS = {
    "tensorflow": tensorflow,
    "tensorflow-encoded": tensorflow_encoded,
    "torch": torch,
    "tensorboardX": tensorboardX,
}


def main(name):
    make, add = WRITERS[name]()
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as directory:
            writer = make(directory)
            began = time.perf_counter()
            for step in range(SCALARS):
                add(writer, step)
            writer.close()
            rounds.append(SCALARS / (time.perf_counter() - began))
    print(json.dumps({"scalars_per_s": statistics.median(rounds)}))


main(sys.argv[1])
