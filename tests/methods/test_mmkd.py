"""MMKD and sentence distillation: who reads what and how often, the words that are compared, and what is refused."""

from pathlib import Path

import mmkd_cases
import numpy as np
import pytest
import torch
from method_cases import ROWS, Case, batch_of, gradients, part, prepare
from test_contract import assert_same_gradients

from polydistill.data.batches.batches import collate
from polydistill.data.batches.masking import IGNORED
from polydistill.data.rows.load import load_text
from polydistill.methods.method import Models
from polydistill.methods.mmkd import MMKDSpec
from polydistill.models.loaded import Loaded
from reference import mmkd as reference
from tiny import tiny_network, tiny_tokenizer

WHOLE = Case(mmkd_cases.SPECS["mmkd"])
READS = {"tlm": ("pair", 0), "xwcl": ("pair", 1), "senta": ("target", 1), "struca": ("target", 1)}


def readings(method):
    """Ids of all inputs that student and teacher read from now on."""
    seen = {"student": [], "teacher": []}
    for name, network in (
        ("student", method.student.base_model),
        ("teacher", method.teacher and method.teacher.network),
    ):
        if network is not None:
            network.register_forward_pre_hook(
                lambda _, __, given, name=name: seen[name].append(given["input_ids"].clone()), with_kwargs=True
            )
    return seen


@pytest.mark.parametrize("name", [name for name in mmkd_cases.SPECS if name.startswith("mmkd")])
def test_nobody_reads_an_input_twice(name):
    spec = mmkd_cases.SPECS[name]
    prepared = prepare(Case(spec))
    batch = batch_of(prepared)
    terms = mmkd_cases.weights(spec)
    seen = readings(prepared.method)
    prepared.method(**batch)
    wanted = [batch[text]["input_ids"] for text in ("tlm", "xwcl") if text in terms]
    wanted += [batch["target"]["input_ids"]] if {"senta", "struca"} & terms.keys() else []
    assert len(seen["student"]) == len(wanted)
    assert all(torch.equal(one, other) for one, other in zip(seen["student"], wanted, strict=True))
    assert [ids.shape for ids in seen["teacher"]] == (
        [batch["source"]["input_ids"].shape] if terms.keys() != {"tlm"} else []
    )


@pytest.mark.parametrize("name", READS)
def test_what_only_other_terms_read_is_not_there(name):
    group = prepare(Case(mmkd_cases.SPECS[f"mmkd-only-{name}"])).groups[0]
    text, reads_teacher = READS[name]
    assert set(group.texts) == {text, *["source"] * reads_teacher}


def test_tokens_of_both_sides_and_words_of_english_alone_are_hidden():
    prepared = prepare(WHOLE)
    (group,) = [one for one in prepared.groups if one.language == "fr"]
    separator, sides, hidden_words = tiny_tokenizer().sep_token_id, set(), 0
    for step in range(4):
        batch = batch_of(prepared, step)
        changed = batch["labels"] != IGNORED
        # the first text ends where the first separator stands, which is never hidden
        first = (batch["tlm"]["input_ids"] == separator).int().cumsum(1) == 0
        sides |= {bool(side) for side in first[changed]}
        words = batch["xwcl"]["input_ids"] == tiny_tokenizer().mask_token_id
        assert not (words & ~((batch["xwcl"]["input_ids"] == separator).int().cumsum(1) == 0)).any()
        hidden_words += int(words.sum())
    assert sides == {True, False}
    assert hidden_words
    assert len(group.values["words"].flat) == len(group.texts["pair"].columns["input_ids"])


def test_words_are_the_same_for_student_and_teacher():
    prepared = prepare(WHOLE)
    group = prepared.groups[0]
    texts = load_text(WHOLE.spec.data, ("en",)).rows["en"]["text"]
    own, theirs = tiny_tokenizer(), mmkd_cases.teacher().tokenizer
    for row in range(6):
        at = np.array([row])
        student = group.texts["pair"].take(at)[0]["input_ids"][group.values["word_tokens"].take(at)[0]]
        teacher = group.texts["source"].take(at)[0]["input_ids"][group.values["taught_word_tokens"].take(at)[0]]
        for word, one, other in zip(texts[row].split(), student, teacher, strict=True):
            assert word.startswith(own.convert_ids_to_tokens(int(one)).strip("▁"))
            assert word.startswith(theirs.convert_ids_to_tokens(int(other)).strip("▁"))


def test_the_mean_over_both_sides_is_what_sentences_learn():
    prepared = prepare(Case(mmkd_cases.SPECS["sentence-mean"]))
    (group, _), method = prepared.groups, prepared.method
    rows = np.array([3, 0, 7])
    half = len(group.texts["text"]) // 2
    batch = collate([(group, np.concatenate([rows, rows + half]))])
    said = mmkd_cases.pooled(method.student, batch["text"], "mean")
    said = mmkd_cases.linear(method.projectors["sentence"].parts[-1].linear, said)
    taught = batch["signal"].double().numpy()
    np.testing.assert_array_equal(taught[:3], taught[3:])
    wanted = reference.sentence(said[:3], said[3:], taught[:3], np.ones(3, dtype=bool))
    assert method(**batch).total.item() == pytest.approx(wanted, rel=1e-9)


def test_the_teachers_vectors_are_stored_by_pooling(tmp_path):
    models = Models(Loaded(tiny_network(), tiny_tokenizer()), mmkd_cases.teacher(), Path(tmp_path))
    for name in ("sentence-mean", "sentence-mean", "sentence-first"):
        for group in mmkd_cases.SPECS[name].prepare(models, 0).groups:
            collate([(group, np.arange(len(group.texts["text"])))])  # what is asked for is read
    assert len(list(tmp_path.glob("*/*.arrow"))) == 2  # both languages are translations of the same sentences


def test_rows_are_compared_in_struca_only():
    """All other terms of a batch are the mean of its parts (the contract), struca is not."""
    prepared = prepare(Case(mmkd_cases.SPECS["mmkd-only-struca"]))
    batch = batch_of(prepared)
    halves = [part(batch, rows) for rows in (slice(0, ROWS // 2), slice(ROWS // 2, ROWS))]
    values = [prepared.method(**half).total.item() for half in halves]
    assert np.mean(values) != pytest.approx(prepared.method(**batch).total.item(), rel=0.01)


def test_sentences_paired_with_themselves_are_a_language_more():
    groups = {group.language: group for group in prepare(Case(MMKDSpec(source_pairs=True, **mmkd_cases.ROWS))).groups}
    assert list(groups) == ["tr", "fr", "en"]
    own = [groups["en"].texts[side] for side in ("source", "target")]
    assert len(own[0]) == len(set(load_text(mmkd_cases.ROWS["data"], ["en"]).rows["en"]["text"]))
    assert [len(text) for text in own] == [len(own[0])] * 2


def test_trained_projectors_get_a_gradient_and_random_ones_none():
    for name, learns in (("mmkd", False), ("mmkd-trained", True)):
        prepared = prepare(Case(mmkd_cases.SPECS[name]))
        found = gradients(prepared.method, batch_of(prepared))
        assert any(one.startswith("projectors.senta_teacher") for one in found) == learns
        assert any(one.startswith("projectors.struca_student") for one in found)


def test_equal_seeds_give_equal_heads():
    first, again = (prepare(WHOLE).method.projectors.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert_same_gradients(*(gradients(prepare(WHOLE).method, batch_of(prepare(WHOLE))) for _ in range(2)))


def test_networks_that_must_be_told_the_language_are_refused():
    models = Models(Loaded(tiny_network("xlm", "mlm"), tiny_tokenizer()), mmkd_cases.teacher(), Path("nowhere"))
    for name in ("mmkd", "sentence-mean"):
        with pytest.raises(ValueError, match="A 'xlm' model must be told the language of each text"):
            mmkd_cases.SPECS[name].prepare(models, 0)


def test_rows_that_are_not_aligned_are_refused(tmp_path):
    for code in ("en", "fr"):
        (tmp_path / f"text.{code}").write_text("one\ntwo\n")
    spec = MMKDSpec(languages=("fr",), data={"kind": "file", "path": str(tmp_path / "text.{lang}")})
    models = Models(Loaded(tiny_network(head="mlm"), tiny_tokenizer()), mmkd_cases.teacher())
    with pytest.raises(ValueError, match="MMKD needs rows that say the same in every language"):
        spec.prepare(models, 0)
