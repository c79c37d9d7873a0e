import itertools

import numpy as np
import pytest
from scipy import stats

from polydistill.reports.significance import (
    compare,
    corrected,
    holm,
    mcnemar,
    paired_bootstrap,
    paired_bootstrap_f1,
    paired_t,
)


@pytest.mark.parametrize("count", [2, 3, 5, 20])
def test_paired_t_equals_its_formula(count):
    generator = np.random.default_rng(count)
    a, b = generator.normal(0.8, 0.02, count), generator.normal(0.78, 0.02, count)
    found, differences = paired_t(a, b), a - b
    error = differences.std(ddof=1) / count**0.5
    reach = stats.t.ppf(0.975, count - 1) * error
    assert found.p == pytest.approx(2 * stats.t.sf(abs(differences.mean() / error), count - 1), rel=1e-12)
    assert found.difference == pytest.approx(np.mean(a) - np.mean(b), rel=1e-12)
    assert (found.low, found.high) == pytest.approx(
        (differences.mean() - reach, differences.mean() + reach), rel=1e-12, abs=1e-12
    )


def test_paired_t_gives_the_values_of_stored_tables():
    """As the tables in docs/results were made, before the test was SciPy's."""
    found = paired_t([0.81, 0.793, 0.822], [0.78, 0.79, 0.799])
    assert (found.difference, found.low, found.high, found.p) == pytest.approx(
        (0.018666666666666647, -0.016140821802932127, 0.053474155136265425, 0.1473948401245347), rel=1e-12, abs=1e-12
    )


def test_paired_t_without_spread():
    same = paired_t([0.5, 0.7], [0.5, 0.7])
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)
    shifted = paired_t([0.6, 0.8], [0.5, 0.7])
    assert shifted.p == 0.5  # two seeds that happen to differ alike prove nothing
    assert paired_t(np.arange(6) / 10 + 0.1, np.arange(6) / 10).p == 2**-5
    assert shifted.low == pytest.approx(0.1)


def test_paired_t_needs_two_pairs():
    with pytest.raises(ValueError, match="at least 2"):
        paired_t([0.5], [0.4])
    with pytest.raises(ValueError, match="two lists of one length"):
        paired_t([0.5, 0.4], [0.4])


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (5, 1), (3, 3), (2, 7), (0, 9)])
def test_mcnemar_equals_enumeration(only_a, only_b):
    """Under no difference each discordant example goes either way: all ways are counted."""
    n = only_a + only_b
    extreme = abs(only_a - only_b)
    outcomes = [abs(2 * sum(ways) - n) >= extreme for ways in itertools.product((0, 1), repeat=n)]
    a = [1] * only_a + [0] * only_b + [1, 1, 0]
    b = [0] * only_a + [1] * only_b + [1, 1, 0]
    assert mcnemar(a, b) == pytest.approx(np.mean(outcomes))


@pytest.mark.parametrize(("only_a", "only_b"), [(60, 31), (200, 260), (0, 80)])
def test_mcnemar_equals_twice_the_binomial_tail(only_a, only_b):
    a = [1] * only_a + [0] * only_b + [1, 0]
    b = [0] * only_a + [1] * only_b + [1, 0]
    tail = stats.binom.cdf(min(only_a, only_b), only_a + only_b, 0.5)
    assert mcnemar(a, b) == pytest.approx(min(1.0, 2 * tail), rel=1e-12)


def test_bootstrap_equals_enumeration_of_all_resamples():
    a, b = np.array([1, 1, 1, 0, 1]), np.array([0, 1, 0, 0, 1])
    means = [np.mean((a - b)[list(draw)]) for draw in itertools.product(range(5), repeat=5)]
    found = paired_bootstrap(a, b)
    assert found.difference == pytest.approx(0.4)
    assert (found.low, found.high) == (
        pytest.approx(np.quantile(means, 0.025)),
        pytest.approx(np.quantile(means, 0.975)),
    )
    assert found.p == pytest.approx(2 * np.mean(np.array(means) <= 0), abs=0.02)


def test_bootstrap_agrees_with_scipy():
    generator = np.random.default_rng(1)
    a, b = generator.random(400) < 0.8, generator.random(400) < 0.7
    found = paired_bootstrap(a, b, seed=3)
    known = stats.bootstrap((a * 1.0 - b,), np.mean, method="percentile", n_resamples=5000, rng=0, vectorized=True)
    assert found.low == pytest.approx(known.confidence_interval.low, abs=0.004)
    assert found.high == pytest.approx(known.confidence_interval.high, abs=0.004)
    assert found == paired_bootstrap(a, b, seed=3)
    assert found != paired_bootstrap(a, b, seed=4)


def test_bootstrap_of_shares_counts_zero_as_zero():
    """Sixths do not add up exactly; resamples without a difference must lie on both sides."""
    a = np.array([1 / 6, 2 / 6, 3 / 6] * 10)
    assert paired_bootstrap(a, a[::-1]).p > 0.8
    assert paired_bootstrap(a, a).p == 1


def test_holm():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.9, 0.6]) == (1.0, 1.0)
    assert holm([0.02]) == (0.02,)
    assert holm([]) == ()


def test_compare_over_seeds_uses_the_seeds_in_common():
    found = compare({0: 0.80, 1: 0.82, 2: 0.81, 7: 0.1}, {0: 0.70, 1: 0.73, 2: 0.70})
    known = stats.ttest_rel([0.80, 0.82, 0.81], [0.70, 0.73, 0.70])
    assert found.p == pytest.approx(known.pvalue)
    assert found.verdict == "better"
    assert found.test == "paired t test over 3 seeds"
    assert compare({0: 0.70, 1: 0.73}, {0: 0.80, 1: 0.8301}).verdict == "worse"
    assert compare({0: 0.70, 1: 0.73}, {0: 0.71, 1: 0.72}).verdict == "within noise"


def test_compare_with_one_seed_goes_over_examples_and_says_so():
    a, b = np.array([1] * 80 + [0] * 20), np.array([1] * 60 + [0] * 40)
    found = compare({0: 0.8}, {0: 0.6}, a, b)
    assert found.p == pytest.approx(mcnemar(a, b))
    assert found.difference == pytest.approx(0.2)
    assert found.verdict == "better"
    assert "McNemar" in found.test
    assert "one seed" in found.test
    shares = compare({0: 0.8}, {0: 0.6}, a * 0.5, b * 0.5)
    assert "bootstrap" in shares.test


def test_compare_without_pairs_says_the_way_out():
    with pytest.raises(ValueError, match="Run the missing seeds"):
        compare({0: 0.8, 1: 0.8}, {2: 0.6, 3: 0.6})


def test_a_family_of_comparisons_is_judged_more_strictly():
    one = compare({0: 0.80, 1: 0.82, 2: 0.83}, {0: 0.70, 1: 0.73, 2: 0.76})
    assert 0.005 < one.p < 0.05
    assert one.verdict == "better"
    family = corrected([one] * 10)
    assert {found.verdict for found in family} == {"within noise"}
    assert [found.p for found in family] == pytest.approx([10 * one.p] * 10)
    assert family[0].difference == one.difference


def mean_f1(counts):
    """The mean over languages of F1, one language at a time."""
    sums = np.asarray(counts).sum(axis=1)
    return float(np.mean([2 * right / (said + there) if said + there else 0.0 for right, said, there in sums]))


def drawn_counts(generator, languages, examples, skill):
    """Entities right, said and there."""
    there = generator.integers(0, 4, (languages, examples))
    said = generator.integers(0, 4, (languages, examples))
    right = generator.binomial(np.minimum(said, there), skill)
    return np.stack([right, said, there], axis=-1)


@pytest.mark.parametrize("languages", [1, 3])
def test_the_bootstrap_of_f1_counts_f1_anew_in_each_sample(languages):
    generator = np.random.default_rng(3)
    a, b = (drawn_counts(generator, languages, 60, skill) for skill in (0.9, 0.6))
    found = paired_bootstrap_f1(a, b)
    assert found.difference == pytest.approx(mean_f1(a) - mean_f1(b))
    rows = np.random.default_rng(9).integers(0, 60, (3000, 60))
    samples = [mean_f1(a[:, some]) - mean_f1(b[:, some]) for some in rows]
    low, high = np.quantile(samples, [0.025, 0.975])
    assert (found.low, found.high) == (pytest.approx(low, abs=0.02), pytest.approx(high, abs=0.02))
    assert found.p < 0.05
    other = paired_bootstrap_f1(b, a)
    assert other.difference == pytest.approx(-found.difference)
    assert (other.low, other.p) == (pytest.approx(-found.high, abs=1e-9), found.p)


def test_equal_counts_and_empty_sentences_differ_in_nothing():
    counts = drawn_counts(np.random.default_rng(0), 2, 30, 0.5)
    same = paired_bootstrap_f1(counts, counts)
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)
    nothing = np.zeros((1, 5, 3))
    assert paired_bootstrap_f1(nothing, nothing).p == 1
    with pytest.raises(ValueError, match=r"shapes \(2, 30, 3\) and \(2, 29, 3\)"):
        paired_bootstrap_f1(counts, counts[:, 1:])


def test_counts_are_compared_as_f1():
    generator = np.random.default_rng(1)
    a, b = (drawn_counts(generator, 2, 200, skill) for skill in (0.95, 0.5))
    found = compare({0: mean_f1(a)}, {0: mean_f1(b)}, a, b)
    assert (found.verdict, found.test) == ("better", "paired bootstrap of F1 over examples, one seed")
    assert "paired t test" in compare({0: 0.5, 1: 0.6}, {0: 0.4, 1: 0.5}, a, b).test
