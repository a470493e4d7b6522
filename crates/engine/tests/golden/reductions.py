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
]:
    for axes, keep in [([], False), ([1], False), ([0, 2], True), ([0, 1, 2], False)]:
        attributes = {"axes": axes, "keep_dims": keep}
        family.add(op, lambda x: function(x, axis=axes, keepdims=keep), [INPUT], attributes)
    family.add(op, lambda x: function(x, axis=[1]), [TIES], {"axes": [1], "keep_dims": False})
    if op != "mean":
        integers = np.array([[7, -3, 5], [1, 1, 2]], np.int32)
        family.add(op, lambda x: function(x, axis=[1]), [integers], {"axes": [1], "keep_dims": False})

for axis in range(3):
    family.add("arg_max", lambda x: tf.argmax(x, axis=axis), [INPUT], {"axes": [axis]}, gradients=[])
family.add("arg_max", lambda x: tf.argmax(x, axis=1), [TIES], {"axes": [1]}, gradients=[])

family.write()
