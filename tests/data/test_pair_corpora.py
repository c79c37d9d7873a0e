"""Parallel corpora: every way to name one, several a pair of languages, what is counted, and what is refused."""

import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from polydistill.data.batches.counting import Tokens
from polydistill.data.rows.load import fingerprint
from polydistill.data.rows.sources import FileSource, HubSource, WorldSource
from polydistill.data.translations.corpora import Corpora, ParallelCorpus, load_corpora
from polydistill.data.translations.filters import Filters
from polydistill.data.translations.given import as_corpora
from polydistill.errors import DataError
from tiny import tiny_tokenizer

EN, TR = ["one", "two", "three", "four"], ["bir", "iki", "üç", "dört"]
ANY = Filters(shortest=None, longest=None)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, lines):
    text = "".join(line + "\n" for line in lines).encode()
    Path(name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)


def moses(prefix, first=EN, second=TR, code="tr"):
    write(f"{prefix}.en", first)
    write(f"{prefix}.{code}", second)


def zipped():
    with zipfile.ZipFile("news.zip", "w") as archive:
        for code, lines in (("en", EN), ("tr", TR)):
            archive.writestr(f"news.{code}", "\n".join(lines))


def hub_folder(names):
    rows = [dict(zip(names, pair, strict=True)) for pair in zip(EN, TR, strict=True)]
    pq.write_table(pa.Table.from_pylist(rows), "train.parquet")
    write("README.md", ["---", "configs:", "- config_name: default", "  data_files: train.parquet", "---"])


FORMS = {
    "en-tr=news": moses,
    "en-tr=news.{lang}": moses,
    "en-tr=news.en,news.tr": moses,
    "eng-tur=file:news.{lang}": moses,
    "en-tr=news.zip": lambda _: zipped(),
    "en-tr=news.tsv": lambda _: write("news.tsv", [f"{en}\t{tr}" for en, tr in zip(EN, TR, strict=True)]),
    "en-tr=news.jsonl.gz": lambda _: write(
        "news.jsonl.gz", [json.dumps({"tr": tr, "en": en}) for en, tr in zip(EN, TR, strict=True)]
    ),
    "en-tr=hub:.?columns=en:english,tr:other": lambda _: hub_folder(["english", "other"]),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_give_the_same_pairs(form):
    FORMS[form]("news")
    corpora = as_corpora([form], filters=ANY)
    assert Corpora.model_validate_json(corpora.model_dump_json()) == corpora
    pairs = load_corpora(corpora, None)
    assert pairs.rows["tr"]["source"][:] == EN
    assert pairs.rows["tr"]["target"][:] == TR
    assert [(count.target, count.read, count.dropped, count.kept) for count in pairs.counts] == [("tr", 4, {}, 4)]
    (count,) = pairs.counts
    assert "news" in count.corpus or "hub:" in count.corpus


def test_a_translation_column_of_the_hub():
    rows = [{"translation": {"en": en, "tr": tr}} for en, tr in zip(EN, TR, strict=True)]
    pq.write_table(pa.Table.from_pylist(rows), "train.parquet")
    source = HubSource(name=".", rows=3)
    pairs = load_corpora(Corpora(corpora=(ParallelCorpus(target="tr", data=source),), filters=ANY), None)
    assert pairs.rows["tr"]["target"][:] == TR[:3]


def test_two_files_in_folders_that_are_named_alike(here):
    for folder in ("en-tr", "de-en"):
        (here / folder).mkdir()
    moses("en-tr/train")
    assert as_corpora(["en-tr=en-tr/train.en,en-tr/train.tr"]).corpora[0].data == FileSource(path="en-tr/train.{lang}")


def test_several_corpora_of_several_languages_with_rows_of_their_own():
    moses("a")
    moses("b", ["two", "five", "", "same"], ["iki", "beş", "boş", "same"])
    moses("c", ["one", "six"], ["eins", "sechs"], "de")
    pairs = load_corpora(as_corpora(["en-tr=a", "en-de=c", "en-tr=b"], filters=ANY), None)
    assert pairs.rows["tr"]["source"][:] == [*EN, "five"]
    assert pairs.rows["tr"]["target"][:] == [*TR, "beş"]
    assert pairs.rows["de"][:] == {"source": ["one", "six"], "target": ["eins", "sechs"]}
    assert [(one.corpus, one.read, one.dropped, one.kept) for one in pairs.counts] == [
        ("file:a.{lang}", 4, {}, 4),
        ("file:c.{lang}", 2, {}, 2),
        ("file:b.{lang}", 4, {"blank": 1, "same on both sides": 1, "duplicate": 1}, 1),
    ]


def test_lengths_are_those_of_the_tokenizer():
    tokens = Tokens(tiny_tokenizer()).counts
    corpora = Corpora(corpora=(ParallelCorpus(target="tr", data=WorldSource(rows=80)),), filters=ANY)
    whole = load_corpora(corpora, tokens).rows["tr"]
    lengths = [tuple(tokens(list(pair.values())).tolist()) for pair in whole]
    shortest, longest = 6, 9
    narrow = corpora.model_copy(update={"filters": Filters(shortest=shortest, longest=longest)})
    found = load_corpora(narrow, tokens)
    fit = [row for row, pair in enumerate(lengths) if shortest <= min(pair) and max(pair) <= longest]
    assert 0 < len(fit) < len(whole)
    assert found.rows["tr"][:] == whole[fit]
    assert set(found.counts[0].dropped) >= {"too short", "too long"}


def test_it_is_said_where_most_pairs_are_lost_for_their_length(caplog):
    def words(texts):
        return np.array([len(text.split()) for text in texts])

    moses("a", ["one two three", "one", "one"], ["bir", "bir iki", "bir"])
    for longest, said in ((2, []), (1, ["tr: 2 of 3 pairs are left out: too long (longest=1, in tokens)."])):
        load_corpora(as_corpora(["en-tr=a"], filters=Filters(shortest=None, longest=longest)), words)
        assert caplog.messages == [f"{one} Another --longest keeps them." for one in said]


def test_a_draw_depends_on_the_seed_and_the_fingerprint_on_the_content():
    moses("a", [f"text {row}" for row in range(50)], [f"yazı {row}" for row in range(50)])
    corpora = as_corpora(["en-tr=a"], filters=ANY.model_copy(update={"at_most": 10, "sample": "random"}))
    draws = [load_corpora(corpora, None, seed).rows["tr"]["source"][:] for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    ((source, languages),) = corpora.reads
    before = fingerprint(source, languages)
    moses("a", ["text"] * 50, [f"yazı {row}" for row in range(50)])
    assert fingerprint(source, languages) != before


@pytest.mark.parametrize(
    ("forms", "message"),
    [
        (["news.zip"], r"'news.zip': expected a pair of languages and its text, such as en-tr=FILE"),
        (["en=news"], r"'en=news': expected a pair of languages"),
        (["en-tr=a", "de-tr=b"], r"All pairs begin with one language, and these with de and en"),
        (["en-xx=a"], r"Unknown language, or pair of languages such as en-hi, 'en-xx'"),
    ],
)
def test_short_forms_that_say_nothing(forms, message):
    with pytest.raises(ValueError, match=message):
        as_corpora(forms)


def test_specs_that_cannot_be_meant():
    with pytest.raises(ValidationError, match=r"parallel text has no labels. Leave it out"):
        ParallelCorpus(target="tr", data=FileSource(path="a", labels=("0", "1")))
    with pytest.raises(ValidationError, match=r"Parallel text needs two languages, not 'en' twice"):
        Corpora(corpora=(ParallelCorpus(target="en", data=WorldSource()),))


def test_errors_name_file_and_line():
    moses("a", EN, TR[:3])
    with pytest.raises(DataError, match=r"a.en, line 4: found line counts 4 \(a.en\), 3 \(a.tr\)"):
        load_corpora(as_corpora(["en-tr=a"], filters=ANY), None)
    with pytest.raises(DataError, match=r"b.{lang}: found no file for language 'en'"):
        load_corpora(as_corpora(["en-tr=b"], filters=ANY), None)
    hub_folder(["english", "other"])
    with pytest.raises(DataError, match=r"found the columns english, other; expected a column 'en'"):
        load_corpora(as_corpora(["en-tr=hub:."], filters=ANY), None)


def test_a_language_without_a_pair_says_what_became_of_them():
    moses("a", ["same", "", "same"], ["same", "boş", "same"])
    with pytest.raises(DataError, match=r"no pair that may be kept for 'tr' \(3 read, 1 blank, 2 same on both sides\)"):
        load_corpora(as_corpora(["en-tr=a"], filters=ANY), None)
