"""Labelled rows: all of a source, or a few that the seed draws."""

import pytest

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
