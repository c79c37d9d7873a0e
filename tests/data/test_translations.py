"""Pairs of a sentence and its translation, from one source in all languages or from a text a language."""

import numpy as np
import pytest

from polydistill.data.corpora import parse_corpora
from polydistill.data.encoding import Repeated
from polydistill.data.pair_filters import Filters
from polydistill.data.sources import WorldSource
from polydistill.data.translations import Translations, load_pairs


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
    corpora = parse_corpora([f"en-fr={tmp_path}/a", f"en-de={tmp_path}/b.tsv"], Filters(shortest=None, longest=None))
    spec = Translations(languages=("de", "fr"), corpora=corpora.corpora, filters=corpora.filters)
    loaded = load_pairs(spec, "this test")
    assert list(loaded.pairs) == ["de", "fr"]
    assert loaded.pairs["de"] == (["three"], ["drei"])
    assert loaded.pairs["fr"] == (["one", "two"], ["un", "deux"])
    assert spec.reads == tuple((corpus.data, ("en", corpus.target)) for corpus in corpora.corpora)
    assert [(note["target"], note["dropped"]) for note in loaded.notes["corpora"]] == [("fr", {"blank": 1}), ("de", {})]


def test_lengths_of_corpora_need_a_tokenizer(tmp_path):
    (tmp_path / "b.tsv").write_text("en\tde\nthree\tdrei\n")
    spec = Translations(languages=("de",), corpora=parse_corpora([f"en-de={tmp_path}/b.tsv"]).corpora)
    with pytest.raises(ValueError, match="there is no tokenizer to count them"):
        load_pairs(spec, "this test")


def test_values_that_come_again():
    values = Repeated(np.array([[1.0], [2.0], [3.0]]))
    np.testing.assert_array_equal(values[np.array([0, 3, 5])], [[1.0], [1.0], [3.0]])


@pytest.mark.parametrize("languages", [(), ("en",), ("xx",)])
def test_languages_that_do_not_fit(languages):
    with pytest.raises(ValueError, match=r"languages|Unknown language"):
        Translations(languages=languages, data=WorldSource(rows=5))
