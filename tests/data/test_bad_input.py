"""Bad input: each error names the file, the line, what was found, what was expected, and the way out."""

import pytest

from polydistill.data.rows.files import load_files
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.data.rows.sources import FileSource
from polydistill.errors import DataError

HEADER = b"premise\thypothesis\tlabel\n"


def problem(path, languages=("en",), **options):
    with pytest.raises(DataError) as caught:
        load_files(FileSource(path=str(path), **options), PAIR_OF_SENTENCES, list(languages))
    return caught.value


CASES = {
    "wrong column": (
        "dev.tsv",
        b"first\tsecond\tlabel\na\tb\tneutral\n",
        1,
        "the columns first, second, label",
        "the columns premise, hypothesis, label",
        "columns=premise:NAME,hypothesis:NAME,label:NAME",
    ),
    "no label column": (
        "dev.tsv",
        b"sentence1\tsentence2\na\tb\n",
        1,
        "the columns sentence1, sentence2",
        "label",
        "columns=",
    ),
    "column twice": (
        "dev.tsv",
        b"premise\thypothesis\thypothesis\tlabel\n",
        1,
        "two columns 'hypothesis'",
        "once",
        "Rename",
    ),
    "unknown label": (
        "dev.tsv",
        HEADER + b"a\tb\tneutral\nc\td\tmaybe\n",
        3,
        "label 'maybe'",
        "one of entailment, neutral, contradiction",
        "labels=first,second",
    ),
    "a number for a label": ("dev.tsv", HEADER + b"a\tb\t0\n", 2, "label '0'", "entailment", "labels="),
    "a tab too many": ("dev.tsv", HEADER + b"a\tb\tc\tneutral\n", 2, "4 fields", "3 fields", "stray"),
    "a tab too few": ("dev.tsv", HEADER + b"a\tneutral\n", 2, "2 fields", "3 fields", "missing separator"),
    "a blank line": ("dev.tsv", HEADER + b"a\tb\tneutral\n\nc\td\tneutral\n", 3, "1 field", "3 fields", "line break"),
    "broken UTF-8": (
        "dev.tsv",
        HEADER + b"a\tb\tneutral\n\xc3\xa9t\xe9\tb\tneutral\n",
        3,
        "byte 0xE9 at byte 4 of the line, which is not valid UTF-8",
        "UTF-8 text",
        "iconv -f",
    ),
    "UTF-16": ("dev.tsv", "premise\n".encode("utf-16-le"), 1, "the columns p", "premise", "columns="),
    "UTF-16 with its mark": ("dev.tsv", "premise\n".encode("utf-16"), 1, "byte 0xFF at byte 1", "UTF-8 text", "iconv"),
    "empty file": ("dev.tsv", b"", None, "an empty file", "at least one line", "Check how"),
    "blank file": ("dev.tsv", b"\n \n", None, "only blank lines", "at least one record", "Check how"),
    "header only": ("dev.tsv", HEADER, None, "a header and no rows", "at least one row", "Check how"),
    "broken gzip": ("dev.tsv.gz", b"not gzip", 1, "broken gzip data", "a whole gzip file", "Fetch it again"),
    "broken JSON": ("dev.jsonl", b'{"premise": "a"\n', 1, "text that is not JSON", "one JSON object a line", "JSONL"),
    "JSON array": ("dev.jsonl", b"[1]\n", 1, "a JSON list", "one JSON object a line", "JSONL"),
    "a key missing": (
        "dev.jsonl",
        b'{"premise": "a", "hypothesis": "b", "label": "neutral"}\n{"premise": "a", "label": "neutral"}\n',
        2,
        "no value for 'hypothesis' (the keys are premise, label)",
        "keys premise, hypothesis, label",
        "Complete or remove",
    ),
    "a number for a text": (
        "dev.jsonl",
        b'{"premise": 7, "hypothesis": "b", "label": "neutral"}\n',
        1,
        "premise = 7",
        "text",
        "columns=",
    ),
    "broken CSV": (
        "dev.csv",
        b'premise,hypothesis,label\n"a"b,c,neutral\n',
        2,
        "broken CSV",
        "comma-separated",
        "double",
    ),
    "bare quote in XTREME": (
        "dev-en.tsv",
        b'a "b" c\td\tneutral\n',
        1,
        "a bare quote in 'a \"b\" c'",
        "quoted",
        "headerless",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_file(tmp_path, name):
    file, content, line, found, expected, way_out = CASES[name]
    path = tmp_path / file
    path.write_bytes(content)
    error = problem(path)
    assert (error.file, error.line) == (path, line)
    assert str(error).startswith(f"{path}, line {line}: found " if line else f"{path}: found ")
    assert found in error.found
    assert expected in error.expected
    assert way_out in error.way_out


def test_missing_language_names_those_that_there_are(tmp_path):
    for code in ("en", "de"):
        (tmp_path / f"dev-{code}.tsv").write_bytes(HEADER + b"a\tb\tneutral\n")
    error = problem(tmp_path / "dev-{lang}.tsv", ["en", "sw"])
    assert error.found == "no file for language 'sw' (there are dev-de.tsv, dev-en.tsv)"
    assert error.expected == "a file with {lang} as one of: sw, swa, swh"
    assert "add its file" in error.way_out


def test_missing_language_in_a_file_with_all(tmp_path):
    path = tmp_path / "xnli.dev.tsv"
    path.write_bytes(b"language\tgold_label\tsentence1\tsentence2\nen\tneutral\ta\tb\nde\tneutral\tc\td\n")
    error = problem(path, ["en", "sw"])
    assert (error.file, error.found) == (path, "no row for language 'sw' (there are de, en)")


def test_one_file_without_languages_serves_one_language(tmp_path):
    path = tmp_path / "dev.tsv"
    path.write_bytes(HEADER + b"a\tb\tneutral\n")
    error = problem(path, ["en", "de"])
    assert "no column 'language', but 2 languages asked for (en, de)" in error.found
    assert "{lang}" in error.way_out


def test_no_file(tmp_path):
    assert problem(tmp_path / "absent.tsv").found == "no such file"
    assert problem(tmp_path).found == "a folder"


def test_two_files_for_a_wildcard(tmp_path):
    for name in ("a.en.tsv", "b.en.tsv"):
        (tmp_path / name).write_bytes(HEADER + b"a\tb\tneutral\n")
    assert problem(tmp_path / "*.{lang}.tsv").found == "2 files (a.en.tsv, b.en.tsv)"


def test_layout_that_the_file_does_not_have(tmp_path):
    path = tmp_path / "dev.tsv"
    path.write_bytes(HEADER + b"a\tb\tneutral\n")
    error = problem(path, layout="xnli")
    assert error.expected == "the columns premise, hypothesis, label as layout xnli names them"
    assert problem(path, columns={"premise": "left", "hypothesis": "hypothesis"}).found == "no column 'left'"


def test_wrong_mapping_and_spellings_are_the_callers_errors(tmp_path):
    path = tmp_path / "dev.tsv"
    path.write_bytes(HEADER + b"a\tb\tneutral\n")
    with pytest.raises(ValueError, match=r"columns= maps premise, lable; expected premise, hypothesis and.*label"):
        load_files(FileSource(path=str(path), columns={"premise": "x", "lable": "y"}), PAIR_OF_SENTENCES, ["en"])
    with pytest.raises(ValueError, match=r"labels=0,1 has 2 spellings; expected 3, in the order entailment, neutral"):
        load_files(FileSource(path=str(path), labels=("0", "1")), PAIR_OF_SENTENCES, ["en"])
