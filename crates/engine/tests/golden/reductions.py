"""Elements along axes combined into one."""

import numpy as np
import tensorflow as tf

from golden import Family, f32, spread

family = Family(__file__)

INPUT = spread([2, 3, 4])
TIES = f32(2, 5, 5, 3, 3, 3).reshape(2, 3)

for op, function in [
    ("sum", tf.reduce_sum),
    ("mean", tf.reduce_mean),
    ("max", tf.reduce_max),
    ("min", tf.reduce_min),
    ("prod", tf.reduce_prod),
    ("log_sum_exp", tf.reduce_logsumexp),
    ("variance", tf.math.reduce_variance),
]:
    for axes, keep in [([], False), ([1], False), ([0, 2], True), ([0, 1, 2], False)]:
        attributes = {"axes": axes, "keep_dims": keep}
        family.add(op, lambda x: function(x, axis=axes, keepdims=keep), [INPUT], attributes)
    family.add(op, lambda x: function(x, axis=[1]), [TIES], {"axes": [1], "keep_dims": False})
    if op in ["sum", "max", "min", "prod"]:
        integers = np.array([[7, -3, 5], [1, 1, 2]], np.int32)
        family.add(op, lambda x: function(x, axis=[1]), [integers], {"axes": [1], "keep_dims": False})

zeros = f32(2, 3, 4, 0, 3, 4, 0, 0, 4).reshape(3, 3)
family.add("prod", lambda x: tf.reduce_prod(x, axis=[1]), [zeros], {"axes": [1], "keep_dims": False})
family.add("standard_deviation", lambda x: tf.math.reduce_std(x, axis=[0, 2]), [INPUT], {"axes": [0, 2]})
truths = np.array([[False, False], [False, True], [True, True]])
for op, function in [("all", tf.reduce_all), ("any", tf.reduce_any)]:
    family.add(op, lambda x: function(x, axis=[1]), [truths], {"axes": [1], "keep_dims": False})
    family.add(op, lambda x: function(x, axis=[0], keepdims=True), [truths], {"axes": [0], "keep_dims": True})

for axis in range(3):
    family.add("arg_min", lambda x: tf.argmin(x, axis=axis), [INPUT], {"axes": [axis]}, gradients=[])
    family.add("arg_max", lambda x: tf.argmax(x, axis=axis), [INPUT], {"axes": [axis]}, gradients=[])
family.add("arg_max", lambda x: tf.argmax(x, axis=1), [TIES], {"axes": [1]}, gradients=[])

family.write()
