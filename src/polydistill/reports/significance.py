"""Is a difference more than noise? Paired tests over seeds and over examples, each as the difference a - b.

All tests are two-sided. Over seeds a difference is judged by Student's paired t test; with a single seed, over its
examples, which says how sure the difference is for these two models and nothing of other seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from scipy import stats

from polydistill.specs import Spec

LEVEL = 0.05
RESAMPLES = 10_000
_AT_ONCE = 500  # ours: samples whose counts are held at a time

Verdict = Literal["better", "worse", "within noise"]


@dataclass(frozen=True)
class Interval:
    """The mean difference a - b, its 95 % interval, and the p-value of no difference."""

    difference: float
    low: float
    high: float
    p: float


class Comparison(Spec):
    """A difference in the unit of the scores, its 95 % interval, the p-value, and what follows at 5 %.

    Where the scores are errors, the lower is the better (`lower`), and a difference below zero speaks for the first.
    """

    difference: float
    low: float
    high: float
    p: float
    verdict: Verdict
    test: str
    lower: bool = Field(default=False, exclude_if=lambda lower: not lower)

    @property
    def advantage(self) -> float:
        """The difference, positive where it speaks for the first."""
        return -self.difference if self.lower else self.difference


def verdict(advantage: float, p: float) -> Verdict:
    """What a two-sided p-value says at 5 %."""
    if p >= LEVEL or advantage == 0:
        return "within noise"
    return "better" if advantage > 0 else "worse"


def paired_t(a: ArrayLike, b: ArrayLike) -> Interval:
    """Student's paired t test over n >= 2 seeds: d_i = a_i - b_i, t = mean(d) / (sd(d) / sqrt(n)), n - 1 degrees.

    The interval is mean(d) -/+ t_{0.975, n-1} sd(d) / sqrt(n). Where all d_i are equal there is no spread to test
    against: p is 1 if they are 0, and otherwise that of the sign test, 2^(1 - n), so that two or three seeds that
    happen to differ by the same amount prove nothing.
    """
    differences = _differences(a, b, at_least=2)
    mean, count = float(differences.mean()), differences.size
    # A spread of rounding errors alone is no spread.
    if float(differences.std(ddof=1)) / count**0.5 <= 1e-12 * max(1.0, abs(mean)):
        return Interval(mean, mean, mean, 1.0 if abs(mean) <= 1e-12 else 2.0 ** (1 - count))
    found = stats.ttest_1samp(differences, 0.0)
    low, high = found.confidence_interval(1 - LEVEL)
    return Interval(mean, float(low), float(high), float(found.pvalue))


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> float:
    """McNemar's exact test over the examples of one seed: the p-value.

    Only examples that exactly one model has right count. If n of them are discordant and k of these are a's, then
    under no difference k is Binomial(n, 1/2); p = min(1, 2 P(X <= min(k, n - k))).
    """
    differences = _differences(correct_a, correct_b, at_least=1)
    only_a, only_b = int((differences > 0).sum()), int((differences < 0).sum())
    return float(stats.binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def paired_bootstrap(correct_a: ArrayLike, correct_b: ArrayLike, seed: int = 0) -> Interval:
    """The paired bootstrap over examples: 10,000 samples of n examples with replacement, the same for a and b.

    The interval holds the middle 95 % of the resampled mean differences; p is twice the smaller share of resamples
    on either side of zero, each counted with one more so that it is never 0. An example's value may be a share, such
    as in how many languages it is right; then whole examples are drawn, as translations of one row are not
    independent.
    """
    differences = _differences(correct_a, correct_b, at_least=1)
    # Drawing how often each distinct value occurs is the same bootstrap without a resamples x examples matrix.
    values, counts = np.unique(differences, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(differences.size, counts / differences.size, size=RESAMPLES)
    # Shares such as 1/6 do not add up exactly; a mean of zero must count as zero.
    means = np.round(drawn @ values / differences.size, 12)
    low, high = np.quantile(means, [LEVEL / 2, 1 - LEVEL / 2])
    tail = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return Interval(float(differences.mean()), float(low), float(high), min(1.0, 2 * (tail + 1) / (RESAMPLES + 1)))


def paired_bootstrap_f1(counts_a: ArrayLike, counts_b: ArrayLike, seed: int = 0) -> Interval:
    """The paired bootstrap for F1, which is no mean over examples: each sample's F1 is counted anew.

    The counts are entities right, said and there [languages, examples, 3]. A sample takes whole examples, the same for
    a and b and for all languages; its value is the mean over languages of F1 = 2 right / (said + there).
    """
    sides = [np.asarray(side, dtype=np.float64) for side in (counts_a, counts_b)]
    if sides[0].shape != sides[1].shape or sides[0].ndim != 3:
        raise ValueError(f"Paired counts have shapes {sides[0].shape} and {sides[1].shape}; expected one shape.")
    examples = sides[0].shape[1]
    generator, parts = np.random.default_rng(seed), []
    for _ in range(RESAMPLES // _AT_ONCE):
        times = generator.multinomial(examples, np.full(examples, 1 / examples), size=_AT_ONCE).astype(np.float64)
        first, second = (_mean_f1(np.einsum("se,lek->slk", times, side, optimize=True)) for side in sides)
        parts.append(np.round(first - second, 12))
    differences = np.concatenate(parts)
    found = _mean_f1(sides[0].sum(1)[None]) - _mean_f1(sides[1].sum(1)[None])
    low, high = np.quantile(differences, [LEVEL / 2, 1 - LEVEL / 2])
    tail = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return Interval(float(found[0]), float(low), float(high), min(1.0, 2 * (tail + 1) / (RESAMPLES + 1)))


def _mean_f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over languages of F1, for each sample [samples, languages, 3]; 0 where there is nothing."""
    number = counts[..., 1] + counts[..., 2]
    return np.asarray((2 * counts[..., 0] / np.maximum(number, 1)).mean(axis=-1))


def holm(pvalues: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down correction, in the order given: the i-th smallest of m becomes max_{j <= i} (m - j + 1) p_j.

    Rejecting where the result is under 5 % keeps the chance of any false rejection among the m under 5 %.
    """
    adjusted = [0.0] * len(pvalues)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(pvalues)), key=pvalues.__getitem__)):
        highest = max(highest, min(1.0, (len(pvalues) - rank) * pvalues[index]))
        adjusted[index] = highest
    return tuple(adjusted)


def compare(
    a: Mapping[int, float],
    b: Mapping[int, float],
    examples_a: ArrayLike | None = None,
    examples_b: ArrayLike | None = None,
    lower: bool = False,
) -> Comparison:
    """Compare system a with system b, given the score of each by seed; of errors the `lower` is the better.

    Two or more seeds in common: the paired t test over them. Otherwise over the examples of one seed of each, where
    given: McNemar's exact test for right or wrong, with the bootstrap's interval; the bootstrap alone for shares and
    errors, and for the counts behind an F1 [languages, examples, 3].
    """
    seeds = sorted(a.keys() & b.keys())
    if len(seeds) >= 2:
        found = paired_t([a[seed] for seed in seeds], [b[seed] for seed in seeds])
        test = f"paired t test over {len(seeds)} seeds"
    elif examples_a is not None and examples_b is not None and np.ndim(examples_a) == 3:
        found = paired_bootstrap_f1(examples_a, examples_b)
        test = "paired bootstrap of F1 over examples, one seed"
    elif examples_a is not None and examples_b is not None:
        found = paired_bootstrap(examples_a, examples_b)
        test = "paired bootstrap over examples, one seed"
        if _is_binary(examples_a) and _is_binary(examples_b):
            p = mcnemar(examples_a, examples_b)
            found = Interval(found.difference, found.low, found.high, p)
            test = "McNemar's exact test over examples, one seed"
    else:
        raise ValueError(
            f"Seeds {sorted(a)} and {sorted(b)} have {len(seeds)} in common; a paired test needs two seeds in common, "
            "or right and wrong by example for one. Run the missing seeds, or store the hits of the scores."
        )
    return Comparison(
        difference=found.difference,
        low=found.low,
        high=found.high,
        p=found.p,
        verdict=verdict(-found.difference if lower else found.difference, found.p),
        test=test,
        lower=lower,
    )


def corrected(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The same comparisons as one family: p-values after Holm's correction and the verdicts that follow."""
    pvalues = holm([one.p for one in comparisons])
    return tuple(
        one.model_copy(update={"p": p, "verdict": verdict(one.advantage, p)})
        for one, p in zip(comparisons, pvalues, strict=True)
    )


def _differences(a: ArrayLike, b: ArrayLike, at_least: int) -> NDArray[np.float64]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(
            f"Paired values have shapes {first.shape} and {second.shape}; expected two lists of one length."
        )
    if first.size < at_least:
        raise ValueError(f"{first.size} pairs; the test needs at least {at_least}.")
    return first - second


def _is_binary(values: ArrayLike) -> bool:
    return bool(np.isin(np.asarray(values, dtype=np.float64), (0.0, 1.0)).all())
