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
    """Write an HTML page of stored results: scores by language, loss curves, records."""
    from polydistill.reports.stored import report

    return report(folder, out)
