"""Normalisations by the statistics of the elements."""

import tensorflow as tf

from golden import Family, spread

family = Family(__file__)


def layer_norm(epsilon):
    def norm(x, gamma, beta):
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)

    return norm


def rms_norm(epsilon):
    return lambda x, gamma: x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), -1, keepdims=True) + epsilon) * gamma


def group_norm(groups, epsilon):
    """As Keras' GroupNormalization computes it."""

    def norm(x, gamma, beta):
        channels = x.shape[-1]
        parts = tf.reshape(x, [x.shape[0], -1, groups, channels // groups])
        mean, variance = tf.nn.moments(parts, [1, 3], keepdims=True)
        weights = [tf.reshape(weight, [groups, channels // groups]) for weight in (beta, gamma)]
        return tf.reshape(tf.nn.batch_normalization(parts, mean, variance, *weights, epsilon), x.shape)

    return norm


for shape in [[3, 5], [2, 3, 7], [6]]:
    width = shape[-1:]
    inputs = [spread(shape), spread(width, 0.5, 2), spread(width, -1, 1)]
    for epsilon in [1e-3, 1e-5]:
        family.add("layer_norm", layer_norm(epsilon), inputs, {"epsilon": epsilon})
        family.add("rms_norm", rms_norm(epsilon), inputs[:2], {"epsilon": epsilon})
for shape, groups in [([2, 3, 2, 6], 3), ([3, 4, 4], 1), ([2, 3, 5], 5)]:
    inputs = [spread(shape), spread(shape[-1:], 0.5, 2), spread(shape[-1:], -1, 1)]
    family.add("group_norm", group_norm(groups, 1e-3), inputs, {"groups": groups, "epsilon": 1e-3})

family.write()
