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

for op, function in [
    ("squared_difference", tf.math.squared_difference),
    ("floor_mod", tf.math.floormod),
    ("div_no_nan", tf.math.divide_no_nan),
]:
    family.add(op, function, [spread([2, 3], -3, 3), spread([3], 0.5, 2.5)])
    family.add(op, function, [spread([2, 1, 2], -3, 3), spread([3, 1], -2.7, 2.2)])
family.add("div_no_nan", tf.math.divide_no_nan, [f32(1, 2, 0), f32(0, 4, 0)])
family.add("pow", tf.pow, [spread([2, 3], 0.1, 3), spread([3], -2.5, 2.5)])
family.add("pow", tf.pow, [f32(-2, 0, 3), f32(2, 2, 0)])
family.add("floor_div", tf.math.floordiv, [spread([2, 3], -3, 3), spread([3], -2.5, 2.5)], gradients=[])
for op, function in [
    ("squared_difference", tf.math.squared_difference),
    ("floor_mod", tf.math.floormod),
    ("floor_div", tf.math.floordiv),
]:
    for dtype in [np.int32, np.int64]:
        values = [np.array([7, -7, 7, -7, 6], dtype), np.array([2, 2, -2, -2, -3], dtype)]
        family.add(op, function, values)
family.add("clip_by_value", tf.clip_by_value, [f32(-3, -1, 0, 2, 5), np.float32(-1), np.float32(2)], gradients=[0])
family.add("add_n", lambda *values: tf.add_n(values), [spread([2, 2]), spread([2, 2], 0, 1), spread([2, 2], 3, 9)])

family.write()
