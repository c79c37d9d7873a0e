"""The job compare: is one run better than another, where, and on which rows?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from polydistill.jobs.job import Argument, AsJson, Help, job
from polydistill.jobs.options import Place

if TYPE_CHECKING:
    from polydistill.reports.comparing import Compared


@job("Look", "polydistill compare before=tuned after=german --out compare.html", showing=AsJson)
def compare(
    runs: Annotated[
        Sequence[str | Path] | Mapping[str, Place],
        Argument(
            "Runs' folders, each also as NAME=FOLDER, or folders of the seeds of one system; the first is the one that "
            "the others are compared with.",
            many=True,
        ),
    ],
    metric: Annotated[str | None, Help("Which score to compare. Default: the first that the runs have.")] = None,
    out: Annotated[Place | None, Help("The page to write.")] = "compare.html",
) -> "Compared":
    """Compare runs: paired tests by language and over all, and the rows on which their answers differ.

    Over seeds that both have it is Student's paired t test; of one seed each, McNemar's exact test or the bootstrap
    over rows. With `out=None` nothing is written.
    """
    from polydistill.jobs import written
    from polydistill.reports.comparing import compared, sections, side
    from polydistill.reports.page import write_page

    if not isinstance(runs, Mapping):
        named = any("=" in str(one) and not Path(str(one)).is_dir() for one in runs)
        words = [str(one) for one in runs]
        expected = "NAME=FOLDER for each, or for none"
        runs = written.by_name("RUNS", words, expected) if named else {Path(one).name: one for one in words}
        if len(runs) < len(words):
            raise ValueError(f"Two of {', '.join(words)} are called alike. Name them: NAME=FOLDER.")
    if len(runs) < 2:
        raise ValueError(f"compare takes two runs or more, not {len(runs)}. Name another.")
    sides = [side(name, Path(folder)) for name, folder in runs.items()]
    found = compared(sides, metric)
    if out is not None:
        write_page(out, " and ".join(runs), sections(found, sides))
    return found
