"""Ops on bf16 and f16, and casts to and from them."""

import numpy as np
import tensorflow as tf

from golden import Family, f32, spread

family = Family(__file__)

TYPES = [tf.bfloat16.as_numpy_dtype, np.float16]
SPECIAL = f32(0.0, -0.0, 1 / 3, -2.7182817, 65504, 65519.996, 65520, 1e-8, 3e-8, 6.1e-5, 1e-40, 3e38, 3.4e38)
BEYOND = f32(np.inf, -np.inf, np.nan, 1.00390625, 1.01171875, 1.00048828125, 1.00146484375)

for dtype in TYPES:
    values = np.concatenate([SPECIAL, BEYOND])
    family.add("cast", lambda x, to=dtype: tf.cast(x, to), [values], {"dtype": dtype.__name__}, gradients=[])
    integers = np.array([0, -3, 257, 259, 2049, 2051, 65535, -(2**31)], np.int32)
    family.add("cast", lambda x, to=dtype: tf.cast(x, to), [integers], {"dtype": dtype.__name__}, gradients=[])
    for to in [tf.float32, tf.float64, tf.int32, tf.bool]:
        narrow = f32(0, -1.5, 2.25, 100, -0.01).astype(dtype)
        family.add("cast", lambda x, to=to: tf.cast(x, to), [narrow], {"dtype": to.name}, gradients=[])
    signed, other = spread([3, 4], -3, 3).astype(dtype), spread([4], 0.25, 2.5).astype(dtype)
    for op, function in [
        ("add", tf.add),
        ("sub", tf.subtract),
        ("mul", tf.multiply),
        ("div", tf.divide),
        ("maximum", tf.maximum),
        ("squared_difference", tf.math.squared_difference),
    ]:
        family.add(op, function, [signed, other], gradients=[])
    for op, function in [("neg", tf.negative), ("relu", tf.nn.relu), ("exp", tf.exp), ("tanh", tf.tanh)]:
        family.add(op, function, [signed], gradients=[])
    family.add("sqrt", tf.sqrt, [other], gradients=[])
    family.add("softmax", tf.nn.softmax, [signed], gradients=[])
    family.add("matmul", tf.matmul, [signed, spread([4, 2], -1, 2).astype(dtype)], gradients=[])

family.write()
