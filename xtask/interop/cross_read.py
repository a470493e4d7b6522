"""Reads checkpoints of ours with the packages whose formats they have, and writes the same with these packages.

Usage: python3 cross_read.py FOLDER [--tensorflow]   (needs `numpy` and `safetensors` from PyPI, or `tensorflow-cpu`)

FOLDER has one checkpoint as ours.npz and ours.safetensors, or with --tensorflow as the bundle `ours` and a state file.
Everything is read and compared, and written again as theirs.npz, theirs.safetensors or the bundle `theirs`.
"""

import os
import sys

import numpy


def check_equal(left, right, what):
    assert sorted(left) == sorted(right), f"{what}: {sorted(left)} and {sorted(right)}"
    for name in left:
        a, b = numpy.asarray(left[name]), numpy.asarray(right[name])
        assert a.dtype == b.dtype and a.shape == b.shape, f"{what}: {name} is {a.dtype}{a.shape} and {b.dtype}{b.shape}"
        assert a.tobytes() == b.tobytes(), f"{what}: the elements of {name} differ"


def packages(folder):
    import safetensors
    import safetensors.numpy

    arrays = dict(numpy.load(os.path.join(folder, "ours.npz")))
    file = os.path.join(folder, "ours.safetensors")
    tensors = safetensors.numpy.load_file(file)
    with safetensors.safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
    check_equal({name: arrays[name] for name in arrays if not name.startswith("everstep/")}, tensors, "npz and safetensors")
    numpy.savez_compressed(os.path.join(folder, "theirs.npz"), **arrays)
    safetensors.numpy.save_file(tensors, os.path.join(folder, "theirs.safetensors"), metadata=metadata)
    print(f"NumPy {numpy.__version__} and safetensors {safetensors.__version__} read {len(tensors)} tensors")


def tensorflow(folder):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    v1 = tf.compat.v1
    prefix = tf.train.latest_checkpoint(folder)
    assert prefix and os.path.basename(prefix) == "ours", prefix
    reader = tf.train.load_checkpoint(prefix)
    shapes = reader.get_variable_to_shape_map()
    tensors = {name: reader.get_tensor(name) for name in shapes}

    # The saver of a session restores each variable, from all of the shards, and writes them again.
    with tf.Graph().as_default():
        variables = {
            name: v1.get_variable(f"v{number}", shape=array.shape, dtype=array.dtype, use_resource=True)
            for number, (name, array) in enumerate(sorted(tensors.items()))
        }
        saver = v1.train.Saver(variables)
        with v1.Session() as session:
            saver.restore(session, prefix)
            check_equal(session.run(variables), tensors, "Saver.restore and load_checkpoint")
            saver.save(session, os.path.join(folder, "theirs"), write_meta_graph=False, write_state=False)

    # The same tensors by the same op give the same bytes, blocks and separators of the index too.
    names = sorted(tensors)
    tf.raw_ops.SaveV2(
        prefix=os.path.join(folder, "op"),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(tensors[name]) for name in names],
    )
    for end in ["index", "data-00000-of-00001"]:
        ours, theirs = (open(os.path.join(folder, f"{name}.{end}"), "rb").read() for name in ["ours", "op"])
        assert ours == theirs, f"the bytes of .{end} differ"
    print(f"TensorFlow {tf.__version__} reads {len(tensors)} tensors, and writes the same bytes")


if __name__ == "__main__":
    if "--tensorflow" in sys.argv:
        tensorflow(sys.argv[1])
    else:
        packages(sys.argv[1])
