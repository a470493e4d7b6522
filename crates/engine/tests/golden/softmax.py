"""Softmax over the last axis, and the cross-entropy made of it."""

import numpy as np
import tensorflow as tf

from golden import Family, f32, spread

family = Family(__file__)

LOGITS = [spread([2, 4], -4, 4), spread([2, 2, 3], -3, 3), f32(1000, 1001, 999)]

for logits in LOGITS:
    family.add("softmax", tf.nn.softmax, [logits])
    family.add("log_softmax", tf.nn.log_softmax, [logits])
for dtype in [np.int32, np.int64]:
    family.add(
        "sparse_softmax_cross_entropy_with_logits",
        lambda logits, labels: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits),
        [spread([3, 4], -4, 4), np.array([2, 0, 3], dtype)],
    )

family.write()
