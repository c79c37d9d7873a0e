"""Tables, figures and claims as pages."""

from pathlib import Path

from polydistill.papers.jobs import claims
from polydistill.papers.page import Scores, of_claims, of_figure, of_table
from polydistill.papers.table import Entry, EntryGroup, build_table
from polydistill.reports.figures import Figure, Line, Panel, Point
from polydistill.reports.page import Grid

RESULTS = Path(__file__).parents[2] / "docs" / "results"


def test_a_table_begins_with_its_best_rows(make_run):
    entries = [Entry(name, [make_run(name, {"en": right})]) for name, right in (("a", 50), ("b", 60), ("c", 55))]
    parts = of_table(build_table("t", "Title", [EntryGroup("E", entries)], setting="here"))
    (best,) = parts[0].numbers
    assert (best.value, best.label) == ("60.0", "b, E: avg of 1")
    assert parts[0].lead == "Title: accuracy in points. Ours: here."
    assert [type(part) for part in parts[1:2]] == [Scores]


def test_a_figure_has_its_points():
    line = Line(name="s", points=(Point(x=1, mean=50.0),))
    made = Figure(
        id="f",
        title="T",
        setting="here",
        seeds=(0,),
        x="layer",
        y="accuracy",
        panels=(Panel(title="tr", lines=(line,)),),
    )
    picture, points = of_figure(made)
    assert picture.caption == "accuracy by layer; here."
    assert (points.columns, points.rows) == (["panel", "layer", "1"], [["tr", "s", "50.0"]])


def test_claims_are_counted_and_each_says_what_it_rests_on():
    entries = claims(RESULTS)
    short, *grids = of_claims(entries)
    assert sum(int(number.value) for number in short.numbers) == len(entries)
    assert all(isinstance(grid, Grid) for grid in grids)
    assert sum(len(grid.rows) for grid in grids) == len(entries)
    assert grids[0].columns == ("claim", "scale", "paper", "ours", "seeds", "p", "decision")
