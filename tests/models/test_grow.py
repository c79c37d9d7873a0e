"""Blocks on top: random, seeded, used, saved and loaded."""

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from encoders import BLOCKS, FAMILIES, batch, encoder, loss
from polydistill.models.grow import add_blocks
from polydistill.models.layers import blocks

every_family = pytest.mark.parametrize("family", FAMILIES)


@every_family
def test_the_network_is_deeper_and_what_it_had_is_as_it_was(family):
    network, before = encoder(family), encoder(family).state_dict()
    add_blocks(network, 2, seed=1)
    assert network.config.num_hidden_layers == len(blocks(network)) == BLOCKS + 2
    now = network.state_dict()
    assert all(torch.equal(now[name], value) for name, value in before.items())
    assert {value.dtype for value in network.parameters()} == {torch.float64}
    assert not any(module.training for module in network.modules())
    read = []
    for block in blocks(network):
        block.register_forward_hook(lambda *_, at=block: read.append(at))
    loss(network).backward()
    assert read == blocks(network)
    assert all(value.grad is not None for value in blocks(network)[-1].parameters())


@every_family
def test_saved_and_loaded_it_is_the_same_network(family, tmp_path):
    network = encoder(family)
    add_blocks(network, 2, seed=1)
    network.save_pretrained(tmp_path)
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(loaded(**batch()).logits, network(**batch()).logits, rtol=0, atol=1e-9)
    for name, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


@every_family
def test_new_blocks_are_drawn_as_the_library_draws_them(family):
    one, same, other, plain = (encoder(family) for _ in range(4))
    add_blocks(one, 2, seed=1)
    add_blocks(same, 2, seed=1)
    add_blocks(other, 2, seed=2)
    weights = [[value for block in blocks(n)[-2:] for value in block.parameters()] for n in (one, same, other)]
    assert all(torch.equal(a, b) for a, b in zip(weights[0], weights[1], strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(weights[0], weights[2], strict=True) if a.ndim == 2)
    first, second = (list(block.parameters()) for block in blocks(one)[-2:])
    assert not any(torch.equal(a, b) for a, b in zip(first, second, strict=True) if a.ndim == 2)
    spread = torch.cat([value.flatten() for value in weights[0] if value.ndim == 2]).std().item()
    assert spread == pytest.approx(plain.config.initializer_range, rel=0.35)


@every_family
@pytest.mark.parametrize("read_before", [False, True])
def test_every_block_reports_its_hidden_state_once(family, read_before):
    network = encoder(family)
    if read_before:
        network(**batch(), output_hidden_states=True)
    add_blocks(network, 1, seed=1)
    assert len(network(**batch(), output_hidden_states=True).hidden_states) == BLOCKS + 2


def test_modernbert_goes_on_with_every_third_block_looking_far():
    network = encoder("modernbert")
    add_blocks(network, 3, seed=0)
    far, near = "full_attention", "sliding_attention"
    assert network.config.layer_types == [far, near, near, far, near]
    assert [block.attention_type for block in blocks(network)] == network.config.layer_types


@every_family
def test_students_built_from_one_configuration_grow_alone(family):
    config = encoder(family).config
    one, other = (AutoModelForSequenceClassification.from_config(config) for _ in range(2))
    add_blocks(one, 2, seed=0)
    assert (one.config.num_hidden_layers, other.config.num_hidden_layers) == (BLOCKS + 2, BLOCKS)
    assert {id(module.config) for module in one.modules() if hasattr(module, "config")} == {id(one.config)}


def test_all_blocks_look_up_the_networks_own_configuration():
    network = encoder("bert")
    add_blocks(network, 1, seed=0)
    network.set_attn_implementation("eager")
    assert len(network(**batch(), output_attentions=True).attentions) == BLOCKS + 1


def test_none_and_fewer_than_none():
    network = encoder("bert")
    add_blocks(network, 0, seed=0)
    assert len(blocks(network)) == BLOCKS
    with pytest.raises(ValueError, match="Cannot add -1 blocks"):
        add_blocks(network, -1, seed=0)
