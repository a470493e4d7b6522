"""Ops that choose elements by their index or their order, their adjoints, and products of batches."""

import numpy as np
import tensorflow as tf

from golden import Family, f32, spread

family = Family(__file__)


def pulled_back(function):
    """The gradient of the function at its first input, where the gradient of its value is the last one."""

    def gradient(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs[0])
            value = function(*inputs[:-1])
        found = tape.gradient(value, inputs[0], output_gradients=inputs[-1])
        return tf.convert_to_tensor(found)

    return gradient


TABLE = spread([4, 3])
NAMED = np.array([[2, 0], [2, 3]], dtype=np.int32)
family.add("gather_v2", lambda x, i: tf.gather(x, i), [TABLE, NAMED], {"axis": 0})
family.add("gather_v2", lambda x, i: tf.gather(x, i, axis=1), [spread([2, 4, 2]), NAMED.astype(np.int64)], {"axis": 1})
family.add("gather_grad", pulled_back(tf.gather), [TABLE, NAMED, spread([2, 2, 3], -1, 1)], {"axis": 0}, gradients=[])
family.add(
    "tensor_scatter_add",
    lambda x, i, s: tf.tensor_scatter_nd_add(x, i[:, None], s),
    [TABLE, np.array([3, 0, 3], dtype=np.int32), spread([3, 3], -1, 1)],
    {"axis": 0},
)


def sum_duplicates(slices, indices):
    """The sum of the slices of each index at the first of them, as TensorFlow makes it for its sparse updates."""
    unique, place = tf.unique(indices)
    sums = tf.math.unsorted_segment_sum(slices, place, tf.size(unique))
    firsts = tf.math.unsorted_segment_min(tf.range(tf.size(indices)), place, tf.size(unique))
    order = tf.argsort(indices, stable=True)
    return tf.scatter_nd(firsts[:, None], sums, tf.shape(slices)), tf.cast(order, tf.int64)


family.add(
    "sum_duplicates",
    sum_duplicates,
    [spread([5, 3], -1, 1), np.array([3, 0, 3, 1, 0], dtype=np.int32)],
    gradients=[],
)
for axis in [0, 1, 2]:
    family.add(
        "one_hot",
        lambda i: tf.one_hot(i, 3, on_value=2.0, off_value=-1.0, axis=axis, dtype=tf.float32),
        [np.array([[0, 2], [-1, 3]], dtype=np.int32)],
        {"axis": axis, "depth": 3, "on": 2.0, "off": -1.0},
        gradients=[],
    )
ROWS = [spread([3, 5])]
for k in [1, 3, 5]:
    family.add("top_k_v2", lambda x: tuple(tf.math.top_k(x, k)), ROWS, {"k": k})
family.add("top_k_v2", lambda x: tuple(tf.math.top_k(x, 4)), [f32(1, 3, 2, 3, 1, 3)], {"k": 4})
family.add("sort", lambda x: (tf.sort(x), tf.argsort(x, stable=True)), ROWS, {"k": 1})
family.add("top_k_grad", pulled_back(lambda x: tf.math.top_k(x, 3)[0]), ROWS + [spread([3, 3], -1, 1)], {"k": 3}, gradients=[])
for exclusive in [False, True]:
    for reverse in [False, True]:
        attributes = {"axis": 1, "exclusive": exclusive, "reverse": reverse}
        for op, function in [("cumsum", tf.cumsum), ("cumprod", tf.math.cumprod)]:
            family.add(op, lambda x: function(x, 1, exclusive, reverse), [spread([2, 4, 2])], attributes)
        gradient = [spread([2, 4, 2]), spread([2, 4, 2], -1, 1)]
        cumprod = pulled_back(lambda x: tf.math.cumprod(x, 1, exclusive, reverse))
        family.add("cumprod_grad", cumprod, gradient, attributes, gradients=[])
PREDICTIONS = np.array([[0.1, 0.5, 0.5], [0.3, 0.2, 0.1], [np.nan, 0, 1], [1, np.inf, 0]], dtype=np.float32)
for k in [1, 2, 3]:
    family.add(
        "in_top_k_v2",
        lambda p, t: tf.math.in_top_k(t, p, k),
        [PREDICTIONS[:2], np.array([2, 1], dtype=np.int64)],
        {"k": k},
        gradients=[],
    )
for a in [False, True]:
    for b in [False, True]:
        left = [4, 2] if a else [2, 4]
        right = [3, 4] if b else [4, 3]
        for x, y in [([2], [2]), ([3, 1], [2]), ([2], [1])]:
            family.add(
                "batch_mat_mul_v2",
                lambda p, q: tf.matmul(p, q, transpose_a=a, transpose_b=b),
                [spread(x + left), spread(y + right, -1.5, 2.5)],
                {"adj_x": a, "adj_y": b},
            )

family.write()
