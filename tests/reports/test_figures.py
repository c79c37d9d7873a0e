"""Figures: the mean and spread over seeds at each place, drawn where they are."""

import pytest

from polydistill.reports.figures import Figure, Line, Panel, Point, draw, line, to_markdown

SEEDS = [[(1.0, 10.0), (2.0, 20.0), (3.0, 5.0)], [(1.0, 14.0), (2.0, 20.0)]]


def figure(*lines, seeds=(0, 1)):
    panels = (Panel(title="tr-en", lines=lines), Panel(title="sw-en", lines=lines))
    return Figure(
        id="mono/4.1", title="Retrieval", setting="a test", seeds=seeds, x="layer", y="accuracy, %", panels=panels
    )


def test_a_point_is_the_mean_over_seeds_with_their_spread():
    made = line("teacher", SEEDS)
    assert [point.x for point in made.points] == [1, 2]  # at 3 one seed has nothing
    assert made.points[0].mean == 12
    assert made.points[0].spread == pytest.approx(8**0.5)
    assert made.points[1].spread == 0
    assert line("teacher", SEEDS[:1]).points[2] == Point(x=3, mean=5)
    assert line("teacher", []).points == ()


def test_lines_run_through_their_points():
    plot = draw(figure(line("teacher", SEEDS), line("student", SEEDS[:1])))
    for axes in plot.figure.axes:
        teacher, student = (container.lines[0] for container in axes.containers)
        assert list(teacher.get_xydata()[0]) == [1, 12]
        assert list(student.get_ydata()) == [10, 20, 5]
    assert [axes.get_title(loc="left") for axes in plot.figure.axes] == ["tr-en", "sw-en"]
    assert plot.figure.axes[0].get_ylabel() == "accuracy, %"


def test_the_points_as_a_table():
    said = to_markdown(figure(line("teacher", SEEDS), line("student", SEEDS[:1])))
    assert "| tr-en | teacher | 12.0 ± 2.8 | 20.0 ± 0.0 | – |" in said
    assert "| sw-en | student | 10.0 | 20.0 | 5.0 |" in said
    assert "2 seeds" in said


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="has no points"):
        draw(figure(Line(name="teacher", points=())))
