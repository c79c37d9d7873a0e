"""A set of hashes in eight bytes each says what a Python set says, however its content comes."""

import unicodedata

import numpy as np
import pytest

from polydistill.data.files.seen import Seen, hashes, normal


@pytest.mark.parametrize("chunk", [1, 7, 100, 1000])
def test_first_occurrences_are_those_of_a_set(chunk):
    rng = np.random.default_rng(chunk)
    coming = rng.integers(0, 400, 1000).astype(np.uint64)
    seen, known, expected = Seen(), set(), []
    for value in coming.tolist():
        expected.append(value not in known)
        known.add(value)
    parts = [coming[start : start + chunk] for start in range(0, len(coming), chunk)]
    found = np.concatenate([seen.new(part) for part in parts])
    assert found.tolist() == expected
    assert len(seen) == len(known)


def test_it_takes_eight_bytes_each_and_few_arrays():
    seen = Seen()
    for start in range(0, 50_000, 100):
        seen.new(np.arange(start, start + 100, dtype=np.uint64))
    assert sum(part.nbytes for part in seen._sorted) == 8 * 50_000
    assert len(seen._sorted) <= 10  # log2 of the number of chunks, and one


def test_nothing_is_nothing_new():
    seen = Seen()
    assert seen.new(hashes([])).tolist() == []
    assert len(seen) == 0


def test_hashes_tell_texts_apart_and_do_not_change():
    keys = [f"{number}" for number in range(10_000)]
    assert len(set(hashes(keys).tolist())) == len(keys)
    assert hashes(["bir"]).tolist() == hashes(["bir"]).tolist() == hashes(["iki", "bir"])[1:].tolist()


def test_texts_are_compared_as_they_are_seen():
    decomposed = unicodedata.normalize("NFD", "Gökyüzü açık")
    assert decomposed != "Gökyüzü açık"
    assert normal(decomposed) == normal("  Gökyüzü\u00a0 açık\t") == "Gökyüzü açık"
    assert normal("Açık") != normal("açık")  # case counts
