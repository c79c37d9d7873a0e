"""The loaders on the real sets, where the folder with them is there (it is not part of the project)."""

from collections import Counter
from pathlib import Path

import pytest

from polydistill.data.rows.files import load_files
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import ANSWERS, CHOICES, PAIR_OF_SENTENCES, PARAPHRASES, WORDS
from polydistill.data.rows.sources import FileSource
from polydistill.data.translations.corpora import load_corpora
from polydistill.data.translations.filters import Filters
from polydistill.data.translations.given import as_corpora
from polydistill.data.translations.parallel import load_parallel

DATA = Path(__file__).parents[2].parent / "shared" / "data"
XNLI = ["ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not DATA.is_dir(), reason="the real sets are not here")]


def pairs(path, languages):
    return load_files(FileSource(path=str(DATA / path)), PAIR_OF_SENTENCES, languages)


def test_xnli_dev():
    corpus = pairs("xnli/dev-{lang}.tsv", XNLI)
    assert corpus.counts == dict.fromkeys(XNLI, 2490)
    assert corpus.aligned
    for rows in corpus.rows.values():
        assert Counter(rows["label"]) == {0: 830, 1: 830, 2: 830}
    first = {"premise": "And he said, Mama, I'm home.", "hypothesis": "He didn't say a word.", "label": 2}
    assert corpus.rows["en"][1] == first


def test_pawsx_dev():
    rows = {"de": 1932, "en": 2000, "es": 1962, "fr": 1992, "ja": 1980, "ko": 1965, "zh": 1984}
    for code, count in rows.items():
        corpus = load_rows(FileSource(path=str(DATA / "pawsx/dev-{lang}.tsv")), PARAPHRASES, [code])
        assert (corpus.counts, corpus.skipped) == ({code: count}, {})
        assert not any('""' in row["sentence1"] + row["sentence2"] for row in corpus.rows[code])


def test_xquad_and_tydiqa():
    languages = ["en", "es", "de", "tr"]
    corpus = load_rows(FileSource(path=str(DATA / "xquad/xquad.{lang}.json"), aligned=True), ANSWERS, languages)
    assert corpus.counts == dict.fromkeys(languages, 1190) and not corpus.skipped and not corpus.corrected
    tydi = load_rows(FileSource(path=str(DATA / "tydiqa/tydiqa.goldp.en.train.json")), ANSWERS, ["en"])
    assert tydi.counts == {"en": 3696} and not tydi.skipped and not tydi.corrected


def test_xnli_dev_in_pairs_of_languages():
    source = FileSource(path=str(DATA / "xnli" / "dev-{lang}.tsv"))
    corpus = load_rows(source, PAIR_OF_SENTENCES, ["en-hi", "hi-en", "en"])
    assert corpus.counts == {"en-hi": 2490, "hi-en": 2490, "en": 2490}
    english = corpus.rows["en"]
    assert corpus.rows["en-hi"]["premise"][:] == english["premise"][:]
    assert corpus.rows["hi-en"]["hypothesis"][:] == english["hypothesis"][:]
    assert corpus.rows["en-hi"]["label"][:] == english["label"][:]


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("mnli_subset/train.tsv", 9888),
        ("mnli_subset/validation.tsv", 6238),
        ("snli_cad/train.tsv", 8330),
        ("snli_cad/dev.tsv", 1000),
        ("snli_cad/test.tsv", 2000),
    ],
)
def test_english_pairs(path, count):
    corpus = pairs(path, ["en"])
    assert corpus.counts == {"en": count}
    assert not corpus.skipped
    # quotes are text: every line is a row, and no row has swallowed another
    assert not any("\n" in text or "\t" in text for text in corpus.rows["en"]["hypothesis"])


@pytest.mark.parametrize(
    ("path", "code", "count", "blank"),
    [
        ("parallel/ntrex/newstest2019-*.{lang}.txt", "zh", 1997, 0),
        ("tatoeba/tatoeba.swh-eng.{lang}", "sw", 390, 0),
        ("parallel/tatoeba/tur-eng.{lang}", "tr", 13894, 0),
        ("parallel/globalvoices/GlobalVoices", "sw", 32307, 1525),
        ("parallel/tico19/tico19-test.en-hi", "hi", 2100, 0),
    ],
)
def test_parallel_text(path, code, count, blank):
    corpus = load_parallel(str(DATA / path), "en", code)
    assert corpus.counts == {"en": count - blank, code: count - blank}
    assert corpus.skipped == ({"en": {"blank line": blank}, code: {"blank line": blank}} if blank else {})
    assert not any(text.endswith("\r") for text in corpus.rows["en"]["text"])


def test_a_corpus_with_blank_double_and_untranslated_lines():
    corpora = as_corpora(
        [f"en-sw={DATA}/parallel/globalvoices/GlobalVoices", f"en-sw={DATA}/parallel/tico19/tico19-test.en-sw"],
        filters=Filters(shortest=None, longest=None),
    )
    news, health = load_corpora(corpora, None).counts
    assert (news.read, news.dropped) == (32307, {"blank": 1525, "same on both sides": 470, "duplicate": 316})
    assert (health.read, health.kept) == (2100, 2100)


@pytest.mark.parametrize(("code", "train", "dev"), [("en", 6000, 2000), ("tr", 3000, 2000), ("sw", 1000, 1000)])
def test_wikiann(code, train, dev):
    for part, count in (("train", train), ("dev", dev)):
        rows = load_rows(FileSource(path=str(DATA / f"panx/{part}-{{lang}}.tsv")), WORDS, [code]).rows[code]
        assert len(rows) == count
        assert all(len(row["tokens"]) == len(row["label"]) > 0 for row in rows)
        assert {tag for tags in rows["label"] for tag in tags} == set(range(7))
        kinds = Counter(WORDS.labels[tag][:2] for tags in rows["label"] for tag in tags)
        assert kinds["B-"] >= count  # each sentence has an entity
    line = (DATA / f"panx/dev-{code}.tsv").read_text(encoding="utf-8").split("\n", 1)[0]
    first = load_rows(FileSource(path=str(DATA / f"panx/dev-{code}.tsv")), WORDS, [code]).rows[code][0]
    assert f"{first['tokens'][0]}\t{WORDS.labels[first['label'][0]]}" == line


def test_xcopas_wrong_questions():
    languages = ["et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh"]
    english = DATA / "copa_en/val.en.jsonl"
    source = FileSource(path=str(DATA / "xcopa/{lang}/val.{lang}.jsonl"), questions=str(english))
    corpus = load_rows(source, CHOICES, languages)
    assert corpus.counts == dict.fromkeys(languages, 100)
    wrong = {code: sum(reasons.values()) for code, reasons in corpus.corrected.items()}
    assert wrong == {"id": 5, "it": 5, "sw": 6, "th": 52, "tr": 52}
    right = (DATA / "xcopa/question_from_english_copa.val.txt").read_text().split()
    assert all(rows["question"][:] == right for rows in corpus.rows.values())


def test_copa_and_siqa():
    assert load_rows(FileSource(path=str(DATA / "copa_en/train.en.jsonl")), CHOICES, ["en"]).counts == {"en": 400}
    siqa = load_rows(FileSource(path=str(DATA / "siqa/socialIQa_v1.4_dev.jsonl")), CHOICES, ["en"]).rows["en"]
    assert len(siqa) == 1954
    assert Counter(map(len, siqa["choices"])) == {3: 1954}
    assert siqa[0]["choices"][siqa[0]["label"]] == "Find somewhere to go"
