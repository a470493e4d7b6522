"""Updates of variables: inputs (variables, then the rest), outputs the variables after."""

import numpy as np
import tensorflow as tf

from golden import Family, f32, spread

family = Family(__file__)
raw = tf.raw_ops


def updated(count, apply):
    """The variables after an update that TensorFlow applies to resources."""

    def run(*inputs):
        variables = [tf.Variable(value) for value in inputs[:count]]
        apply([variable.handle for variable in variables], list(inputs[count:]))
        return [variable.read_value() for variable in variables]

    return run


def adam(handles, rest):
    names = ["beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon", "grad"]
    raw.ResourceApplyAdam(var=handles[0], m=handles[1], v=handles[2], **dict(zip(names, rest)))


def momentum(nesterov):
    def apply(handles, rest):
        names = ["lr", "grad", "momentum"]
        raw.ResourceApplyMomentum(
            var=handles[0], accum=handles[1], use_nesterov=nesterov, **dict(zip(names, rest))
        )

    return apply


def assign(handles, rest):
    raw.AssignVariableOp(resource=handles[0], value=rest[0])


def assign_add(handles, rest):
    raw.AssignAddVariableOp(resource=handles[0], value=rest[0])


def assign_sub(handles, rest):
    raw.AssignSubVariableOp(resource=handles[0], value=rest[0])


def descend(handles, rest):
    raw.ResourceApplyGradientDescent(var=handles[0], alpha=rest[0], delta=rest[1])


VARIABLE, GRADIENT, SLOT = spread([2, 3]), spread([2, 3], -1.3, 1.1), spread([2, 3], 0.1, 0.9)
scalar = np.float32

family.add("assign", updated(1, assign), [VARIABLE, GRADIENT], gradients=[])
family.add("assign_add", updated(1, assign_add), [VARIABLE, GRADIENT], gradients=[])
family.add("assign_add", updated(1, assign_add), [np.array([1, 2], np.int64), np.array([5, -7], np.int64)])
family.add("assign_sub", updated(1, assign_sub), [VARIABLE, GRADIENT], gradients=[])
family.add("apply_gradient_descent", updated(1, descend), [VARIABLE, scalar(0.1), GRADIENT], gradients=[])
for nesterov in [False, True]:
    inputs = [VARIABLE, SLOT, scalar(0.1), GRADIENT, scalar(0.9)]
    family.add("apply_momentum", updated(2, momentum(nesterov)), inputs, {"nesterov": nesterov}, gradients=[])
scalars = [scalar(value) for value in [0.9, 0.999, 0.01, 0.9, 0.999, 1e-7]]
family.add("apply_adam", updated(3, adam), [VARIABLE, VARIABLE / 8, SLOT, *scalars, GRADIENT], gradients=[])



def adam_w(handles, rest):
    """Keras decays the weight before Adam's step."""
    *powers, rate, beta1, beta2, epsilon, decay, gradient = rest
    value = raw.ReadVariableOp(resource=handles[0], dtype=tf.float32)
    raw.AssignSubVariableOp(resource=handles[0], value=value * decay * rate)
    adam(handles, [*powers, rate, beta1, beta2, epsilon, gradient])


decayed = [*scalars, scalar(0.5)]
family.add("apply_adam_w", updated(3, adam_w), [VARIABLE, VARIABLE / 8, SLOT, *decayed, GRADIENT], gradients=[])


def adagrad(handles, rest):
    raw.ResourceApplyAdagrad(var=handles[0], accum=handles[1], lr=rest[0], grad=rest[1])


def rms_prop(handles, rest):
    names = ["lr", "rho", "momentum", "epsilon", "grad"]
    raw.ResourceApplyRMSProp(var=handles[0], ms=handles[1], mom=handles[2], **dict(zip(names, rest)))


def centered_rms_prop(handles, rest):
    targets = dict(zip(["var", "mg", "ms", "mom"], handles))
    names = ["lr", "rho", "momentum", "epsilon", "grad"]
    raw.ResourceApplyCenteredRMSProp(**targets, **dict(zip(names, rest)))


def moving_average(handles, rest):
    average, value = [raw.ReadVariableOp(resource=handle, dtype=tf.float32) for handle in handles]
    raw.AssignSubVariableOp(resource=handles[0], value=(average - value) * (1 - rest[0]))


family.add("apply_adagrad", updated(2, adagrad), [VARIABLE, SLOT, scalar(0.1), GRADIENT], gradients=[])
scalars = [scalar(value) for value in [0.01, 0.9, 0.5, 0.001]]
family.add("apply_rms_prop", updated(3, rms_prop), [VARIABLE, SLOT, VARIABLE / 8, *scalars, GRADIENT], gradients=[])
slots = [VARIABLE, spread([2, 3], -0.3, 0.3), SLOT, VARIABLE / 8]
family.add("apply_centered_rms_prop", updated(4, centered_rms_prop), [*slots, *scalars, GRADIENT], gradients=[])
family.add("assign_moving_average", updated(2, moving_average), [VARIABLE, GRADIENT, scalar(0.9)], gradients=[])

family.write()
