"""Products in int8 within an ONNX graph: weights with a scale a column, what they multiply with a scale a token.

Where stock dynamic quantisation takes one scale for all tokens of a batch, it is that of the largest outlier, and a
text is read otherwise alone than in a batch. GELU has such outliers: 64 where the median feature's largest is 1.6.

    x [..., K] W [K, N]  =  round(x / s) round(W / c) s c,   s = max |x| / 127 of a token, c = max |W| / 127 of a column

in plain operators of ONNX, without calibration. K = features, N = outputs.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polydistill.exports.int8 import LARGEST, adds_in_16_bits

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

_TINY = float(np.finfo(np.float32).tiny)
_SEVEN_BITS = 63


@dataclass(frozen=True)
class _Numbers:
    """The whole numbers of 8 bits without a sign that stand for a token's values: 0 stands at `zero`."""

    zero: int
    up: int
    """How many stand above 0, for the token's largest value."""
    least: float
    """The smallest scale."""


_BOTH_SIDES = _Numbers(128, LARGEST, _TINY)
_AFTER_GELU = _Numbers(
    32, 223, 0.17 / 32
)  # GELU is nowhere below -0.17: 32 numbers hold that, the rest is for outliers


def weighted(graph: GraphProto) -> list[NodeProto]:
    """The products of a graph with stored weights [K, N]."""
    matrices = {one.name for one in graph.initializer if len(one.dims) == 2}
    return [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in matrices]


def of_gelu(graph: GraphProto) -> list[str]:
    """The outputs of those products that follow a GELU: the second of each feed-forward block."""
    curved = {node.output[0] for node in graph.node if node.op_type == "Gelu"}
    return [node.output[0] for node in weighted(graph) if node.input[0] in curved]


def products_in_int8(model: ModelProto, but: Container[str] = ()) -> None:
    """Compute the products of a graph with its stored weights in int8, but for those with these outputs.

    All 8 bits are used where this processor adds products in 32 bits (x86 with VNNI, since about 2019; ARM's dot
    products). Where it adds pairs of them in 16 bits, which overflow, weights take 7 bits, and the file is right
    anywhere; a file of 8 bits may overflow on such a processor.
    """
    graph = model.graph
    chosen = {node.output[0] for node in weighted(graph) if node.output[0] not in but}
    curved = {node.output[0] for node in graph.node if node.op_type == "Gelu"}
    stored = {one.name: one for one in graph.initializer}
    made, nodes = _Made(graph.input[0].name), list[Any]()
    for node in graph.node:
        if node.output[0] in chosen:
            made.product(node, stored[node.input[1]], _AFTER_GELU if node.input[0] in curved else _BOTH_SIDES)
            nodes += made.taken()
            continue
        if node.op_type == "Add" and node.input[0] in chosen and node.input[1] in stored:
            node.input[1] = made.bias(stored[node.input[1]])
        nodes.append(node)
    used = {name for node in nodes for name in node.input}
    kept = [one for one in graph.initializer if one.name in used]
    for field_, content in (
        (graph.node, [*made.begin, *nodes]),
        (graph.initializer, [*kept, *made.constants.values()]),
    ):
        del field_[:]
        field_.extend(content)
    del graph.value_info[:]  # shapes of what is no longer there


@dataclass
class _Made:
    """The nodes and constants that take the places of products."""

    any_input: str
    constants: dict[str, TensorProto] = field(default_factory=dict)
    begin: list[NodeProto] = field(default_factory=list)
    nodes: list[NodeProto] = field(default_factory=list)
    scales: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By what is multiplied: its whole numbers, and the scale of each token."""

    def taken(self) -> list[NodeProto]:
        """The nodes since the last call."""
        nodes, self.nodes = self.nodes, []
        return nodes

    def product(self, node: NodeProto, weight: TensorProto, numbers: _Numbers) -> None:
        """The same product in int8."""
        from onnx import TensorProto, numpy_helper

        (left, name), (out,) = node.input, node.output
        weight_KN = numpy_helper.to_array(weight)
        if left not in self.scales:
            self.scales[left] = self._tokens(left, len(weight_KN), numbers)
        x, scale = self.scales[left]
        whole_KN, scale_N = in_columns(weight_KN)
        zero = self._constant(f"zero_{numbers.zero}", np.uint8(numbers.zero))
        whole, columns = self._constant(f"{name}_int8", whole_KN), self._constant(f"{name}_scale", scale_N)
        sums = self._node("MatMulInteger", [x, whole, zero], f"{out}_sums")
        real = self._node("Cast", [sums], f"{out}_real", to=TensorProto.FLOAT)
        by_column = self._node("Mul", [self._one(), columns], f"{out}_columns")
        self._node("Mul", [self._node("Mul", [real, by_column], f"{out}_by_column"), scale], out)

    def bias(self, stored: TensorProto) -> str:
        """A bias as a row [1, N]: with a plain one ONNX Runtime does it and GELU in one, which takes longer."""
        from onnx import numpy_helper

        return self._constant(f"{stored.name}_row", numpy_helper.to_array(stored)[None])

    def _tokens(self, x: str, width: int, numbers: _Numbers) -> tuple[str, str]:
        """What is multiplied as whole numbers, and the scale of each token [..., 1]."""
        sizes = self._node("Abs", [x], f"{x}_size") if numbers is _BOTH_SIDES else x
        last, flat = self._constant("last", np.array([-1])), self._constant("flat", np.array([-1]))
        largest = self._node("ReduceMax", [sizes, last], f"{x}_largest", keepdims=1)
        step = self._constant(f"step_{numbers.up}", np.float32(1 / numbers.up))
        least = self._constant(f"least_{numbers.zero}", np.float32(numbers.least))
        scale = self._node("Max", [self._node("Mul", [largest, step], f"{x}_step"), least], f"{x}_scale")
        scales = self._node("Reshape", [scale, flat], f"{x}_scales")
        zero = self._constant(f"zeros_{numbers.zero}", np.array([numbers.zero], np.uint8))
        zeros = self._node("Expand", [zero, self._node("Shape", [scales], f"{x}_count")], f"{x}_zeros")
        rows = self._node("Reshape", [x, self._constant(f"rows_{width}", np.array([-1, width]))], f"{x}_rows")
        whole = self._node("QuantizeLinear", [rows, scales, zeros], f"{x}_whole", axis=0)
        shape = self._node("Shape", [x], f"{x}_shape")
        return self._node("Reshape", [whole, shape], f"{x}_int8"), scale

    def _one(self) -> str:
        """A 1 that a runtime does not know beforehand: ONNX Runtime then fuses a product with its scales."""
        from onnx import TensorProto, helper

        if not self.begin:
            one = self._constant("exactly_one", np.float32(1))
            self.begin += [
                helper.make_node("Size", [self.any_input], ["int8_size"]),
                helper.make_node("Cast", ["int8_size"], ["int8_real_size"], to=TensorProto.FLOAT),
                helper.make_node("Clip", ["int8_real_size", one, one], ["int8_one"]),
            ]
        return "int8_one"

    def _constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        from onnx import numpy_helper

        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def _node(self, kind: str, inputs: list[str], output: str, **options: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], **options))
        return output


def in_columns(weight_KN: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A weight as whole numbers, and the scale of each column."""
    most = _SEVEN_BITS if adds_in_16_bits() else LARGEST
    scale_N = np.maximum(np.abs(weight_KN).max(0), _TINY) / most
    return np.round(weight_KN / scale_N).astype(np.int8), scale_N.astype(np.float32)
