"""Scaled dot-product attention, as Keras' MultiHeadAttention computes it between its projections."""

import numpy as np
import tensorflow as tf

from golden import Family, spread

family = Family(__file__)


def attention(scale, causal):
    def attend(q, k, v, mask=None):
        scores = tf.einsum("bihc,bjhc->bhij", q, k) * scale
        seen = tf.ones(scores.shape, tf.bool)
        if causal:
            seen = tf.linalg.band_part(seen, -1, 0)
        if mask is not None:
            seen = seen & mask[:, None, None, :]
        shares = tf.nn.softmax(tf.where(seen, scores, tf.constant(-np.inf, scores.dtype)))
        return tf.einsum("bhij,bjhc->bihc", shares, v)

    return attend


for batch, queries, keys, heads, depth, width in [(2, 3, 3, 2, 4, 4), (1, 4, 3, 3, 2, 5)]:
    inputs = [
        spread([batch, queries, heads, depth]),
        spread([batch, keys, heads, depth], -1, 3),
        spread([batch, keys, heads, width], -3, 1),
    ]
    mask = (np.arange(batch * keys) % 5 != 1).reshape(batch, keys)
    for causal in [False, True]:
        for scale in [None, 0.3]:
            used = depth**-0.5 if scale is None else scale
            attributes = {"causal": causal} if scale is None else {"causal": causal, "scale": scale}
            family.add("scaled_dot_product_attention", attention(used, causal), inputs, attributes)
            family.add("masked_attention", attention(used, causal), [*inputs, mask], attributes)

family.write()
