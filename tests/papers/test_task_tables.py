"""Tables whose columns are tasks, shots and means, and not only languages."""

import re
from pathlib import Path

import numpy as np
import pytest
from rendered import to_text

from polydistill.languages import LANGUAGES
from polydistill.papers.columns import Column
from polydistill.papers.page import Scores
from polydistill.papers.published import Layout, PublishedRow, published_paper, published_table
from polydistill.papers.rendering import notes, to_markdown
from polydistill.papers.table import Entry, EntryGroup, Table, build_table
from polydistill.reports.significance import holm, paired_t
from polydistill.results import entity_score

COLUMNS = (
    Column(name="XNLI tr", language="tr", task="XNLI"),
    Column(name="NER tr", language="tr", task="NER", metric="f1", split="dev"),
    Column(name="NER tr k=10", language="tr", task="NER", metric="f1", split="dev", shots=10),
    Column(name="cosine tr", language="tr", task="Tatoeba", labelled=False, hidden=True),
    Column(name="mean", over=("NER tr", "cosine tr"), published_over=4),
)
LAYOUT = Layout(columns=COLUMNS, average_over=("XNLI tr", "NER tr"), remarks=("Dev and test.",))
SEEDS = (0, 1, 2)


@pytest.fixture
def entry(make_run):
    """A row with so many of 100 right by part and seed; NER has an F1 on dev, and no right or wrong by row."""

    def as_f1(run):
        scores = [one.model_copy(update={"metric": "f1", "split": "dev", "hits": None}) for one in run.scores]
        return run.model_copy(update={"scores": tuple(scores)})

    def make(name, seeds=SEEDS, published=None, **right):
        xnli = [make_run(name, {"tr": right["xnli"][seed]}, seed) for seed in seeds]
        ner = [as_f1(make_run(name, {"tr": right["ner"][seed]}, seed, selected_on=("dev/tr",))) for seed in seeds]
        shots = [as_f1(make_run(name, {"tr": 90}, seed, labels_seen=("en", "tr"))) for seed in seeds]
        cosine = [make_run(name, {"tr": right["cosine"]}, seed, labels_seen=(), selected_on=()) for seed in seeds]
        runs = {"XNLI": xnli, "NER": ner, "NER k=10": shots, "Tatoeba": cosine}
        return Entry(name, runs, published)

    return make


@pytest.fixture
def table(entry):
    scores = {"XNLI tr": 71.7, "NER tr": 69.3, "NER tr k=10": 74.2, "mean": 50.0}
    published = PublishedRow(name="A", labels_seen=("en",), scores=scores, average=70.5)
    entries = [
        entry("A", xnli=(60, 61, 62), ner=(50, 54, 52), cosine=30, published=published),
        entry("B", xnli=(70, 72, 71), ner=(40, 41, 44), cosine=30),
    ]
    return build_table("t/1", "t", [EntryGroup("g", entries)], "A", published_over=6, layout=LAYOUT)


def test_each_column_reads_its_part_metric_and_split(table):
    cells = table.groups[0].rows[0].cells
    assert list(cells) == ["XNLI tr", "NER tr", "NER tr k=10", "mean"]
    assert [cell.mean for cell in cells.values()] == pytest.approx([61, 52, 90, (52 + 30) / 2])
    assert table.groups[0].rows[0].average.mean == pytest.approx((61 + 52) / 2)
    assert [cell.published for cell in cells.values()] == [71.7, 69.3, 74.2, 50.0]
    assert (cells["mean"].spread, cells["mean"].seeds) == (pytest.approx(1), 3)


def test_what_a_row_was_given_is_that_of_all_its_parts(table):
    row = table.groups[0].rows[0]
    assert (row.seeds, row.labels_seen, row.selected_on) == (SEEDS, ("en", "tr"), ("dev/en", "dev/tr"))


def test_zero_shot_follows_from_the_part(table):
    cells = table.groups[0].rows[0].cells
    assert {name: cell.zero_shot for name, cell in cells.items()} == {
        "XNLI tr": True,
        "NER tr": True,
        "NER tr k=10": False,
        "mean": False,
    }
    assert [cell.published_zero_shot for cell in cells.values()] == [True, True, False, False]


def test_means_are_corrected_with_the_averages_and_columns_on_their_own(table):
    row = table.groups[0].rows[1]
    raw = {"XNLI tr": paired_t((70, 72, 71), (60, 61, 62)).p, "NER tr": paired_t((40, 41, 44), (50, 54, 52)).p}
    raw["NER tr k=10"] = 1.0
    found = {name: cell.comparison.p for name, cell in row.cells.items()}
    assert [found[name] for name in raw] == pytest.approx(holm(list(raw.values())))
    average = paired_t((55, 56.5, 57.5), (55, 57.5, 57)).p
    assert [found["mean"], row.average.comparison.p] == pytest.approx(holm([raw["NER tr"], average]))


def test_one_seed_of_a_metric_that_is_no_share_of_rows_is_not_compared(entry, make_run):
    entries = [entry(name, (0,), xnli=(60 + at,), ner=(50 + at,), cosine=30 + at) for at, name in enumerate("AB")]
    cells = build_table("t/1", "t", [EntryGroup("g", entries)], "A", layout=LAYOUT).groups[0].rows[1].cells
    assert cells["XNLI tr"].comparison is not None
    assert cells["NER tr"].comparison is None

    def with_hits(name, value):
        run = make_run(name, {"tr": 50})
        score = run.scores[0].model_copy(update={"metric": "f1", "value": value})
        return Entry(name, [run.model_copy(update={"scores": (score,)})])

    pair = [EntryGroup("g", [with_hits("A", 0.7), with_hits("B", 0.8)])]
    row = build_table("t/1", "t", pair, "A", metric="f1").groups[0].rows[1]
    assert row.cells["tr"].mean == pytest.approx(80)
    assert row.cells["tr"].comparison is None


def test_one_seed_of_f1_is_compared_by_its_counts_but_not_in_a_mean_with_other_metrics(entry):
    def counted(name, right):
        made = entry(name, (0,), xnli=(60,), ner=(50,), cosine=30)
        counts = np.array([[int(at < right), 1, 1] for at in range(100)])
        score = entity_score("tr", counts, "dev")
        return Entry(name, {**made.runs, "NER": [made.runs["NER"][0].model_copy(update={"scores": (score,)})]})

    entries = [counted("A", 50), counted("B", 80)]
    row = build_table("t/1", "t", [EntryGroup("g", entries)], "A", layout=LAYOUT).groups[0].rows[1]
    assert row.cells["NER tr"].comparison.test == "paired bootstrap of F1 over examples, one seed"
    assert row.cells["NER tr"].comparison.difference == pytest.approx(30)
    assert (row.cells["mean"].comparison, row.average.comparison) == (None, None)


def test_a_seed_counts_in_a_mean_only_where_all_parts_have_it(entry):
    made = entry("A", xnli=(60, 61, 62), ner=(50, 54, 52), cosine=30)
    short = Entry("A", {**made.runs, "NER": made.runs["NER"][:1]})
    row = build_table("t/1", "t", [EntryGroup("g", [short])], layout=LAYOUT).groups[0].rows[0]
    assert (row.cells["XNLI tr"].seeds, row.cells["NER tr"].seeds, row.average.seeds) == (3, 1, 1)
    without = Entry("A", {"XNLI": made.runs["XNLI"]})
    row = build_table("t/1", "t", [EntryGroup("g", [without])], layout=LAYOUT).groups[0].rows[0]
    assert (row.cells["NER tr"].mean, row.average.mean) == (None, None)


def test_a_part_with_a_seed_twice_is_refused(entry):
    made = entry("A", xnli=(60, 61, 62), ner=(50, 54, 52), cosine=30)
    twice = Entry("A", {**made.runs, "NER": [*made.runs["NER"], made.runs["NER"][0]]})
    with pytest.raises(ValueError, match="each seed once"):
        build_table("t/1", "t", [EntryGroup("g", [twice])], layout=LAYOUT)


def test_every_form_shows_means_and_says_what_they_are_over(table):
    markdown = to_markdown(table)
    assert "|  | XNLI tr | NER tr | NER tr k=10 | mean of 2 | avg of 2 |" in markdown
    assert "41.0 ± 1.0 (50.0 of 4) |" in markdown
    assert "(70.5 of 6) |" in markdown
    found = notes(table)
    assert found[0] == "XNLI accuracy, NER f1, Tatoeba accuracy in points."
    assert "mean: the mean of NER tr, cosine tr. The paper averages over 4 columns, shown as 'of 4'." in found
    assert "Our average is over XNLI tr, NER tr. The paper averages over 6 columns, shown as 'of 6'." in found
    assert "averages and single columns each as one family" in "\n".join(found)
    assert "Dev and test." in found
    heads = [line.split() for line in to_text(table).splitlines()[2:4]]
    assert heads == [["XNLI", "NER", "NER", "mean"], ["tr", "tr", "tr", "k=10", "of", "2", "avg", "of", "2"]]
    html = Scores("s", table).html()
    assert '<th scope="col"><abbr title="Turkish">NER tr k=10</abbr></th>' in html
    assert '<th scope="col">mean of 2</th>' in html
    assert Table.model_validate_json(table.model_dump_json(indent=2)) == table


def test_without_a_main_average_none_is_shown(entry):
    layout = LAYOUT.model_copy(update={"average_over": ()})
    made = entry("A", xnli=(60, 61, 62), ner=(50, 54, 52), cosine=30)
    table = build_table("t/1", "t", [EntryGroup("g", [made])], layout=layout)
    assert table.groups[0].rows[0].average.mean is None
    for text in (to_markdown(table), to_text(table), Scores("s", table).html()):
        assert "avg of" not in text
    assert "Our average" not in "\n".join(notes(table))


@pytest.mark.parametrize("printed", published_paper("mono").tables, ids=lambda table: table.id)
def test_published_tables_show_all_they_hold(printed):
    groups = [EntryGroup(group.name, [Entry(row.name, (), row) for row in group.rows]) for group in printed.groups]
    table = build_table(printed.id, printed.title, groups, layout=printed)
    text = to_text(table)
    assert max(map(len, text.splitlines())) <= 120
    assert "…" not in text
    shown = re.findall(r"\((\d+\.\d)°?\)", to_markdown(table).partition("\n\n- ")[0])
    assert sorted(shown) == sorted(f"{cell:.1f}" for row in printed.groups[0].rows for cell in row.cells.values())
    assert all(one.finding == "not tested" for one in table.claims)
    assert Table.model_validate_json(table.model_dump_json(indent=2)) == table


def test_a_world_without_urdu_and_basque_puts_its_own_mean_beside_the_papers(make_run):
    printed = published_table("mono/4.3")
    columns = [column for column in printed.columns if column.language in (None, "tr", "sw")]
    ours = [
        column.model_copy(update={"over": tuple(name for name in column.over if name[-5:-3] in ("tr", "sw"))})
        for column in columns
    ]
    layout = Layout(columns=tuple(ours), remarks=printed.remarks)
    row = printed.group("XLM-R").row("XLM-R base")
    run = make_run("XLM-R base", {"tr": 80, "sw": 60})
    scores = tuple(one.model_copy(update={"metric": "retrieval cosine to en"}) for one in run.scores)
    entry = Entry("XLM-R base", {"Tatoeba": [run.model_copy(update={"scores": scores})]}, row)
    text = to_markdown(build_table("mono/4.3", "t", [EntryGroup("", [entry])], layout=layout))
    assert "| cosine tr-en | cosine sw-en | cosine avg of 2 |" in text
    assert "| 80.0 (54.5) | 60.0 (15.1) | 70.0 (32.6 of 4) |" in text


def test_tables_of_languages_are_written_as_they_were():
    """Stored tables of the XD paper are read and written without a change."""
    stored = Path(__file__).parents[2] / "docs" / "results"
    table = Table.model_validate_json((stored / "xd-3.json").read_text(encoding="utf-8"))
    assert table.model_dump_json(indent=2) + "\n" == (stored / "xd-3.json").read_text(encoding="utf-8")
    assert to_markdown(table) == (stored / "xd-3.md").read_text(encoding="utf-8")
    assert all(column.name in LANGUAGES for column in table.columns)
