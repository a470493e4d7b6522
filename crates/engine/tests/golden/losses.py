"""Losses of rows and elements."""

import numpy as np
import tensorflow as tf

from golden import Family, spread

family = Family(__file__)

labels = spread([3, 4], 0.1, 2)
labels = (labels / labels.sum(1, keepdims=True)).astype(np.float32)
family.add(
    "softmax_cross_entropy_with_logits",
    lambda logits, labels: tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits),
    [spread([3, 4], -4, 4), labels],
)
family.add(
    "sigmoid_cross_entropy_with_logits",
    lambda logits, labels: tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits),
    [spread([3, 5], -20, 20), spread([3, 5], 0, 1)],
)
for delta in [1.0, 0.5]:
    family.add(
        "huber_loss",
        lambda predictions, labels: tf.compat.v1.losses.huber_loss(labels, predictions, delta=delta, reduction="none"),
        [spread([4, 3]), spread([4, 3], -1, 2.5)],
        {"delta": delta},
    )

family.write()
