import numpy as np
import pytest

from polydistill.reports.vectors import alignment_picture, neighbour_purity, project

MEANINGS = [0, 0, 0, 1, 1, 1, 2, 2, 2]
LANGUAGES = ["en", "tr", "sw"] * 3


def vectors(by_meaning, by_language):
    generator = np.random.default_rng(0)
    meaning, code = np.eye(3)[MEANINGS], np.eye(3)[[LANGUAGES.index(one) for one in LANGUAGES]]
    return np.hstack([by_meaning * meaning, by_language * code]) + 0.01 * generator.standard_normal((9, 6))


def test_purity_of_aligned_vectors_is_one_whatever_their_lengths():
    aligned = vectors(1.0, 0.3) * np.arange(1, 10)[:, None]
    assert neighbour_purity(aligned, MEANINGS, LANGUAGES) == 1.0


def test_purity_counts_the_neighbours_by_hand():
    """Meaning b misses its translation in both directions, the others find theirs: 4 of 6 are right."""
    points = [[1, 0, 0], [1, 0.1, 0], [0, 1, 0], [0.2, 0, 1], [0, 0, 1], [0, 0.05, 1]]
    meanings, languages = ["a", "a", "b", "b", "c", "c"], ["en", "tr"] * 3
    assert neighbour_purity(points, meanings, languages) == pytest.approx(
        np.mean([True, True, False, False, True, True])
    )


def test_purity_looks_into_other_languages_only():
    """Sentences of one language lie together; what counts is who is nearest in the other."""
    assert neighbour_purity(vectors(0.3, 1.0), MEANINGS, LANGUAGES) == 1.0


def test_a_meaning_without_translation_does_not_count():
    points, meanings, languages = [[1, 0], [1, 0], [0, 1]], ["a", "a", "b"], ["en", "tr", "en"]
    assert neighbour_purity(points, meanings, languages) == 1.0
    with pytest.raises(ValueError, match="translation"):
        neighbour_purity(points, ["a", "b", "c"], languages)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one vector, one meaning and one language"):
        neighbour_purity(np.eye(3), [0, 1], ["en", "tr", "sw"])


def test_projection_is_fixed_by_its_seed_and_bounded_in_perplexity():
    points = vectors(1.0, 0.3)
    first = project(points, seed=1)
    assert first.shape == (9, 2)
    np.testing.assert_array_equal(first, project(points, seed=1))
    assert project(points[:4]).shape == (4, 2)
    with pytest.raises(ValueError, match="at least 4"):
        project(points[:3])


def test_picture_has_two_panels_and_their_numbers():
    before = np.random.default_rng(1).standard_normal((9, 6))
    plot, purity = alignment_picture(before, vectors(1.0, 0.3), MEANINGS, LANGUAGES)
    assert purity == {"before": neighbour_purity(before, MEANINGS, LANGUAGES), "after": 1.0}
    assert purity["before"] < 1
    assert len(plot.figure.axes) == 2
    assert plot.figure.axes[1].get_title(loc="left") == "After: 100 % of neighbours agree"
    assert "9 sentences in 3 languages and 3 meanings" in plot.alt
    legend = [text.get_text() for text in plot.figure.legends[0].get_texts()]
    assert legend == ["English", "Turkish", "Swahili"]
