"""A teacher never trains, never wakes, is never saved, and follows the method to another precision."""

import copy

import pytest
import torch
from torch import nn

from polydistill.models.frozen import Frozen
from polydistill.models.polyglot import Polyglot
from tiny import tiny_network


class Pair(nn.Module):
    """A student with its teacher, as methods are."""

    def __init__(self):
        super().__init__()
        self.student = Polyglot(tiny_network(seed=1))
        self.teacher = Frozen(Polyglot(tiny_network(seed=2, dropout=0.5)))


@pytest.fixture
def pair():
    return Pair()


def read(model, tokenizer):
    return model(tokenizer(["a b c", "Kedi"], padding=True, return_tensors="pt")).logits_BC


def test_no_walk_finds_the_teacher(pair):
    assert all(name.startswith("student.") for name, _ in pair.named_parameters())
    assert all(name.startswith("student.") for name in pair.state_dict())
    assert not list(pair.teacher.children())
    assert not list(pair.teacher.buffers())


def test_it_stays_asleep(pair, tokenizer):
    for wake in (pair.train, pair.teacher.train, pair.eval, lambda: pair.train(True)):
        wake()
        assert not pair.teacher.training
        assert not any(part.training for part in pair.teacher.network.modules())
        assert torch.equal(read(pair.teacher, tokenizer), read(pair.teacher, tokenizer))
    pair.train()
    assert pair.student.training


def test_it_makes_no_graph(pair, tokenizer):
    assert not any(value.requires_grad for value in pair.teacher.network.parameters())
    assert not read(pair.teacher, tokenizer).requires_grad
    assert read(pair.student, tokenizer).requires_grad


def test_moves_and_casts_reach_it(pair, tokenizer):
    pair.float()
    assert {value.dtype for value in pair.teacher.network.parameters()} == {torch.float32}
    assert read(pair.teacher, tokenizer).dtype == torch.float32
    pair.to("meta")
    assert {value.device.type for value in pair.teacher.network.parameters()} == {"meta"}


def test_keyword_arguments_pass_through(pair, tokenizer):
    inputs = tokenizer(["a"], return_tensors="pt")
    assert pair.teacher(inputs, "en", first=True).first_BD.shape == (1, 16)


def test_a_copy_has_a_teacher_of_its_own(pair, tokenizer):
    twin = copy.deepcopy(pair)
    wanted = read(pair.teacher, tokenizer)
    assert torch.equal(read(twin.teacher, tokenizer), wanted)
    with torch.no_grad():
        for value in twin.teacher.network.parameters():
            value.zero_()
    assert torch.equal(read(pair.teacher, tokenizer), wanted)
