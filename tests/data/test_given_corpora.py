"""One grammar of parallel text: every form that a person may give means the corpora that are meant."""

import pandas
import pytest

from polydistill.data.rows.given import as_source
from polydistill.data.rows.sources import ByLanguage, FileSource, MemorySource, WorldSource
from polydistill.data.translations.corpora import load_corpora
from polydistill.data.translations.filters import EVERY_PAIR
from polydistill.data.translations.given import as_corpora
from polydistill.errors import DataError

EN, TR = ["one", "two", "three"], ["bir", "iki", "üç"]
PAIRS = [{"en": en, "tr": tr} for en, tr in zip(EN, TR, strict=True)]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, lines in {"english.txt": EN, "turkish.txt": TR, "news.en": EN, "news.tr": TR}.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "news.tsv").write_text("".join(f"{en}\t{tr}\n" for en, tr in zip(EN, TR, strict=True)), "utf-8")
    named = "English text\tOther\n" + "".join(f"{en}\t{tr}\n" for en, tr in zip(EN, TR, strict=True))
    (tmp_path / "named.tsv").write_text(named, "utf-8")
    return tmp_path


def texts(given):
    rows = load_corpora(as_corpora(given, filters=EVERY_PAIR), None).rows["tr"]
    return rows["source"][:], rows["target"][:]


@pytest.mark.parametrize(
    "given",
    [
        "en-tr=english.txt,turkish.txt",
        ["en-tr=news"],
        ["en-tr=news.{lang}"],
        ["en-tr=named.tsv?columns=en:English text,tr:Other"],
        ["en-tr=file:named.tsv?columns=en:English text,tr:Other"],
        {"tr": "news.tsv"},
        {"tur": ("english.txt", "turkish.txt")},
        {"tr": PAIRS},
        {"tr": pandas.DataFrame(PAIRS)},
        {"tr": iter(PAIRS)},
        {"tr": [pandas.DataFrame(PAIRS[:1]), pandas.DataFrame(PAIRS[1:])]},
        {"tr": {"en": EN, "tr": TR}},
        {"tr": as_source({"en": "english.txt", "tr": TR})},
    ],
    ids=range(13),
)
def test_all_forms_give_the_same_pairs(given):
    assert texts(given) == (EN, TR)


def test_two_files_of_lines_are_one_corpus_and_two_tables_are_two():
    (both,) = as_corpora({"tr": ["english.txt", "turkish.txt"]}).corpora
    assert isinstance(both.data, ByLanguage) and both.data.aligned
    assert as_corpora({"tr": ["news.en", "news.tr"]}).corpora[0].data == FileSource(path="news.{lang}")
    several = as_corpora({"tr": ["news.tsv", "world:?rows=5"], "de": "world:?rows=9"})
    assert [(one.target, one.data) for one in several.corpora] == [
        ("tr", FileSource(path="news.tsv")),
        ("tr", WorldSource(rows=5)),
        ("de", WorldSource(rows=9)),
    ]
    assert [one.target for one in as_corpora({"tr": ["a.zip", "b.zip"]}).corpora] == ["tr", "tr"]


def test_the_source_language_is_that_of_the_pairs():
    assert as_corpora("de-tr=news.tsv").source_language == "de"
    assert as_corpora({"tr": "news.tsv"}, "German").source_language == "de"
    assert isinstance(as_corpora({"tr": PAIRS}).corpora[0].data, MemorySource)


def test_a_side_that_is_too_short_is_named(here):
    (here / "turkish.txt").write_text("bir\niki\n")
    with pytest.raises(DataError, match=r"line counts 3 .*english.txt.*, 2 .*turkish.txt"):
        texts("en-tr=english.txt,turkish.txt")
    with pytest.raises(DataError, match=r"found no row 3 for 'tr'; expected equally many rows"):
        texts({"tr": {"en": EN, "tr": TR[:2]}})
    with pytest.raises(DataError, match=r"the columns en, tr; expected a column 'de'"):
        load_corpora(as_corpora({"de": PAIRS}, filters=EVERY_PAIR), None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "There is no parallel text"),
        ({}, "There is no parallel text"),
        ([5], "5: expected a pair of languages"),
        ({"en": "news"}, "two languages"),
        ("en-tr=lost.txt,turkish.txt", "lost.txt"),
    ],
)
def test_what_is_no_corpus_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        texts(given)
