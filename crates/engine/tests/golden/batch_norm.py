"""Batch normalisation, as the fused op computes it."""

import tensorflow as tf

from golden import Family, spread

family = Family(__file__)


def normed(training, epsilon, outputs):
    def norm(x, scale, offset, mean, variance):
        if training:
            mean = variance = tf.constant([], tf.float32)
        found = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=epsilon, is_training=training
        )
        return [found[index] for index in outputs]

    return norm


for shape in [[2, 3, 2, 3], [3, 1, 1, 2]]:
    vector = shape[-1:]
    inputs = [
        spread(shape),
        spread(vector, 0.5, 2),
        spread(vector, -1, 1),
        spread(vector, -0.5, 0.5),
        spread(vector, 0.5, 1.5),
    ]
    attributes = {"epsilon": 0.001}
    family.add("fused_batch_norm_v3", normed(True, 1e-3, [0]), inputs, attributes, [0, 1, 2])
    family.add("batch_norm_inference", normed(False, 1e-3, [0]), inputs, attributes, [0, 1, 2])
    family.add("batch_norm_statistics", normed(True, 1e-3, [1, 2]), inputs, attributes, [])

family.write()
