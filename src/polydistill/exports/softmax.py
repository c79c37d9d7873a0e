"""Attention's softmax in an ONNX graph, without the guard that PyTorch's exporter puts around it.

Where a mask is minus infinity, a text of pads alone would get numbers that are none, so the exporter replaces them: two
passes over all weights of attention. With the lowest number in place of minus infinity there are none to replace, and a
text that has a token gets what it got.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto

_LOWEST = float(np.finfo(np.float32).min)


def without_guards(model: ModelProto) -> None:
    """Take the guards away, and with them the infinite numbers of the masks."""
    from onnx import numpy_helper

    graph = model.graph
    for one in graph.initializer:
        value = numpy_helper.to_array(one)
        if value.size == 1 and value.dtype == np.float32 and value.item() == -np.inf:
            one.CopyFrom(numpy_helper.from_array(np.full_like(value, _LOWEST), one.name))
    softmax = {node.output[0] for node in graph.node if node.op_type == "Softmax"}
    asked = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "IsNaN" and n.input[0] in softmax}
    guarded = {
        node.output[0]: node.input[2]
        for node in graph.node
        if node.op_type == "Where" and asked.get(node.input[0]) == node.input[2]
    }
    kept = [node for node in graph.node if node.output[0] not in {**guarded, **asked}]
    for node in kept:
        for place, name in enumerate(node.input):
            node.input[place] = guarded.get(name, name)
    del graph.node[:]
    graph.node.extend(kept)
