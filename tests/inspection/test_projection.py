import numpy as np
import pytest

from polydistill.inspection.projection import project, project_all

POINTS = np.random.default_rng(0).normal(size=(9, 6))


def test_a_projection_is_fixed_by_its_seed_and_bounded_in_perplexity():
    first = project(POINTS, seed=1)
    assert first.shape == (9, 2)
    np.testing.assert_array_equal(first, project(POINTS, seed=1))
    np.testing.assert_array_equal(first, project(POINTS, seed=1, perplexity=500))
    assert project(POINTS[:4]).shape == (4, 2)
    with pytest.raises(ValueError, match="at least 4"):
        project(POINTS[:3])


def test_vectors_of_one_width_share_a_plane():
    planes, together = project_all([POINTS[:5], POINTS[5:]])
    assert together
    np.testing.assert_array_equal(np.concatenate(planes), project(POINTS))


def test_vectors_of_several_widths_have_a_plane_each():
    planes, together = project_all([POINTS, POINTS[:, :3]])
    assert not together
    np.testing.assert_array_equal(planes[1], project(POINTS[:, :3]))
