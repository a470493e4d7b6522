"""What `tf.metrics` makes of streams of batches; a line of JSON for each metric.

Run it with TensorFlow 2.21 installed:

    pip install tensorflow==2.21
    python crates/engine/tests/golden/metrics.py

The lines are committed, so that the tests need no TensorFlow.
A line holds the batches, each a list of flat inputs, and what the update gave after each batch, flat.
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

v1 = tf.compat.v1
v1.disable_eager_execution()
random = np.random.RandomState(3)

SIZES = [5, 8, 3]
CLASSES = 4


def probabilities(size):
    return random.uniform(0, 1, size).round(3).astype("float32")


def truths(size):
    return random.randint(0, 2, size).astype("float32")


def classes(size):
    return random.randint(0, CLASSES, size).astype("int64")


def logits(size):
    return random.uniform(-2, 2, [size, CLASSES]).round(3).astype("float32")


def weights(size):
    return random.uniform(0, 2, size).round(3).astype("float32")


def stream(name, build, *makers):
    """The updates of the metric that `build` makes of placeholders, with and without weights."""
    lines = []
    for weighted in [False, True]:
        batches = [[maker(size) for maker in makers] + [weights(size)] * weighted for size in SIZES]
        with tf.Graph().as_default(), v1.Session() as session:
            inputs = [v1.placeholder(each.dtype, [None, *each.shape[1:]]) for each in batches[0]]
            _, update = build(*inputs[: len(makers)], inputs[-1] if weighted else None)
            session.run(v1.local_variables_initializer())
            values = [session.run(update, dict(zip(inputs, batch))) for batch in batches]
        lines.append(
            {
                "metric": name,
                "batches": [[each.reshape(-1).tolist() for each in batch] for batch in batches],
                "values": [np.asarray(value).reshape(-1).tolist() for value in values],
            }
        )
    return lines


def confusion(predictions, labels, weights):
    """As Keras' and Estimators' streaming confusion matrices: a local variable that gathers `tf.math.confusion_matrix`."""
    total = v1.get_local_variable("total", [CLASSES, CLASSES], tf.float64, v1.zeros_initializer())
    counts = tf.math.confusion_matrix(labels, predictions, CLASSES, dtype=tf.float64, weights=weights)
    return total, v1.assign_add(total, counts)


def top_2(logits, labels, weights):
    return v1.metrics.mean(tf.math.in_top_k(targets=labels, predictions=logits, k=2), weights)


def auc(curve, thresholds):
    def build(predictions, labels, weights):
        return v1.metrics.auc(labels, predictions, weights, thresholds, curve=curve, summation_method="trapezoidal")

    return build


def main():
    metrics = v1.metrics
    lines = [
        *stream("mean", lambda values, weights: metrics.mean(values, weights), probabilities),
        *stream(
            "accuracy",
            lambda logits, labels, weights: metrics.accuracy(labels, tf.argmax(logits, -1), weights),
            logits,
            classes,
        ),
        *stream("top 2", top_2, logits, classes),
        *stream("precision", lambda p, t, weights: metrics.precision(t, tf.round(p), weights), truths, truths),
        *stream("recall", lambda p, t, weights: metrics.recall(t, tf.round(p), weights), truths, truths),
        *stream("roc 200", auc("ROC", 200), probabilities, truths),
        *stream("roc 5", auc("ROC", 5), probabilities, truths),
        *stream("pr 200", auc("PR", 200), probabilities, truths),
        *stream("pr 5", auc("PR", 5), probabilities, truths),
        *stream("confusion matrix", confusion, classes, classes),
    ]
    path = os.path.splitext(os.path.abspath(__file__))[0] + ".jsonl"
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


main()
