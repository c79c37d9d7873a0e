"""Encoders cut down to some of their blocks, in every family and with every kind of head."""

import pytest
import torch

from polydistill.models.cut import cut
from polydistill.models.layers import FAMILIES, blocks
from polydistill.starts.strict import quietly
from tiny import HEADS, tiny_network

DEEP = 4
INPUTS = {
    "input_ids": torch.tensor([[0, 6, 7, 8, 2], [0, 9, 6, 2, 1]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]]),
}


def scores(network):
    with torch.no_grad():
        said = network.eval()(**INPUTS)
    return said.logits if "logits" in said else torch.stack((said.start_logits, said.end_logits), -1)


def by_hand(network, layers):
    """The same network with the blocks that are not named taken out of its list."""
    kept = [blocks(network)[n - 1] for n in layers.values()]
    listed = FAMILIES[network.config.model_type].blocks(network.base_model)
    del listed[:]
    listed.extend(kept)
    if getattr(network.config, "layer_types", None):
        network.config.layer_types = [network.config.layer_types[n - 1] for n in layers.values()]
    network.config.num_hidden_layers = len(kept)
    return network


@pytest.mark.parametrize("head", [name for name in HEADS if name != "choices"])  # which has other inputs
@pytest.mark.parametrize("family", ["xlm-roberta", "roberta", "bert", "distilbert", "modernbert"])
@pytest.mark.parametrize("layers", [{1: 1, 2: 2}, {1: 1, 2: 4}, {m: m for m in range(1, DEEP + 1)}])
def test_a_cut_network_is_the_old_one_without_the_other_blocks(family, head, layers, tmp_path):
    network = tiny_network(family, head, seed=3, blocks=DEEP).eval()
    small = cut(network, layers)
    assert len(blocks(small)) == small.config.num_hidden_layers == len(layers)
    assert not {id(value) for value in small.parameters()} & {id(value) for value in network.parameters()}
    said = scores(small)
    torch.testing.assert_close(said, scores(by_hand(network, layers)), rtol=0, atol=1e-12)
    small.save_pretrained(tmp_path)
    with quietly():
        torch.testing.assert_close(scores(HEADS[head].from_pretrained(tmp_path)), said, rtol=0, atol=1e-12)


def test_a_cut_network_needs_every_block_from_the_old_one():
    with pytest.raises(ValueError, match=r"says nothing of block 1:.*uniform"):
        cut(tiny_network("bert", "mlm", seed=3, blocks=DEEP), {2: 4})
