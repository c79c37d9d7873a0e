"""Labelled rows: all of a source, or a few that the seed draws."""

import csv
import json

import numpy as np
import pytest

from polydistill.data.rows.given import as_source
from polydistill.data.rows.labelled import labelled_rows
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import CHOICES, PAIR_OF_SENTENCES, WORDS
from polydistill.data.rows.sources import FileSource, WorldSource

WORLD = WorldSource(rows=40)


def test_all_rows_as_they_stand():
    found = labelled_rows(WORLD, PAIR_OF_SENTENCES, ("en", "tr"))
    for code, rows in load_rows(WORLD, PAIR_OF_SENTENCES, ("en", "tr")).rows.items():
        assert found[code].to_list() == rows.to_list()


@pytest.mark.parametrize("shape", [PAIR_OF_SENTENCES, WORDS, CHOICES])
def test_a_few_are_the_first_of_the_seeds_order(shape):
    whole = labelled_rows(WORLD, shape, ("tr",))["tr"].to_list()
    few, more, again, other = (
        labelled_rows(WORLD, shape, ("tr",), count, seed)["tr"].to_list()
        for count, seed in ((10, 0), (25, 0), (10, 0), (10, 1))
    )
    assert len(few) == 10 and few == more[:10] == again
    assert few != other
    assert few != whole[:10]
    assert all(row in whole for row in more)
    assert len(labelled_rows(WORLD, shape, ("tr",), 40)["tr"]) == 40


def test_more_than_there_are():
    says = r"41 labelled rows are asked for, but there are 40 in 'tr' of world:.*\. Ask for at most 40\."
    with pytest.raises(ValueError, match=says):
        labelled_rows(WORLD, PAIR_OF_SENTENCES, ("tr",), 41)


def test_rows_without_labels(tmp_path):
    (tmp_path / "rows.tsv").write_text("premise\thypothesis\na\tb\n", encoding="utf-8")
    with pytest.raises(ValueError, match="Tuning needs labels"):
        labelled_rows(FileSource(path=str(tmp_path / "rows.tsv")), PAIR_OF_SENTENCES, ("en",), 1)


@pytest.mark.parametrize(
    "row",
    [
        {"labels": {"entailment": 0.5, "neutral": 0.25, "contradiction": 0.25}},
        {"p_entailment": 0.5, "p_neutral": 0.25, "p_contradiction": 0.25},
        {"logit_entailment": float(np.log(2)), "logit_neutral": 0.0, "logit_contradiction": 0.0},
        {"label": '{"entailment": 0.5, "neutral": 0.25, "contradiction": 0.25}'},
    ],
    ids=["object", "shares", "logits", "json"],
)
@pytest.mark.parametrize("kind", ["jsonl", "csv", "memory"])
def test_rows_of_a_named_task_may_have_soft_labels(tmp_path, row, kind):
    row = {"premise": "a", "hypothesis": "b", **row}
    if kind == "memory":
        source = as_source([row])
    elif kind == "jsonl":
        (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
        source = as_source(tmp_path / "rows.jsonl")
    else:
        with (tmp_path / "rows.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(row)
            writer.writerow([json.dumps(one) if isinstance(one, dict) else one for one in row.values()])
        source = as_source(tmp_path / "rows.csv")
    (rows,) = labelled_rows(source, PAIR_OF_SENTENCES, ["en"]).values()
    np.testing.assert_allclose(rows["label"], [[0.5, 0.25, 0.25]], atol=1e-6)
