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
    ("expm1", tf.math.expm1),
    ("erf", tf.math.erf),
    ("sin", tf.sin),
    ("cos", tf.cos),
    ("softplus", tf.nn.softplus),
    ("softsign", tf.nn.softsign),
    ("relu6", tf.nn.relu6),
    ("leaky_relu", lambda x: tf.nn.leaky_relu(x, alpha=0.2)),
    ("elu", tf.nn.elu),
    ("selu", tf.nn.selu),
    ("silu", tf.nn.silu),
    ("gelu", lambda x: tf.nn.gelu(x, approximate=False)),
    ("gelu_by_tanh", lambda x: tf.nn.gelu(x, approximate=True)),
]:
    family.add(op, function, [SIGNED])
for op, function in [
    ("log", tf.math.log),
    ("sqrt", tf.sqrt),
    ("rsqrt", tf.math.rsqrt),
    ("reciprocal", tf.math.reciprocal),
    ("log1p", tf.math.log1p),
]:
    family.add(op, function, [POSITIVE])
HALVES = f32(0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49, -0.51, 3.0)
for op, function in [("sign", tf.sign), ("floor", tf.floor), ("ceil", tf.math.ceil), ("round", tf.round)]:
    family.add(op, function, [HALVES], gradients=[])
family.add("erf", tf.math.erf, [spread([9], -3, 3, np.float64)])
for op, function in [("neg", tf.negative), ("abs", tf.abs), ("square", tf.square)]:
    for dtype in [np.int32, np.int64]:
        family.add(op, function, [np.array([-7, 0, 5, 46340], dtype)])

family.write()
