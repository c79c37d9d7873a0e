"""Rows that are given as objects: every kind of table through the same loaders as files."""

from pathlib import Path

import datasets
import pandas
import pytest

from polydistill.data.batches.streams import text_parts
from polydistill.data.rows.given import as_source
from polydistill.data.rows.load import fingerprint, load_aligned, load_rows, load_text
from polydistill.data.rows.memory import _tables
from polydistill.data.rows.shapes import ANSWERS, CHOICES, PAIR_OF_SENTENCES, REVIEW, SENTENCE, WORDS
from polydistill.data.rows.sources import ByLanguage, FileSource, MemorySource, WorldSource, format_source
from polydistill.errors import DataError

ROWS = [
    {"premise": "A dog.", "hypothesis": "An animal.", "label": "entailment"},
    {"premise": "A cat.", "hypothesis": "A dog.", "label": "contradiction"},
    {"premise": "A bird.", "hypothesis": "It sings.", "label": "neutral"},
]
FORMS = {
    "list": lambda: ROWS,
    "iterator": lambda: iter(ROWS),
    "frame": lambda: pandas.DataFrame(ROWS),
    "frame with another index": lambda: pandas.DataFrame(ROWS, index=[7, 3, 5]),
    "dataset": lambda: datasets.Dataset.from_list(ROWS),
    "formatted dataset": lambda: datasets.Dataset.from_list(ROWS).with_format("numpy"),
    "streaming dataset": lambda: datasets.Dataset.from_list(ROWS).to_iterable_dataset(),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@every_form
def test_every_kind_of_table_is_the_same_rows_by_content(form):
    source = as_source(form())
    assert source == as_source(ROWS)
    assert (source.count, source.header) == (3, ("premise", "hypothesis", "label"))
    rows = load_rows(source, PAIR_OF_SENTENCES, ["en"]).rows["en"]
    assert rows["label"][:] == [0, 2, 1]
    assert rows["premise"][:] == [row["premise"] for row in ROWS]


def test_selected_rows_are_those_that_count():
    whole = datasets.Dataset.from_list(ROWS)
    assert as_source(whole.select([2, 0])) == as_source([ROWS[2], ROWS[0]])
    assert as_source(whole.select([1, 0, 2])) != as_source(whole)


def test_one_changed_letter_is_another_fingerprint():
    changed = [{**ROWS[0], "premise": "A dog!"}, *ROWS[1:]]
    codes = ["en"]
    assert fingerprint(as_source(ROWS), codes) != fingerprint(as_source(changed), codes)
    assert fingerprint(as_source(ROWS), codes) == fingerprint(as_source(pandas.DataFrame(ROWS)), codes)


def test_the_record_holds_no_row_and_no_path_and_reads_back():
    source = as_source(ROWS)
    record = source.model_dump_json()
    assert "dog" not in record and '"kind":"memory"' in record and '"count":3' in record
    assert MemorySource.model_validate_json(record) == source
    assert format_source(source) == "the table from memory (3 rows: premise, hypothesis, label)"


def test_rows_of_another_process_must_be_given_again(monkeypatch):
    source = as_source([{"text": "only here"}])
    monkeypatch.setattr("polydistill.data.rows.memory._tables", {})
    assert fingerprint(source, ["en"])  # the identity of a run needs no rows
    with pytest.raises(ValueError, match=r"came from memory .* 1 rows .* text .* Give the same rows again in Python"):
        load_text(source, ["en"])
    as_source([{"text": "only here"}])
    assert load_text(source, ["en"]).counts == {"en": 1}


def test_a_column_may_say_each_rows_language():
    rows = [{**row, "language": code} for row in ROWS for code in ("en", "tur")]
    corpus = load_rows(as_source(rows), PAIR_OF_SENTENCES, ["tr", "en"])
    assert corpus.counts == {"tr": 3, "en": 3} and corpus.aligned
    renamed = [{"lang" if name == "language" else name: value for name, value in row.items()} for row in rows]
    source = as_source(renamed, columns={"language": "lang"})
    assert load_rows(source, PAIR_OF_SENTENCES, ["tr"]).counts == {"tr": 3}
    with pytest.raises(DataError, match=r"no row for language 'sw' \(there are en, tr\)"):
        load_rows(as_source(rows), PAIR_OF_SENTENCES, ["sw"])
    with pytest.raises(DataError, match=r"no column 'language' .* Give a table for each language"):
        load_rows(as_source(ROWS), PAIR_OF_SENTENCES, ["en", "tr"])


def test_a_table_or_a_file_for_each_language(tmp_path):
    file = tmp_path / "turkish.jsonl"
    datasets.Dataset.from_list(ROWS).to_json(file)
    source = as_source({"eng": pandas.DataFrame(ROWS), "tr": file, "de": WorldSource(rows=3)}, aligned=False)
    assert isinstance(source, ByLanguage) and source.sources["tr"] == FileSource(path=str(file))
    assert ByLanguage.model_validate_json(source.model_dump_json()) == source
    corpus = load_rows(source, PAIR_OF_SENTENCES, ["en", "tr", "de"])
    assert corpus.counts == {"en": 3, "tr": 3, "de": 3} and not corpus.aligned
    both = as_source({"en": ROWS, "tr": file})
    assert load_aligned(both, PAIR_OF_SENTENCES, ["en", "tr"], "XD").rows["tr"]["label"][:] == [0, 2, 1]
    with pytest.raises(ValueError, match=r"rows for en, tr, but none for 'sw'"):
        load_rows(both, PAIR_OF_SENTENCES, ["en", "sw"])
    before = fingerprint(both, ["en", "tr"])
    file.write_text(file.read_text().replace("A dog", "A fog"))
    assert fingerprint(both, ["en", "tr"]) != before
    assert fingerprint(both, ["en"]) != before


def test_files_of_lines_by_language_keep_their_pairs(tmp_path):
    names = {"en": "english.txt", "tr": "turkish.txt"}
    for code, text in {"en": "one\n\nthree\n", "tr": "bir\niki\nüç\n"}.items():
        (tmp_path / names[code]).write_text(text)
    files = {code: tmp_path / name for code, name in names.items()}
    corpus = load_text(as_source(files, aligned=True), ["en", "tr"])
    assert corpus.rows["tr"]["text"][:] == ["bir", "üç"] and corpus.aligned
    assert load_text(as_source(files), ["en", "tr"]).counts == {"en": 2, "tr": 3}


def test_text_in_several_languages_side_by_side():
    flat = [{"en": "one", "tr": "bir"}, {"en": " ", "tr": "iki"}]
    nested = [{"translation": row} for row in flat]
    for rows in (flat, nested, pandas.DataFrame(flat)):
        corpus = load_text(as_source(rows), ["en", "tr"])
        assert corpus.aligned and corpus.rows["tr"]["text"][:] == ["bir"]
        assert corpus.skipped["tr"] == {"blank line": 1}


def test_texts_alone_are_rows_and_a_stream():
    source = as_source(["one", "two"])
    assert load_text(source, ["en"]).rows["en"]["text"][:] == ["one", "two"]
    assert [text for part in text_parts(source, "en") for text in part()] == ["one", "two"]
    by_language = as_source({"en": ["one"], "tr": ["bir"]})
    assert [text for part in text_parts(by_language, "tr") for text in part()] == ["bir"]


def test_the_other_shapes_of_rows():
    tagged = as_source([{"tokens": ["Ali", "runs"], "ner_tags": ["B-PER", "O"]}])
    assert load_rows(tagged, WORDS, ["en"]).rows["en"]["label"][:] == [[1, 0]]
    choices = as_source([{"premise": "It fell.", "question": "effect", "choice1": "a", "choice2": "b", "label": 1}])
    assert load_rows(choices, CHOICES, ["en"]).rows["en"]["label"][:] == [1]
    answered = as_source(
        [{"question": "Who?", "context": "Ali ran.", "answers": {"text": ["Ali"], "answer_start": [0]}}]
    )
    assert load_rows(answered, ANSWERS, ["en"]).rows["en"]["label"][0]["text"] == ["Ali"]
    review = pandas.DataFrame([{"review_body": "Good.", "stars": 4, "review_title": None, "product_category": None}])
    assert load_rows(as_source(review), REVIEW, ["en"]).rows["en"]["label"][:] == [3]


def test_many_rows_wait_in_a_file_and_not_in_memory(monkeypatch):
    monkeypatch.setattr("polydistill.data.files.growing.IN_MEMORY", 1000)
    source = as_source({"text": f"row {number}"} for number in range(20_000))
    assert source.count == 20_000
    assert _tables[source.fingerprint][19_999] == {"text": "row 19999"}


def test_a_bare_path_is_a_file_and_a_short_form_is_what_it_says(tmp_path):
    assert as_source("rows.tsv") == as_source(Path("rows.tsv")) == as_source("file:rows.tsv")
    assert as_source("rows.tsv?rows=5") == FileSource(path="rows.tsv", rows=5)
    assert as_source(Path("rows.csv"), columns={"text": "review"}) == FileSource(
        path="rows.csv", columns={"text": "review"}
    )
    assert as_source("world:?rows=3", rows=4) == WorldSource(rows=4)
    odd = tmp_path / "what?.tsv"
    odd.touch()
    assert as_source(str(odd)) == FileSource(path=str(odd))
    assert as_source("C:rows.tsv") == FileSource(path="C:rows.tsv")
    with pytest.raises(ValueError, match=r"'hbu:owner/name' is not a source"):
        as_source("hbu:owner/name")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "5 is no source of rows"),
        ([], "holds none"),
        (["one", 2], "row 2 .*expected a row as a mapping|line 2: found 2; expected a row as a mapping"),
        ([{"text": "one"}, {"text": "two", "more": 1}] * 5000, None),
        ([{"text": "one"}, {"text": 2}], "values that make no column"),
        ({"en": ["a"], "eng": ["b"]}, "Name each language once"),
        (datasets.DatasetDict({"train": datasets.Dataset.from_list(ROWS)}), r"the splits train.*data\['train'\]"),
        (pandas.DataFrame([[1, 2]], columns=["a", "a"]), "Expected each name once"),
    ],
)
def test_what_is_no_table_is_refused(given, message):
    if message is None:
        assert as_source(given).header == ("text", "more")
        return
    with pytest.raises(ValueError, match=message):
        as_source(given)


def test_a_list_of_files_is_no_list_of_rows(tmp_path):
    file = tmp_path / "rows.txt"
    file.write_text("one\n")
    with pytest.raises(ValueError, match=r"rows.txt' is a file, but a list holds rows"):
        as_source([str(file)])


def test_a_column_that_comes_late_is_refused():
    late = [{"text": "one"}] * 8192 + [{"text": "two", "more": 1}]
    with pytest.raises(ValueError, match=r"has a column 'more', which the first rows have not \(text\)"):
        as_source(late)


def test_a_gap_in_the_text_is_named():
    with pytest.raises(DataError, match=r"row 2: found text = None"):
        load_text(as_source(pandas.DataFrame({"text": ["one", None]})), ["en"])
    with pytest.raises(DataError, match=r"found the columns text; expected a column 'premise'"):
        load_rows(as_source(["one"]), PAIR_OF_SENTENCES, ["en"])
    assert SENTENCE.texts == ("text",)
