"""Batches from streams: the same at step k whatever came before, each text once, processes together as one."""

import json
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from polydistill.data.batches import stream_steps
from polydistill.data.batches.masking import IGNORED, masking
from polydistill.data.batches.packing import pack
from polydistill.data.batches.schedule import Batching
from polydistill.data.batches.stream_steps import Share, StreamSteps, TextGroup
from polydistill.data.batches.streams import Texts
from tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
LENGTH = 16


@pytest.fixture(autouse=True, scope="module")
def small_portions():
    """Few texts are joined at a time, so that the small corpora below are several portions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_steps, "_PACKED", 32)
        yield


def name(number: int) -> str:
    """Three letters, all of which the tokenizer knows."""
    return f"{number:03}".translate(str.maketrans("0123456789", "abdeghikln"))


def corpus(code: str, texts: int = 60) -> list[str]:
    """Texts of various lengths, each with a name of its own at its beginning."""
    rng = np.random.default_rng(list(code.encode()))
    return [" ".join([name(number), *["dog"] * rng.integers(0, 9)]) for number in range(texts)]


def group(code: str, packed: bool = False, texts: int = 60, read=lambda text: text) -> TextGroup:
    lines = corpus(code, texts)
    parts = [lambda lines=lines[start : start + 25]: map(read, lines) for start in range(0, texts, 25)]
    return TextGroup(code, Texts(code, parts, (0,), 10), TOKENIZER, LENGTH, packed)


def steps(packed=False, rank=0, processes=1, size=4, accumulation=1, seed=0, count=30, transform=None, **settings):
    batching = Batching(**{"pool": 3, "sampling": "in-turn", **settings})
    share = Share(size, rank, processes, accumulation)
    return StreamSteps([group(code, packed) for code in ("en", "tr")], share, count, seed, batching, transform)


def inputs(batch) -> list[tuple[int, ...]]:
    text = batch["text"]
    return [
        tuple(ids[mask].tolist()) for ids, mask in zip(text["input_ids"], text["attention_mask"].bool(), strict=True)
    ]


def names(batch) -> list[str]:
    return [TOKENIZER.decode(ids, skip_special_tokens=True)[:3] for ids in inputs(batch)]


def test_each_text_once_an_epoch():
    made = steps()
    seen = {code: [names(batch) for batch in made if batch["language"] == code] for code in ("en", "tr")}
    for batches in seen.values():
        epoch = [name for batch in batches for name in batch]
        assert Counter(epoch) == Counter(text[:3] for text in corpus("en"))
        assert epoch != sorted(epoch)
    assert seen["en"] != seen["tr"]


def test_languages_come_in_turn_or_are_drawn():
    assert [batch["language"] for batch in steps(count=6)] == ["en", "tr"] * 3
    drawn = [batch["language"] for batch in steps(sampling="uniform")]
    assert set(drawn) == {"en", "tr"}
    assert drawn != ["en", "tr"] * 15
    assert drawn == [batch["language"] for batch in steps(sampling="uniform", packed=True)]


def test_a_batch_is_as_methods_and_masking_have_it():
    batch = steps()[0]
    assert set(batch) == {"text", "paired", "language"}
    assert batch["paired"].tolist() == [False] * 4
    assert batch["text"]["input_ids"].shape == batch["text"]["attention_mask"].shape
    masked = steps(transform=masking(TOKENIZER, 0.3, 0.5))
    labels = torch.cat([batch["labels"].reshape(-1) for batch in masked])
    assert 0.1 < (labels != IGNORED).float().mean() < 0.5
    assert torch.equal(masked[7]["labels"], masked[7]["labels"])


def test_texts_of_a_batch_have_similar_lengths():
    def efficiency(pool):
        masks = [batch["text"]["attention_mask"].float() for batch in steps(pool=pool)]
        return sum(mask.sum() for mask in masks) / sum(mask.numel() for mask in masks)

    assert efficiency(15) > 0.92 > 0.85 > efficiency(1)


def test_long_texts_are_cut():
    cut = StreamSteps([TextGroup("en", group("en").texts, TOKENIZER, 5)], Share(4), 15, 0)
    assert {batch["text"]["input_ids"].shape[1] for batch in cut} == {5}


@pytest.mark.parametrize("packed", [False, True])
@settings(deadline=None, max_examples=30)
@given(order=st.lists(st.integers(0, 59), max_size=6), accumulation=st.sampled_from([1, 2]))
def test_any_step_can_be_asked_for_at_any_time(packed, order, accumulation):
    wanted = [inputs(batch) for batch in steps(packed, accumulation=accumulation, size=2)]
    made = steps(packed, accumulation=accumulation, size=2)
    for step in order:
        if step < len(made):
            assert inputs(made[step]) == wanted[step]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("at", [1, 8, 13, 29])
def test_a_state_changes_nothing_but_the_way(packed, at):
    wanted = [inputs(batch) for batch in steps(packed)]
    begun = steps(packed)
    assert [inputs(begun[step]) for step in range(at)] == wanted[:at]
    resumed = steps(packed)
    resumed.load_state_dict(json.loads(json.dumps(begun.state_dict())))
    assert [inputs(resumed[step]) for step in range(at, 30)] == wanted[at:]
    assert inputs(resumed[0]) == wanted[0]  # also what lies before


def test_processes_and_micro_batches_are_rows_of_one_large_batch():
    whole = [inputs(batch) for batch in steps(size=8)]
    for processes, accumulation in ((2, 1), (1, 2), (2, 2), (4, 1)):
        size = 8 // processes // accumulation
        parts = [
            steps(rank=rank, processes=processes, size=size, accumulation=accumulation) for rank in range(processes)
        ]
        for step in range(30):
            micro = [inputs(part[step * accumulation + at]) for part in parts for at in range(accumulation)]
            assert sorted(row for rows in micro for row in rows) == sorted(whole[step])


def all_tokens(text: TextGroup) -> Counter[int]:
    return Counter(
        token for line in text.texts.epoch(0) for token in TOKENIZER(line, add_special_tokens=False).input_ids
    )


def test_packed_inputs_are_full_and_hold_every_token_of_an_epoch(monkeypatch):
    monkeypatch.setattr(stream_steps, "_PACKED", 1024)
    made = StreamSteps([group("en", packed=True, texts=1024)], Share(1), 5000, 0)
    wanted, found, length = all_tokens(made.groups[0]), Counter(), 0
    for step in range(len(made)):
        (ids,) = inputs(made[step])
        found.update(token for token in ids if token not in TOKENIZER.all_special_ids)
        length += 1
        if len(ids) < LENGTH:
            break
    assert found == wanted
    assert length == step + 1 > 300


def test_processes_pack_each_their_own_texts():
    parts = [steps(packed=True, rank=rank, processes=2, size=1) for rank in range(2)]
    begun = {
        rank: TOKENIZER.decode(inputs(part[0])[0], skip_special_tokens=True)[:3] for rank, part in enumerate(parts)
    }
    first, second = list(parts[0].groups[0].texts.epoch(0))[:2]
    assert begun == {0: first[:3], 1: second[:3]}


@pytest.mark.parametrize("packed", [False, True])
def test_going_on_reads_lines_but_tokenises_none_of_those_before(monkeypatch, packed):
    """What resuming costs: of the texts before the place, at most one portion passes through the tokenizer again."""
    monkeypatch.setattr(stream_steps, "_PACKED", 12)
    tokenised = []

    def counting(name):
        function = getattr(stream_steps, name)

        def wrapped(tokenizer, texts, *rest):
            tokenised.extend(texts)
            return function(tokenizer, texts, *rest)

        monkeypatch.setattr(stream_steps, name, wrapped)

    begun = steps(packed, count=100)
    wanted = [inputs(begun[step]) for step in range(80)]
    state = begun.state_dict()
    counting("pack")
    counting("encode_texts")
    resumed = steps(packed, count=100)
    resumed.load_state_dict(state)
    assert inputs(resumed[79]) == wanted[79]
    assert 0 < len(tokenised) <= 24
    assert inputs(steps(packed, count=100)[79]) == wanted[79]
    assert (len(tokenised) > 50) == packed  # without the state, what is packed must be counted again


def test_what_a_stream_cannot_do():
    two = [group("en"), group("en")]
    with pytest.raises(ValueError, match="A language has two streams: en, en"):
        StreamSteps(two, Share(2), 5, 0)
    for settings_, said in (
        ({"batches": "balanced"}, "batches='balanced'"),
        ({"sampling": "proportional"}, "sampling="),
    ):
        with pytest.raises(ValueError, match=f"{said}.*Use batches='homogeneous' with sampling='uniform' or 'in-turn'"):
            steps(**settings_)
    with pytest.raises(IndexError):
        steps(count=3)[3]


def test_text_that_the_tokenizer_does_not_read(monkeypatch):
    monkeypatch.setattr(
        stream_steps, "pack", lambda tokenizer, texts, length: pack(tokenizer, ["" for _ in texts], length)
    )
    with pytest.raises(
        ValueError, match=r"en: 32 texts in a row have no token\. Expected text that the tokenizer reads"
    ):
        steps(packed=True)[0]


def test_a_corpus_smaller_than_a_batch():
    made = StreamSteps([group("en", texts=3)], Share(8), 4, 0, Batching(pool=2))
    found = Counter(name for batch in made for name in names(batch))
    assert sorted(found.values()) == [10, 11, 11]
