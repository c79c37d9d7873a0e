"""`polydistill small` on a real encoder: German, Turkish, Swahili and English in at most 15 MB.

    python benchmarks/real/small.py --models DIR --data DIR --out runs --depth 4

The multilingual encoder of `--models` teaches its vectors of a half of the Tatoeba pairs of German and Turkish, Turkish
news of WMT and Swahili of Global Voices; nothing of NTREX, on which all are compared (translations found among 1,997
sentences, to and from English). Goal: at most 15 MB in int8, at least 95 % of the large one's retrieval, and at least 4
times its rows a second.
"""

from folders import Folders, parser
from static import LANGUAGES, pairs, tests

import polydistill
from measuring import Row, markdown, write
from polydistill.reports.pareto import Shrunk, points_grid


def page(found: Shrunk) -> None:
    """The table, and whether the goal is reached."""
    grid, large = points_grid(found), found.points[0]
    rows: list[Row] = [dict(zip(grid.columns, row, strict=True)) for row in grid.rows]
    reached = [
        one.name
        for one in found.points[1:]
        if one.size <= found.budget and one.score >= 0.95 * large.score and one.rows_a_second >= 4 * large.rows_a_second
    ]
    about = str(__doc__).partition("\n\n    python")[0] + str(__doc__).partition("runs --depth 4\n")[2]
    said = f"Goal reached by: {', '.join(reached) or 'none'}."
    write("small", "Small models of a real encoder", [about, markdown(rows), grid.remark, said], rows)


def main() -> None:
    """Make what is not there yet, and write the page."""
    options = parser(__doc__, "runs")
    options.add_argument("--depth", default="4", help="such as 3,4,6")
    options.add_argument("--steps", type=int, default=800)
    options.add_argument("--rows", type=int, default=1997, help="sentences of NTREX that all are compared on")
    given = options.parse_args()
    folders = Folders(given.models, given.data, given.out)
    languages = ("en", *LANGUAGES)
    ntrex = {code: str(file) for one in LANGUAGES for code, file in tests(folders, one)["NTREX"].items()}
    sentences = {code: f"file:{file}?rows={given.rows}" for code, file in ntrex.items()}
    page(
        polydistill.small(
            folders.models / "polyglot", languages, {code: folders.text(code) for code in languages},
            parallel=pairs(folders), test=polydistill.as_source(sentences, aligned=True),
            budget="15MB", depth=given.depth, steps=given.steps, precision="bf16", out=given.out / "small",
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
