"""What is kept of parallel corpora, on a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

from polydistill.cli.screen import save_json, say, show_grid

if TYPE_CHECKING:
    from polydistill.data.translations.corpora import KeptPairs


def show(pairs: "KeptPairs", rows: int = 0, json: Path | None = None) -> None:
    """Print a line a corpus, with a column a reason that there is, and so many pairs of each language."""
    from polydistill.data.translations.filters import REASONS

    counts = pairs.counts
    reasons = [reason for reason in REASONS if any(count.dropped.get(reason) for count in counts)]
    lines = [
        (count.target, count.corpus, *_numbers(count.read, *(count.dropped.get(one, 0) for one in reasons), count.kept))
        for count in counts
    ]
    if len(counts) > 1:
        dropped = (sum(count.dropped.get(one, 0) for count in counts) for one in reasons)
        read, kept = (sum(getattr(count, name) for count in counts) for name in ("read", "kept"))
        lines.append(("", "all", *_numbers(read, *dropped, kept)))
    show_grid(("language", "corpus", "read", *reasons, "kept"), lines, left=("language", "corpus"))
    for code, table in pairs.rows.items():
        for row in table.take(min(rows, len(table))):
            say(f"{code}\t{row['source']}\t{row['target']}")
    save_json(json, counts)


def _numbers(*counts: int) -> tuple[str, ...]:
    return tuple(f"{count:,}" for count in counts)
