"""What TensorFlow registers of each op of docs/ops.md that it has: how many inputs and outputs, and its attributes.

A list counts as one input, or one output; its length is an attribute.
Run it again when the page has new ops: one that is not among the lines is not held against TensorFlow.
"""

import json
import pathlib
import re

from tensorflow.python.framework import op_def_registry

# What the page has no rows of, or calls otherwise.
MORE = ["Const", "Placeholder", "ScatterAdd", "ScatterSub", "SparseApplyMomentum", "Switch", "VariableV2"]

here = pathlib.Path(__file__).parent
page = (here.parents[3] / "docs" / "ops.md").read_text()
names = set(re.findall(r"^\| `([A-Z]\w*)`", page, re.MULTILINE))
known = {name: op_def_registry.get(name) for name in sorted(names.union(MORE))}
lines = [
    {
        "op": name,
        "inputs": len(op.input_arg),
        "outputs": len(op.output_arg),
        "attributes": {attribute.name: attribute.type for attribute in op.attr},
    }
    for name, op in known.items()
    if op is not None
]
(here / "op_defs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
