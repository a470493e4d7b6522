"""Ops that move elements without computing with them, and their adjoints."""

import tensorflow as tf

from golden import Family, spread

family = Family(__file__)


def pulled_back(function):
    """The gradient of the function at its first input, where the gradient of its value is the last one."""

    def gradient(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs[0])
            value = function(*inputs[:-1])
        return tape.gradient(value, inputs[0], output_gradients=inputs[-1])

    return gradient


MATRIX = [spread([2, 3])]
CUBE = [spread([2, 3, 4])]

family.add("reshape", lambda x: tf.reshape(x, [3, -1]), MATRIX, {"shape": [3, -1]})
for perm in [[1, 0, 2], [2, 1, 0], [1, 2, 0]]:
    family.add("transpose", lambda x: tf.transpose(x, perm), CUBE, {"perm": perm})
for axis in [[], [1], [0, 2]]:
    family.add("reverse_v2", lambda x: tf.reverse(x, axis), CUBE, {"axis": axis})
family.add("expand_dims", lambda x: tf.expand_dims(x, 1), MATRIX, {"axis": 1})
family.add("squeeze", lambda x: tf.squeeze(tf.expand_dims(x, 1), [1]), MATRIX, {"axis": 1})
PARTS = [spread([2, 1, 2]), spread([2, 3, 2], -1, 3), spread([2, 2, 2], 0, 1)]
family.add("concat_v2", lambda *x: tf.concat(x, 1), PARTS, {"axis": 1})
for axis in [0, 2]:
    family.add("pack", lambda *x: tf.stack(x, axis), [spread([2, 3]), spread([2, 3], 0, 1), spread([2, 3], 1, 2)], {"axis": axis})
family.add("split_v", lambda x: tf.split(x, [1, 3], 2), CUBE, {"axis": 2, "sizes": [1, 3]})
family.add("unpack", lambda x: tf.unstack(x, axis=1), CUBE, {"axis": 1})


def sliced(x):
    return x[1::-1, 0:3:2, 3:0:-2]


SLICES = {"begin": [1, 0, 3], "end": [-1, 3, 0], "step": [-1, 2, -2]}
family.add("strided_slice", sliced, CUBE, SLICES)
family.add("strided_slice_grad", pulled_back(sliced), CUBE + [spread([2, 2, 2], -1, 1)], SLICES, gradients=[])

PADDINGS = [[1, 0], [2, 1]]
FLAT = [1, 0, 2, 1]
family.add("pad_v2", lambda x: tf.pad(x, PADDINGS, constant_values=0.5), MATRIX, {"paddings": FLAT, "value": 0.5})
for mode in ["REFLECT", "SYMMETRIC"]:
    attributes = {"paddings": FLAT, "mode": mode}
    family.add("mirror_pad", lambda x: tf.pad(x, PADDINGS, mode), MATRIX, attributes)
    gradient = MATRIX + [spread([3, 6], -1, 1)]
    family.add("mirror_pad_grad", pulled_back(lambda x: tf.pad(x, PADDINGS, mode)), gradient, attributes, gradients=[])
family.add("tile", lambda x: tf.tile(x, [2, 3]), MATRIX, {"multiples": [2, 3]})
family.add("tile_grad", pulled_back(lambda x: tf.tile(x, [2, 3])), MATRIX + [spread([4, 9], -1, 1)], {"multiples": [2, 3]}, gradients=[])
family.add("broadcast_to", lambda x: tf.broadcast_to(x, [4, 2, 3]), [spread([2, 1])], {"shape": [4, 2, 3]})
family.add("zeros_like", tf.zeros_like, MATRIX, gradients=[])
family.add("ones_like", tf.ones_like, MATRIX, gradients=[])
family.add("shape", lambda x: tf.shape(x, out_type=tf.int64), CUBE, gradients=[])
family.add("size", lambda x: tf.size(x, out_type=tf.int64), CUBE, gradients=[])

family.write()
