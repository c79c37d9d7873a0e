"""The poster's tables as runs: each teacher once, each cell its run, stand-ins where the world lacks a language."""

from collections import Counter

import pytest

from polydistill import api
from polydistill.data.rows.sources import HubSource
from polydistill.methods.bert_kld import BertKldSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.papers import catalogue
from polydistill.papers.bert_kld.scales import MBERT, setting
from polydistill.papers.bert_kld.tables import BASELINE, STUDENT_PAIR, TABLES, Systems, table
from polydistill.papers.plan import plan_table, with_starts
from polydistill.papers.published import published_table
from polydistill.papers.scales import WORLD_LANGUAGES, polyglot, pretrained
from polydistill.starts.origins import Pretrained
from polydistill.training.run import ResultOf

PAIRS = ("fr-de", "fr-tr", "fr-es", "de-tr", "de-es", "tr-es")


def rows_of(recipe):
    return {row.name: row for group in recipe.groups for row in group.rows}


@pytest.mark.parametrize("scale", ["paper", "world", "smoke"])
@pytest.mark.parametrize("number", TABLES)
def test_a_cell_is_a_run_that_is_scored_on_the_pair_of_its_column(number, scale):
    recipe = table(number, scale)
    assert f"bert-kld/{number}" in api.tables()
    assert catalogue.recipe(f"bert-kld/{number}", scale).id == recipe.id == f"bert-kld/{number}"
    assert recipe.reference in rows_of(recipe)
    where = setting(scale)
    for row in rows_of(recipe).values():
        for name, run in row.runs(0).items():
            pair = recipe.layout.column(name).language
            assert run.evaluation.languages == run.selection.languages == (pair,)
            assert run.evaluation.data == where.test
            assert run.labels_seen[-1] == pair
            assert (run.teacher is None) == isinstance(run.method, TuneSpec)


def test_each_teacher_is_trained_once_for_the_whole_matrix():
    runs = with_starts(table("3", "world").runs([0]).values())
    assert Counter(run.method.kind for run in runs) == {"pretrain": 1, "tune": 6, "bert-kld": 30}
    for run in runs:
        if isinstance(run.method, BertKldSpec):
            assert run.teacher.run.identity == Systems(setting("world")).tuned(run.method.teacher_pair, 0).identity
            assert run.method.teacher_reads == "own_pair"
            assert run.start == run.teacher.run.start  # a student begins as the encoder, not as the teacher
            assert run.method.pair != run.method.teacher_pair


def test_rows_transfer_and_columns_are_transferred():
    rows = rows_of(table("3", "world"))
    assert list(rows) == [BASELINE, *(f"from {pair}" for pair in PAIRS)]
    for teacher in PAIRS:
        runs = rows[f"from {teacher}"].runs(0)
        assert list(runs) == [pair for pair in PAIRS if pair != teacher]
        for pair, run in runs.items():
            assert (run.method.pair, run.method.teacher_pair) == (pair, teacher)
            assert run.labels_seen == (teacher, pair)


def test_all_tables_of_a_seed_share_what_they_can():
    runs = [run for number in TABLES for run in table(number, "world").runs([0]).values()]
    counted = Counter(run.method.kind for run in with_starts(runs))
    # tuned: 6 pairs, 6 of XLM-R, 2 of table 1
    # taught: 30 of table 3, 6 with the student's text, 2 x 2 of table 1, 3 x 4 of the figure
    assert counted == {"pretrain": 2, "tune": 14, "bert-kld": 52}


def test_the_encoders_are_those_of_other_tables():
    for scale, model in (("quick", "mBERT"), ("world", "XLM-R")):
        start = setting("world").starts[model](3)
        assert isinstance(start, ResultOf)
        assert start.run.identity == pretrained(polyglot(scale), WORLD_LANGUAGES, "XLM MLM+TLM", 3).identity


def test_other_languages_stand_for_those_the_world_lacks():
    recipe = table("3", "world")
    assert tuple(column.name for column in recipe.layout.columns) == PAIRS
    assert all(column.name == column.language for column in recipe.layout.columns)
    printed = published_table("bert-kld/3").groups[0].row("from fr-bg").scores
    ours = rows_of(recipe)["from fr-es"].published.scores
    assert list(ours.values()) == list(printed.values())
    assert list(ours) == [pair for pair in PAIRS if pair != "fr-es"]
    assert ("from fr-es",) in [claim.better for claim in recipe.layout.claims]
    assert "Spanish where the poster has Bulgarian" in recipe.setting
    assert [column.name for column in table("1", "world").layout.columns] == ["en-sw", "sw-en"]
    assert published_table("bert-kld/3").columns[2].name == "fr-bg"


def test_the_best_teachers_are_the_posters():
    runs = rows_of(table("4", "paper"))["BERT-KLD"].runs(0)
    teachers = {pair: run.method.teacher_pair for pair, run in runs.items()}
    assert teachers == {
        "fr-de": "fr-bg",
        "fr-tr": "fr-bg",
        "fr-bg": "de-tr",
        "de-tr": "fr-tr",
        "de-bg": "fr-tr",
        "tr-bg": "de-tr",
    }
    other = rows_of(table("4", "paper"))[STUDENT_PAIR].runs(0)
    assert {run.method.teacher_reads for run in other.values()} == {"student_pair"}


def test_the_figure_is_classical_distillation_over_alpha_and_temperature():
    recipe = table("figure-2", "world")
    rows = rows_of(recipe)
    shares = {f"alpha {alpha}": alpha for alpha in (0.2, 0.5, 0.8)}
    for temperature in (1, 2, 4, 8):
        for name, run in rows[f"T = {temperature}"].runs(0).items():
            method = run.method
            assert (method.vector, method.sum, method.weight) == ("logits", "shared", shares[name])
            assert (method.temperature, method.pair, method.teacher_pair) == (temperature, "fr-tr", "fr-es")
    for name in (BASELINE, "BERT-KLD"):
        assert len({run.identity for run in rows[name].runs(0).values()}) == 1
    assert rows["BERT-KLD"].runs(0)["alpha 0.2"].method.vector == "hidden"


def test_the_posters_settings():
    where = setting("paper")
    assert (where.training.batch_size, where.training.learning_rate, where.max_length) == (28, 2e-5, 128)
    assert where.training.steps == 5 * where.training.evaluate_every
    assert where.training.patience == 1
    run = Systems(where).taught("fr-tr", "fr-bg", 0)
    assert run.start == MBERT
    assert (run.method.weight, run.method.temperature, run.method.vector) == (0.2, 1.0, "hidden")
    assert isinstance(run.method.data, HubSource) and run.method.data.aligned
    xlmr = where.starts["XLM-R"](0)
    assert isinstance(xlmr, Pretrained) and xlmr.name == "FacebookAI/xlm-roberta-base"
    plan = plan_table(table("3", "paper"), [0])
    assert {line.method: line.runs for line in plan.lines} == {"tune": 6, "bert-kld": 30}
    assert plan.downloads == (MBERT.name, "facebook/xnli (4 languages)")


@pytest.mark.parametrize(("number", "scale", "said"), [("5", "smoke", "figure-2"), ("3", "quick", "paper, world")])
def test_what_cannot_be_made_is_said(number, scale, said):
    with pytest.raises(ValueError, match=said):
        table(number, scale)


@pytest.mark.slow
def test_a_table_end_to_end(tmp_path):
    made = api.table("bert-kld/1", "smoke", runs=tmp_path)
    (group,) = made.groups
    cells = {row.name: row.cells for row in group.rows}
    assert list(cells) == [BASELINE, "BERT-KLD", STUDENT_PAIR]
    assert all(cell.mean is not None for row in cells.values() for cell in row.values())
    assert cells["BERT-KLD"]["en-sw"].published == 70.36
    assert not any(cell.zero_shot for row in cells.values() for cell in row.values())
    assert group.rows[1].labels_seen == ("sw-en", "en-sw")
    assert len(list(tmp_path.glob("tune-*/results.json"))) == 2
    assert len(list(tmp_path.glob("bert-kld-*/results.json"))) == 4
    assert [claim.claim.section for claim in made.claims] == ["Dataset"]


@pytest.mark.slow
def test_the_figure_end_to_end(tmp_path):
    made = api.table("bert-kld/figure-2", "smoke", runs=tmp_path)
    rows = {row.name: row for row in made.groups[0].rows}
    assert all(cell.mean is not None for row in rows.values() for cell in row.cells.values())
    assert rows["T = 4"].average.mean is not None
    assert len(made.claims) == 2 and all(claim.finding != "not tested" for claim in made.claims)
