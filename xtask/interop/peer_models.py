"""Trains a model through another framework, as many steps as it is told: the other side of `cargo xtask bench models`.

Usage: python3 peer_models.py FRAMEWORK MODEL THREADS
FRAMEWORK is tensorflow-session, tensorflow-function, tensorflow-xla, jax or torch; MODEL is logreg, mlp, cnn or
transformer. Takes the first step, prints `ready`, and then answers each number of steps on standard input with the
seconds that they took. Eight batches are trained on in turn, and the loss is read every 100 steps and at the end.
"""

import os
import sys
import time

FRAMEWORK, MODEL, THREADS = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["JAX_PLATFORMS"] = "cpu"
if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import numpy as np

RATE, MOMENTUM, ADAM_RATE = 0.01, 0.9, 1e-3
VOCABULARY, WIDTH, HEADS, CONTEXT, LAYERS, SEQUENCES = 65, 128, 4, 128, 4, 16
RANDOM = np.random.RandomState(0)


def batches():
    for _ in range(8):
        if MODEL == "transformer":
            tokens = RANDOM.randint(0, VOCABULARY, (2, SEQUENCES, CONTEXT)).astype("int32")
            yield tokens[0], tokens[1].reshape(-1)
        else:
            shape = (128, 28, 28, 1) if MODEL == "cnn" else (128, 784)
            yield RANDOM.rand(*shape).astype("f"), RANDOM.randint(0, 10, 128).astype("int32")


def weights(*shape):
    return (RANDOM.randn(*shape) * np.prod(shape[:-1]) ** -0.5).astype("f")


def tensorflow(mode):
    import tensorflow as tf

    v1 = tf.compat.v1
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    if mode == "session":
        v1.disable_eager_execution()
        v1.disable_resource_variables()
    variables = []

    def variable(value):
        made = v1.Variable(tf.constant(value), use_resource=False) if mode == "session" else tf.Variable(value)
        variables.append(made)
        return made

    def dense(features, units):
        kernel, bias = variable(weights(features, units)), variable(np.zeros(units, "f"))
        return lambda x: tf.matmul(x, kernel) + bias

    def convolution(channels, filters):
        kernel, bias = variable(weights(5, 5, channels, filters)), variable(np.zeros(filters, "f"))

        def apply(x):
            x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "SAME"), bias))
            return tf.nn.max_pool2d(x, 2, 2, "SAME")

        return apply

    def layer_norm():
        gamma, beta = variable(np.ones(WIDTH, "f")), variable(np.zeros(WIDTH, "f"))

        def apply(x):
            mean, variance = tf.nn.moments(x, [-1], keepdims=True)
            return (x - mean) * tf.math.rsqrt(variance + 1e-5) * gamma + beta

        return apply

    def transformer():
        tokens, positions = variable(weights(VOCABULARY, WIDTH)), variable(weights(CONTEXT, WIDTH))
        mask = tf.constant(np.triu(np.full((CONTEXT, CONTEXT), -1e9, "f"), 1))
        size = WIDTH // HEADS

        def block():
            norms, qkv, out = (layer_norm(), layer_norm()), dense(WIDTH, 3 * WIDTH), dense(WIDTH, WIDTH)
            wide, narrow = dense(WIDTH, 4 * WIDTH), dense(4 * WIDTH, WIDTH)

            def apply(x):
                parts = tf.reshape(qkv(norms[0](x)), (SEQUENCES, CONTEXT, 3, HEADS, size))
                query, key, value = tf.unstack(tf.transpose(parts, (2, 0, 3, 1, 4)))
                scores = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) * size**-0.5 + mask)
                heads = tf.transpose(tf.matmul(scores, value), (0, 2, 1, 3))
                x = x + out(tf.reshape(heads, (-1, WIDTH)))
                return x + narrow(tf.nn.gelu(wide(norms[1](x)), approximate=True))

            return apply

        blocks, norm, head = [block() for _ in range(LAYERS)], layer_norm(), dense(WIDTH, VOCABULARY)

        def apply(ids):
            x = tf.reshape(tf.gather(tokens, ids) + positions, (-1, WIDTH))
            for each in blocks:
                x = each(x)
            return head(norm(x))

        return apply

    def model():
        if MODEL == "logreg":
            return dense(784, 10)
        if MODEL == "mlp":
            first, second, last = dense(784, 512), dense(512, 512), dense(512, 10)
            return lambda x: last(tf.nn.relu(second(tf.nn.relu(first(x)))))
        if MODEL == "cnn":
            first, second, hidden, last = convolution(1, 32), convolution(32, 64), dense(3136, 512), dense(512, 10)
            return lambda x: last(tf.nn.relu(hidden(tf.reshape(second(first(x)), (-1, 3136)))))
        return transformer()

    def loss_of(network, x, labels):
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=network(x)))

    data = list(batches())
    if mode == "session":
        config = v1.ConfigProto(intra_op_parallelism_threads=THREADS, inter_op_parallelism_threads=THREADS)
        x = v1.placeholder(data[0][0].dtype, data[0][0].shape)
        labels = v1.placeholder(tf.int32, data[0][1].shape)
        loss = loss_of(model(), x, labels)
        is_adam = MODEL == "transformer"
        optimizer = v1.train.AdamOptimizer(ADAM_RATE) if is_adam else v1.train.MomentumOptimizer(RATE, MOMENTUM)
        train_op = optimizer.minimize(loss, v1.train.get_or_create_global_step(), var_list=variables)
        if is_adam:
            with tf.control_dependencies([train_op]):
                train_op = tf.group(*[v1.assign_sub(each, 1e-5 * each) for each in variables])
        session = v1.Session(config=config)
        session.run(v1.global_variables_initializer())

        def step(index, wants_loss):
            fed = dict(zip((x, labels), data[index % 8]))
            return float(session.run([train_op, loss], fed)[1]) if wants_loss else session.run(train_op, fed)

        return step

    network = model()
    slots = [[tf.Variable(tf.zeros_like(each)) for each in variables] for _ in range(2)]
    count = tf.Variable(0.0)
    data = [(tf.constant(x), tf.constant(labels)) for x, labels in data]

    @tf.function(jit_compile=mode == "xla")
    def train(x, labels):
        with tf.GradientTape() as tape:
            loss = loss_of(network, x, labels)
        gradients = [tf.convert_to_tensor(each) for each in tape.gradient(loss, variables)]
        if MODEL == "transformer":
            count.assign_add(1.0)
            rate = ADAM_RATE * tf.sqrt(1 - 0.999**count) / (1 - 0.9**count)
            for each, gradient, first, second in zip(variables, gradients, *slots):
                first.assign(0.9 * first + 0.1 * gradient)
                second.assign(0.999 * second + 0.001 * gradient * gradient)
                each.assign_sub(rate * first / (tf.sqrt(second) + 1e-8) + 1e-5 * each)
        else:
            for each, gradient, slot in zip(variables, gradients, slots[0]):
                tf.raw_ops.ResourceApplyMomentum(
                    var=each.handle, accum=slot.handle, lr=RATE, grad=gradient, momentum=MOMENTUM
                )
        return loss

    def step(index, wants_loss):
        loss = train(*data[index % 8])
        return float(loss) if wants_loss else None

    return step


def jax():
    import flax.linen as nn
    import jax
    import jax.numpy as jnp
    import optax

    class Perceptron(nn.Module):
        hidden: tuple = ()

        @nn.compact
        def __call__(self, x):
            for units in self.hidden:
                x = nn.relu(nn.Dense(units)(x))
            return nn.Dense(10)(x)

    class Convolutional(nn.Module):
        @nn.compact
        def __call__(self, x):
            for filters in (32, 64):
                x = nn.max_pool(nn.relu(nn.Conv(filters, (5, 5))(x)), (2, 2), (2, 2))
            return Perceptron((512,))(x.reshape(x.shape[0], -1))

    class Transformer(nn.Module):
        @nn.compact
        def __call__(self, ids):
            count, length = ids.shape
            x = nn.Embed(VOCABULARY, WIDTH)(ids)
            x = x + self.param("positions", nn.initializers.normal(0.02), (length, WIDTH))
            mask, size = jnp.triu(jnp.full((length, length), -1e9), 1), WIDTH // HEADS
            for _ in range(LAYERS):
                parts = nn.Dense(3 * WIDTH)(nn.LayerNorm()(x)).reshape(count, length, 3, HEADS, size)
                query, key, value = parts.transpose(2, 0, 3, 1, 4)
                scores = jax.nn.softmax(query @ key.swapaxes(-1, -2) * size**-0.5 + mask)
                x = x + nn.Dense(WIDTH)((scores @ value).transpose(0, 2, 1, 3).reshape(count, length, WIDTH))
                x = x + nn.Dense(WIDTH)(nn.gelu(nn.Dense(4 * WIDTH)(nn.LayerNorm()(x))))
            return nn.Dense(VOCABULARY)(nn.LayerNorm()(x)).reshape(-1, VOCABULARY)

    models = {"logreg": Perceptron(), "mlp": Perceptron((512, 512)), "cnn": Convolutional(), "transformer": Transformer()}
    network = models[MODEL]
    data = [(jnp.asarray(x), jnp.asarray(labels)) for x, labels in batches()]
    optimizer = optax.adamw(ADAM_RATE) if MODEL == "transformer" else optax.sgd(RATE, momentum=MOMENTUM)
    parameters = jax.jit(network.init)(jax.random.PRNGKey(0), data[0][0])
    state = optimizer.init(parameters)

    def loss_of(parameters, x, labels):
        return optax.softmax_cross_entropy_with_integer_labels(network.apply(parameters, x), labels).mean()

    def update(parameters, state, x, labels):
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, labels)
        changes, state = optimizer.update(gradients, state, parameters)
        return optax.apply_updates(parameters, changes), state, loss

    train = jax.jit(update, donate_argnums=(0, 1))

    def step(index, wants_loss):
        nonlocal parameters, state
        parameters, state, loss = train(parameters, state, *data[index % 8])
        return float(loss) if wants_loss else None

    return step


def torch():
    import torch
    import torch.nn as nn
    import torch.nn.functional as F

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

        def forward(self, x):
            count, length, _ = x.shape
            parts = self.qkv(x).view(count, length, 3, HEADS, WIDTH // HEADS)
            query, key, value = parts.permute(2, 0, 3, 1, 4)
            heads = F.scaled_dot_product_attention(query, key, value, is_causal=True)
            return self.out(heads.transpose(1, 2).reshape(count, length, WIDTH))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norms, self.attention = nn.ModuleList([nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)]), Attention()
            self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

        def forward(self, x):
            x = x + self.attention(self.norms[0](x))
            return x + self.narrow(F.gelu(self.wide(self.norms[1](x)), approximate="tanh"))

    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(CONTEXT, WIDTH)
            self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY)

        def forward(self, ids):
            x = self.blocks(self.tokens(ids) + self.positions.weight)
            return self.head(self.norm(x)).flatten(0, 1)

    def perceptron(*sizes):
        layers = [part for pair in zip(sizes, sizes[1:]) for part in (nn.Linear(*pair), nn.ReLU())]
        return nn.Sequential(*layers[:-1])

    def convolutional():
        convolutions = []
        for channels, filters in ((1, 32), (32, 64)):
            convolutions += [nn.Conv2d(channels, filters, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
        return nn.Sequential(*convolutions, nn.Flatten(), perceptron(3136, 512, 10))

    models = {
        "logreg": lambda: perceptron(784, 10),
        "mlp": lambda: perceptron(784, 512, 512, 10),
        "cnn": convolutional,
        "transformer": Transformer,
    }
    network = models[MODEL]()
    data = [(torch.from_numpy(x), torch.from_numpy(labels).long()) for x, labels in batches()]
    if MODEL == "cnn":
        data = [(x.permute(0, 3, 1, 2).contiguous(), labels) for x, labels in data]
    if MODEL == "transformer":
        optimizer = torch.optim.AdamW(network.parameters(), ADAM_RATE)
    else:
        optimizer = torch.optim.SGD(network.parameters(), RATE, momentum=MOMENTUM)

    def step(index, wants_loss):
        x, labels = data[index % 8]
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(network(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item() if wants_loss else None

    return step


def main():
    framework, _, mode = FRAMEWORK.partition("-")
    step = tensorflow(mode) if framework == "tensorflow" else {"jax": jax, "torch": torch}[framework]()
    count = 0

    def run(steps):
        nonlocal count
        for left in reversed(range(steps)):
            wants_loss = left == 0 or count % 100 == 99
            loss = step(count, wants_loss)
            if wants_loss and not np.isfinite(loss):
                sys.exit(f"the loss is {loss} after {count + 1} steps")
            count += 1

    run(1)
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        run(int(line))
        print(time.perf_counter() - began, flush=True)


main()
