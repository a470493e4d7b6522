"""Truth values: made, combined, and chosen by."""

import numpy as np
import tensorflow as tf

from golden import Family, f32, spread

family = Family(__file__)

ONE, OTHER = np.array([[False], [True]]), np.array([False, True])
for op, function in [
    ("logical_and", tf.logical_and),
    ("logical_or", tf.logical_or),
    ("logical_xor", tf.math.logical_xor),
]:
    family.add(op, function, [ONE, OTHER])
family.add("logical_not", tf.logical_not, [OTHER])
for op, function in [("is_nan", tf.math.is_nan), ("is_inf", tf.math.is_inf), ("is_finite", tf.math.is_finite)]:
    family.add(op, function, [f32(0, 1, np.nan, np.inf, -np.inf)], gradients=[])
family.add("select_v2", tf.where, [np.array([[True], [False]]), spread([2, 3]), spread([3], 3, 5)])
family.add("select_v2", tf.where, [np.array([True, False, True]), spread([]), spread([2, 1], 3, 5)])
family.add("select_v2", tf.where, [OTHER, np.array([1, 2], np.uint8), np.array([3, 4], np.uint8)])

family.write()
