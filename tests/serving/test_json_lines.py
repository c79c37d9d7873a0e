"""Lines that cannot be used are named, or left out and counted; nothing else changes."""

import json

import pytest

from polydistill.data.files.text_lines import bodies
from polydistill.errors import DataError
from polydistill.serving.json_lines import LeftOut, read_rows

GOOD = {"premise": "Ein Hund 🐕.", "hypothesis": "x", "id": 7}
LINE = json.dumps(GOOD).encode() + b"\n"
BAD = {
    "broken": (b"{", r"text that is not JSON \(.* at character 2\)"),
    "a list": (b"[1]", "no text under premise and hypothesis"),
    "lacks a text": (b'{"premise": "A"}', "no text under hypothesis"),
    "a number": (b'{"premise": 3, "hypothesis": "A"}', "no text under premise"),
    "latin": (b'{"premise": "\xe9"}', "byte 0xE9"),
    "half a character": (b'{"premise": "\\ud83d", "hypothesis": ""}', "half of a surrogate pair"),
    "deep": (b"[" * 100_000, "JSON that is nested too deep"),
    "a long number": (b'{"premise": ' + b"1" * 5_000 + b"}", r"a number that cannot be read \(.*digits"),
}


def rows(*lines, left_out=None):
    return list(read_rows(bodies(lines), "rows.jsonl", "nli", left_out))


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
