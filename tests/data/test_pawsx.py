"""PAWS-X as its files are: quotes here and there, sentences that could not be translated."""

from pathlib import Path

import datasets
import pytest

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES, PARAPHRASES
from polydistill.data.rows.sources import HubSource, parse_source
from polydistill.errors import DataError

PAWSX = (
    "id\tsentence1\tsentence2\tlabel\n"
    "1\tOne thing .\tAnother thing .\t0\n"
    '2\t"He said ""yes"" to it ."\tHe said " yes " to it .\t1\n'
    '3\t"Yes"\t"So ""it is"\t1\n'
    "4\tNS\tAnother .\t0\n"
    "5\tOne .\t\t1\n"
    "6\tOne .\t NS \t1\n"
)
ROWS = [
    {"sentence1": "One thing .", "sentence2": "Another thing .", "label": 0},
    {"sentence1": 'He said "yes" to it .', "sentence2": 'He said " yes " to it .', "label": 1},
    {"sentence1": '"Yes"', "sentence2": 'So "it is', "label": 1},
]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def load(source, languages=("de",), shape=PARAPHRASES):
    return load_rows(parse_source(source) if isinstance(source, str) else source, shape, languages)


@pytest.mark.parametrize("without_id", [False, True])
def test_its_tsv(without_id):
    text = "".join(line.split("\t", 1)[without_id] if without_id else line for line in PAWSX.splitlines(True))
    Path("dev_2k.tsv").write_text(text if without_id else PAWSX)
    corpus = load("file:dev_2k.tsv")
    assert corpus.rows["de"].to_list() == ROWS
    assert corpus.skipped == {"de": {"no sentence1": 1, "no sentence2": 2}}
    assert load("file:dev_2k.tsv?layout=pawsx").counts == corpus.counts


def test_a_test_set_without_labels_and_one_without_header():
    Path("a.tsv").write_text('sentence1\tsentence2\n"a ""b"""\tc\n')
    assert load("file:a.tsv").rows["de"].to_list() == [{"sentence1": 'a "b"', "sentence2": "c"}]
    Path("b.tsv").write_text('a\t"say ""b"""\t1\n')
    assert load("file:b.tsv").rows["de"].to_list() == [{"sentence1": "a", "sentence2": 'say "b"', "label": 1}]


def test_files_of_other_tasks_with_these_columns_are_read_as_they_are():
    Path("a.tsv").write_text('sentence1\tsentence2\tlabel\n"a ""b"""\tc\tneutral\n')
    assert load("file:a.tsv", shape=PAIR_OF_SENTENCES).rows["de"][0]["premise"] == '"a ""b"""'


def test_the_hubs_layout(tmp_path):
    rows = [{"id": at, **row} for at, row in enumerate([*ROWS, {"sentence1": "NS", "sentence2": "x", "label": 0}])]
    features = datasets.Features(
        {"id": datasets.Value("int32"), "sentence1": datasets.Value("string"), "sentence2": datasets.Value("string")}
        | {"label": datasets.ClassLabel(names=["0", "1"])}
    )
    (tmp_path / "set").mkdir()
    datasets.Dataset.from_list(rows, features=features).to_parquet(tmp_path / "set" / "validation.parquet")
    corpus = load(HubSource(name=str(tmp_path / "set"), split="validation"))
    assert corpus.rows["de"].to_list() == ROWS and corpus.skipped == {"de": {"no sentence1": 1}}


def test_a_label_that_is_none():
    Path("a.tsv").write_text("sentence1\tsentence2\tlabel\na\tb\tmaybe\n")
    with pytest.raises(DataError, match=r"line 2: found label 'maybe'; expected one of 0, 1"):
        load("file:a.tsv")
