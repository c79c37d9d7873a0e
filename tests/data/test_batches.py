"""Batches hold the texts whole, padded at the end, beside the values of the same rows."""

from functools import partial

import numpy as np
import pytest
import torch

from polydistill.data.batches.batches import Group, Steps, collate, pad_texts
from polydistill.data.batches.encoding import from_lists
from polydistill.data.batches.schedule import Batching, Schedule

PAD = {"input_ids": 1, "token_type_ids": 0}
FIRST = from_lists({"input_ids": [[5, 6, 7], [8], [9, 10]], "token_type_ids": [[0, 0, 1], [0], [0, 1]]}, PAD)
SECOND = from_lists({"input_ids": [[11, 12], [13, 14, 15, 16]], "token_type_ids": [[0, 0], [0, 0, 0, 1]]}, PAD)
EN = Group("en", {"text": FIRST}, {"labels": np.array([0, 1, 2]), "signal": np.eye(3, 2, dtype=np.float32)})
FR = Group("fr", {"text": SECOND}, {"labels": np.array([2, 0]), "signal": np.full((2, 2), 9, dtype=np.float32)})


def test_padding():
    padded = pad_texts(FIRST.take(np.array([2, 0, 1])), PAD)
    assert padded["input_ids"].tolist() == [[9, 10, 1], [5, 6, 7], [8, 1, 1]]
    assert padded["token_type_ids"].tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert padded["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1], [1, 0, 0]]
    assert {column.dtype for column in padded.values()} == {torch.int64}


def test_padded_as_the_tokenizer_pads(tokenizer):
    texts = ["a b c d e", "a", "İstanbul ılık"]
    mine = pad_texts([{"input_ids": np.array(tokenizer(text)["input_ids"])} for text in texts], {"input_ids": 1})
    theirs = tokenizer(texts, padding=True, return_tensors="pt")
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_one_language():
    batch = collate([(EN, np.array([2, 0]))])
    assert batch["language"] == "en"
    assert batch["text"]["input_ids"].tolist() == [[9, 10, 1], [5, 6, 7]]
    assert batch["labels"].tolist() == [2, 0]
    assert batch["signal"].tolist() == [[0.0, 0.0], [1.0, 0.0]]
    assert batch["signal"].dtype == torch.float32
    assert set(batch) == {"text", "labels", "signal", "language"}


def test_several_languages():
    batch = collate([(EN, np.array([1])), (FR, np.array([1, 0]))])
    assert batch["language"] is None
    assert batch["text"]["input_ids"].tolist() == [[8, 1, 1, 1], [13, 14, 15, 16], [11, 12, 1, 1]]
    assert batch["labels"].tolist() == [1, 0, 2]
    assert collate([(EN, np.array([1])), (EN, np.array([0]))])["language"] == "en"


def test_lengths_are_of_all_texts():
    both = Group("fr", {"target": SECOND, "source": FIRST.select(np.array([0, 1]))})
    assert both.lengths.tolist() == [5, 5]
    assert EN.lengths.tolist() == [3, 1, 2]


def test_texts_of_a_batch_are_padded_each_to_its_own_longest():
    batch = collate([(Group("fr", {"target": SECOND, "source": FIRST.select(np.array([1, 2]))}), np.array([0, 1]))])
    assert batch["target"]["input_ids"].shape == (2, 4)
    assert batch["source"]["input_ids"].shape == (2, 2)


def steps(rank=0, transform=None, seed=0, batches="homogeneous"):
    groups = [EN, FR]
    schedule = Schedule([g.lengths for g in groups], 2, 10, seed, Batching(batches=batches), rank, processes=2)
    return Steps(schedule, groups, transform)


def test_steps_give_the_schedules_rows():
    batches = steps()
    for number, batch in enumerate(batches):
        ((group, rows),) = batches.schedule[number]
        assert batch["language"] == ("en", "fr")[group]
        assert batch["labels"].tolist() == batches.groups[group].values["labels"][rows].tolist()
    assert number == 9


def test_balanced_steps_mix_languages():
    assert steps(batches="balanced")[3]["language"] is None


def noise(batch, rng):
    return {**batch, "noise": rng.random()}


def test_a_transform_is_random_by_seed_and_step_alone():
    drawn = {seed: [batch["noise"] for batch in steps(0, noise, seed)] for seed in (0, 1)}
    assert len({value for values in drawn.values() for value in values}) == 20
    assert steps(0, noise)[7]["noise"] == drawn[0][7]


def noise_by_row(batch, rng):
    ids = batch["text"]["input_ids"]
    return {**batch, "noise": torch.from_numpy(rng.random(ids.shape))}


@pytest.mark.parametrize("kind", ["homogeneous", "balanced"])
def test_what_is_drawn_for_a_row_does_not_depend_on_how_many_processes_share_the_batch(kind):
    groups, accumulation = [EN, FR], 2
    lengths = [group.lengths for group in groups]
    make = partial(Schedule, lengths, steps=5, seed=0, batching=Batching(batches=kind), accumulation=accumulation)
    whole = Steps(make(4), groups, noise_by_row)
    shares = [Steps(make(2, rank=rank, processes=2), groups, noise_by_row) for rank in (0, 1)]
    for step in range(5 * accumulation):
        for rank, share in enumerate(shares):
            assert torch.equal(share[step]["noise"], whole[step]["noise"][rank::2])
            assert torch.equal(share[step]["text"]["input_ids"], whole[step]["text"]["input_ids"][rank::2])
            assert torch.equal(share[step]["labels"], whole[step]["labels"][rank::2])


@pytest.mark.parametrize("workers", [0, 1])
def test_the_loader_gives_the_steps_in_order(workers):
    loader = steps(transform=noise).loader(workers)
    assert len(loader) == 10
    assert [batch["noise"] for batch in loader] == [batch["noise"] for batch in steps(transform=noise)]
