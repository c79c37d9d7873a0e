"""The ledger: every claim of the papers in one row, with what our stored tables say of it."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import ValidationError
from rich import box
from rich.table import Table as View
from rich.text import Text
from scipy import stats

from polydistill.errors import DataError
from polydistill.papers.causes import CAUSES
from polydistill.papers.claims import Claim, JudgedClaim, Pair, Tested, judge
from polydistill.papers.columns import AVERAGE
from polydistill.papers.published import PAPERS, PublishedTable, published_paper, published_table
from polydistill.papers.table import Cell, Table
from polydistill.papers.wording import range_text, statement
from polydistill.reports.significance import Comparison, verdict
from polydistill.specs import Spec

Decision = Literal["reproduced", "not reproduced", "undecided", "not run"]
MOST_SEEDS = 200
"""More seeds than this are not counted: the difference is as good as none."""
HEADINGS = ("table", "scale", "claim", "paper", "ours", "seeds", "p", "decision")
_SCALE = re.compile(r"\((\w+) scale\)")


class Entry(Spec):
    """One claim; `needed` seeds would tell its difference from none four times in five, if it is what it seems."""

    table: str
    claim: str
    quote: str
    section: str
    printed: str
    decision: Decision
    setting: str = ""
    ours: str = ""
    seeds: int = 0
    p: float | None = None
    test: str = ""
    needed: int | None = None
    cause: str = ""

    @property
    def scale(self) -> str:
        """What ours was measured at, where the table says it: a real encoder's is `real`."""
        said = _SCALE.search(self.setting)
        return said[1] if said else ""

    @property
    def decided(self) -> str:
        """The decision, and how many seeds would help where there is none."""
        if self.decision != "undecided":
            return self.decision
        if not self.ours:
            return "undecided (not tested)"
        if self.seeds == 1:
            return "undecided (one seed, whose rows do not tell)"
        more = f"about {self.needed} seeds" if self.needed and self.needed <= MOST_SEEDS else f"over {MOST_SEEDS} seeds"
        return f"undecided ({more} would tell)"


def ledger(folder: Path) -> list[Entry]:
    """All claims of all papers, held against the tables that are stored as JSON in a folder."""
    stored = _stored(folder)
    return [
        entry for paper in PAPERS for table in published_paper(paper).tables for entry in _entries(table.id, stored)
    ]


def _stored(folder: Path) -> dict[str, list[Table]]:
    found: dict[str, list[Table]] = {}
    for file in sorted(folder.glob("*.json")):
        try:
            table = Table.model_validate_json(file.read_bytes())
        except ValidationError:  # the points of a figure, or anything else
            continue
        found.setdefault(table.id, []).append(table)
    if not found:
        raise DataError(
            folder,
            None,
            "no stored table",
            "files that `polydistill table ... --json FILE` writes",
            "Name their folder.",
        )
    return found


def _entries(id: str, stored: Mapping[str, Sequence[Table]]) -> Iterator[Entry]:
    published = published_table(id)
    if id not in stored:
        rows = [row.name for group in published.groups for row in group.rows]
        for one in judge(published.claims, partial(_as_printed, published)):
            words = _words(id, one.claim, rows, one.lower)
            yield Entry.model_validate({**words, "printed": _printed_text(one), "decision": "not run"})
    for table in sorted(stored.get(id, ()), key=lambda one: not _is_real(one)):
        judged = table.claims or judge(published.claims, partial(_test, table))
        rows = [row.name for group in table.groups for row in group.rows]
        yield from (_entry(table, one, rows) for one in judged)


def _is_real(table: Table) -> bool:
    """Whether it is of a real encoder, to which the causes that were found in the mini-world need not apply."""
    return "(real scale)" in table.setting


def _printed_text(judged: JudgedClaim) -> str:
    return range_text(judged.printed) if judged.printed else ""


def _as_printed(table: PublishedTable, claim: Claim, pair: Pair) -> Tested:
    """A pair in the paper's table alone."""
    for group in table.groups:
        rows = {row.name: row.cells for row in group.rows}
        if claim.group in ("", group.name) and pair.better in rows and pair.than in rows:
            a, b = rows[pair.better].get(pair.on), rows[pair.than].get(pair.than_on)
            if a is not None and b is not None:
                return Tested(None, 0, round(a - b, 6))
    return Tested(None, 0, None)


def _words(id: str, claim: Claim, rows: Sequence[str], lower: bool) -> dict[str, str]:
    return {
        "table": id,
        "claim": (f"{claim.group}: " if claim.group else "") + statement(claim, rows, "below" if lower else "above"),
        "quote": claim.quote,
        "section": claim.section,
    }


def _entry(table: Table, judged: JudgedClaim, rows: Sequence[str]) -> Entry:
    found, decision = judged.comparison, _decision(judged)
    given = {
        "setting": table.setting,
        "printed": _printed_text(judged),
        "decision": decision,
        "cause": "" if decision == "reproduced" or _is_real(table) else CAUSES.get(table.id, ""),
        **_words(table.id, judged.claim, rows, judged.lower),
    }
    if found is None:
        return Entry.model_validate(given)
    ours = f"{found.difference:+.1f} [{found.low:+.1f}, {found.high:+.1f}]"
    return Entry.model_validate(
        {
            **given,
            "ours": ours,
            "seeds": judged.seeds,
            "p": found.p,
            "test": found.test,
            "needed": _needed(found, judged.seeds) if decision == "undecided" else None,
        }
    )


def _decision(judged: JudgedClaim) -> Decision:
    return judged.finding if judged.finding in ("reproduced", "not reproduced") else "undecided"


def _needed(found: Comparison, seeds: int) -> int | None:
    """Seeds at which a difference of this size and spread is told from none at 5 % with a power of 80 %."""
    if seeds < 2 or found.difference == 0:
        return None
    error = (found.high - found.low) / 2 / float(stats.t.ppf(0.975, seeds - 1))
    effect = abs(found.difference) / (error * math.sqrt(seeds)) if error else math.inf
    quantiles = float(stats.norm.ppf(0.975) + stats.norm.ppf(0.8))
    return max(seeds + 1, math.ceil((quantiles / effect) ** 2))


def _test(table: Table, claim: Claim, pair: Pair) -> Tested:
    """A pair in a table that was stored before it had claims: Welch's test of its means, or what it compares itself."""
    for group in table.groups:
        cells = {row.name: {**row.cells, AVERAGE: row.average} for row in group.rows}
        if claim.group in ("", group.name) and pair.better in cells and pair.than in cells:
            a, b = cells[pair.better].get(pair.on), cells[pair.than].get(pair.than_on)
            if a is not None and b is not None:
                own = a.comparison if pair.than == table.reference and pair.on == pair.than_on else None
                return Tested(_welch(a, b) or own, min(a.seeds, b.seeds), _printed(a, b))
    return Tested(None, 0, None)


def _printed(a: Cell, b: Cell) -> float | None:
    return None if a.published is None or b.published is None else round(a.published - b.published, 6)


def _welch(a: Cell, b: Cell) -> Comparison | None:
    """Two means over seeds, not paired, as their values by seed are not stored; None where one has a single seed."""
    if a.mean is None or b.mean is None or a.spread is None or b.spread is None:
        return None
    test = stats.ttest_ind_from_stats(a.mean, a.spread, a.seeds, b.mean, b.spread, b.seeds, equal_var=False)
    parts = np.array([a.spread**2 / a.seeds, b.spread**2 / b.seeds])
    freedom = parts.sum() ** 2 / (parts**2 / (np.array([a.seeds, b.seeds]) - 1)).sum()
    difference, reach = a.mean - b.mean, float(stats.t.ppf(0.975, freedom)) * math.sqrt(parts.sum())
    p = float(test.pvalue)
    return Comparison(
        difference=difference,
        low=difference - reach,
        high=difference + reach,
        p=p,
        verdict=verdict(difference, p),
        test="Welch's t test of stored means",
    )


def cells(entry: Entry) -> tuple[str, ...]:
    """A row of the ledger."""
    p = "" if entry.p is None else "< 0.001" if entry.p < 0.001 else f"{entry.p:.3f}"
    seeds = str(entry.seeds) if entry.seeds else ""
    return (entry.table, entry.scale, entry.claim, entry.printed or "–", entry.ours or "–", seeds, p, entry.decided)


def counted(entries: Iterable[Entry]) -> str:
    """How many claims came out how, at each scale."""
    by_scale: dict[str, list[str]] = {}
    for entry in entries:
        by_scale.setdefault(entry.scale or "not run", []).append(entry.decision)
    missing = len(by_scale.pop("not run", ()))
    said = [
        f"{scale}: {len(found)} claims, "
        + ", ".join(f"{found.count(kind)} {kind}" for kind in ("reproduced", "not reproduced", "undecided"))
        for scale, found in by_scale.items()
    ]
    return "; ".join([*said, f"run at no scale: {missing}"]) + "."


def to_rich(entries: Sequence[Entry]) -> View:
    """The ledger for a terminal."""
    view = View(box=box.SIMPLE_HEAD, pad_edge=False, caption=counted(entries))
    for heading in HEADINGS:
        view.add_column(heading, overflow="fold")
    for entry in entries:
        view.add_row(*map(Text, cells(entry)))
    return view


def to_markdown(entries: Sequence[Entry]) -> str:
    """The ledger as a page, with the paper's words and the causes as far as they are known."""
    lines = [
        "# What the papers claim, and what ours say",
        "",
        "Made by `polydistill claims --markdown docs/results/claims.md` from the tables stored here. Differences are",
        "in points. A claim about several rows or columns is decided by its weakest pair; p-values are after Holm's",
        "correction over the claims of a table. `paper` is the smallest and largest difference that the paper prints.",
        "The scale `real` is a real encoder on the papers' benchmarks ([how](../real.md)), `world` a mini one on the",
        "mini-world.",
        "",
        counted(entries),
    ]
    for table in dict.fromkeys(entry.table for entry in entries):
        mine = [entry for entry in entries if entry.table == table]
        lines += ["", f"## {table}: {published_table(table).title}"]
        for setting in dict.fromkeys(entry.setting for entry in mine):
            lines += ["", *_section([entry for entry in mine if entry.setting == setting])]
    return "\n".join(lines) + "\n"


def _section(mine: Sequence[Entry]) -> list[str]:
    """The claims of one stored table, and why some do not hold."""
    said = [f"Ours: {mine[0].setting}.", ""] if mine[0].setting else []
    head = [_line(HEADINGS[2:]), _line(["---"] * len(HEADINGS[2:]))]
    rows = [_line([f"{one.claim} ({one.section}: “{one.quote}”)", *cells(one)[3:]]) for one in mine]
    causes = dict.fromkeys(one.cause for one in mine if one.cause)
    return [*said, *head, *rows, *(line for cause in causes for line in ("", f"Why: {cause}"))]


def _line(texts: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in texts) + " |"
