"""Numbers of 8 bits: how far they may be from what they stand for."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from polydistill.exports.int8 import Int8Rows, embedding_in_int8
from polydistill.exports.int8_products import of_gelu, products_in_int8
from polydistill.exports.softmax import without_guards
from tiny import tiny_network


def test_each_row_of_an_embedding_has_a_scale_of_its_own():
    embedding = torch.nn.Embedding(5, 8)
    with torch.no_grad():
        embedding.weight[1] *= 1000  # one row of large numbers makes no other row coarse
        embedding.weight[2] = 0
    exact = embedding.weight.detach().double().numpy()
    found = Int8Rows(embedding)(torch.arange(5)[None])[0].double().numpy()
    scale = np.abs(exact).max(-1, keepdims=True) / 127
    assert (np.abs(found - exact) <= scale / 2 + 1e-6 * np.abs(exact)).all()
    np.testing.assert_allclose(found[0], np.round(exact[0] / scale[0]) * scale[0], atol=1e-6)
    assert np.abs(found[0] - exact[0]).max() > 0 and (found[2] == 0).all()


def test_a_network_has_its_own_embeddings_again():
    network = tiny_network().float().eval()
    own, ids = network.get_input_embeddings(), torch.tensor([[5, 6, 7]])
    exact = network(input_ids=ids).logits
    with embedding_in_int8(network):
        assert isinstance(network.get_input_embeddings(), Int8Rows)
        assert (network(input_ids=ids).logits - exact).abs().max() > 0
    assert network.get_input_embeddings() is own
    assert torch.equal(network(input_ids=ids).logits, exact)


def graph_of(nodes, weight, width):
    """A graph of these nodes from `left` [n, L, width] to `out`, with a weight and a bias."""
    shapes = (("left", ["n", "L", width]), ("out", ["n", "L", weight.shape[1]]))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes]
    bias = np.linspace(-1, 1, weight.shape[1], dtype=np.float32)
    stored = [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model, left):
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"left": left})[0]


PLAIN = [helper.make_node("MatMul", ["left", "weight"], ["product"])]
AFTER_GELU = [
    helper.make_node("Gelu", ["left"], ["curved"]),
    helper.make_node("MatMul", ["curved", "weight"], ["product"]),
]
CURVED = [helper.make_node("MatMul", ["curved", "weight"], ["out"])]
END = [  # the bias is used a second time, as where equal ones are stored once
    helper.make_node("Add", ["product", "bias"], ["first"]),
    helper.make_node("Add", ["first", "bias"], ["out"]),
]


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("nodes", "up", "low"), [(PLAIN, 127, 0), (AFTER_GELU, 223, 0.17 / 32)], ids=["plain", "gelu"])
def test_products_have_a_scale_a_column_and_one_a_token(nodes, up, low):
    weight, left = drawn(32, 4), drawn(3, 5, 32, seed=1)
    weight[:, 3] *= 1000  # a column of large numbers makes no other column coarse,
    left[0, 0] *= 1000  # and a token no other token
    left[2, 4] = 0
    model = graph_of([*nodes, *END], weight, 32)
    exact = run(model, left).astype(np.float64)
    x = left if nodes is PLAIN else run(graph_of([*nodes[:1], *CURVED], np.eye(32, dtype=np.float32), 32), left)
    products_in_int8(model)
    onnx.checker.check_model(model)
    assert {one.domain for one in model.graph.node} == {""}, "plain operators"
    assert "MatMulInteger" in {node.op_type for node in model.graph.node}
    off = np.abs(run(model, left) - exact)
    # each factor is off by half a step at most: a token's of so many over its range, weights' of 127 a column
    step = np.maximum(np.abs(x).max(-1, keepdims=True) / up, low)
    bound = step / 2 * np.abs(weight).sum(0) + np.abs(weight).max(0) / 254 * (
        np.abs(x).sum(-1, keepdims=True) + 32 * step
    )
    assert (off <= bound + 1e-5 * np.abs(exact)).all()
    assert off.max() > 0


def test_a_token_is_read_alone_as_among_others():
    model = graph_of([*PLAIN, *END], drawn(32, 4), 32)
    products_in_int8(model)
    left = drawn(3, 5, 32, seed=1)
    left[0] *= 1000
    together = run(model, left)
    for row in range(3):
        np.testing.assert_array_equal(run(model, left[row : row + 1, :2])[0], together[row, :2])


def test_products_that_are_named_stay_exact():
    model = graph_of([*AFTER_GELU, *END], drawn(32, 4), 32)
    before = run(model, drawn(2, 3, 32))
    products_in_int8(model, of_gelu(model.graph))
    np.testing.assert_array_equal(run(model, drawn(2, 3, 32)), before)


def test_without_its_guard_attention_is_what_it_was():
    nodes = [
        helper.make_node("Where", ["mask", "zero", "far"], ["added"]),
        helper.make_node("Add", ["left", "added"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["shares"]),
        helper.make_node("IsNaN", ["shares"], ["none"]),
        helper.make_node("Where", ["none", "zero", "shares"], ["guarded"]),
        helper.make_node("Mul", ["guarded", "two"], ["out"]),
    ]
    kinds = (("left", TensorProto.FLOAT), ("mask", TensorProto.BOOL), ("out", TensorProto.FLOAT))
    ends = [helper.make_tensor_value_info(name, kind, ["n", 4]) for name, kind in kinds]
    values = {"zero": 0.0, "far": -np.inf, "two": 2.0}
    stored = [numpy_helper.from_array(np.float32(value), name) for name, value in values.items()]
    graph = helper.make_graph(nodes, "graph", ends[:2], ends[2:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    given = {"left": 30 * drawn(3, 4), "mask": np.array([[1, 1, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1]], dtype=bool)}
    (before,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, given)
    without_guards(model)
    assert [node.op_type for node in model.graph.node] == ["Where", "Add", "Softmax", "Mul"]
    (after,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, given)
    np.testing.assert_array_equal(after, before)
