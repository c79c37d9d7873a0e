"""Adapters: where they stand, that they begin as nothing, learn, can be taken out, saved and loaded."""

import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from encoders import BLOCKS, FAMILIES, HEADS, WIDTH, batch, encoder, loss, stranger
from polydistill.errors import DataError
from polydistill.models.adapters import adapters, attach, detach, load_adapters, read_shape, save_adapters
from polydistill.models.layers import blocks
from reference.pfeiffer import bottleneck, norm

every_family = pytest.mark.parametrize("family", FAMILIES)
LAST_NORM = {"distilbert": "output_layer_norm"}
# What a block's feed-forward part says (f), and what it is added to (r): modules that give them.
FEED_FORWARD = {"distilbert": "ffn", "modernbert": "mlp"}
BESIDE = {"distilbert": "sa_layer_norm", "modernbert": "mlp_norm"}


def logits(network, head="classes"):
    with torch.no_grad():
        return network(**batch(head)).logits


def close(found, wanted):
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-9)


def disturb(network, seed=5):
    """Adapters as after training: no weight is zero."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for adapter in adapters(network):
            for value in adapter.parameters():
                value.normal_(std=0.5)


@every_family
@pytest.mark.parametrize("head", HEADS)
def test_fresh_adapters_change_nothing_and_go_again(family, head):
    network = encoder(family, head)
    wanted, names = logits(network, head), list(network.state_dict())
    attach(network)
    assert torch.equal(logits(network, head), wanted)
    assert len(adapters(network)) == BLOCKS
    disturb(network)
    assert not torch.allclose(logits(network, head), wanted)
    detach(network)
    assert torch.equal(logits(network, head), wanted)
    assert list(network.state_dict()) == names
    attach(network, bottleneck=3)  # and may come again, in another size
    assert torch.equal(logits(network, head), wanted)


@every_family
@pytest.mark.parametrize("nonlinearity", ["relu", "gelu"])
def test_every_block_computes_what_the_reference_says(family, nonlinearity):
    network, seen = encoder(family), {}
    attach(network, bottleneck=5, nonlinearity=nonlinearity)
    disturb(network)

    def keep(key, give):
        return lambda _, given, output: seen.update({key: give(given, output).detach().numpy()})

    for number, block in enumerate(blocks(network)):
        feed, beside = FEED_FORWARD.get(family, "output.dropout"), BESIDE.get(family, "attention")
        block.get_submodule(feed).register_forward_hook(keep(("f", number), lambda _, output: output))
        read = (lambda given, _: given[0]) if family == "modernbert" else (lambda _, o: o[0] if type(o) is tuple else o)
        block.get_submodule(beside).register_forward_hook(keep(("r", number), read))
        block.register_forward_hook(keep(("out", number), lambda _, output: output))
    logits(network)
    for number, block in enumerate(blocks(network)):
        weights = {name: value.numpy() for name, value in block.adapter.state_dict().items()}
        sum_BLD = seen["f", number] + seen["r", number]
        if family == "modernbert":
            wanted = sum_BLD + bottleneck(sum_BLD, weights, nonlinearity)
        else:
            last = block.get_submodule(LAST_NORM.get(family, "output.LayerNorm"))
            own = (last.weight.detach().numpy(), last.bias.detach().numpy(), last.eps)
            wanted = norm(sum_BLD + bottleneck(norm(sum_BLD, *own), weights, nonlinearity), *own)
        np.testing.assert_allclose(seen["out", number], wanted, rtol=0, atol=1e-9)


@every_family
def test_gradients_are_those_of_finite_differences(family):
    network = encoder(family)
    attach(network, bottleneck=2, nonlinearity="gelu")
    disturb(network)
    loss(network).backward()
    for adapter in adapters(network):
        for value in adapter.parameters():
            entry, step = value.detach().view(-1), 1e-3 if family == "modernbert" else 1e-5  # its rotations are float32
            differences = []
            for sign in (1, -1):
                entry[0] += sign * step
                differences.append(loss(network).item())
                entry[0] -= sign * step
            found = (differences[0] - differences[1]) / (2 * step)
            assert value.grad.view(-1)[0].item() == pytest.approx(
                found, rel=1e-3 if family == "modernbert" else 1e-6, abs=1e-8
            )


@every_family
def test_padding_changes_nothing(family):
    network = encoder(family)
    attach(network)
    disturb(network)

    def gradients(inputs, rows):
        network.zero_grad()
        network(**inputs).logits[:rows].square().sum().backward()
        return [value.grad.clone() for adapter in adapters(network) for value in adapter.parameters()]

    inputs = batch()
    wider = {
        name: torch.nn.functional.pad(value, (0, 3), value=1 if name == "input_ids" else 0)
        for name, value in inputs.items()
    }
    taller = {name: torch.cat([value, value[:1]]) for name, value in inputs.items()}
    close(network(**wider).logits, network(**inputs).logits)
    for more in (wider, taller):
        for found, wanted in zip(gradients(more, 3), gradients(inputs, 3), strict=True):
            close(found, wanted)


@every_family
def test_hidden_states_are_what_the_next_block_reads(family):
    network = encoder(family)
    network(**batch(), output_hidden_states=True)  # from here on the library records, with hooks of its own
    attach(network)
    disturb(network)
    read = {}
    for number, block in enumerate(blocks(network)):
        block.register_forward_pre_hook(lambda _, given, number=number: read.update({number: given[0]}))
    hidden = network(**batch(), output_hidden_states=True).hidden_states
    assert len(hidden) == BLOCKS + 1
    assert all(torch.equal(hidden[number], read[number]) for number in range(BLOCKS))


@every_family
def test_a_copied_network_has_adapters_of_its_own(family):
    network = encoder(family)
    attach(network)
    disturb(network)
    wanted, other = logits(network), copy.deepcopy(network)
    disturb(other, seed=6)
    assert torch.equal(logits(network), wanted)
    assert not torch.allclose(logits(other), wanted)
    detach(other)
    assert torch.equal(logits(other), logits(encoder(family)))
    assert torch.equal(logits(network), wanted)


@pytest.mark.parametrize("family", ["xlm-roberta", "modernbert"])
def test_they_work_where_blocks_are_computed_again_in_the_backward_pass(family):
    found = []
    for again in (False, True):
        network = encoder(family).train()
        attach(network)
        disturb(network)
        if again:
            network.activation_checkpointing_enable()
        loss(network).backward()
        found.append([value.grad for adapter in adapters(network) for value in adapter.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_equal_seeds_equal_adapters_and_the_callers_draws_stay_as_they_were():
    torch.manual_seed(0)
    wanted = torch.rand(1)
    torch.manual_seed(0)
    drawn = []
    for seed in (1, 1, 2):
        network = encoder("bert", seed=seed)
        attach(network, seed=seed)
        drawn.append(adapters(network)[1].down.weight)
    assert torch.equal(torch.rand(1), wanted)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_the_usual_bottleneck_is_a_sixteenth_of_the_width():
    network = encoder("bert", hidden_size=64)
    attach(network)
    assert [adapter.bottleneck for adapter in adapters(network)] == [4] * BLOCKS
    assert sum(v.numel() for a in adapters(network) for v in a.parameters()) == BLOCKS * (2 * 64 * 4 + 4 + 64)


def test_students_that_share_a_block_share_its_adapter():
    one, other = encoder("bert", seed=1), encoder("bert", seed=2)
    other.bert.encoder.layer[0] = one.bert.encoder.layer[0]
    attach(one)
    attach(other)
    assert adapters(one)[0] is adapters(other)[0]
    assert adapters(one)[1] is not adapters(other)[1]
    assert torch.equal(adapters(one)[1].down.weight, adapters(other)[1].down.weight)
    wanted = logits(other)
    with torch.no_grad():
        adapters(one)[0].up.bias[0] += 1.0
    assert not torch.allclose(logits(other), wanted)
    detach(one)
    assert len(adapters(other)) == 1
    detach(other)
    assert adapters(other) == []


@every_family
def test_saved_beside_the_network_and_loaded_again(family, tmp_path):
    network = encoder(family)
    attach(network, bottleneck=3, nonlinearity="gelu")
    disturb(network)
    wanted = logits(network)
    network.save_pretrained(tmp_path)
    assert save_adapters(network, tmp_path) == tmp_path / "adapters.safetensors"
    assert not [name for name in load_file(tmp_path / "model.safetensors") if "adapter" in name]
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    close(logits(loaded), logits(encoder(family)))  # plain transformers: the network without adapters
    load_adapters(loaded, tmp_path)
    close(logits(loaded), wanted)
    for name, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    shape = read_shape(tmp_path)
    assert (shape.blocks, shape.width, shape.bottleneck, shape.nonlinearity) == (BLOCKS, WIDTH, 3, "gelu")


def test_detached_a_network_saves_all_it_has(tmp_path):
    network = encoder("bert")
    attach(network)
    detach(network)
    network.save_pretrained(tmp_path)
    assert set(load_file(tmp_path / "model.safetensors")) == set(network.state_dict())


def test_adapters_go_from_one_family_to_another(tmp_path):
    source, target = encoder("xlm-roberta"), encoder("distilbert")
    attach(source)
    disturb(source)
    save_adapters(source, tmp_path)
    load_adapters(target, tmp_path)
    for ours, other in zip(adapters(source), adapters(target), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), other.parameters(), strict=True))


def test_clear_errors(tmp_path):
    network = encoder("bert")
    with pytest.raises(ValueError, match="no adapters to save"):
        save_adapters(network, tmp_path)
    with pytest.raises(DataError, match=r"adapters\.safetensors: found no such file.*`save_adapters` writes them"):
        load_adapters(network, tmp_path)
    with pytest.raises(ValueError, match="bottleneck of 0: choose 1 or more"):
        attach(network, bottleneck=0)
    attach(network)
    with pytest.raises(ValueError, match=r"bottleneck of 4 \(relu\) already, not of 2 \(relu\).*`detach`"):
        attach(network, bottleneck=2)
    save_adapters(network, tmp_path)
    with pytest.raises(ValueError, match="has adapters already"):
        load_adapters(network, tmp_path)
    with pytest.raises(ValueError, match="for 2 blocks of width 16; this network has 3 of width 16"):
        load_adapters(encoder("bert", num_hidden_layers=3), tmp_path)
    save_file({"a": torch.ones(1)}, tmp_path / "adapters.safetensors")
    with pytest.raises(DataError, match="weights without a shape"):
        read_shape(tmp_path)
    (tmp_path / "adapters.safetensors").write_text("nothing")
    with pytest.raises(DataError, match="expected a safetensors file"):
        read_shape(tmp_path)
    with pytest.raises(ValueError, match="a 'electra' model"):
        attach(stranger())
