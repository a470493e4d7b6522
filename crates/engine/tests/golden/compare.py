"""Comparisons."""

import numpy as np
import tensorflow as tf

from golden import Family, f32

family = Family(__file__)

SPECIAL = f32(0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan)

for op, function in [
    ("equal", tf.equal),
    ("not_equal", tf.not_equal),
    ("less", tf.less),
    ("less_equal", tf.less_equal),
    ("greater", tf.greater),
    ("greater_equal", tf.greater_equal),
]:
    family.add(op, function, [SPECIAL.reshape(7, 1), SPECIAL], gradients=[])
    family.add(op, function, [np.array([1, 2, 3], np.uint8), np.array([2, 2, 2], np.uint8)])

family.write()
