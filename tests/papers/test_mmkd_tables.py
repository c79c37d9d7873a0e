"""MMKD's tables and figure as runs: every row has its runs, and what rows share is done once."""

import pytest
from rich.console import Console

from polydistill import api
from polydistill.data.rows.sources import FileSource
from polydistill.data.translations.filters import Filters
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.pretraining import PretrainSpec
from polydistill.methods.sentence import SentenceSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.papers import catalogue
from polydistill.papers.combined import runs_of
from polydistill.papers.mmkd.figures import figure
from polydistill.papers.mmkd.scales import BENCHMARKS, setting
from polydistill.papers.mmkd.tables import ABLATIONS, OURS, TABLES, Systems, table
from polydistill.papers.plan import with_starts
from polydistill.papers.published import published_table
from polydistill.papers.recipe import make_table
from polydistill.starts.origins import Pretrained
from polydistill.training.examination import Examination
from polydistill.training.run import Run
from polydistill.training.store import Store

QUIET = Console(quiet=True)
WORLD = ("en", "fr", "es", "de", "tr", "sw")
MAIN = {"2": "MMKD (this work)", "3": "MMKD (this work)", "4": "MMKD (this work)", "5": "MMKD"}


def made_of(number, scale="smoke"):
    return {row.name: row.runs(0) for group in table(number, scale).groups for row in group.rows if row.runs}


@pytest.mark.parametrize("number", ["2", "3", "4"])
def test_every_system_is_tuned_on_english_and_scored_in_all_languages(number):
    made = made_of(number)
    assert tuple(made) == ("mBERT*", MAIN[number], OURS)
    for runs in made.values():
        assert tuple(runs) == WORLD
        (run,) = {one.identity: one for one in runs.values()}.values()
        assert isinstance(run, Run) and isinstance(run.method, TuneSpec)
        assert run.method.task == BENCHMARKS[TABLES[number]]
        assert (run.labels_seen, run.selected_on) == (("en",), ("dev/en",))
    assert catalogue.recipe(f"mmkd/{number}", "smoke").id == f"mmkd/{number}"


def test_table_5_has_each_objective_removed_on_all_tasks_and_in_retrieval():
    made = made_of("5")
    assert tuple(made) == ("MMKD", *ABLATIONS, "mBERT*", OURS)
    for name, runs in made.items():
        assert {column.split()[0] for column in runs} == {*BENCHMARKS, "retrieval"}
        assert len(runs) == 3 * 6 + 5
        exam = runs["retrieval tr"]
        assert isinstance(exam, Examination)
        assert exam.models["tr"] == exam.models["en"] == runs["XQuAD tr"].start
        if name in ABLATIONS:
            weights = runs["XNLI en"].start.run.method.weights
            assert {term for term, weight in weights if not weight} == {ABLATIONS[name]}


@pytest.mark.slow
def test_encoders_are_made_once_for_all_tables():
    runs = [
        run for number in TABLES for runs in made_of(number).values() for one in runs.values() for run in runs_of(one)
    ]
    done = with_starts(list({run.identity: run for run in runs}.values()))
    kinds = [type(run.method) for run in {run.identity: run for run in done}.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        PretrainSpec: 2,
        MMKDSpec: 5,
        SentenceSpec: 1,
        TuneSpec: 3 * 7,
    }


def test_one_polyglot_of_few_translations_and_one_english_encoder_serve_all_seeds():
    where = setting("world")
    student, teacher = where.student(0).run, where.teacher(0).run
    assert (where.student(2).run, where.teacher(2).run) == (student, teacher)
    assert (student.method.pairs, student.method.languages) == (0.2, WORLD)
    assert (teacher.method.pairs, teacher.method.languages) == (0.0, ("en",))
    method = Systems(where).mmkd("tlm")(0).run.method
    assert not method.data.stories  # a step would take four times as long
    assert (method.languages, method.source_language, method.weights.tlm) == (WORLD[1:], "en", 0.0)


def test_the_paper_scale_is_the_papers():
    where = setting("paper")
    aligned = Systems(where).mmkd()(0).run
    method, training = aligned.method, aligned.training
    assert isinstance(aligned.start, Pretrained) and isinstance(aligned.teacher, Pretrained)
    assert method.languages == ("hi", "bg", "ar", "zh", "fr", "es", "de")
    assert [corpus.target for corpus in method.corpora].count("bg") == 2
    assert all(isinstance(corpus.data, FileSource) and corpus.data.path.endswith(".zip") for corpus in method.corpora)
    filters = Filters(shortest=10, longest=128, at_most=2_000_000, duplicates="keep", same_sides="keep")
    assert method.filters == filters
    assert (training.learning_rate, training.weight_decay, training.warmup, training.decay) == (
        2e-5,
        0.01,
        0.1,
        "linear",
    )
    assert training.batching.batches == "balanced"
    assert training.batch_size % len(method.languages) == 0
    assert training.steps * training.batch_size == pytest.approx(15 * 10_500_000, rel=1e-4)
    assert (method.head_hidden, method.head_width, method.max_length) == (768, 128, 128)
    for number, name in TABLES.items():
        if name is not None:
            assert where.exercises[name].languages == published_table(f"mmkd/{number}").average_over


@pytest.mark.parametrize("number", TABLES)
@pytest.mark.parametrize("scale", ["paper", "world", "smoke"])
def test_claims_are_about_rows_and_columns_that_are_there(number, scale):
    recipe = table(number, scale)
    names = {column.name for column in recipe.layout.columns} | {"average"}
    rows = {row.name for group in recipe.groups for row in group.rows}
    assert recipe.layout.claims
    assert recipe.reference in rows
    for claim in recipe.layout.claims:
        assert set(claim.on) <= names
        assert {*claim.better, *claim.than} <= rows


@pytest.mark.slow
def test_a_table_comes_out_whole(tmp_path):
    recipe = table("3", "smoke")
    made = make_table(recipe, [0], Store(tmp_path), QUIET)
    rows = {row.name: row for group in made.groups for row in group.rows}
    for name in ("mBERT*", MAIN["3"], OURS):
        assert rows[name].seeds == (0,)
        assert all(cell.mean is not None for cell in rows[name].cells.values())
    assert (rows["AMBER"].average.mean, rows["AMBER"].average.published) == (None, 89.2)
    again = make_table(recipe, [0], Store(tmp_path), QUIET, only_finished=True)
    assert again == made


@pytest.mark.slow
@pytest.mark.parametrize("number", ["2", "4", "5"])
def test_the_other_tables_end_to_end(number, tmp_path):
    recipe = table(number, "smoke")
    made = make_table(recipe, [0], Store(tmp_path), QUIET)
    rows = {row.name: row for group in made.groups for row in group.rows}
    ours = [row.name for group in recipe.groups for row in group.rows if row.runs is not None]
    assert {"mBERT*", MAIN[number], OURS} <= set(ours)
    for name in ours:
        assert all(cell.mean is not None for cell in rows[name].cells.values())


@pytest.mark.slow
def test_figure_2_end_to_end(tmp_path):
    inspected = api.figure("mmkd/2", "smoke", runs=tmp_path)
    assert [model.name for model in inspected.models] == ["before", "after"]
    assert inspected.drawn == inspected.rows == 10  # of the 20 that the paper draws


def test_figure_2_looks_at_the_encoder_before_and_after():
    found = figure("2", "smoke")
    models = found.models(0)
    where = Systems(setting("smoke"))
    assert models == {"before": where.base(0), "after": where.mmkd()(0)}
    assert found.languages == {"before": WORLD, "after": WORLD}
    assert (found.what.drawn, found.what.pooling, found.what.layers) == (20, "first", "last")
    assert api.figures()["mmkd/2"] == found.title


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: table("1", "world"), "Unknown table of mmkd '1'"),
        (lambda: table("2", "quick"), "Unknown scale of the MMKD recipes 'quick'"),
        (lambda: figure("1", "world"), "Unknown figure of mmkd '1'"),
    ],
)
def test_what_there_is_not(make, said):
    with pytest.raises(ValueError, match=said):
        make()
