import pytest

from polydistill.data.rows.sources import HubSource
from polydistill.methods.tuning import TuneSpec
from polydistill.papers import catalogue
from polydistill.papers.plan import LARGE, MINI, Plan, hours, plan_table, to_markdown, with_starts
from polydistill.papers.recipe import RecipeGroup, RecipeRow, TableRecipe
from polydistill.papers.xd.tables import Systems, setting, table
from polydistill.starts.origins import Pretrained
from polydistill.training.run import Cut, Run
from polydistill.training.settings import Training

XNLI = HubSource(name="facebook/xnli", revision="0" * 40, config="{lang}", aligned=True)
XLMR = Pretrained(name="FacebookAI/xlm-roberta-base")


def recipe(*runs):
    rows = [
        RecipeRow(run.name, None, lambda seed, run=run: {"en": run.model_copy(update={"seed": seed})}) for run in runs
    ]
    return TableRecipe("xd/0", "made up", [RecipeGroup("", rows)], "XNLI")


def tuned(start=XLMR, **changes):
    method = TuneSpec(languages=("en",), data=XNLI)
    return Run(name="tuned", method=method, start=start, training=Training(steps=1000, batch_size=8, **changes))


def test_time_follows_from_the_rows_that_are_learned():
    line = plan_table(recipe(tuned(accumulation=2)), [0]).lines[0]
    assert (line.examples, line.hours) == (16_000, pytest.approx(16_000 / LARGE / 3600))
    assert plan_table(recipe(tuned()), [0], 100).hours == pytest.approx(8000 / 100 / 3600)
    mini = plan_table(recipe(Systems(setting("smoke"), "XLM MLM").baseline(0)), [0])
    assert mini.hours == pytest.approx(sum(line.examples for line in mini.lines) / MINI / 3600)
    with pytest.raises(ValueError, match="expected more than 0"):
        plan_table(recipe(tuned()), [0], 0)


def test_shared_runs_count_once():
    plan = plan_table(table(5, "paper"), range(3))
    assert {line.method: line.runs for line in plan.lines} == {"tune": 3, "xd": 15}
    both = plan_table(recipe(tuned(), tuned()), [0])
    assert both.runs == 1


def test_a_cut_model_is_fetched_as_a_whole():
    plan = plan_table(recipe(tuned(Cut(of=XLMR, depth=6))), [0])
    assert plan.lines[0].model == XLMR.name and plan.downloads[0] == XLMR.name


def test_starts_come_before_what_starts_from_them():
    systems = Systems(setting("smoke"), "XLM MLM")
    assert [run.method.kind for run in with_starts([systems.xd(0)])] == ["pretrain", "tune", "xd"]


def test_downloads_name_models_and_data_once():
    assert plan_table(table(3, "paper"), [0]).downloads == (
        *("FacebookAI/xlm-mlm-xnli15-1024", "FacebookAI/xlm-mlm-tlm-xnli15-1024"),
        "FacebookAI/xlm-roberta-base",
        "facebook/xnli (15 languages)",
    )
    assert plan_table(table(3, "world"), [0]).downloads == ()


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["paper", "world", "smoke"])
@pytest.mark.parametrize("id", catalogue.tables())
def test_every_table_can_be_planned_without_a_file(id, scale, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = catalogue.plan(id, scale)
    assert plan.runs > 0 and all(line.hours > 0 for line in plan.lines)
    assert not list(tmp_path.iterdir())


def test_files_that_must_be_there_are_named():
    plan = catalogue.plan("multikd/4", "paper")
    assert "data/marc/train.{lang}.jsonl" in plan.files
    assert "data/marc/train.{lang}.jsonl" in to_markdown(plan)
    assert plan_table(recipe(tuned()), [0]).files == ()


def test_forms():
    plan = plan_table(table(5, "paper"), [0], 300)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    text = to_markdown(plan)
    assert "300 rows learned a second" in text
    assert text.count("\n| ") == 2 + len(plan.lines) + 1
    assert (hours(0.5), hours(1234)) == ("30.0 min", "1,234.0 h")
