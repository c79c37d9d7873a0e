"""Embeddings in int8, and how many bits a processor's products take.

V = pieces, D = width, B = rows, L = places.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

LARGEST = 127
"""Of whole numbers of 8 bits with a sign; as far below 0 they go, too."""


class Int8Rows(nn.Module):
    """An embedding of which each row is whole numbers and a scale of its own: value = scale x number.

    A scale for all rows, as ONNX Runtime's own quantiser takes it, would be that of the largest number of 250,002 rows.
    """

    def __init__(self, embedding: nn.Embedding) -> None:
        super().__init__()
        weight_VD = embedding.weight.detach()
        scale_V1 = weight_VD.abs().amax(-1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny) / LARGEST
        self.register_buffer("numbers_VD", (weight_VD / scale_V1).round().to(torch.int8))
        self.register_buffer("scale_V1", scale_V1)

    def forward(self, ids_BL: Tensor) -> Tensor:
        """[B, L, D]."""
        numbers_VD, scale_V1 = cast(Tensor, self.numbers_VD), cast(Tensor, self.scale_V1)
        return numbers_VD[ids_BL].to(scale_V1.dtype) * scale_V1[ids_BL]


@contextmanager
def embedding_in_int8(network: PreTrainedModel) -> Iterator[None]:
    """Meanwhile the pieces' embeddings are rows of int8."""
    exact = cast(nn.Embedding, network.get_input_embeddings())
    network.set_input_embeddings(Int8Rows(exact))
    try:
        yield
    finally:
        network.set_input_embeddings(exact)


@lru_cache(maxsize=1)
def adds_in_16_bits() -> bool:
    """Whether ONNX Runtime's product of whole numbers overflows here: seen by computing one."""
    import onnx
    from onnx import TensorProto, helper
    from onnxruntime import InferenceSession

    length = 64
    kinds = {"A": TensorProto.UINT8, "B": TensorProto.INT8}
    shapes = {"A": [1, length], "B": [length, 1]}
    inputs = [helper.make_tensor_value_info(name, kinds[name], shapes[name]) for name in ("A", "B")]
    output = helper.make_tensor_value_info("C", TensorProto.INT32, [1, 1])
    graph = helper.make_graph([helper.make_node("MatMulInteger", ["A", "B"], ["C"])], "product", inputs, [output])
    model = onnx.helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    largest = {"A": np.full(shapes["A"], 255, np.uint8), "B": np.full(shapes["B"], LARGEST, np.int8)}
    (found,) = session.run(None, largest)
    return int(np.asarray(found).item()) != 255 * LARGEST * length
