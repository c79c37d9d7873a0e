"""The job report: stored results as a page."""

from pathlib import Path
from typing import Annotated

from polydistill.jobs.job import Argument, Help, job
from polydistill.jobs.options import Place


@job("Look", "polydistill report runs --out report.html")
def report(
    folder: Annotated[Place, Argument("A run's folder, or a folder of runs.")],
    out: Annotated[Place, Help("The page to write.")] = "report.html",
) -> Path:
    """Write an HTML page of stored results: scores by language, rows to look through, curves, resources, records.

    A run's own page, which is written at its end, has its rows with filters; a page of several runs compares them.
    """
    from polydistill.reports.stored import report

    return report(folder, out)
