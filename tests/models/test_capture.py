"""What is seen inside an encoder is what the encoder itself computes, under SDPA and with pads."""

import copy

import pytest
import torch

from polydistill.models.bank import Build, build_students
from polydistill.models.capture import Transparent, look_inside
from polydistill.models.frozen import Frozen
from polydistill.models.layers import decoder, head_transform
from polydistill.objectives.attention import scores
from tiny import tiny_network

FAMILIES = ("xlm-roberta", "roberta", "bert", "distilbert", "modernbert")
INPUTS = {
    "input_ids": torch.tensor([[0, 6, 7, 8, 9, 10, 2], [0, 9, 6, 2, 1, 1, 1]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0, 0]]),
}
every_family = pytest.mark.parametrize("family", FAMILIES)


def network_of(family):
    return tiny_network(family, "mlm", blocks=3).eval()


def softmax_inputs(network, monkeypatch):
    """What eager attention gives its softmax, block by block, for those pairs of tokens that may attend."""
    seen = []
    eager = copy.deepcopy(network)
    eager.set_attn_implementation("eager")
    softmax = torch.nn.functional.softmax

    def spy(values, *args, **kwargs):
        seen.append(values.detach().clone())
        return softmax(values, *args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "softmax", spy)
    with torch.no_grad():
        eager(**INPUTS)
    monkeypatch.undo()
    return seen


@every_family
def test_scores_from_queries_and_keys_are_what_eager_attention_puts_into_its_softmax(family, monkeypatch):
    network = network_of(family)
    assert network.config._attn_implementation == "sdpa"
    inside = look_inside(network, INPUTS, attention=(1, 2, 3))
    wanted = softmax_inputs(network, monkeypatch)
    assert len(wanted) == 3
    for number, before in enumerate(wanted, start=1):
        found = scores(inside.attention[number].query_BHLK, inside.attention[number].key_BHLK)
        attended = before > -1e30  # pads, and what lies outside a sliding window, have no score
        assert attended.float().mean() > 0.5
        close = 1e-5 if family == "modernbert" else 1e-9  # its eager attention computes in float32
        torch.testing.assert_close(found[attended], before[attended], rtol=close, atol=close)


@every_family
def test_hidden_states_and_head_are_the_networks_own(family):
    network = network_of(family)
    inside = look_inside(network, INPUTS, hidden=True)
    outputs = network(**INPUTS, output_hidden_states=True)
    assert len(inside.hidden) == 4
    for found, wanted in zip(inside.hidden, outputs.hidden_states, strict=True):
        assert torch.equal(found, wanted)
    assert torch.equal(inside.last_BLD, inside.hidden[-1])
    torch.testing.assert_close(decoder(network)(head_transform(network, inside.last_BLD)), outputs.logits)


@every_family
def test_values_are_those_that_are_mixed(family):
    """The probabilities of eager attention times the values are what the last linear layer of attention reads."""
    network = network_of(family)
    network.set_attn_implementation("eager")
    inside = look_inside(network, INPUTS, attention=(2,))
    probabilities = network(**INPUTS, output_attentions=True).attentions[1]
    mixed = (probabilities @ inside.attention[2].value_BHLK).transpose(1, 2).flatten(2)
    seen = []
    attention = network.base_model
    name = {"distilbert": "out_lin", "modernbert": "Wo"}.get(family, "dense")
    linear = [part for path, part in attention.named_modules() if path.endswith(f".{name}") and "mlp" not in path]
    layer = linear[{"distilbert": 1, "modernbert": 1}.get(family, 3)]  # BERT's blocks have three `dense` each
    handle = layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(**INPUTS)
    handle.remove()
    torch.testing.assert_close(mixed, seen[0], rtol=1e-6, atol=1e-6)


@every_family
def test_gradients_flow_into_what_is_seen_and_no_hook_stays(family):
    network = network_of(family).train()
    inside = look_inside(network, INPUTS, attention=(2,))
    inside.attention[2].key_BHLK.square().sum().backward()
    assert network.get_input_embeddings().weight.grad.abs().sum() > 0
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in network.modules())


def test_only_what_is_asked_for():
    inside = look_inside(network_of("bert"), INPUTS, attention=(3,))
    assert inside.hidden == ()
    assert list(inside.attention) == [3]
    with pytest.raises(ValueError, match=r"Unknown block '4'.*Known: 1, 2, 3"):
        look_inside(network_of("bert"), INPUTS, attention=(4,))


def test_students_that_share_a_block_are_seen_apart():
    students = build_students(network_of("xlm-roberta"), ("a", "b"), Build(2, {1: 1, 2: 2}, share=(2,)), 0)
    with torch.no_grad():
        next(students["b"].base_model.encoder.layer[0].parameters()).mul_(1.5)
    first, second = (look_inside(student.eval(), INPUTS, attention=(2,)) for student in students.values())
    assert not torch.allclose(first.attention[2].query_BHLK, second.attention[2].query_BHLK)


def test_a_frozen_reader_gives_no_graph():
    teacher = Frozen(Transparent(network_of("xlm-roberta")))
    inside = teacher(INPUTS, True, (1,))
    assert not inside.last_BLD.requires_grad
    assert not inside.attention[1].query_BHLK.requires_grad
    assert len(inside.hidden) == 4
