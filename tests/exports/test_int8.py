"""Numbers of 8 bits: how far they may be from what they stand for."""

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from polydistill.exports.int8 import Int8Rows, embedding_in_int8, products_in_int8
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


def test_products_have_a_scale_a_column(tmp_path):
    generator = np.random.default_rng(0)
    weight = generator.normal(size=(32, 4)).astype(np.float32)
    weight[:, 3] *= 1000
    left = generator.normal(size=(6, 32)).astype(np.float32)
    product = helper.make_node("MatMul", ["left", "weight"], ["out"])
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in (("left", 32), ("out", 4))
    ]
    graph = helper.make_graph([product], "graph", ends[:1], ends[1:], [numpy_helper.from_array(weight, "weight")])
    file = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), file)
    products_in_int8(file)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert "MatMulInteger" in {node.op_type for node in onnx.load(file).graph.node}
    (found,) = onnxruntime.InferenceSession(file).run(None, {"left": left})
    exact = left.astype(np.float64) @ weight
    # each factor is off by half a step at most: left by one of 255 over its range, weight by one of 127 a column
    step_left = (left.max() - left.min()) / 255
    bound = step_left / 2 * np.abs(weight).sum(0) + np.abs(weight).max(0) / 254 * (
        np.abs(left).sum(1)[:, None] + 32 * step_left
    )
    assert (np.abs(found - exact) <= bound).all()
    assert np.abs(found - exact).max() > 0
