"""Differences and claims in words."""

from collections.abc import Sequence

from polydistill.papers.claims import Claim, JudgedClaim, Pair
from polydistill.papers.columns import AVERAGE
from polydistill.reports.significance import Comparison

CLAIMS_NOTE = (
    "Claims of the paper: all the pairs of rows that a claim names must come out as it says, so the weakest pair "
    "decides; p-values after Holm's correction over the claims."
)


def difference_text(found: Comparison, against: str) -> str:
    """A difference in points with its interval, such as `+3.1 [+1.9, +4.3] against Baseline, p = 0.002`."""
    p = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"
    return f"{found.difference:+.1f} [{found.low:+.1f}, {found.high:+.1f}] against {against}, {p}"


def claim_text(judged: JudgedClaim, rows: Sequence[str]) -> str:
    """A claim about a table of these rows, what ours say of it and by how much, and the paper's words."""
    claim = judged.claim
    printed = f" (paper: {range_text(judged.printed)})" if judged.printed else ""
    where = f"Section {claim.section}" if claim.section[0].isdigit() else claim.section
    cited = f"{where}: “{claim.quote}”"
    said = f"Claim {judged.finding}: {statement(claim, rows, 'below' if judged.lower else 'above')}{printed}."
    if judged.comparison is None or judged.decided_by is None:
        return f"{said} Why: {judged.because}. {cited}"
    seeds = "one seed only" if judged.seeds == 1 else f"{judged.seeds} seeds"
    return f"{said} {_decisive(claim, judged.decided_by, judged.comparison)}, {seeds}. {cited}"


def statement(claim: Claim, rows: Sequence[str], where: str) -> str:
    """Such as `MLT, XD above Baseline in the average`; of errors the better are below."""
    better, than = _names(claim.better, claim.than, rows), _names(claim.than, claim.better, rows)
    if not claim.than_on:
        return f"{better} {where} {than} in {_columns(claim.on)}"
    return f"{better} in {_columns(claim.on)} {where} {than} in {_columns(claim.than_on)}"


def _names(names: Sequence[str], others: Sequence[str], rows: Sequence[str]) -> str:
    """The rows of one side of a claim, in short where they are all but the other side's."""
    whole = len(names) > 3 and set(names) == set(rows) - set(others)  # ours: up to three names are as short
    return "every other row" if whole else ", ".join(names)


def _decisive(claim: Claim, pair: Pair, comparison: Comparison) -> str:
    """The deciding pair's difference, which names what the claim leaves open."""
    against = pair.than if pair.than_on == pair.on else f"{pair.than} in {_columns((pair.than_on,))}"
    where = f" in {_columns((pair.on,))}" if len(claim.on) > 1 else ""
    who = f" {pair.better}" if len(claim.better) > 1 else ""
    return f"Ours{who}{where}: {difference_text(comparison, against)}"


def _columns(names: Sequence[str]) -> str:
    return ", ".join("the average" if name == AVERAGE else name for name in names)


def range_text(printed: tuple[float, float]) -> str:
    """The smallest and the largest difference, or the one that there is."""
    low, high = (f"{value:+.1f}" for value in printed)
    return low if low == high else f"{low} to {high}"
