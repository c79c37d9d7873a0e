"""Tuning by a strategy: who reads which rows, and models whose tokenizers differ."""

from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Models
from polydistill.methods.transfer_tuning import TEACHER, TaskDistillation, TransferTuneSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.models.fresh import learn_tokenizer
from polydistill.models.loaded import Loaded
from tiny import tiny_network, tiny_tokenizer

WORLD = WorldSource(rows=24)


def other_tokenizer(max_length: int = 64) -> PreTrainedTokenizerFast:
    """One that knows English only, and so cuts words elsewhere."""
    return learn_tokenizer(load_text(WORLD, ("en",)).rows["en"]["text"][:], 150, max_length)


def spec(**given):
    return TransferTuneSpec(**{"languages": ("en",), "data": WORLD, "max_length": 64, **given})


def models(head="classes", tokenizer=None, signals=None):
    networks = [tiny_network(head=head, seed=seed) for seed in range(3)]
    readers = [tiny_tokenizer(), tokenizer or tiny_tokenizer(), tokenizer or tiny_tokenizer()]
    student, teacher, source = map(Loaded, networks, readers)
    return Models(student, teacher, signals, source)


@pytest.mark.parametrize(("name", "roles"), [("ADAPT SRC", ["source"]), ("ADAPT JOINT", ["source", "target"])])
def test_each_reads_the_rows_with_its_own_tokenizer(name, roles):
    given = models(tokenizer=other_tokenizer())
    (group,) = spec(strategy=name, distil=TaskDistillation()).prepare(given, seed=0).groups
    assert list(group.texts) == [*roles, TEACHER]
    tokenizers = {"source": given.source.tokenizer, "target": given.student.tokenizer}
    for role in roles:
        (plain,) = (
            TuneSpec(languages=("en",), data=WORLD, max_length=64)
            .prepare(
                Models(Loaded(given.student.network, tokenizers[role])),
                0,
            )
            .groups
        )
        assert np.array_equal(group.texts[role].columns["input_ids"], plain.texts["text"].columns["input_ids"])
        assert np.array_equal(group.values[f"{role}_labels"], plain.values["labels"])


def test_stored_signals_are_what_the_teacher_says_when_it_reads(tmp_path):
    given = models(signals=tmp_path)
    (stored,) = spec(strategy="FULL TRG", distil=TaskDistillation()).prepare(given, seed=0).groups
    assert list(stored.texts) == ["target"]
    assert stored.values["signal"][np.arange(24)].shape == (24, 3)
    living = spec(strategy="FULL TRG", distil=TaskDistillation()).prepare(models(), seed=0)
    assert living.method.teacher is not None and "signal" not in living.groups[0].values
    assert list(Path(tmp_path).rglob("*.arrow"))


def test_words_that_two_tokenizers_both_see():
    given = models("tags", other_tokenizer())
    (group,) = spec(strategy="ADAPT JOINT", task="ner").prepare(given, seed=0).groups
    mine, theirs = (group.values[f"{role}_labels"] for role in ("source", "target"))
    assert not np.array_equal(mine.flat, theirs.flat)
    for row in range(len(mine.offsets) - 1):
        one, other = (values.take(np.array([row]))[0] for values in (mine, theirs))
        assert one[one >= 0].tolist() == other[other >= 0].tolist()


def test_words_that_one_tokenizer_puts_into_another_window():
    says = r"tokenizers of source and target and teacher cut the 'en' sentences .*Raise max_length \(12\)"
    with pytest.raises(ValueError, match=says):
        spec(strategy="ADAPT JOINT", task="ner", max_length=12).prepare(models("tags", other_tokenizer()), seed=0)


def test_the_spec_reads_labels_and_takes_a_strategy_by_name():
    named = spec(strategy="SFT", few=5)
    assert named.strategy.carries == "add"
    assert TransferTuneSpec.model_validate_json(named.model_dump_json()) == named
    assert named.labels_seen == ("en",)
    assert named.reads == ((WORLD, ("en",)),)
    (group,) = named.prepare(models(), seed=0).groups
    assert len(group.lengths) == 5
    with pytest.raises(ValueError, match="greater than 0"):
        TaskDistillation(logits=0)
