import numpy as np
import pytest

from polydistill.papers.published import published_table
from polydistill.papers.table import Entry, EntryGroup, Table, build_table
from polydistill.reports.significance import holm, mcnemar, paired_t
from polydistill.results import entity_score, word_score

PAPER = published_table("xd/3").group("XLM MLM+TLM")


def build(entries, **options):
    return build_table("xd/3", "XD", [EntryGroup("mini", entries)], **options)


def names(table):
    return tuple(column.name for column in table.columns)


@pytest.fixture
def entries(make_run):
    def runs(name, right, labels=("en",)):
        return [
            make_run(name, {code: count + 2 * seed for code, count in right.items()}, seed, labels)
            for seed in (0, 1, 2)
        ]

    return [
        Entry("Baseline", runs("Baseline", {"en": 80, "tr": 50, "sw": 40}), PAPER.row("Baseline")),
        Entry("MLT", runs("MLT", {"en": 80, "tr": 75, "sw": 70}, ("en", "tr", "sw")), PAPER.row("MLT")),
        Entry("IndT", (), PAPER.row("IndT")),
        Entry("XD", runs("XD", {"en": 79, "tr": 70, "sw": 67}), PAPER.row("XD")),
    ]


def test_cells_hold_mean_spread_and_the_published_number(entries):
    table = build(entries, published_over=15)
    assert names(table) == table.average_over == ("en", "tr", "sw")
    cell = table.groups[0].rows[0].cells["tr"]
    assert (cell.mean, cell.spread, cell.seeds) == (pytest.approx(52), pytest.approx(2), 3)
    assert cell.published == 72.4
    average = table.groups[0].rows[3].average
    assert average.mean == pytest.approx((81 + 72 + 69) / 3)
    assert average.published == 77.0
    assert Table.model_validate_json(table.model_dump_json()) == table


def test_zero_shot_follows_from_the_labels_seen(entries):
    rows = build(entries).groups[0].rows
    flags = {row.name: [cell.zero_shot for cell in row.cells.values()] for row in rows}
    assert flags == {
        "Baseline": [False, True, True],
        "MLT": [False, False, False],
        "IndT": [False, False, False],
        "XD": [False, True, True],
    }
    assert [cell.published_zero_shot for cell in rows[0].cells.values()] == [False, True, True]
    assert rows[1].labels_seen == ("en", "tr", "sw")
    assert rows[3].selected_on == ("dev/en",)


def test_a_row_that_only_the_paper_has(entries):
    row = build(entries, reference="Baseline").groups[0].rows[2]
    assert row.average.mean is None
    assert row.average.comparison is None
    assert row.cells["sw"].published == 70.9
    assert row.seeds == ()


def test_comparisons_over_seeds_are_corrected_by_family(make_run):
    """Averages are one family; the six language cells are another."""

    def runs(name, shift):
        return [make_run(name, {"en": 80 + shift[seed], "tr": 50 + 2 * shift[seed]}, seed) for seed in (0, 1, 2)]

    shifts = {"Baseline": (0, 0, 0), "A": (5, 6, 8), "B": (3, 2, 9)}
    rows = (
        build([Entry(name, runs(name, shift)) for name, shift in shifts.items()], reference="Baseline").groups[0].rows
    )
    assert rows[0].average.comparison is None
    raw = {name: paired_t(1.5 * np.array(shifts[name]), np.zeros(3)) for name in "AB"}
    averages = holm([raw["A"].p, raw["B"].p])
    assert [row.average.comparison.p for row in rows[1:]] == pytest.approx(averages)
    cells = holm([raw["A"].p, raw["A"].p, raw["B"].p, raw["B"].p])
    assert [cell.comparison.p for row in rows[1:] for cell in row.cells.values()] == pytest.approx(cells)
    found = rows[1].average.comparison
    assert (found.difference, found.low) == (pytest.approx(1.5 * 19 / 3), pytest.approx(raw["A"].low))
    assert found.verdict == "better"
    assert rows[2].average.comparison.verdict == "within noise"


def test_one_seed_is_compared_over_examples(make_run):
    base, better = make_run("Baseline", {"en": 50, "tr": 40}), make_run("XD", {"en": 50, "tr": 90})
    row = build([Entry("Baseline", [base]), Entry("XD", [better])], reference="Baseline").groups[0].rows[1]
    tr = row.cells["tr"].comparison
    raw = [mcnemar(better.by_language()[code].correct, base.by_language()[code].correct) for code in ("en", "tr")]
    assert tr.p == pytest.approx(min(1.0, 2 * raw[1]))
    assert "McNemar" in tr.test
    assert tr.difference == pytest.approx(50)
    assert row.cells["tr"].spread is None
    assert "bootstrap" in row.average.comparison.test
    assert row.average.comparison.verdict == "better"


def test_models_that_no_seed_changes_are_compared_over_examples(make_run):
    """Ready models, scored thrice: three equal differences say no more than one."""

    def ready(name, right):
        return Entry(name, [make_run(name, right).model_copy(update={"seed": seed}) for seed in (0, 1, 2)])

    entries = [ready("Baseline", {"en": 60, "tr": 50}), ready("XD", {"en": 90, "tr": 80})]
    found = build(entries, reference="Baseline").groups[0].rows[1].cells["tr"].comparison
    assert found.test == "McNemar's exact test over examples, one seed"
    assert found.verdict == "better"
    varied = Entry("XD", [make_run("XD", {"en": 90 + seed, "tr": 80 + seed}, seed) for seed in (0, 1, 2)])
    found = build([entries[0], varied], reference="Baseline").groups[0].rows[1].cells["tr"].comparison
    assert found.test == "paired t test over 3 seeds"


def test_scores_on_other_rows_are_not_compared(make_run):
    base = [make_run("Baseline", {"en": 50}, seed) for seed in (0, 1)]
    other = [make_run("XD", {"en": 90}, seed, data_fingerprint="other rows") for seed in (0, 1)]
    row = build([Entry("Baseline", base), Entry("XD", other)], reference="Baseline").groups[0].rows[1]
    assert row.average.comparison is None


def test_without_a_seed_in_common_nothing_is_compared(make_run):
    entries = [Entry("Baseline", [make_run("Baseline", {"en": 50}, 0)]), Entry("XD", [make_run("XD", {"en": 90}, 1)])]
    assert build(entries, reference="Baseline").groups[0].rows[1].average.comparison is None


def test_a_block_may_show_some_columns_and_still_average_over_all(make_run):
    """Table 4 prints English, the other language and the average over all."""
    run = make_run("XD", {"en": 90, "fr": 80, "tr": 70, "sw": 60})
    groups = [EntryGroup(code, [Entry("XD", [run])], columns=("en", code)) for code in ("fr", "sw")]
    table = build_table("xd/4", "pairs", groups)
    assert names(table) == ("en", "fr", "sw")
    assert table.average_over == ("en", "fr", "tr", "sw")
    assert list(table.groups[1].rows[0].cells) == ["en", "sw"]
    assert table.groups[1].rows[0].average.mean == pytest.approx(75)


def test_a_run_that_lacks_a_language_has_no_average(make_run):
    entries = [Entry("A", [make_run("A", {"en": 50, "tr": 40})]), Entry("B", [make_run("B", {"en": 50})])]
    row = build(entries).groups[0].rows[1]
    assert row.cells["en"].mean == pytest.approx(50)
    assert row.cells["tr"].mean is None
    assert row.average.mean is None


def test_published_alone_shows_the_papers_table():
    table = build_table("xd/3", "XD", [EntryGroup("TLM", [Entry(row.name, (), row) for row in PAPER.rows])])
    assert len(table.columns) == 15
    assert table.groups[0].rows[3].average.published == 77.0


def test_a_block_without_runs_may_show_columns_that_the_paper_lacks():
    printed = published_table("xd/3").groups[0].rows[0]
    assert "ta" not in printed.scores
    table = build_table("t", "t", [EntryGroup("g", [Entry("A", (), printed)], columns=("en", "ta"))])
    assert (names(table), table.average_over[:2]) == (("en", "ta"), ("en", "ta"))
    assert table.groups[0].rows[0].cells["ta"].published is None


def test_rows_that_mix_systems_are_refused(make_run):
    def with_runs(*runs):
        return [Entry("XD", runs)]

    first = make_run("XD", {"en": 50})
    with pytest.raises(ValueError, match="each seed once"):
        build(with_runs(first, first))
    with pytest.raises(ValueError, match="mixes runs with labels_seen"):
        build(with_runs(first, make_run("XD", {"en": 50}, 1, labels_seen=("en", "tr"))))
    with pytest.raises(ValueError, match="mixes runs with selected_on"):
        build(with_runs(first, make_run("XD", {"en": 50}, 1, selected_on=("dev/tr",))))


def test_unknown_names_and_empty_tables_are_refused(make_run):
    run = make_run("XD", {"en": 50})
    with pytest.raises(ValueError, match="Unknown reference row 'Base'"):
        build([Entry("XD", [run])], reference="Base")
    with pytest.raises(ValueError, match="Unknown column 'de'"):
        build_table("t", "t", [EntryGroup("g", [Entry("XD", [run])], columns=("de",))])
    with pytest.raises(ValueError, match="no published row"):
        build([Entry("XD", [run])], split="dev")


def tagged_run(make_run, name, seed, right):
    """A run whose scores are F1: of 50 sentences with one entity, the first so many are right."""
    counts = np.array([[int(at < right), 1, 1] for at in range(50)])
    scores = tuple(entity_score(code, counts, data_fingerprint="rows") for code in ("en", "tr"))
    return make_run(name, {"en": 50}, seed).model_copy(update={"scores": scores})


def test_f1_is_compared_by_sentence_where_there_is_one_seed(make_run):
    entries_ = [Entry(name, [tagged_run(make_run, name, 0, right)]) for name, right in (("a", 20), ("b", 45))]
    table = build(entries_, metric="f1", reference="a")
    first, second = table.groups[0].rows
    assert (first.average.mean, second.average.mean) == (pytest.approx(40), pytest.approx(90))
    assert second.average.comparison.test == "paired bootstrap of F1 over examples, one seed"
    assert second.average.comparison.verdict == "better"
    assert second.average.comparison.difference == pytest.approx(50)
    assert second.cells["tr"].comparison.low > 0


def answering_run(make_run, name, right):
    """A run whose scores are mean F1s: of 50 answers of two words, each with one right, the first so many have both."""
    counts = np.array([[1 + (at < right), 2, 2] for at in range(50)])
    scores = tuple(word_score(code, counts, data_fingerprint="rows") for code in ("en", "tr"))
    return make_run(name, {"en": 50}, 0).model_copy(update={"scores": scores})


def test_a_mean_f1_is_compared_by_question(make_run):
    runs = [Entry(name, [answering_run(make_run, name, right)]) for name, right in (("a", 10), ("b", 30))]
    first, second = build(runs, metric="f1", reference="a").groups[0].rows
    assert (first.average.mean, second.average.mean) == (pytest.approx(60), pytest.approx(80))
    assert second.average.comparison.test == "paired bootstrap over examples, one seed"
    assert second.average.comparison.difference == pytest.approx(20)
    assert second.average.comparison.verdict == "better"


def test_f1_without_counts_cannot_be_compared(make_run):
    bare = tagged_run(make_run, "b", 0, 45)
    bare = bare.model_copy(update={"scores": tuple(one.model_copy(update={"entities": None}) for one in bare.scores)})
    table = build([Entry("a", [tagged_run(make_run, "a", 0, 20)]), Entry("b", [bare])], metric="f1", reference="a")
    assert table.groups[0].rows[1].average.comparison is None
