"""Functions of two elements, broadcast."""

import numpy as np
import tensorflow as tf

from golden import Family, f32, spread

family = Family(__file__)

TIES = [f32(1.5, -2.0, 0.0, 3.0), f32(1.5, 1.0, -0.0, 4.0)]

for op, function in [
    ("add_v2", tf.add),
    ("sub", tf.subtract),
    ("mul", tf.multiply),
    ("div", tf.divide),
    ("maximum", tf.maximum),
    ("minimum", tf.minimum),
]:
    family.add(op, function, [spread([2, 3], -3, 3), spread([3], 0.5, 2.5)])
    family.add(op, function, [spread([2, 1, 2], -3, 3), spread([3, 1], -2.7, 2.2)])
    if op != "div":
        family.add(op, function, TIES)
        family.add(op, function, [np.array([7, -7, 5], np.int32), np.array([2, 2, -3], np.int32)], gradients=[])

for dtype in [np.int32, np.int64]:
    values = [np.array([7, -7, 5, -1], dtype), np.array([2, 2, -3, 5], dtype)]
    family.add("div_of_integers", lambda x, y: tf.raw_ops.Div(x=x, y=y), values)

family.write()
