"""Functions of one element."""

import numpy as np
import tensorflow as tf

from golden import Family, f32, spread

family = Family(__file__)

SIGNED = np.concatenate([spread([12], -6, 6), f32(0.0, -0.0, 30.0, -30.0)])
POSITIVE = np.concatenate([spread([12], 0.05, 9), f32(1.0, 1e-6, 1e6)])

for op, function in [
    ("neg", tf.negative),
    ("abs", tf.abs),
    ("square", tf.square),
    ("exp", tf.exp),
    ("relu", tf.nn.relu),
    ("tanh", tf.tanh),
    ("sigmoid", tf.sigmoid),
]:
    family.add(op, function, [SIGNED])
for op, function in [("log", tf.math.log), ("sqrt", tf.sqrt)]:
    family.add(op, function, [POSITIVE])
for op, function in [("neg", tf.negative), ("abs", tf.abs), ("square", tf.square)]:
    for dtype in [np.int32, np.int64]:
        family.add(op, function, [np.array([-7, 0, 5, 46340], dtype)])

family.write()
