"""Lines that cannot be used are named, or left out and counted; nothing else changes."""

import json

import pytest

from polydistill.data.files.text_lines import bodies, raw_lines
from polydistill.errors import DataError
from polydistill.serving.rows_given import LeftOut, Reading, read_rows, table_rows
from polydistill.tasks import TaskSpec, task_of

GOOD = {"premise": "Ein Hund 🐕.", "hypothesis": "x", "id": 7}
LINE = json.dumps(GOOD).encode() + b"\n"
BAD = {
    "broken": (b"{", r"text that is not JSON \(.* at character 2\)"),
    "a list": (b"[1]", "no text under premise and hypothesis; expected"),
    "lacks a text": (b'{"premise": "A"}', r"no text under hypothesis \(there are premise\); expected"),
    "a number": (b'{"premise": 3, "hypothesis": "A"}', "no text under premise"),
    "latin": (b'{"premise": "\xe9"}', "byte 0xE9"),
    "half a character": (b'{"premise": "\\ud83d", "hypothesis": ""}', "half of a surrogate pair"),
    "deep": (b"[" * 100_000, "JSON that is nested too deep"),
    "a long number": (b'{"premise": ' + b"1" * 5_000 + b"}", r"a number that cannot be read \(.*digits"),
}


def rows(*lines, left_out=None):
    return list(read_rows(bodies(lines), "rows.jsonl", Reading("nli"), left_out))


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_line_is_named(kind):
    line, says = BAD[kind]
    with pytest.raises(DataError, match=rf"rows\.jsonl, line 3: found {says}"):
        rows(LINE, b"\n", line + b"\n")


def test_bad_lines_are_left_out_and_counted():
    left_out = LeftOut()
    lines = [one for line, _ in BAD.values() for one in (line + b"\n", LINE)]
    assert rows(*lines, left_out=left_out) == [GOOD] * len(BAD)
    assert left_out.count == len(BAD)
    assert left_out.first.line == 1


def test_endings_and_byte_order_marks_are_no_part_of_a_line():
    assert rows(b"\xef\xbb\xbf" + LINE.strip() + b"\r\n", b"\r\n", LINE.strip()) == [GOOD, GOOD]


def test_a_whole_pair_of_surrogates_is_a_character():
    assert rows(b'{"premise": "\\ud83d\\udc15", "hypothesis": ""}')[0]["premise"] == "🐕"


INTENT = TaskSpec(kind="text", labels=("book", "play"))
TABLES = {
    "rows.csv": b'utterance,intent\n"a, b",book\nc,\n',
    "rows.tsv": b"utterance\tintent\na, b\tbook\nc\t\n",
    "rows.jsonl": b'{"utterance": "a, b", "intent": "book"}\n{"utterance": "c", "intent": ""}\n',
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("columns", [{}, {"text": "utterance"}, {"text": "intent"}])
def test_tables_and_columns(name, columns, tmp_path):
    (tmp_path / name).write_bytes(TABLES[name])
    given = read_rows(raw_lines(tmp_path / name), name, Reading(INTENT, columns))
    found = list(given if name == "rows.jsonl" else table_rows(tmp_path / name, Reading(INTENT, columns)))
    texts = ["book", ""] if columns == {"text": "intent"} else ["a, b", "c"]
    assert [task_of(INTENT).row(row) for row in found] == [{"text": text} for text in texts]
    assert len(found[0]) == 2


def test_a_table_without_the_texts_says_what_there_is(tmp_path):
    (tmp_path / "a.csv").write_text("foo,bar\nx,y\n")
    with pytest.raises(
        DataError, match=r"line 2: found no text under text \(there are foo, bar\).*--columns text=NAME"
    ):
        list(table_rows(tmp_path / "a.csv", Reading(INTENT)))
    left_out = LeftOut()
    assert list(table_rows(tmp_path / "a.csv", Reading(INTENT), left_out)) == []
    assert left_out.count == 1


@pytest.mark.parametrize("names", [("text", "text_pair"), ("query", "passage"), ("sentence1", "sentence2")])
def test_pairs_under_usual_names(names):
    pair = TaskSpec(kind="pair", problem="number")
    assert task_of(pair).row(dict(zip(names, "ab", strict=True))) == {"text": "a", "text_pair": "b"}
    assert task_of("nli").row(dict(zip(names, "ab", strict=True))) == {"premise": "a", "hypothesis": "b"}
