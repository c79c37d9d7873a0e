"""Tuning reads the labels of the languages it is given, one group each, and leaves frozen layers as they are."""

import pytest
import torch
from method_cases import batch_of

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.methods.method import Models
from polydistill.methods.tuning import TuneSpec
from polydistill.models.loaded import Loaded
from tiny import LANGUAGES, tiny_network, tiny_tokenizer

WORLD = WorldSource(rows=24)


def prepared_of(spec, **network):
    return spec.prepare(Models(Loaded(tiny_network(**network), tiny_tokenizer())), seed=0)


def test_one_group_a_language_in_order():
    prepared = prepared_of(TuneSpec(languages=("tr", "en"), data=WORLD))
    assert [group.language for group in prepared.groups] == ["tr", "en"]
    rows = load_rows(WORLD, PAIR_OF_SENTENCES, ["tr"]).rows["tr"]
    group = prepared.groups[0]
    assert group.values["labels"].tolist() == rows["label"][:]
    ids = tiny_tokenizer()(rows[5]["premise"], rows[5]["hypothesis"])["input_ids"]
    assert group.texts["text"].take([5])[0]["input_ids"].tolist() == ids
    assert prepared.transform is None


def test_labels_seen_and_rows_read():
    spec = TuneSpec(languages=LANGUAGES, data=WORLD)
    assert spec.labels_seen == LANGUAGES
    assert spec.reads == ((WORLD, LANGUAGES),)


def test_max_length_cuts():
    spec = TuneSpec(languages=("en",), data=WORLD, max_length=9)
    assert prepared_of(spec).groups[0].lengths.max() == 9


def test_frozen_layers_do_not_learn():
    spec = TuneSpec(languages=("en",), data=WORLD, freeze_embeddings=True, freeze_blocks=1)
    prepared = prepared_of(spec)
    before = {name: value.detach().clone() for name, value in prepared.method.named_parameters()}
    learning = [value for value in prepared.method.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=0.1, weight_decay=0.1)
    prepared.method(**batch_of(prepared)).total.backward()
    optimiser.step()
    for name, value in prepared.method.named_parameters():
        frozen = ".embeddings." in name or ".layer.0." in name
        assert torch.equal(value, before[name]) is frozen, name


def test_rows_without_labels(tmp_path):
    (tmp_path / "rows.tsv").write_text("premise\thypothesis\na\tb\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"Tuning needs labels; the 'en' rows of .* have none"):
        prepared_of(TuneSpec(languages=("en",), data=FileSource(path=str(tmp_path / "rows.tsv"))))


def test_translations_get_the_labels_of_their_originals(tmp_path):
    original = "premise\thypothesis\tlabel\na\tb\tneutral\nc\td\tentailment\n"
    (tmp_path / "rows-en.tsv").write_text(original, encoding="utf-8")
    (tmp_path / "rows-tr.tsv").write_text("premise\thypothesis\nbir\tiki\nüç\tdört\n", encoding="utf-8")
    data = FileSource(path=str(tmp_path / "rows-{lang}.tsv"))
    spec = TuneSpec(languages=("tr",), data=data, labels_from="en")
    (group,) = prepared_of(spec).groups
    assert group.language == "tr"
    assert group.values["labels"].tolist() == [1, 0]
    ids = tiny_tokenizer()("üç", "dört")["input_ids"]
    assert group.texts["text"].take([1])[0]["input_ids"].tolist() == ids
    assert (spec.labels_seen, spec.reads) == (("en",), ((data, ("en", "tr")),))
    assert [
        one.language for one in prepared_of(TuneSpec(languages=("en", "tr"), data=WORLD, labels_from="en")).groups
    ] == [
        "en",
        "tr",
    ]
    with pytest.raises(ValueError, match=r"The 'tr' rows of .* have no labels to carry"):
        prepared_of(TuneSpec(languages=("en",), data=data, labels_from="tr"))
    with pytest.raises(ValueError, match=r"Labels are carried from a row to its translation; this task tags words"):
        prepared_of(TuneSpec(task="ner", languages=("en",), data=WORLD, labels_from="tr"), head="tags")
    (tmp_path / "rows-tr.tsv").write_text("premise\thypothesis\nbir\tiki\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"row counts 2 \(en\), 1 \(tr\)"):
        prepared_of(spec)
