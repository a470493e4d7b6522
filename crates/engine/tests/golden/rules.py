"""The ops that gradients are made of."""

import numpy as np
import tensorflow as tf

from golden import Family, f32, spread

family = Family(__file__)

VALUES = [spread([3, 4], -3, 3), spread([3, 4], -1.2, 1.7)]


def pulled_back(function):
    """The gradient of the function at its first input, where the gradient of its value is the last one."""

    def gradient(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs[0])
            value = function(*inputs[:-1])
        return tape.gradient(value, inputs[0], output_gradients=inputs[-1])

    return gradient


for op, function in [
    ("relu_grad", tf.nn.relu),
    ("tanh_grad", tf.tanh),
    ("sigmoid_grad", tf.sigmoid),
    ("softmax_grad", tf.nn.softmax),
    ("relu6_grad", tf.nn.relu6),
    ("leaky_relu_grad", lambda x: tf.nn.leaky_relu(x, alpha=0.2)),
    ("elu_grad", tf.nn.elu),
    ("selu_grad", tf.nn.selu),
    ("reciprocal_grad", tf.math.reciprocal),
    ("softplus_grad", tf.nn.softplus),
    ("softsign_grad", tf.nn.softsign),
    ("silu_grad", tf.nn.silu),
    ("gelu_grad", lambda x: tf.nn.gelu(x, approximate=True)),
]:
    family.add(op, pulled_back(function), VALUES, gradients=[])
family.add("rsqrt_grad", pulled_back(tf.math.rsqrt), [spread([3, 4], 0.2, 4), VALUES[1]], gradients=[])
family.add("relu_grad", pulled_back(tf.nn.relu), [f32(0.0, -0.0, 1.0, -1.0), f32(1, 2, 3, 4)], gradients=[])
family.add("sum_to_shape", pulled_back(tf.add), [spread([3, 1]), spread([2, 3, 4]), spread([2, 3, 4])], gradients=[])
for mean in [False, True]:
    function = tf.reduce_mean if mean else tf.reduce_sum
    family.add(
        "spread",
        pulled_back(lambda x: function(x, axis=[0, 2])),
        [spread([2, 3, 4]), spread([3])],
        {"axes": [0, 2], "keep_dims": False, "mean": mean},
        gradients=[],
    )

family.write()
