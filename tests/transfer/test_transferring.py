"""Each strategy from beginning to end: who learns, and what the judged student has in the end."""

from itertools import product

import numpy as np
import pytest
import torch

from encoders import BLOCKS, FAMILIES, HEADS, batch, encoder, loss
from polydistill.models.adapters import adapters
from polydistill.models.layers import blocks
from polydistill.transfer.select import head_names
from polydistill.transfer.strategies import STRATEGIES, Strategy, strategy
from polydistill.transfer.transferring import transferring

every_family = pytest.mark.parametrize("family", FAMILIES)
every_strategy = pytest.mark.parametrize("name", STRATEGIES)


def numbers(network):
    return {name: value.detach().numpy().copy() for name, value in network.state_dict().items()}


def learn(networks, head="classes", steps=3):
    """What a run does between the two ends: the mean of the losses, a few steps."""
    values = {id(v): v for network in networks for v in network.parameters() if v.requires_grad}.values()
    optimiser = torch.optim.AdamW(list(values), lr=1e-2)
    for _ in range(steps):
        (sum(loss(network, head) for network in networks) / len(networks)).backward()
        optimiser.step()
        optimiser.zero_grad()


@pytest.mark.parametrize(
    ("name", "family"),
    [
        (name, family)
        for name, family in product(STRATEGIES, FAMILIES)
        if (STRATEGIES[name].trains, family) != ("biases", "modernbert")  # which is built without biases
    ],
)
def test_what_the_target_has_in_the_end(name, family):
    chosen = strategy(name)
    source, target = encoder(family, seed=1), encoder(family, seed=2)
    with transferring(chosen, source, target, seed=7) as learning:
        assert learning == {"source": (source,), "target": (target,), "both": (source, target)}[chosen.learns_on]
        trained = {key for key, value in learning[0].named_parameters() if value.requires_grad}
        ours, before = numbers(source), numbers(target)
        learn(learning)
    tuned, found, head = numbers(source), numbers(target), head_names(target)
    for key, value in found.items():
        if key not in trained or name == "FULL SRC":
            wanted = before[key]
        elif chosen.learns_on == "target":
            assert not np.array_equal(value, before[key]), key
            continue
        elif chosen.carries == "add" and key not in head:
            wanted = before[key] + (tuned[key] - ours[key])
        else:
            wanted = tuned[key]
        np.testing.assert_allclose(value, wanted, rtol=0, atol=1e-12, err_msg=key)
    if chosen.learns_on == "target":
        assert all(np.array_equal(value, ours[key]) for key, value in tuned.items())
    assert not {id(value) for value in source.parameters()} & {id(value) for value in target.parameters()}


@every_strategy
@pytest.mark.parametrize("head", HEADS)
def test_every_task_head_with_shared_embeddings(name, head):
    chosen = strategy(name)
    source, target = encoder("xlm-roberta", head, seed=1), encoder("xlm-roberta", head, seed=2)
    target.roberta.embeddings = source.roberta.embeddings
    before = numbers(source.roberta.embeddings)
    judged = source if chosen.judged == "source" else target
    with torch.no_grad():
        began = judged(**batch(head)).logits
    with transferring(chosen, source, target) as learning:
        learn(learning, head)
    assert target.roberta.embeddings is source.roberta.embeddings
    assert not torch.allclose(judged(**batch(head)).logits, began)
    if chosen.trains != "all":
        assert all(np.array_equal(value, before[key]) for key, value in numbers(source.roberta.embeddings).items())


@every_family
def test_sft_between_equal_students_is_plain_tuning_of_the_target(family):
    source, target, plain = (encoder(family, seed=1) for _ in range(3))
    with transferring(strategy("SFT"), source, target) as learning:
        learn(learning)
    plain.base_model.embeddings.requires_grad_(False)
    learn([plain])
    for key, value in numbers(plain).items():
        np.testing.assert_allclose(numbers(target)[key], value, rtol=0, atol=1e-12, err_msg=key)


def test_adding_step_by_step_as_the_thesis_does_is_adding_once():
    source, target, once = encoder("bert", seed=1), encoder("bert", seed=2), encoder("bert", seed=2)
    with transferring(strategy("SFT"), source, once) as learning:
        wanted, head = numbers(target), head_names(source)
        network = learning[0]
        optimiser = torch.optim.AdamW([v for v in network.parameters() if v.requires_grad], lr=1e-2)
        for _ in range(3):
            at = numbers(network)
            loss(network).backward()
            optimiser.step()
            optimiser.zero_grad()
            for key, value in numbers(network).items():
                wanted[key] = wanted[key] + (value - at[key])
    for key, value in numbers(once).items():
        if key not in head:
            np.testing.assert_allclose(value, wanted[key], rtol=0, atol=1e-12, err_msg=key)


def test_the_strategy_says_how_wide_adapters_are():
    target = encoder("bert")
    with transferring(Strategy(trains="adapters", learns_on="target", bottleneck=7), None, target):
        assert [adapter.bottleneck for adapter in adapters(target)] == [7] * BLOCKS


def test_adapters_and_added_blocks_begin_alike_in_both():
    source, target = encoder("bert", seed=1), encoder("bert", seed=2)
    with transferring(strategy("ADAPT SRC"), source, target, seed=3):
        for one, other in zip(adapters(source), adapters(target), strict=True):
            assert torch.equal(one.down.weight, other.down.weight)
    source, target = encoder("bert", seed=1), encoder("bert", seed=2)
    with transferring(strategy("FREEZE +2"), source, target, seed=3):
        for one, other in zip(blocks(source)[-2:], blocks(target)[-2:], strict=True):
            assert torch.equal(one.output.dense.weight, other.output.dense.weight)


@every_strategy
def test_one_bilingual_student_is_equipped_once(name):
    one = encoder("bert")
    with transferring(strategy(name), one, one) as learning:
        assert learning == (one,)
        learn(learning)
        tuned = numbers(one)
    assert len(blocks(one)) == BLOCKS + strategy(name).added_blocks
    assert all(np.array_equal(value, tuned[key]) for key, value in numbers(one).items())


def test_a_student_that_is_not_needed_may_be_missing():
    for name in ("FULL TRG", "ADAPT TRG", "BITFIT TRG"):
        with transferring(strategy(name), None, encoder("bert")) as learning:
            assert len(learning) == 1
    with transferring(strategy("FULL SRC"), encoder("bert"), None) as learning:
        assert len(learning) == 1
    with (
        pytest.raises(ValueError, match="needs a source student"),
        transferring(strategy("SFT"), None, encoder("bert")),
    ):
        pass


@pytest.mark.parametrize("name", ["ADAPT SRC", "ADAPT JOINT", "BITFIT SRC", "SFT", "FREEZE +2"])
def test_students_that_do_not_fit_are_refused_before_anything_learns(name):
    source, target = encoder("bert"), encoder("bert", hidden_size=8)
    with pytest.raises(ValueError, match="cannot go from the source"), transferring(strategy(name), source, target):
        pytest.fail("learning began")


@pytest.mark.parametrize(("ours", "other"), [(BLOCKS, BLOCKS + 1), (BLOCKS + 1, BLOCKS)])
@pytest.mark.parametrize("name", ["ADAPT SRC", "ADAPT JOINT", "BITFIT SRC", "SFT", "FREEZE +2"])
def test_students_of_unequal_depth_are_refused_where_blocks_travel(name, ours, other):
    source, target = encoder("bert", num_hidden_layers=ours), encoder("bert", num_hidden_layers=other)
    said = f"source student has {ours + strategy(name).added_blocks} blocks and the target student"
    with pytest.raises(ValueError, match=said), transferring(strategy(name), source, target):
        pytest.fail("learning began")


def test_a_head_travels_between_students_of_unequal_depth():
    source, target = encoder("bert"), encoder("bert", num_hidden_layers=BLOCKS + 1)
    with transferring(strategy("FREEZE +0"), source, target) as learning:
        learn(learning)
    tuned, found = numbers(source), numbers(target)
    assert all(np.array_equal(found[key], tuned[key]) for key in head_names(target))


def test_one_width_and_two_vocabularies_fit_where_embeddings_stay():
    source, target = encoder("bert"), encoder("bert", vocab_size=50)
    with transferring(strategy("SFT"), source, target) as learning:
        learn(learning)
    everything = Strategy(trains="all", learns_on="source", carries="copy")
    with (
        pytest.raises(ValueError, match=r"word_embeddings\.weight cannot go.*it is 40 x 16 there and 50 x 16 here"),
        transferring(everything, source, target),
    ):
        pass


def test_nothing_is_carried_where_training_breaks_off():
    source, target = encoder("bert", seed=1), encoder("bert", seed=2)
    before = numbers(target)
    with pytest.raises(KeyboardInterrupt), transferring(strategy("SFT"), source, target) as learning:
        learn(learning)
        raise KeyboardInterrupt
    assert all(np.array_equal(value, before[key]) for key, value in numbers(target).items())
