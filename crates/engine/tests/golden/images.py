"""Convolutions and poolings of images."""

import tensorflow as tf

from golden import Family, spread

family = Family(__file__)

# (images, filter, strides, dilations, padding)
DENSE = [
    ([2, 5, 4, 2], [3, 3, 2, 3], [1, 1], [1, 1], "SAME"),
    ([1, 6, 5, 1], [3, 2, 1, 2], [2, 2], [1, 1], "VALID"),
    ([1, 5, 6, 2], [2, 3, 2, 2], [2, 2], [1, 1], "SAME"),
    ([1, 4, 4, 2], [3, 3, 2, 2], [1, 1], [1, 1], [[1, 2], [0, 1]]),
    ([1, 7, 6, 1], [3, 2, 1, 2], [1, 1], [2, 2], "SAME"),
    ([1, 8, 8, 3], [3, 3, 3, 4], [1, 1], [1, 1], "SAME"),
    ([1, 6, 6, 3], [5, 5, 3, 2], [1, 1], [1, 1], "SAME"),
]
DEPTHWISE = [
    ([2, 5, 4, 2], [3, 3, 2, 2], [1, 1], [1, 1], "SAME"),
    ([1, 6, 6, 3], [3, 2, 3, 1], [2, 2], [1, 1], "VALID"),
    ([1, 5, 5, 2], [2, 2, 2, 1], [1, 1], [2, 2], "SAME"),
]
# (images, size, strides, padding)
POOLED = [
    ([2, 4, 4, 2], [2, 2], [2, 2], "VALID"),
    ([1, 5, 4, 2], [3, 2], [2, 2], "SAME"),
    ([1, 5, 5, 1], [2, 3], [1, 1], "SAME"),
]


def padded(padding):
    return padding if isinstance(padding, str) else [[0, 0], *padding, [0, 0]]


def spatial(pair):
    return [1, *pair, 1]


def attributes(strides, dilations, padding):
    return {"strides": strides, "dilations": dilations, "padding": padding}


def explicit(padding):
    return {"padding": padding} if isinstance(padding, str) else {
        "padding": "EXPLICIT", "explicit_paddings": [0, 0, *padding[0], *padding[1], 0, 0]}


for images, filters, strides, dilations, padding in DENSE:
    named = attributes(strides, dilations, padding)
    # TensorFlow has no gradient of a dilated convolution on the CPU.
    known = None if dilations == [1, 1] else []

    def conv2d(x, w):
        return tf.nn.conv2d(x, w, spatial(strides), padded(padding), dilations=spatial(dilations))

    inputs = [spread(images), spread(filters, -1.5, 1.6)]
    family.add("conv2d", conv2d, inputs, named, gradients=known)
    if known == []:
        continue
    gradient = spread(conv2d(*inputs).shape.as_list(), -1.1, 1.9)
    raw = {"strides": spatial(strides), **explicit(padding)}
    family.add(
        "conv2d_transpose",
        lambda w, g: tf.nn.conv2d_transpose(g, w, images, spatial(strides), padded(padding)),
        [inputs[1], gradient],
        {**named, "size": images[1:]},
    )
    family.add(
        "conv2d_backprop_input",
        lambda x, w, g: tf.raw_ops.Conv2DBackpropInput(input_sizes=tf.shape(x), filter=w, out_backprop=g, **raw),
        [*inputs, gradient],
        named,
        gradients=[1, 2],
    )
    family.add(
        "conv2d_backprop_filter",
        lambda x, w, g: tf.raw_ops.Conv2DBackpropFilter(input=x, filter_sizes=tf.shape(w), out_backprop=g, **raw),
        [*inputs, gradient],
        named,
        gradients=[0, 2],
    )

for images, filters, strides, dilations, padding in DEPTHWISE:
    named = attributes(strides, dilations, padding)

    def depthwise(x, w):
        return tf.nn.depthwise_conv2d(x, w, spatial(strides), padding, dilations=dilations)

    inputs = [spread(images), spread(filters, -1.5, 1.6)]
    family.add("depthwise_conv2d_native", depthwise, inputs, named)
    if dilations != [1, 1]:
        continue
    gradient = spread(depthwise(*inputs).shape.as_list(), -1.1, 1.9)
    raw = {"strides": spatial(strides), "padding": padding}
    family.add(
        "depthwise_conv2d_native_backprop_input",
        lambda x, w, g: tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
            input_sizes=tf.shape(x), filter=w, out_backprop=g, **raw),
        [*inputs, gradient],
        named,
        gradients=[1, 2],
    )
    family.add(
        "depthwise_conv2d_native_backprop_filter",
        lambda x, w, g: tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
            input=x, filter_sizes=tf.shape(w), out_backprop=g, **raw),
        [*inputs, gradient],
        named,
        gradients=[0, 2],
    )

for images, size, strides, padding in POOLED:
    named = {"size": size, "strides": strides, "padding": padding}
    options = {"ksize": spatial(size), "strides": spatial(strides), "padding": padding}
    for values in [spread(images, -3, 3), tf.round(spread(images, -3, 3) / 2).numpy()]:
        family.add("max_pool", lambda x: tf.nn.max_pool2d(x, size, strides, padding), [values], named)
        family.add("avg_pool", lambda x: tf.nn.avg_pool2d(x, size, strides, padding), [values], named)
        pooled = tf.nn.max_pool2d(values, size, strides, padding)
        gradient = spread(pooled.shape.as_list(), -1.1, 1.9)
        family.add(
            "max_pool_grad",
            lambda x, g: tf.raw_ops.MaxPoolGrad(
                orig_input=x, orig_output=tf.nn.max_pool2d(x, size, strides, padding), grad=g, **options),
            [values, gradient],
            named,
            gradients=[],
        )
        family.add(
            "avg_pool_grad",
            lambda x, g: tf.raw_ops.AvgPoolGrad(orig_input_shape=tf.shape(x), grad=g, **options),
            [values, gradient],
            named,
            gradients=[1],
        )

family.write()
