"""Parallel and plain text: every form, exact rows, and that nothing ever shifts one side against the other."""

import gzip
import json
from functools import partial

import pytest

from polydistill.data.rows.sources import FileSource
from polydistill.data.translations.parallel import load_parallel, load_text_files
from polydistill.errors import DataError

EN, TR = ["one", "two\u2028still two\x85", "three"], ["bir", "iki\x0b", "üç"]
PAIRS = list(zip(EN, TR, strict=True))


def texts(corpus):
    return {code: rows["text"][:] for code, rows in corpus.rows.items()}


def lines(path, sentences, ending="\n"):
    path.write_bytes("".join(text + ending for text in sentences).encode())
    return path


def moses_prefix(folder):
    lines(folder / "news.en-tr.en", EN)
    lines(folder / "news.en-tr.tr", TR, "\r\n")
    return folder / "news.en-tr"


def moses_other_codes(folder):
    lines(folder / "tur-eng.eng", EN)
    lines(folder / "tur-eng.tur", TR)
    return str(folder / "tur-eng.{lang}")


def moses_paths(folder):
    (folder / "b.gz").write_bytes(gzip.compress("\n".join(TR).encode()))  # and no newline at the end
    return lines(folder / "a", EN), folder / "b.gz"


def tsv(folder):
    return lines(folder / "pairs.tsv", map("\t".join, PAIRS))


def tsv_headed(folder):
    return lines(folder / "pairs.tsv", map("\t".join, [("Turkish", "id", "eng"), *((tr, "7", en) for en, tr in PAIRS)]))


def csv_headed(folder):
    return lines(folder / "pairs.csv", ["en,tr", *(f'{en},"{tr}"' for en, tr in PAIRS)])


def jsonl(folder):
    return lines(folder / "pairs.jsonl", [json.dumps({"en": en, "x": 1, "tr": tr}) for en, tr in PAIRS])


def jsonl_nested(folder):
    records = [{"id": 3, "translation": {"tur": tr, "eng": en}} for en, tr in PAIRS]
    return lines(folder / "pairs.jsonl", map(json.dumps, records))


FORMS = [moses_prefix, moses_other_codes, moses_paths, tsv, tsv_headed, csv_headed, jsonl, jsonl_nested]


@pytest.mark.parametrize("form", FORMS)
def test_forms(tmp_path, form):
    corpus = load_parallel(form(tmp_path), "en", "tr")
    assert texts(corpus) == {"en": EN, "tr": TR}
    assert corpus.aligned
    assert corpus.languages == ("en", "tr")
    assert not corpus.skipped


def test_columns_by_name(tmp_path):
    path = lines(tmp_path / "pairs.tsv", ["source\ttarget", "one\tbir"])
    corpus = load_parallel(path, "en", "tr", columns={"en": "source", "tr": "target"})
    assert texts(corpus) == {"en": ["one"], "tr": ["bir"]}


@pytest.mark.parametrize("form", ["moses", "tsv", "jsonl"])
def test_blank_side_drops_the_row_in_both_and_counts(tmp_path, form):
    rows = [("one", "bir"), ("two", " "), ("", "üç"), ("", ""), ("five", "beş")]
    if form == "moses":
        path = tmp_path / "x"
        lines(tmp_path / "x.en", [en for en, _ in rows])
        lines(tmp_path / "x.tr", [tr for _, tr in rows])
    elif form == "tsv":
        path = lines(tmp_path / "x.tsv", map("\t".join, rows))
    else:
        path = lines(tmp_path / "x.jsonl", [json.dumps({"en": en, "tr": tr}) for en, tr in rows])
    corpus = load_parallel(path, "en", "tr")
    assert texts(corpus) == {"en": ["one", "five"], "tr": ["bir", "beş"]}
    assert corpus.skipped == {"en": {"blank line": 3}, "tr": {"blank line": 3}}


@pytest.mark.parametrize("form", ["moses", "jsonl", "plain"])
def test_files_without_one_row_of_text(tmp_path, form):
    if form == "moses":
        first = lines(tmp_path / "x.en", ["", "a", " "])
        lines(tmp_path / "x.tr", ["b", "", ""])
        read = partial(load_parallel, tmp_path / "x", "en", "tr")
    elif form == "jsonl":
        first = lines(tmp_path / "x.jsonl", [json.dumps({"en": "a", "tr": " "})])
        read = partial(load_parallel, first, "en", "tr")
    else:
        first = lines(tmp_path / "x.txt", ["", " "])
        read = partial(load_text_files, FileSource(path=str(first)), ["en"])
    with pytest.raises(DataError, match="at least one sentence") as caught:
        read()
    assert caught.value.file == first


def test_unequal_line_counts(tmp_path):
    short, long = lines(tmp_path / "x.en", EN), lines(tmp_path / "x.tr", [*TR, "dört", "beş"])
    with pytest.raises(DataError) as caught:
        load_parallel([short, long], "en", "tr")
    error = caught.value
    assert (error.file, error.line) == (long, 4)
    assert error.found == f"line counts 3 ({short}), 5 ({long})"
    assert "Line 4 has no counterpart" in error.way_out


BAD = {
    "missing language": ("x.tsv", "en\tde\na\tb\n", 1, "the columns en, de", "missing: tr"),
    "missing key": ("x.jsonl", '{"en": "a"}\n', 1, "the columns en", "missing: tr"),
    "key missing later": ("x.jsonl", '{"en": "a", "tr": "b"}\n{"en": "a"}\n', 2, "no value for 'tr'", "keys en, tr"),
    "missing translation": ("x.jsonl", '{"translation": {"en": "a"}}\n', 1, "translation with en", "each of en, tr"),
    "no translation": ("x.jsonl", '{"translation": "a"}\n', 1, "translation = 'a'", "each of en, tr"),
    "not text": ("x.jsonl", '{"en": "a", "tr": 3}\n', 1, "tr = 3", "text"),
    "three columns": ("x.tsv", "a\tb\tc\n", 1, "the columns a, b, c", "missing: en, tr"),
    "one column": ("x.tsv", "a\tb\nc\n", 2, "1 field", "2 fields"),
    "empty": ("x.tsv", "", None, "an empty file", "at least one line"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_parallel_file(tmp_path, name):
    file, content, line, found, expected = BAD[name]
    path = tmp_path / file
    path.write_text(content, "utf-8")
    with pytest.raises(DataError) as caught:
        load_parallel(path, "en", "tr")
    error = caught.value
    assert (error.file, error.line) == (path, line)
    assert found in error.found
    assert expected in error.expected
    assert error.way_out


def test_wrong_calls(tmp_path):
    with pytest.raises(ValueError, match="needs two languages"):
        load_parallel(tmp_path / "x", "en", "English")
    with pytest.raises(ValueError, match="one path or two"):
        load_parallel([tmp_path / "x"], "en", "tr")
    with pytest.raises(DataError, match=r"no file for language 'en' nor for any other"):
        load_parallel(tmp_path / "x", "en", "tr")


def test_plain_text_of_one_language(tmp_path):
    path = lines(tmp_path / "mono.txt", ["a\tb", "", "c"])
    corpus = load_text_files(FileSource(path=str(path)), ["sw"])
    assert texts(corpus) == {"sw": ["a\tb", "c"]}
    assert corpus.skipped == {"sw": {"blank line": 1}}
    assert corpus.aligned


def test_plain_text_by_language_is_aligned_only_if_said(tmp_path):
    lines(tmp_path / "mono.en", ["a", "", "c"])
    lines(tmp_path / "mono.tr", ["x", "y", "z"])
    plain = load_text_files(FileSource(path=str(tmp_path / "mono.{lang}")), ["en", "tr"])
    assert (texts(plain), plain.aligned) == ({"en": ["a", "c"], "tr": ["x", "y", "z"]}, False)
    aligned = load_text_files(FileSource(path=str(tmp_path / "mono.{lang}"), aligned=True, rows=1), ["en", "tr"])
    assert (texts(aligned), aligned.aligned) == ({"en": ["a"], "tr": ["x"]}, True)


def test_one_file_with_more_than_two_languages(tmp_path):
    path = lines(tmp_path / "all.tsv", ["en\ttr\tde", "a\tb\tc", "d\t\tf"])
    corpus = load_text_files(FileSource(path=str(path)), ["de", "en", "tr"])
    assert texts(corpus) == {"de": ["c"], "en": ["a"], "tr": ["b"]}
    assert corpus.aligned
    one = load_text_files(FileSource(path=str(path)), ["de"])
    assert texts(one) == {"de": ["c", "f"]}


@pytest.mark.parametrize("options", [{}, {"columns": {"text": "text"}}])
def test_tables_with_a_text_column(tmp_path, options):
    lines(tmp_path / "mono.en.jsonl", ['{"text": "a"}', '{"text": "b"}'])
    for path in ("mono.en.jsonl", "mono.{lang}.jsonl"):
        corpus = load_text_files(FileSource(path=str(tmp_path / path), **options), ["en"])
        assert texts(corpus) == {"en": ["a", "b"]}


def test_parallel_columns_through_a_source(tmp_path):
    path = lines(tmp_path / "pairs.tsv", ["source\ttarget", "one\tbir"])
    source = FileSource(path=str(path), columns={"en": "source", "tr": "target"})
    assert texts(load_text_files(source, ["tr", "en"])) == {"tr": ["bir"], "en": ["one"]}
