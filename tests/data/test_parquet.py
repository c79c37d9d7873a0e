"""Parquet files are read like JSONL ones, with their classes by name."""

from pathlib import Path

import datasets
import pandas
import pytest

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES, WORDS, RowShape
from polydistill.data.rows.sources import parse_source
from polydistill.data.translations.parallel import load_parallel
from polydistill.errors import DataError

INTENTS = RowShape(("text",), ("book", "play"), own=True)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_rows_of_a_task():
    pandas.DataFrame({"utterance": ["a", "b"], "intent": ["play", "book"], "n": [1, 2]}).to_parquet("rows.parquet")
    rows = load_rows(parse_source("file:rows.parquet"), INTENTS, ["en"]).rows["en"]
    assert rows[:] == {"text": ["a", "b"], "label": [1, 0]}


def test_languages_by_column():
    frame = pandas.DataFrame({"premise": ["a", "b"], "hypothesis": ["c", "d"], "label": ["neutral", "entailment"]})
    frame.assign(language=["deu", "en"]).to_parquet("rows.parquet")
    rows = load_rows(parse_source("file:rows.parquet"), PAIR_OF_SENTENCES, ["en", "de"]).rows
    assert rows["de"][0] == {"premise": "a", "hypothesis": "c", "label": 1}


def test_classes_are_read_by_name():
    named = datasets.Features(
        {
            "tokens": datasets.List(datasets.Value("string")),
            "ner_tags": datasets.List(datasets.ClassLabel(names=["O", "B-LOC", "B-PER"])),
        }
    )
    rows = {"tokens": [["Anna", "in", "Rome"]], "ner_tags": [[2, 0, 1]]}
    datasets.Dataset.from_dict(rows, features=named).to_parquet("tags.parquet")
    labels = load_rows(parse_source("file:tags.parquet"), WORDS, ["en"]).rows["en"][0]["label"]
    assert [WORDS.labels[at] for at in labels] == ["B-PER", "O", "B-LOC"]
    one = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["play", "book"])})
    datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]}, features=one).to_parquet("one.parquet")
    assert load_rows(parse_source("file:one.parquet"), INTENTS, ["en"]).rows["en"]["label"][:] == [1, 0]


def test_parallel_text():
    pandas.DataFrame({"en": ["one", "two"], "tr": ["bir", "iki"]}).to_parquet("pairs.parquet")
    assert load_parallel("pairs.parquet", "en", "tr").rows["tr"]["text"][:] == ["bir", "iki"]


@pytest.mark.parametrize("content", [b"text\tlabel\n", b"", b"PAR1 and no more PAR1"])
def test_what_is_no_parquet_is_said(content):
    Path("rows.parquet").write_bytes(content)
    with pytest.raises(DataError, match=r"rows\.parquet: found what cannot be read as Parquet .* Check how the file"):
        load_rows(parse_source("file:rows.parquet"), INTENTS, ["en"])
