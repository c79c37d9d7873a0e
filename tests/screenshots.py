"""Pictures of the pages for docs/images, in light: `make quickstart && make screenshots`.

    python tests/screenshots.py RUNS IMAGES

RUNS is the folder of runs that the quickstart has left; the pages of tables and claims are of docs/results.
"""

import io
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from browser import browser, opened
from polydistill import api
from polydistill.papers.jobs import claims
from polydistill.papers.page import of_claims, of_table
from polydistill.papers.table import Table
from polydistill.reports.page import write_page

WIDTH, HEIGHT, COLOURS = 1280, 860, 128
RESULTS = Path(__file__).parents[1] / "docs" / "results"


@dataclass(frozen=True)
class Shot:
    """One picture: of which page, from which part on, and after which choices in its fields."""

    page: Path
    part: str = ""
    chosen: tuple[tuple[str, str], ...] = ()


def shots(runs: Path, new: Path) -> dict[str, Shot]:
    """All pictures by name; pages that a run does not leave are made in the folder `new`."""
    (tuned,), (learned,) = (list(runs.glob(f"{kind}-*/results.json")) for kind in ("tune", "xd"))
    run, before = learned.parent, tuned.parent
    compared, table, claimed = (new / f"{name}.html" for name in ("compare", "table", "claims"))
    api.compare({"before": before, "after": run}, out=compared)
    api.inspect({"before": before, "after": run}, langs="en,fr,de,tr", out=new / "inspect")
    stored = Table.model_validate_json((RESULTS / "xd-3.json").read_bytes())
    write_page(table, f"{stored.id}: {stored.title}", of_table(stored))
    write_page(claimed, "What the papers claim, and what ours say", of_claims(claims(RESULTS)))
    return {
        "page_quickstart": Shot(runs / "quickstart" / "index.html"),
        "page_run": Shot(run / "report.html"),
        "page_run_rows": Shot(run / "report.html", "Row by row", (("which", "wrong"), ("language", "tr"))),
        "page_run_confusion": Shot(run / "report.html", "What is taken for what"),
        "page_compare": Shot(compared),
        "page_inspect": Shot(new / "inspect" / "inspect.html"),
        "page_table": Shot(table),
        "page_claims": Shot(claimed),
    }


def draw(running: Browser, chosen: Mapping[str, Shot], images: Path) -> None:
    """A PNG of each, in few colours."""
    for name, shot in chosen.items():
        page = opened(running, shot.page, WIDTH, HEIGHT).page
        for field, value in shot.chosen:
            page.select_option(f".rows [name={field}]", value)
        if shot.part:
            page.locator("h2", has_text=shot.part).first.evaluate("part => part.scrollIntoView()")
        drawn = Image.open(io.BytesIO(page.screenshot()))
        drawn.convert("RGB").quantize(COLOURS).save(images / f"{name}.png", optimize=True)
        page.context.close()


def main(runs: Path, images: Path) -> None:
    """Draw all of them."""
    with tempfile.TemporaryDirectory() as new, browser() as running:
        draw(running, shots(runs, Path(new)), images)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
