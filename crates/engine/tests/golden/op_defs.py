"""What TensorFlow registers of each op of docs/ops.md that it has: how many inputs and outputs, and its attributes.

A list counts as one input, or one output; its length is an attribute.
"""

import json
import pathlib
import re

from tensorflow.python.framework import op_def_registry

here = pathlib.Path(__file__).parent
page = (here.parents[3] / "docs" / "ops.md").read_text()
with open(here / "op_defs.jsonl", "w") as lines:
    for name in sorted(set(re.findall(r"^\| `([A-Z]\w*)`", page, re.MULTILINE)) | {"Switch", "Placeholder", "Const", "VariableV2"}):
        known = op_def_registry.get(name)
        if known is None:
            continue
        attributes = {attribute.name: attribute.type for attribute in known.attr}
        line = {"op": name, "inputs": len(known.input_arg), "outputs": len(known.output_arg), "attributes": attributes}
        lines.write(json.dumps(line) + "\n")
