"""Products of matrices."""

import tensorflow as tf

from golden import Family, spread

family = Family(__file__)

for a in [False, True]:
    for b in [False, True]:
        family.add(
            "mat_mul",
            lambda x, y: tf.matmul(x, y, transpose_a=a, transpose_b=b),
            [spread([4, 2] if a else [2, 4]), spread([3, 4] if b else [4, 3], -1.5, 2.5)],
            {"transpose_a": a, "transpose_b": b},
        )

family.write()
