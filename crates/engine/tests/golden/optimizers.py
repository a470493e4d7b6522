"""Trajectories of optimizers: a line for each with its choices and the variables after each of 20 updates, in float64.

The loss is `sum(scales * square(weight)) / 2 + sum(sin(bias))`, whose gradients are written out here; the weights are a
matrix and the bias a vector. The optimizers are TensorFlow's, Keras's, PyTorch's and Optax's, as each line says.

Run it with TensorFlow 2.21, PyTorch and Optax, all of them or some; the lines of the others stay as they are:

    python crates/engine/tests/golden/optimizers.py
"""

import json
import os
from pathlib import Path

import numpy as np

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
UPDATES = 20
WEIGHT = np.array([[0.5, -1.25, 2.0], [-0.75, 0.25, 1.5]])
SCALES = np.array([[1.0, 0.5, 2.0], [3.0, 0.25, 1.0]])
BIAS = np.array([0.1, -0.4, 0.9])
PATH = Path(__file__).with_suffix(".jsonl")
lines = {}


def gradients(weight, bias):
    return SCALES * weight, np.cos(bias)


def record(name, by, step, **choices):
    """`step` makes the next variables of the gradients at the last ones."""
    values, weight, bias = [], WEIGHT, BIAS
    for _ in range(UPDATES):
        weight, bias = (np.asarray(value, np.float64) for value in step(*gradients(weight, bias)))
        values.append([*weight.reshape(-1).tolist(), *bias.tolist()])
    lines[json.dumps([name, by, choices])] = {"optimizer": name, "by": by, **choices, "values": values}


def tensorflow():
    import tensorflow as tf

    def stepper(optimizer):
        variables = [tf.Variable(WEIGHT), tf.Variable(BIAS)]

        def step(*found):
            optimizer.apply_gradients(zip([tf.constant(gradient) for gradient in found], variables))
            return [variable.numpy() for variable in variables]

        return step

    v1, keras = tf.compat.v1.train, tf.keras.optimizers
    tf.keras.backend.set_floatx("float64")
    record("sgd", "tensorflow", stepper(v1.GradientDescentOptimizer(0.1)))
    for nesterov in [False, True]:
        record("momentum", "tensorflow", stepper(v1.MomentumOptimizer(0.05, 0.9, use_nesterov=nesterov)), nesterov=nesterov)
    record("adagrad", "tensorflow", stepper(v1.AdagradOptimizer(0.1)))
    for centered in [False, True]:
        optimizer = v1.RMSPropOptimizer(0.02, momentum=0.5, epsilon=1e-3, centered=centered)
        record("rms_prop", "tensorflow", stepper(optimizer), centered=centered)
    record("adam", "tensorflow", stepper(v1.AdamOptimizer(0.1, 0.8, 0.95, 1e-3)))
    record("adamw", "keras", stepper(keras.AdamW(0.1, weight_decay=0.2, beta_1=0.8, beta_2=0.95, epsilon=1e-3)))
    record("lion", "keras", stepper(keras.Lion(0.05, weight_decay=0.2)))
    record("lamb", "keras", stepper(keras.Lamb(0.1, epsilon=1e-6)), weight_decay=0.0)
    for relative in [False, True]:
        record("adafactor", "keras", stepper(keras.Adafactor(0.1, relative_step=relative)), relative_step=relative)


def torch():
    import torch

    def stepper(optimizer, parts=lambda weight, bias: [weight, bias], schedule=None, **choices):
        variables = [torch.nn.Parameter(torch.tensor(value)) for value in (WEIGHT, BIAS)]
        optimizer = optimizer(parts(*variables), **choices)
        scheduler = schedule and schedule(optimizer)

        def step(*found):
            for variable, gradient in zip(variables, found):
                variable.grad = torch.tensor(gradient)
            optimizer.step()
            if scheduler:
                scheduler.step()
            return [variable.detach().numpy().copy() for variable in variables]

        return step

    optim = torch.optim
    record("sgd", "torch", stepper(optim.SGD, lr=0.1))
    record("momentum", "torch", stepper(optim.SGD, lr=0.05, momentum=0.9), nesterov=False)
    # PyTorch adds its epsilon to a root that is corrected already; where it is nothing, the forms are the same.
    record("adamw", "torch", stepper(optim.AdamW, lr=0.1, betas=(0.8, 0.95), eps=0.0, weight_decay=0.2))

    def groups(weight, bias):
        return [{"params": [weight]}, {"params": [bias], "weight_decay": 0.0}]

    record("masked", "torch", stepper(optim.AdamW, groups, lr=0.1, betas=(0.8, 0.95), eps=0.0, weight_decay=0.2))

    def two_rates(weight, bias):
        return [{"params": [weight]}, {"params": [bias], "lr": 0.5}]

    record("groups", "torch", stepper(optim.SGD, two_rates, lr=0.1))

    for strategy in ["cos", "linear"]:

        def one_cycle(optimizer):
            choices = {"total_steps": 20, "anneal_strategy": strategy, "cycle_momentum": False}
            return optim.lr_scheduler.OneCycleLR(optimizer, 0.2, **choices)

        record("one_cycle", "torch", stepper(optim.SGD, schedule=one_cycle, lr=0.1), anneal_strategy=strategy)


def optax():
    import jax

    jax.config.update("jax_enable_x64", True)
    import optax

    def stepper(optimizer):
        state = {"variables": [WEIGHT, BIAS], "slots": optimizer.init([jax.numpy.array(WEIGHT), jax.numpy.array(BIAS)])}

        def step(*found):
            updates, state["slots"] = optimizer.update(list(found), state["slots"], state["variables"])
            state["variables"] = optax.apply_updates(state["variables"], updates)
            return state["variables"]

        return step

    record("lamb", "optax", stepper(optax.lamb(0.1, weight_decay=0.2)), weight_decay=0.2)
    record("lion", "optax", stepper(optax.lion(0.05, weight_decay=0.2)))


if PATH.exists():
    for line in map(json.loads, PATH.read_text().splitlines()):
        choices = {key: value for key, value in line.items() if key not in ("optimizer", "by", "values")}
        lines[json.dumps([line["optimizer"], line["by"], choices])] = line
for family in [tensorflow, torch, optax]:
    try:
        family()
    except ModuleNotFoundError as missing:
        print(f"without {missing.name}")
PATH.write_text("".join(json.dumps(line) + "\n" for line in lines.values()))
