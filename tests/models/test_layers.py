"""Parts of an encoder by one numbering; frozen parts get no gradient, and the graph ends above them."""

import pytest
import torch
from transformers import (
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
)

from polydistill.models.layers import blocks, first_position, freeze_bottom, masked_lm_head
from tiny import BLOCKS, tiny_network


def distilbert():
    return DistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=50, dim=16, n_layers=3, n_heads=2, hidden_dim=32, max_position_embeddings=20)
    )


def modernbert():
    config = ModernBertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32, pad_token_id=1
    )
    return ModernBertForSequenceClassification(config)


FAMILIES = {
    "xlm-roberta": (lambda: tiny_network("xlm-roberta"), BLOCKS),
    "bert": (lambda: tiny_network("bert"), BLOCKS),
    "distilbert": (distilbert, 3),
    "modernbert": (modernbert, 3),
}
every_family = pytest.mark.parametrize("family", FAMILIES)
INPUTS = {"input_ids": torch.tensor([[5, 6, 7, 8]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}


def make(family):
    return FAMILIES[family][0]()


@every_family
def test_blocks_are_in_the_order_they_are_passed(family):
    network = make(family)
    found, passed = blocks(network), []
    for number, block in enumerate(found, start=1):
        block.register_forward_hook(lambda *_, number=number: passed.append(number))
    network(**INPUTS)
    assert passed == list(range(1, FAMILIES[family][1] + 1))


@every_family
@pytest.mark.parametrize(("embeddings", "lower"), [(True, 0), (False, 1), (True, 1), (True, 2)])
def test_frozen_parts_get_no_gradient_and_the_others_do(family, embeddings, lower):
    network = make(family)
    freeze_bottom(network, embeddings, lower)
    network(**INPUTS).logits.sum().backward()
    parts = blocks(network)
    frozen = {id(value) for part in parts[:lower] for value in part.parameters()}
    if embeddings:
        frozen |= {id(value) for value in network.base_model.embeddings.parameters()}
    for name, value in network.named_parameters():
        assert value.requires_grad is (id(value) not in frozen), name
        if id(value) in frozen:
            assert value.grad is None, name
    for part in parts[lower:]:
        assert all(value.grad is not None for value in part.parameters())


@every_family
def test_the_graph_ends_above_what_is_frozen(family):
    network, in_graph = make(family), []
    freeze_bottom(network, embeddings=True, lower_blocks=1)
    for block in blocks(network):
        block.register_forward_hook(
            lambda _, __, output: in_graph.append((output[0] if isinstance(output, tuple) else output).requires_grad)
        )
    network(**INPUTS)
    assert in_graph == [False] + [True] * (FAMILIES[family][1] - 1)


def test_nothing_to_freeze_asks_for_no_known_family():
    network = tiny_network("xlm")
    freeze_bottom(network, embeddings=False, lower_blocks=0)
    assert all(value.requires_grad for value in network.parameters())


def test_clear_errors():
    with pytest.raises(ValueError, match=r"parts of a 'xlm' model cannot be frozen.*Families that can: bert, roberta"):
        freeze_bottom(tiny_network("xlm"), embeddings=True, lower_blocks=0)
    with pytest.raises(ValueError, match="Cannot freeze 3 blocks: the encoder has 2"):
        freeze_bottom(tiny_network(), embeddings=False, lower_blocks=3)
    with pytest.raises(ValueError, match="Cannot freeze -1 blocks"):
        freeze_bottom(tiny_network(), embeddings=False, lower_blocks=-1)
    with pytest.raises(ValueError, match="No masked-language-modelling head is known for a 'xlm' model"):
        masked_lm_head(tiny_network("xlm", "mlm"))


@pytest.mark.parametrize("family", ["xlm-roberta", "bert"])
def test_masked_lm_head_is_the_networks_own(family):
    network = tiny_network(family, "mlm").eval()
    hidden = network.base_model(**INPUTS).last_hidden_state
    torch.testing.assert_close(masked_lm_head(network)(hidden), network(**INPUTS).logits, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("family", "first"), [("xlm-roberta", 2), ("bert", 0), ("xlm", 0)])
def test_first_position_is_the_families_own(family, first):
    network = tiny_network(family).eval()
    assert first_position(network) == first
    if family != "xlm":
        positions = torch.arange(first, first + 4)[None]
        assert torch.equal(network(**INPUTS, position_ids=positions).logits, network(**INPUTS).logits)
