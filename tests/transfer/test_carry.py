"""Copy, add and share, against plain arithmetic on state dicts."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from safetensors.torch import load_model, save_model

from encoders import FAMILIES, batch, encoder, loss
from polydistill.transfer.carry import add, copy, sharing, values
from polydistill.transfer.joint import Joint

every_family = pytest.mark.parametrize("family", FAMILIES)
PARTS = ("embeddings", "0", "classifier")


def numbers(network):
    return {name: value.detach().numpy().copy() for name, value in network.state_dict().items()}


def some(network):
    """The names of every third parameter: of weights and biases, norms and embeddings."""
    return [name for name, _ in network.named_parameters()][::3]


def learn(network, steps=3):
    optimiser = torch.optim.AdamW([value for value in network.parameters() if value.requires_grad], lr=1e-2)
    for _ in range(steps):
        loss(network).backward()
        optimiser.step()
        optimiser.zero_grad()


@every_family
def test_copy_is_the_sources_value_and_leaves_the_rest(family):
    source, target = encoder(family, seed=1), encoder(family, seed=2)
    names, ours, before = some(source), numbers(source), numbers(target)
    copy(source, target, names)
    for name, found in numbers(target).items():
        np.testing.assert_array_equal(found, ours[name] if name in names else before[name], err_msg=name)
    learn(source)
    after = numbers(target)
    assert all(np.array_equal(numbers(target)[name], after[name]) for name in names)  # copied, not shared


@every_family
def test_add_is_the_sources_change_on_top_of_the_targets_value(family):
    source, target = encoder(family, seed=1), encoder(family, seed=2)
    names, ours, before = some(source), numbers(source), numbers(target)
    original = values(source, names)
    learn(source)
    tuned = numbers(source)
    add(source, target, original)
    for name, found in numbers(target).items():
        wanted = before[name] + (tuned[name] - ours[name]) if name in names else before[name]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12, err_msg=name)
    assert any(not np.array_equal(tuned[name], ours[name]) for name in names)


@every_family
def test_shared_parameters_are_one_while_they_learn_and_two_afterwards(family):
    source, target = encoder(family, seed=1), encoder(family, seed=2)
    names, ours, before = some(source), numbers(source), numbers(target)
    with sharing(source, target, names):
        joint = Joint(source, target)
        assert len(list(joint.parameters())) == 2 * len(before) - len(names)
        for name in names:
            assert target.get_parameter(name) is source.get_parameter(name)
            np.testing.assert_array_equal(target.get_parameter(name).detach(), ours[name])
        learn(source)
    moved = [name for name in names if not np.array_equal(numbers(source)[name], ours[name])]
    assert moved
    for name, found in numbers(target).items():
        np.testing.assert_array_equal(found, numbers(source)[name] if name in names else before[name], err_msg=name)
    assert not {id(value) for value in source.parameters()} & {id(value) for value in target.parameters()}
    kept = numbers(target)
    learn(source)
    assert all(np.array_equal(value, kept[name]) for name, value in numbers(target).items())


def test_sharing_ends_also_where_training_breaks_off():
    source, target = encoder("bert", seed=1), encoder("bert", seed=2)
    with pytest.raises(KeyboardInterrupt), sharing(source, target, some(source)):
        raise KeyboardInterrupt
    assert not {id(value) for value in source.parameters()} & {id(value) for value in target.parameters()}


def test_parameters_keep_whether_they_learn():
    source, target = encoder("bert", seed=1), encoder("bert", seed=2)
    source.requires_grad_(False)
    with sharing(source, target, ["classifier.weight"]):
        pass
    assert not target.classifier.weight.requires_grad


@pytest.mark.parametrize("how", ["copy", "add", "share"])
def test_what_students_share_already_moves_once(how):
    source, target = encoder("xlm-roberta", seed=1), encoder("xlm-roberta", seed=2)
    target.roberta.embeddings = source.roberta.embeddings
    target.roberta.encoder.layer[0] = source.roberta.encoder.layer[0]
    shared = {name for name, value in target.named_parameters() if value is source.get_parameter(name)}
    names, before = [name for name, _ in source.named_parameters()], numbers(target)
    ours, original = numbers(source), values(source, names)
    with sharing(source, target, names) if how == "share" else nullcontext():
        learn(source)
    tuned = numbers(source)
    if how == "copy":
        copy(source, target, names)
    elif how == "add":
        add(source, target, original)
    found = numbers(target)
    for name in names:
        wanted = before[name] + tuned[name] - ours[name] if how == "add" and name not in shared else tuned[name]
        np.testing.assert_allclose(found[name], wanted, rtol=0, atol=1e-12, err_msg=name)
    still = {name for name, value in target.named_parameters() if value is source.get_parameter(name)}
    assert still == shared


@pytest.mark.parametrize("how", ["copy", "add", "share"])
def test_shapes_that_differ_are_named(how):
    source, target = encoder("bert"), encoder("bert", hidden_size=8)
    name = "bert.encoder.layer.0.output.dense.bias"
    said = rf"parameter {name} cannot go from the source to the target student: it is 16 there and 8 here"
    with pytest.raises(ValueError, match=said):
        carry(how, source, target, [name])
    with pytest.raises(ValueError, match=r"it is 16 x 32 there and 8 x 32 here"):
        carry(how, source, target, ["bert.encoder.layer.0.output.dense.weight"])
    with pytest.raises(ValueError, match=r"target student has no parameter bert\.encoder\.layer\.1\.output"):
        carry(how, source, encoder("bert", num_hidden_layers=1), ["bert.encoder.layer.1.output.dense.bias"])


def carry(how, source, target, names):
    if how == "add":
        add(source, target, values(source, names))
    elif how == "copy":
        copy(source, target, names)
    else:
        with sharing(source, target, names):
            pass


@pytest.mark.parametrize("how", ["copy", "add", "share"])
def test_nothing_moves_where_one_parameter_does_not_fit(how):
    source, target = encoder("bert", seed=1), encoder("bert", seed=2, num_labels=5)
    before, own = numbers(target), [id(value) for value in target.parameters()]
    with pytest.raises(ValueError, match=r"parameter classifier\.weight cannot go"):
        carry(how, source, target, ["bert.pooler.dense.weight", "classifier.weight"])
    assert all(np.array_equal(value, before[name]) for name, value in numbers(target).items())
    assert [id(value) for value in target.parameters()] == own


@every_family
def test_joint_gradients_are_the_mean_of_both(family):
    source, target = encoder(family, seed=1), encoder(family, seed=2)
    names = [name for name, _ in source.named_parameters() if "embeddings" not in name][::2]
    with sharing(source, target, names):
        grads = []
        for network in (source, target):
            loss(network).backward()
            grads.append({name: source.get_parameter(name).grad.clone() for name in names})
            source.zero_grad()
            target.zero_grad()
        one, other = Joint(CallsAs(source), CallsAs(target))(batch(), batch())
        ((one.logits.square().mean() + other.logits.square().mean()) / 2).backward()
        for name in names:
            wanted = (grads[0][name] + grads[1][name]) / 2
            torch.testing.assert_close(source.get_parameter(name).grad, wanted, rtol=1e-9, atol=1e-12)
            assert not torch.allclose(grads[0][name], grads[1][name])


class CallsAs(torch.nn.Module):
    """A student around a network: takes its inputs as one mapping."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, inputs, **wanted):
        return self.network(**inputs, **wanted)


def test_a_checkpoint_of_joint_learning_is_read_back_into_what_is_shared(tmp_path):
    source, target = encoder("bert", seed=1), encoder("bert", seed=2)
    with sharing(source, target, some(source)):
        save_model(Joint(source, target), str(tmp_path / "joint.safetensors"))
    wanted = numbers(Joint(source, target))
    others = encoder("bert", seed=3), encoder("bert", seed=4)
    with sharing(*others, some(source)):
        load_model(Joint(*others), str(tmp_path / "joint.safetensors"))
        assert all(others[0].get_parameter(name) is others[1].get_parameter(name) for name in some(source))
    for name, value in numbers(Joint(*others)).items():
        np.testing.assert_array_equal(value, wanted[name], err_msg=name)
