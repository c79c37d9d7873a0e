"""Students made of a teacher's parts: what they begin as, what they share, and that plain `transformers` loads them."""

import copy
from itertools import product

import pytest
import torch
from transformers import AutoModelForMaskedLM

from polydistill.models.bank import Bank, Build, build_students, check_share, parameters_of
from polydistill.models.layers import blocks, decoder, head_transform
from polydistill.starts.strict import quietly
from tiny import tiny_network

FAMILIES = ("xlm-roberta", "roberta", "bert", "distilbert", "modernbert")
DEEP = 4
INPUTS = {
    "input_ids": torch.tensor([[0, 6, 7, 8, 2], [0, 9, 6, 2, 1]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]]),
}
every_family = pytest.mark.parametrize("family", FAMILIES)


def teacher_of(family):
    return tiny_network(family, "mlm", seed=3, blocks=DEEP).eval()


def students_of(teacher, names=("a", "b"), seed=0, **build):
    layers = {m: m * DEEP // build["depth"] for m in range(1, build["depth"] + 1)}
    return build_students(teacher, names, Build(**{"layers": layers, **build}), seed)


def scores(network):
    with torch.no_grad():
        return network.eval()(**INPUTS).logits


def same(one, other):
    """Whether two modules hold the same parameters, as objects."""
    ours, theirs = list(one.parameters()), list(other.parameters())
    assert ours
    return len(ours) == len(theirs) and all(a is b for a, b in zip(ours, theirs, strict=True))


@every_family
def test_a_student_of_the_teachers_depth_says_what_the_teacher_says(family):
    teacher = teacher_of(family)
    for student in students_of(teacher, depth=DEEP).values():
        torch.testing.assert_close(scores(student), scores(teacher), rtol=0, atol=0)
        assert not {id(value) for value in student.parameters()} & {id(value) for value in teacher.parameters()}


@every_family
def test_blocks_begin_as_the_map_says(family):
    teacher = teacher_of(family)
    (student,) = students_of(teacher, ["a"], depth=2, layers={1: 2, 2: 4}).values()
    assert len(blocks(student)) == student.config.num_hidden_layers == 2
    for m, n in ((1, 2), (2, 4)):
        theirs = blocks(teacher)[n - 1].state_dict()
        for name, value in blocks(student)[m - 1].state_dict().items():
            assert torch.equal(value, theirs[name]), name
    for name, value in student.base_model.embeddings.state_dict().items():
        assert torch.equal(value, teacher.base_model.embeddings.state_dict()[name])


@every_family
def test_the_transform_of_the_head_begins_as_the_teachers_or_anew(family):
    teacher, vectors = teacher_of(family), torch.randn(3, 16, dtype=torch.float64)
    (same_,) = students_of(teacher, ["a"], depth=2).values()
    (anew,) = students_of(teacher, ["a"], depth=2, head_init="random").values()
    assert torch.equal(head_transform(same_, vectors), head_transform(teacher, vectors))
    assert not torch.allclose(head_transform(anew, vectors), head_transform(teacher, vectors))
    assert torch.equal(decoder(anew).weight, decoder(teacher).weight)


@every_family
def test_a_random_student_is_drawn_from_the_seed(family):
    def weights(seed):
        students = students_of(teacher_of(family), depth=2, init="random", seed=seed)
        return {name: student.state_dict() for name, student in students.items()}

    first, again, other = weights(0), weights(0), weights(1)
    embedding = max(first["a"], key=lambda name: first["a"][name].numel())
    assert all(torch.equal(value, again[name][key]) for name in first for key, value in first[name].items())
    assert not torch.equal(first["a"][embedding], other["a"][embedding])
    assert not torch.equal(first["a"][embedding], first["b"][embedding])
    assert not torch.equal(first["a"][embedding], teacher_of(family).state_dict()[embedding])


@every_family
def test_any_width(family):
    (student,) = students_of(teacher_of(family), ["a"], depth=2, width=8, init="random").values()
    assert (student.config.hidden_size, student.config.num_attention_heads) == (8, 2)
    assert scores(student).shape == scores(teacher_of(family)).shape


SHARES = [(), ("embeddings",), (2,), ("embeddings", "head"), (1, "embeddings"), ("embeddings", 1, 2, "head")]


@every_family
@pytest.mark.parametrize("tie", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("share", SHARES, ids=str)
def test_what_is_shared_is_the_same_parameters_and_nothing_else_is(family, share, tie):
    one, other = students_of(teacher_of(family), depth=2, share=share, tie_head=tie).values()
    assert same(one.base_model.embeddings, other.base_model.embeddings) is ("embeddings" in share)
    for number in (1, 2):
        assert same(blocks(one)[number - 1], blocks(other)[number - 1]) is (number in share)
    decoders_are_one = decoder(one).weight is decoder(other).weight
    assert decoders_are_one is ("head" in share or (tie and "embeddings" in share))
    for student in (one, other):
        assert (decoder(student).weight is student.get_input_embeddings().weight) is tie
    both = parameters_of([one, other])
    if set(share) == {"embeddings", 1, 2, "head"}:
        assert both == parameters_of([one]) == parameters_of([other])
    elif not share:
        assert both == 2 * parameters_of([one])
    else:
        assert parameters_of([one]) < both < 2 * parameters_of([one])


@every_family
@pytest.mark.parametrize(("share", "tie"), [*product((("embeddings",), ("embeddings", 1, 2, "head")), (True, False))])
def test_plain_transformers_loads_each_student(family, share, tie, tmp_path):
    students = students_of(teacher_of(family), depth=2, share=share, tie_head=tie)
    with torch.no_grad():  # as training leaves it: tied parts moved together, untied parts apart
        for number, value in enumerate({id(v): v for s in students.values() for v in s.parameters()}.values()):
            value.add_(0.1 * torch.randn(value.shape, generator=torch.Generator().manual_seed(number)))
    for name, student in students.items():
        with quietly():
            student.save_pretrained(tmp_path / name)
            loaded, found = AutoModelForMaskedLM.from_pretrained(
                tmp_path / name, output_loading_info=True, dtype=torch.float64
            )
        assert not found["missing_keys"]
        assert not found["unexpected_keys"]
        assert loaded.config.tie_word_embeddings is tie
        wanted = student.state_dict()
        assert all(torch.equal(value, wanted[key]) for key, value in loaded.state_dict().items())
        torch.testing.assert_close(scores(loaded), scores(student), rtol=1e-9, atol=1e-9)


def test_a_copy_of_a_bank_shares_as_the_bank_does():
    bank = Bank(students_of(teacher_of("xlm-roberta"), depth=2, share=("embeddings", 1)), {"a": ("en",), "b": ("tr",)})
    again = copy.deepcopy(bank)
    assert again.networks["a"].base_model.embeddings is again.networks["b"].base_model.embeddings
    assert len(list(again.parameters())) == len(list(bank.parameters()))


def test_the_students_of_a_language():
    bank = Bank(
        students_of(teacher_of("bert"), ("west", "fr", "tr"), depth=1),
        {"west": ("en", "fr"), "fr": ("fr",), "tr": ("tr",)},
    )
    assert list(bank.of("fr")) == ["west", "fr"]
    assert bank.of("tr") == {"tr": bank.networks["tr"]}
    with pytest.raises(ValueError, match=r"Unknown language of a student 'de'.*Known: en, fr, tr"):
        bank.of("de")
    with pytest.raises(ValueError, match="need batches of one language"):
        bank.of(None)


def test_clear_errors():
    teacher = teacher_of("xlm-roberta")
    with pytest.raises(ValueError, match=r"width 8 with 2 heads cannot begin as its teacher.*Set init to 'random'"):
        students_of(teacher, depth=2, width=8)
    with pytest.raises(ValueError, match=r"A width of 9 cannot be split among 2 attention heads"):
        students_of(teacher, depth=2, width=9, init="random")
    with pytest.raises(ValueError, match=r"decoder is tied to the embeddings. Share both or neither"):
        check_share(2, ("head",), tie_head=True)
    check_share(2, ("head",), tie_head=False)
    with pytest.raises(ValueError, match=r"Unknown part of students with 2 blocks '3'.*Known: embeddings, 1, 2, head"):
        check_share(2, (3,), tie_head=True)
    with pytest.raises(ValueError, match=r"Unknown part .* 'embedding'. Did you mean 'embeddings'"):
        check_share(2, ("embedding",), tie_head=True)
    with pytest.raises(ValueError, match=r"parts of a 'xlm' model cannot be .*copied, shared or read"):
        students_of(tiny_network("xlm", "mlm"), depth=2)
