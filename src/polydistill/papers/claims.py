"""What a paper claims about a table, as data, and whether our results say the same, by paired tests."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from polydistill.errors import unknown
from polydistill.papers.columns import AVERAGE, Column
from polydistill.reports.significance import Comparison, corrected
from polydistill.specs import Spec

Finding = Literal["reproduced", "not reproduced", "within noise", "not tested"]

_FINDINGS: Mapping[str, Finding] = {
    "better": "reproduced",
    "worse": "not reproduced",
    "within noise": "within noise",
}


class Pair(NamedTuple):
    """One comparison of a claim: the cell that should be the better, and the cell it is held against."""

    better: str
    on: str
    than: str
    than_on: str


class Claim(Spec):
    """Each row of `better` is better than each of `than`, in each of the columns `on` (`average` is the main average).

    `than_on` are the columns of `than`, one for each of `on`, where they are not the same; `group` is the block, where
    several have such rows. `quote` and `section` are the paper's.
    """

    group: str = Field(default="", exclude_if=lambda group: not group)
    better: tuple[str, ...] = Field(min_length=1)
    than: tuple[str, ...] = Field(min_length=1)
    on: tuple[str, ...] = Field(default=(AVERAGE,), min_length=1)
    than_on: tuple[str, ...] = ()
    quote: str
    section: str = Field(min_length=1)

    @model_validator(mode="after")
    def _columns_pair_up(self) -> Self:
        if self.than_on and len(self.than_on) != len(self.on):
            raise ValueError(f"than_on names {len(self.than_on)} columns; expected one for each of {list(self.on)}.")
        return self

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All that must hold for the claim to hold."""
        columns = zip(self.on, self.than_on or self.on, strict=True)
        return tuple(
            Pair(better, on, than, than_on) for (on, than_on), better, than in product(columns, self.better, self.than)
        )


class JudgedClaim(Spec):
    """A claim and what we find: the pair in which it holds least, that pair's comparison, and the paper's differences.

    Where it is `not tested`, `because` says why. `printed` holds the smallest and the largest difference, in points.
    `lower` says that the claim is about errors, of which the lower is the better.
    """

    claim: Claim
    finding: Finding
    decided_by: Pair | None = None
    comparison: Comparison | None = None
    seeds: int = 0
    printed: tuple[float, float] | None = None
    because: str = ""
    lower: bool = Field(default=False, exclude_if=lambda lower: not lower)


class Tested(NamedTuple):
    """A pair's comparison where there is one, over how many common seeds, the paper's difference, and of what kind."""

    comparison: Comparison | None
    seeds: int
    printed: float | None
    lower: bool = False


def judge(claims: Sequence[Claim], test: Callable[[Claim, Pair], Tested]) -> tuple[JudgedClaim, ...]:
    """Hold each claim against our results; `test` compares one pair.

    A claim is reproduced where all its pairs come out better, so the pair with the weakest evidence decides and no
    correction is needed within the claim. It is not reproduced where any pair comes out worse; the strongest such
    pair decides, with its p-value times the number of pairs (Bonferroni). All claims are one family by Holm's method.
    """
    judged = [_judged(claim, {pair: test(claim, pair) for pair in claim.pairs}) for claim in claims]
    family = iter(corrected([one.comparison for one in judged if one.comparison]))
    return tuple(_settled(one, next(family)) if one.comparison else one for one in judged)


def _judged(claim: Claim, tested: Mapping[Pair, Tested]) -> JudgedClaim:
    known = [one.printed for one in tested.values() if one.printed is not None]
    printed = (min(known), max(known)) if known else None
    found = {pair: one.comparison for pair, one in tested.items() if one.comparison is not None}
    against = {pair: one for pair, one in found.items() if one.advantage < 0}
    lower = any(one.lower for one in tested.values())
    missing = [pair for pair in tested if pair not in found]
    if against:
        decisive = min(against, key=lambda pair: against[pair].p)
        comparison = against[decisive].model_copy(update={"p": min(1.0, len(tested) * against[decisive].p)})
    elif missing:
        seeds = min(tested[pair].seeds for pair in missing)
        return JudgedClaim(
            claim=claim, finding="not tested", seeds=seeds, printed=printed, because=_why(seeds), lower=lower
        )
    else:
        decisive = max(found, key=lambda pair: found[pair].p)
        comparison = found[decisive]
    return JudgedClaim(
        claim=claim,
        finding=_FINDINGS[comparison.verdict],
        decided_by=decisive,
        comparison=comparison,
        seeds=tested[decisive].seeds,
        printed=printed,
        lower=lower,
    )


def _why(seeds: int) -> str:
    """Why a pair with so many seeds in common has no comparison."""
    if seeds == 0:
        return "runs are missing"
    if seeds == 1:
        return "one seed only, and its scores cannot be compared row by row"
    return "the two were not scored on the same rows"


def _settled(judged: JudgedClaim, comparison: Comparison) -> JudgedClaim:
    return judged.model_copy(update={"comparison": comparison, "finding": _FINDINGS[comparison.verdict]})


def check_names(claim: Claim, rows: Sequence[str], columns: Mapping[str, Column]) -> None:
    """Refuse a claim about rows or columns that a table does not have."""
    for row in (*claim.better, *claim.than):
        if row not in rows:
            raise unknown("row of a claim", row, rows)
    for column in (*claim.on, *claim.than_on):
        if column not in (*columns, AVERAGE):
            raise unknown("column of a claim", column, (*columns, AVERAGE))
