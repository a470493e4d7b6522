"""Updates of some rows: inputs (variables, then the rest, then the rows), outputs the variables after.

TensorFlow adds up the slices of one row before it applies a rule that has slots; that is done here with its ops.
"""

import numpy as np
import tensorflow as tf

from golden import Family, spread

family = Family(__file__)
raw = tf.raw_ops


def updated(count, apply):
    """The variables after an update that TensorFlow applies to resources, given slices and rows last."""

    def run(*inputs):
        variables = [tf.Variable(value) for value in inputs[:count]]
        apply([variable.handle for variable in variables], list(inputs[count:]))
        return [variable.read_value() for variable in variables]

    return run


def without_duplicates(slices, rows):
    unique, place = tf.unique(rows)
    return tf.math.unsorted_segment_sum(slices, place, tf.size(unique)), unique


def scatter_add(handles, rest):
    raw.ResourceScatterAdd(resource=handles[0], indices=rest[1], updates=rest[0])


def scatter_sub(handles, rest):
    raw.ResourceScatterSub(resource=handles[0], indices=rest[1], updates=rest[0])


def momentum(nesterov):
    def apply(handles, rest):
        rate, slices, factor, rows = rest
        slices, rows = without_duplicates(slices, rows)
        raw.ResourceSparseApplyMomentum(
            var=handles[0],
            accum=handles[1],
            lr=rate,
            grad=slices,
            indices=rows,
            momentum=factor,
            use_nesterov=nesterov,
        )

    return apply


def adam(*inputs):
    """TensorFlow's Adam of the used rows, gathered and put back: what its lazy variant does."""
    variables, scalars, slices, rows = inputs[:3], inputs[3:9], inputs[9], inputs[10]
    slices, rows = without_duplicates(slices, rows)
    used = [tf.Variable(tf.gather(variable, rows)) for variable in variables]
    names = ["beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon"]
    handles = dict(zip(["var", "m", "v"], [variable.handle for variable in used]))
    raw.ResourceApplyAdam(**handles, **dict(zip(names, scalars)), grad=slices)
    return [
        tf.tensor_scatter_nd_update(variable, rows[:, None], row.read_value())
        for variable, row in zip(variables, used)
    ]


scalar = np.float32
VARIABLE, SLOT = spread([5, 3]), spread([5, 3], 0.1, 0.9)
SLICES, ROWS = spread([4, 3], -1.3, 1.1), np.array([3, 0, 3, 1], dtype=np.int32)
MATRICES, OF_MATRICES = spread([4, 2, 3]), spread([3, 2, 3], -1.3, 1.1)

for op, apply in [("scatter_add", scatter_add), ("scatter_sub", scatter_sub)]:
    family.add(op, updated(1, apply), [VARIABLE, SLICES, ROWS], gradients=[])
    family.add(op, updated(1, apply), [MATRICES, OF_MATRICES, np.array([2, 2, 0], dtype=np.int64)], gradients=[])
for nesterov in [False, True]:
    inputs = [VARIABLE, SLOT, scalar(0.1), SLICES, scalar(0.9), ROWS]
    family.add("sparse_apply_momentum", updated(2, momentum(nesterov)), inputs, {"nesterov": nesterov}, gradients=[])
scalars = [scalar(value) for value in [0.9, 0.999, 0.01, 0.9, 0.999, 1e-7]]
family.add("sparse_apply_adam", adam, [VARIABLE, VARIABLE / 8, SLOT, *scalars, SLICES, ROWS], gradients=[])

family.write()
