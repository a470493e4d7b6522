"""The null step through TensorFlow's MonitoredTrainingSession with its default hooks: prints a line of JSON.

Fails where tensorflow cannot be imported.
"""

import json
import os
import statistics
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow.compat.v1 as tf

ROUNDS, STEPS = 7, 2000


def main():
    tf.disable_v2_behavior()
    tf.logging.set_verbosity(tf.logging.ERROR)
    train_op = tf.assign_add(tf.train.get_or_create_global_step(), 1)
    config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    rounds = []
    with tempfile.TemporaryDirectory() as directory:
        with tf.train.MonitoredTrainingSession(checkpoint_dir=directory, config=config) as session:
            for _ in range(ROUNDS):
                began = time.perf_counter()
                for _ in range(STEPS):
                    session.run(train_op)
                rounds.append(STEPS / (time.perf_counter() - began))
    print(json.dumps({"default_hooks_steps_per_s": statistics.median(rounds)}))


main()
