"""Ops that move values without changing them, or that convert them."""

import numpy as np
import tensorflow as tf

from golden import Family, f32, spread

family = Family(__file__)

family.add("identity", tf.identity, [spread([2, 3])])
family.add("stop_gradient", tf.stop_gradient, [spread([2, 3])], gradients=[])

@tf.function
def branches(is_yes, x, y):
    return tf.cond(is_yes, lambda: x * y, lambda: x)


for is_yes in [True, False]:
    family.add("merge", branches, [np.array(is_yes), spread([2, 3]), spread([2, 3], 1, 4)])
family.add("check_numerics", lambda x: tf.debugging.check_numerics(x, "input"), [spread([2, 3])])
family.add("cast", lambda x: tf.cast(x, tf.float64), [spread([2, 3])], {"to": "f64"})
family.add("cast", lambda x: tf.cast(x, tf.float32), [spread([2, 3], dtype=np.float64)], {"to": "f32"})
for to, dtype in [("bool", tf.bool), ("i32", tf.int32), ("i64", tf.int64)]:
    family.add("cast", lambda x: tf.cast(x, dtype), [f32(0, 0.4, -0.6, 2.5, -3.5, 1e6)], {"to": to}, gradients=[])
family.add("cast", lambda x: tf.cast(x, tf.float32), [np.array([True, False])], {"to": "f32"})

family.write()
