"""Every number against its equation, what must not change it, and what cannot be measured."""

import numpy as np
import pytest

from polydistill.inspection.measures import (
    alignment,
    cka_by_layer,
    same_group,
    translations_found,
    uniformity,
)
from reference import inspection as paper

EXACT = {"rel": 0, "abs": 1e-9}
MEANINGS = [0, 0, 0, 1, 1, 1, 2, 2, 2]
LANGUAGES = ["en", "tr", "sw"] * 3


def linear_cka(one, other, unbiased=True):
    """Of one layer with one."""
    return float(cka_by_layer([one], [other], unbiased)[0, 0])


def drawn(count, width, seed=0):
    return np.random.default_rng(seed).normal(size=(count, width)) * np.arange(1, width + 1) + 3.0


def turned(vectors, seed=5):
    """Rotated, scaled and moved."""
    width = vectors.shape[1]
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, width)))
    return 2.5 * vectors @ rotation + np.arange(width)


def by_meaning(meaning, language):
    """Vectors that say so much of the meaning and so much of the language."""
    noise = np.random.default_rng(0).standard_normal((9, 6))
    codes = [("en", "tr", "sw").index(one) for one in LANGUAGES]
    return np.hstack([meaning * np.eye(3)[MEANINGS], language * np.eye(3)[codes]]) + 0.01 * noise


@pytest.mark.parametrize(
    ("count", "width", "other_width"), [(30, 5, 5), (30, 4, 9), (12, 40, 7), (12, 40, 50), (4, 3, 3)]
)
def test_cka_is_its_equation_whether_there_are_more_vectors_or_more_dimensions(count, width, other_width):
    one, other = drawn(count, width), drawn(count, other_width, seed=1)
    assert linear_cka(one, other, unbiased=False) == pytest.approx(paper.cka(one, other), **EXACT)
    assert linear_cka(one, other) == pytest.approx(paper.unbiased_cka(one, other), **EXACT)
    assert linear_cka(other, one) == pytest.approx(linear_cka(one, other), **EXACT)


@pytest.mark.parametrize("unbiased", [True, False])
def test_cka_of_what_is_turned_scaled_and_moved_is_one(unbiased):
    vectors = drawn(40, 6)
    assert linear_cka(vectors, turned(vectors), unbiased) == pytest.approx(1.0, abs=1e-9)
    other = drawn(40, 8, seed=1)
    found = linear_cka(turned(vectors), turned(other), unbiased)
    assert found == pytest.approx(linear_cka(vectors, other, unbiased), **EXACT)


def test_cka_of_unrelated_wide_vectors_is_high_by_the_biased_estimate_only():
    one, other = (np.random.default_rng(seed).normal(size=(50, 400)) for seed in (0, 1))
    assert linear_cka(one, other, unbiased=False) > 0.8
    assert abs(linear_cka(one, other)) < 0.05


def test_cka_by_layer_has_a_row_a_layer_of_the_first_model():
    ones, others = [drawn(20, 4, seed) for seed in (0, 1)], [drawn(20, 6, seed) for seed in (2, 3, 4)]
    found = cka_by_layer(ones, others)
    assert found.shape == (2, 3)
    assert found[1, 2] == linear_cka(ones[1], others[2])


def test_alignment_and_uniformity_are_their_equations():
    one, other = drawn(15, 4), drawn(15, 4, seed=1)
    assert alignment(one, other) == pytest.approx(paper.alignment(one, other), **EXACT)
    assert uniformity(one) == pytest.approx(paper.uniformity(one), **EXACT)


def test_alignment_is_0_where_directions_agree_and_4_where_they_are_opposite():
    vectors = drawn(5, 3)
    assert alignment(vectors, vectors * [[1], [2], [3], [4], [5]]) == pytest.approx(0, abs=1e-15)
    assert alignment(vectors, -vectors) == pytest.approx(4)


def test_uniformity_is_0_where_all_are_alike_and_its_chunks_do_not_matter(monkeypatch):
    assert uniformity(np.ones((6, 3))) == pytest.approx(0, abs=1e-15)
    vectors = drawn(25, 4)
    whole = uniformity(vectors)
    monkeypatch.setattr("polydistill.inspection.measures.similarities", _rows)
    assert uniformity(vectors) == pytest.approx(whole, **EXACT)


def _rows(points_ND, others_MD):
    for start in range(0, len(points_ND), 7):
        yield points_ND[start : start + 7] @ others_MD.T


@pytest.mark.parametrize("seed", range(3))
def test_shares_of_neighbours_are_counted(seed):
    vectors = by_meaning(0.02, 0.02) if seed == 0 else drawn(9, 4, seed)
    expected = paper.translations_found(vectors, MEANINGS, LANGUAGES)
    assert translations_found(vectors, MEANINGS, LANGUAGES) == pytest.approx(expected, **EXACT)
    for groups in (MEANINGS, LANGUAGES):
        for neighbours in (1, 2, 8):
            found = same_group(vectors, groups, neighbours)
            assert found == pytest.approx(paper.same_group(vectors, groups, neighbours), **EXACT)


def test_shares_of_neighbours_see_what_the_vectors_say():
    """Retrieval in each language finds translations where languages lie apart, too; the nearest of all are not they."""
    apart, together = by_meaning(0.3, 1.0), by_meaning(1.0, 0.3)
    assert translations_found(apart, MEANINGS, LANGUAGES) == translations_found(together, MEANINGS, LANGUAGES) == 1
    assert (same_group(apart, LANGUAGES, 2), same_group(apart, MEANINGS, 2)) == (1, 0)
    assert (same_group(together, LANGUAGES, 2), same_group(together, MEANINGS, 2)) == (0, 1)


def test_the_order_of_rows_and_the_length_of_vectors_change_nothing():
    order = np.random.default_rng(3).permutation(9)
    vectors = drawn(9, 4)
    longer = (vectors * np.arange(1, 10)[:, None])[order]
    meanings, languages = ([names[row] for row in order] for names in (MEANINGS, LANGUAGES))
    assert uniformity(longer) == pytest.approx(uniformity(vectors), **EXACT)
    assert translations_found(longer, meanings, languages) == translations_found(vectors, MEANINGS, LANGUAGES)
    assert same_group(longer, languages, 3) == same_group(vectors, LANGUAGES, 3)
    other = drawn(9, 6, seed=1)
    assert linear_cka(vectors[order], other[order]) == pytest.approx(linear_cka(vectors, other), **EXACT)


def test_a_vector_is_no_neighbour_of_itself_also_among_equal_ones():
    assert same_group(np.ones((6, 2)), ["a"] + ["b"] * 5, 5) == pytest.approx(5 * 4 / 30)
    assert same_group(np.ones((6, 2)), ["a"] * 6, 2) == 1  # where it is not even among so many nearest


def test_translations_by_hand():
    """Meaning b misses its translation in both directions, the others find theirs: 4 of 6 are right."""
    points = [[1, 0, 0], [1, 0.1, 0], [0, 1, 0], [0.2, 0, 1], [0, 0, 1], [0, 0.05, 1]]
    assert translations_found(points, ["a", "a", "b", "b", "c", "c"], ["en", "tr"] * 3) == pytest.approx(4 / 6)


def test_a_meaning_without_translation_does_not_count():
    points, meanings, languages = [[1, 0], [1, 0], [0, 1]], ["a", "a", "b"], ["en", "tr", "en"]
    assert translations_found(points, meanings, languages) == 1.0
    with pytest.raises(ValueError, match="translation"):
        translations_found(points, ["a", "b", "c"], languages)


@pytest.mark.parametrize(
    ("measure", "says"),
    [
        (lambda: translations_found(np.eye(3), [0, 1], ["en", "tr", "sw"]), "3 vectors, but 2 and 3 names"),
        (lambda: same_group(np.eye(3), [0, 1], 1), "3 vectors, but 2 names"),
        (lambda: same_group(np.eye(3), [0, 1, 2], 3), "neighbours is 3; expected 1 to 2"),
        (lambda: uniformity(np.eye(1)), "there is 1 vector"),
        (lambda: uniformity([]), r"shape \(0,\)"),
        (lambda: alignment(np.eye(3), np.eye(4)), r"shapes \(3, 3\) and \(4, 4\)"),
        (lambda: linear_cka(drawn(5, 2), drawn(6, 2)), "vectors of 5 and 6 texts"),
        (lambda: linear_cka(drawn(3, 2), drawn(3, 2)), "four at least; here are vectors of 3"),
        (lambda: linear_cka(np.ones((5, 2)) + 1e-8 * drawn(5, 2), drawn(5, 2)), "leave layer 0 out"),
    ],
)
def test_what_cannot_be_measured(measure, says):
    with pytest.raises(ValueError, match=says):
        measure()
