"""Learning rates by TensorFlow: a line for each schedule with its arguments and its values at some steps.

What has a cosine computes in float32, the others here in float64.

Run it with TensorFlow 2.21 installed:

    python crates/engine/tests/golden/schedules.py
"""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf

STEPS = [*range(25), 39, 40, 41, 69, 70, 71, 100, 150, 1000]
lines = []


def add(name, function, dtype=tf.float64, **arguments):
    values = [float(function(tf.constant(step, dtype))) for step in STEPS]
    lines.append({"schedule": name, "dtype": dtype.name, **arguments, "steps": STEPS, "values": values})


def v1(name, **arguments):
    """A function of tf.compat.v1.train, whose first argument is the learning rate."""
    function = getattr(tf.compat.v1.train, name)
    floats = {key: value for key, value in arguments.items() if key not in ("staircase", "cycle")}
    flags = {key: value for key, value in arguments.items() if key in ("staircase", "cycle")}
    dtype = tf.float32 if "cosine" in name else tf.float64

    def at(step):
        given = {key: tf.constant(value, dtype) for key, value in floats.items()}
        value = function(tf.constant(0.1, dtype), step, **given, **flags)
        return value() if callable(value) else value

    add(name, at, dtype, **arguments)


for staircase in [False, True]:
    v1("exponential_decay", decay_steps=7, decay_rate=0.7, staircase=staircase)
    v1("inverse_time_decay", decay_steps=7, decay_rate=0.7, staircase=staircase)
    v1("natural_exp_decay", decay_steps=7, decay_rate=0.7, staircase=staircase)
for cycle in [False, True]:
    v1("polynomial_decay", decay_steps=10, end_learning_rate=0.001, power=1.0, cycle=cycle)
    v1("polynomial_decay", decay_steps=10, end_learning_rate=0.001, power=2.5, cycle=cycle)
v1("cosine_decay", decay_steps=20, alpha=0.0)
v1("cosine_decay", decay_steps=20, alpha=0.1)
v1("cosine_decay_restarts", first_decay_steps=10, t_mul=1.0, m_mul=0.5, alpha=0.0)
v1("cosine_decay_restarts", first_decay_steps=10, t_mul=2.0, m_mul=1.0, alpha=0.1)
v1("cosine_decay_restarts", first_decay_steps=7, t_mul=1.5, m_mul=0.9, alpha=0.0)

boundaries, values = [5, 10, 70], [1.0, 0.5, 0.25, 0.125]
piecewise = tf.compat.v1.train.piecewise_constant_decay


def constants(step):
    value = piecewise(step, [float(boundary) for boundary in boundaries], values)
    return value() if callable(value) else value


add("piecewise_constant_decay", constants, tf.float32, boundaries=boundaries, values_of=values)

warm = tf.keras.optimizers.schedules.CosineDecay(0.01, 20, alpha=0.1, warmup_target=0.1, warmup_steps=8)
add("warm_up", warm, tf.float32)

path = Path(__file__).with_suffix(".jsonl")
path.write_text("".join(json.dumps(line) + "\n" for line in lines))
