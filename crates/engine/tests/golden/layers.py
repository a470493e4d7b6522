"""What Keras' LSTM and GRU make of given sequences and weights, and the gradients; a line of JSON for each case.

Run it with TensorFlow 2.21 installed:

    pip install tensorflow==2.21
    python crates/engine/tests/golden/layers.py

The lines are committed, so that the tests need no TensorFlow.
An array is written as [shape, elements]; the loss is the sum of the squares of the outputs.
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

random = np.random.RandomState(7)


def numbers(shape):
    return random.uniform(-1, 1, shape).round(3).astype("float64")


def array(value):
    value = np.asarray(value)
    return [list(value.shape), [float(element) for element in value.reshape(-1)]]


def case(name, layer, batch, time, features):
    sequences = tf.constant(numbers([batch, time, features]))
    layer.build(sequences.shape)
    layer.set_weights([numbers(weight.shape) for weight in layer.get_weights()])
    with tf.GradientTape() as tape:
        tape.watch(sequences)
        output = layer(sequences)
        loss = tf.reduce_sum(output * output)
    weights = {weight.name: weight for weight in layer.weights}
    gradients = tape.gradient(loss, [sequences, *layer.trainable_variables])
    return {
        "case": name,
        "units": layer.units,
        "sequences": array(sequences),
        "weights": {name: array(weight) for name, weight in weights.items()},
        "output": array(output),
        "gradient": array(gradients[0]),
        "gradients": {v.name: array(g) for v, g in zip(layer.trainable_variables, gradients[1:])},
    }


def main():
    tf.keras.backend.set_floatx("float64")
    lines = [
        case("lstm", tf.keras.layers.LSTM(3), 2, 4, 2),
        case("lstm sequences", tf.keras.layers.LSTM(2, return_sequences=True), 3, 3, 4),
        case("gru", tf.keras.layers.GRU(3), 2, 4, 2),
        case("gru sequences", tf.keras.layers.GRU(2, return_sequences=True), 3, 3, 4),
    ]
    path = os.path.splitext(os.path.abspath(__file__))[0] + ".jsonl"
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


main()
