"""Pairs of a sentence and its translation, from one source in all languages or from a text a language."""

import copy

import numpy as np
import pytest

from polydistill.data.batches import encoding
from polydistill.data.batches.encoding import Repeated
from polydistill.data.rows.sources import WorldSource
from polydistill.data.translations import translations
from polydistill.data.translations.corpora import load_corpora
from polydistill.data.translations.filters import Filters
from polydistill.data.translations.given import as_corpora
from polydistill.data.translations.translations import Translations, count_pairs, load_pairs
from tiny import tiny_tokenizer


def test_one_source_in_all_languages():
    spec = Translations(languages=("tr", "fr"), data=WorldSource(rows=5))
    loaded = load_pairs(spec, "this test")
    pairs = loaded.pairs
    assert list(pairs) == ["tr", "fr"]
    assert loaded.notes == {}
    assert pairs["tr"].source == pairs["fr"].source
    assert len(pairs["tr"].target) == 5
    assert pairs["tr"].target != pairs["fr"].target
    assert spec.reads == ((spec.data, ("en", "tr", "fr")),)
    assert spec.labels_seen == ()


def test_each_language_has_corpora_of_its_own(tmp_path):
    (tmp_path / "a.en").write_text("one\ntwo\n\n")
    (tmp_path / "a.fr").write_text("un\ndeux\ntrois\n")
    (tmp_path / "b.tsv").write_text("en\tde\nthree\tdrei\n")
    corpora = as_corpora(
        [f"en-fr={tmp_path}/a", f"en-de={tmp_path}/b.tsv"], filters=Filters(shortest=None, longest=None)
    )
    spec = Translations(languages=("de", "fr"), corpora=corpora.corpora, filters=corpora.filters)
    loaded = load_pairs(spec, "this test")
    assert list(loaded.pairs) == ["de", "fr"]
    assert loaded.pairs["de"] == (["three"], ["drei"])
    assert loaded.pairs["fr"] == (["one", "two"], ["un", "deux"])
    assert spec.reads == tuple((corpus.data, ("en", corpus.target)) for corpus in corpora.corpora)
    assert [(note["target"], note["dropped"]) for note in loaded.notes["corpora"]] == [("fr", {"blank": 1}), ("de", {})]


def test_lengths_of_corpora_need_a_tokenizer(tmp_path):
    (tmp_path / "b.tsv").write_text("en\tde\nthree\tdrei\n")
    spec = Translations(languages=("de",), corpora=as_corpora([f"en-de={tmp_path}/b.tsv"]).corpora)
    with pytest.raises(ValueError, match="there is no tokenizer to count them"):
        load_pairs(spec, "this test")


@pytest.fixture
def reading(monkeypatch):
    """How often corpora were read."""
    read = []

    def counted(*arguments):
        read.append(arguments)
        return load_corpora(*arguments)

    monkeypatch.setattr(translations, "load_corpora", counted)
    return read


def test_pairs_that_were_counted_are_not_read_again(tmp_path, reading):
    (tmp_path / "b.tsv").write_text("en\tde\nthree\tdrei\nfour\tvier\n")
    corpora = as_corpora([f"en-de={tmp_path}/b.tsv"], filters=Filters(shortest=1))
    spec = Translations(languages=("de",), corpora=corpora.corpora, filters=corpora.filters)
    tokenizers = [copy.deepcopy(tiny_tokenizer()) for _ in range(2)]  # as two are that were loaded from one folder
    assert count_pairs(spec, "this test", tokenizers[0]) == 2
    found = load_pairs(spec, "this test", tokenizers[1]).pairs["de"]
    assert [list(side) for side in found] == [["three", "four"], ["drei", "vier"]]
    assert len(reading) == 1
    load_pairs(spec, "this test", tokenizers[0])  # they were given away, so that memory holds them once
    assert len(reading) == 2


@pytest.mark.parametrize("change", ["content", "filters", "tokenizer", "seed"])
def test_other_pairs_than_those_counted_are_read(tmp_path, reading, change):
    (tmp_path / "b.tsv").write_text("en\tde\nthree\tdrei\n")
    corpora = as_corpora([f"en-de={tmp_path}/b.tsv"], filters=Filters(shortest=1))
    spec, tokenizer = Translations(languages=("de",), corpora=corpora.corpora, filters=corpora.filters), None
    count_pairs(spec, "this test", tiny_tokenizer())
    if change == "content":
        (tmp_path / "b.tsv").write_text("en\tde\nthree\tDrei\n")
    if change == "filters":
        spec = spec.model_copy(update={"filters": Filters(shortest=1, duplicates="keep")})
    if change == "tokenizer":
        tokenizer = copy.deepcopy(tiny_tokenizer())
        tokenizer.add_tokens(["three"])
    load_pairs(spec, "this test", tokenizer or tiny_tokenizer(), int(change == "seed"))
    assert len(reading) == 2


def test_values_that_come_again():
    values = Repeated(np.array([[1.0], [2.0], [3.0]]))
    np.testing.assert_array_equal(values[np.array([0, 3, 5])], [[1.0], [1.0], [3.0]])


@pytest.mark.parametrize("languages", [(), ("en",), ("xx",)])
def test_languages_that_do_not_fit(languages):
    with pytest.raises(ValueError, match=r"languages|Unknown language"):
        Translations(languages=languages, data=WorldSource(rows=5))


def test_counted_pairs_are_encoded_from_the_tokens_that_were_counted(tmp_path, monkeypatch):
    sides = [("one two three four", "eins zwei"), ("three", "drei drei drei drei drei"), ("five six", "sechs")] * 3
    (tmp_path / "b.tsv").write_text("en\tde\n" + "".join(f"{a} {row}\t{b}\n" for row, (a, b) in enumerate(sides)))
    corpora = as_corpora([f"en-de={tmp_path}/b.tsv"], filters=Filters(shortest=1, longest=100))
    spec = Translations(languages=("de",), corpora=corpora.corpora, filters=corpora.filters)
    tokenizer = copy.deepcopy(tiny_tokenizer())
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    pairs = load_pairs(spec, "this test", tokenizer).pairs["de"]
    plain, asked, token_ids = [list(side) for side in pairs], [], encoding.token_ids

    def counted(by, texts, *rest, **more):
        asked.extend(texts)
        return token_ids(by, texts, *rest, **more)

    monkeypatch.setattr(encoding, "token_ids", counted)
    whole = encoding.encode_in_turn(tokenizer, plain, 1000).lengths
    for length in (5, 9, 100):  # many cut, some, none
        read = encoding.encode_in_turn(tokenizer, plain, length)
        asked.clear()
        known = encoding.encode_in_turn(tokenizer, pairs, length)
        assert known.columns["input_ids"].tolist() == read.columns["input_ids"].tolist()
        assert (known.offsets.tolist(), known.pad) == (read.offsets.tolist(), read.pad)
        assert len(asked) == int((whole > length).sum())  # none of the others is read again
    encoding.encode_in_turn(copy.deepcopy(tokenizer), pairs, 100)  # another tokenizer reads them itself
    assert len(asked) == 18
