"""Pairs of a sentence and its translation, from one source in all languages or from a text a language."""

import numpy as np
import pytest

from polydistill.data.encoding import Repeated
from polydistill.data.sources import FileSource, WorldSource
from polydistill.data.translations import ParallelText, Translations, load_pairs


def test_one_source_in_all_languages():
    spec = Translations(languages=("tr", "fr"), data=WorldSource(rows=5))
    pairs = load_pairs(spec, "this test")
    assert list(pairs) == ["tr", "fr"]
    assert pairs["tr"].source == pairs["fr"].source
    assert len(pairs["tr"].target) == 5
    assert pairs["tr"].target != pairs["fr"].target
    assert spec.reads == ((spec.data, ("en", "tr", "fr")),)
    assert spec.labels_seen == ()


def test_each_language_has_sentences_of_its_own(tmp_path):
    (tmp_path / "a.en").write_text("one\ntwo\n\n")
    (tmp_path / "a.fr").write_text("un\ndeux\ntrois\n")
    (tmp_path / "b.tsv").write_text("en\tde\nthree\tdrei\n")
    files = [str(tmp_path / name) for name in ("a.en", "a.fr", "b.tsv")]
    texts = (ParallelText(target="fr", files=files[:2]), ParallelText(target="de", files=files[2:]))
    spec = Translations(languages=("de", "fr"), parallel=texts)
    pairs = load_pairs(spec, "this test")
    assert pairs["de"] == (["three"], ["drei"])
    assert pairs["fr"] == (["one", "two"], ["un", "deux"])
    assert spec.reads == tuple(
        (FileSource(path=file), ("en", code)) for file, code in zip(files, ("fr", "fr", "de"), strict=True)
    )


def test_values_that_come_again():
    values = Repeated(np.array([[1.0], [2.0], [3.0]]))
    np.testing.assert_array_equal(values[np.array([0, 3, 5])], [[1.0], [1.0], [3.0]])


@pytest.mark.parametrize("languages", [(), ("en",), ("xx",)])
def test_languages_that_do_not_fit(languages):
    with pytest.raises(ValueError, match=r"languages|Unknown language"):
        Translations(languages=languages, data=WorldSource(rows=5))
