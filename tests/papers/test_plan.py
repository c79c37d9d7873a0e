import numpy as np
import pytest
import torch
from torch import nn
from transformers import XLMRobertaConfig, XLMRobertaModel

from polydistill.data.rows.shapes import PAIR_OF_SENTENCES, SENTENCE
from polydistill.data.rows.sources import FileSource, HubSource, WorldSource
from polydistill.methods.transfer_tuning import TaskDistillation, TransferTuneSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.papers import catalogue
from polydistill.papers.planning import plan as plans
from polydistill.papers.planning.plan import Plan, plan_table, with_starts
from polydistill.papers.planning.rows import Rows
from polydistill.papers.planning.sizes import PARALLEL_TOKENS, Architecture
from polydistill.papers.planning.text import flops, hours, to_markdown
from polydistill.papers.recipe import RecipeGroup, RecipeRow, TableRecipe
from polydistill.papers.xd.tables import Systems, setting, table
from polydistill.starts.origins import Pretrained
from polydistill.tasks import TASKS
from polydistill.training.run import Run
from polydistill.training.settings import Judging, Training
from polydistill.transfer.strategies import strategy

XNLI = HubSource(name="facebook/xnli", revision="0" * 40, config="{lang}", aligned=True)
XLMR = Pretrained(name="FacebookAI/xlm-roberta-base")


def recipe(*runs):
    rows = [
        RecipeRow(run.name, None, lambda seed, run=run: {"en": run.model_copy(update={"seed": seed})}) for run in runs
    ]
    return TableRecipe("xd/0", "made up", [RecipeGroup("", rows)], "XNLI")


def tuned(selection=None, evaluation=None, **changes):
    return Run(
        name="tuned",
        method=TuneSpec(languages=("en",), data=XNLI),
        start=XLMR,
        training=Training(steps=1000, batch_size=8, **changes),
        selection=selection,
        evaluation=evaluation,
    )


def counted(network: nn.Module, tokens: int) -> int:
    """FLOPs of one text, counted by PyTorch itself."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(input_ids=torch.ones(1, tokens, dtype=torch.long) * 5)
    return counter.get_total_flops()


def by_strategy(name, **changes):
    """The same training by a zero-shot strategy."""
    run = tuned()
    other = Pretrained(name="FacebookAI/xlm-roberta-large") if len(strategy(name).needs) == 2 else None
    method = TransferTuneSpec(strategy=name, languages=("en",), data=XNLI, **changes)
    teacher = XLMR if "distil" in changes else None
    return Run(**{**dict(run), "method": method, "source": other, "teacher": teacher})


def test_strategies_cost_what_their_students_do():
    plain, alone, both, deeper, taught = (
        plan_table(recipe(run), [0]).lines[0]
        for run in (
            tuned(),
            by_strategy("FULL TRG"),
            by_strategy("ADAPT JOINT"),
            by_strategy("FREEZE +4"),
            by_strategy("FULL TRG", distil=TaskDistillation()),
        )
    )
    assert alone.student_flops == plain.student_flops and alone.teacher_flops == 0
    assert both.student_flops == 2 * plain.student_flops
    assert deeper.student_flops == pytest.approx(plain.student_flops * 16 / 12)
    assert taught.teacher_flops == Architecture(12, 768, 0).reading(392_702, 45)
    assert (alone.method, plain.method) == ("transfer", "tune")


@pytest.mark.parametrize("tokens", [8, 64])
def test_reading_agrees_with_what_pytorch_counts(tokens):
    config = XLMRobertaConfig(
        hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=256, vocab_size=50
    )
    config._attn_implementation = "eager"
    network = XLMRobertaModel(config, add_pooling_layer=False).eval()
    assert Architecture(3, 64, 50).reading(1, tokens) == counted(network, tokens)


def test_learning_is_three_times_reading():
    line = plan_table(recipe(tuned()), [0]).lines[0]
    weights, length = 12 * 12 * 768**2, 45
    assert line.student_flops == pytest.approx(8000 * length * (6 * weights + 12 * 12 * 768 * length))
    assert (line.examples, line.teacher_flops, line.judging_flops) == (8000, 0, 0)


def test_hours_are_bounded_by_arithmetic_or_by_launching():
    small = plan_table(recipe(tuned()), [0], "H100")
    assert small.hours == pytest.approx(1000 * plans.STEP_SECONDS / 3600)
    large = plan_table(recipe(tuned(accumulation=64)), [0], "T4")
    assert large.hours == pytest.approx(large.lines[0].student_flops / (65e12 * plans.UTILISATION) / 3600)


def test_judging_counts_every_evaluation_and_the_last_one():
    dev, test = (XNLI.model_copy(update={"split": split}) for split in ("validation", "test"))
    judged = (Judging(languages=("en",), data=dev), Judging(languages=("en", "tr"), data=test))
    run = tuned(*judged, evaluate_every=250)
    line = plan_table(recipe(run), [0]).lines[0]
    assert line.judging_flops == pytest.approx(Architecture(12, 768, 0).reading(4 * 2490 + 2 * 5010, 45))


def test_shared_runs_count_once():
    plan = plan_table(table(5, "paper"), range(3))
    assert {line.method: line.runs for line in plan.lines} == {"tune": 3, "xd": 15}
    both = plan_table(recipe(tuned(), tuned()), [0])
    assert both.runs == 1


def test_starts_come_before_what_starts_from_them():
    systems = Systems(setting("smoke"), "XLM MLM")
    assert [run.method.kind for run in with_starts([systems.xd(0)])] == ["pretrain", "tune", "xd"]


def test_a_stored_teacher_reads_every_original_once():
    where = setting("world")
    run = Systems(where, "XLM MLM").xd(0)
    line = next(line for line in plan_table(recipe(run), [0]).lines if line.method == "xd")
    assert line.teacher_flops == pytest.approx(Architecture(4, 128, 800).reading(where.train.rows, 18))
    again = run.model_copy(update={"method": run.method.model_copy(update={"store_teacher": False})})
    line = next(line for line in plan_table(recipe(again), [0]).lines if line.method == "xd")
    assert line.teacher_flops == pytest.approx(line.student_flops / 3)


def test_downloads_name_models_and_data_once():
    plan = plan_table(table(3, "paper"), [0])
    names = [download.name for download in plan.downloads]
    assert names == [
        *("FacebookAI/xlm-mlm-xnli15-1024", "FacebookAI/xlm-mlm-tlm-xnli15-1024"),
        "FacebookAI/xlm-roberta-base",
        "facebook/xnli (15 languages)",
    ]
    assert np.allclose([download.bytes for download in plan.downloads], [1e9, 1e9, 1.1e9, 0.96e9], rtol=0.02)
    assert plan_table(table(3, "world"), [0]).downloads == ()


def test_what_cannot_be_planned_is_said():
    with pytest.raises(ValueError, match=r"Unknown GPU 'B52'"):
        plan_table(recipe(tuned()), [0], "B52")
    with pytest.raises(ValueError, match=r"Unknown model to plan for 'some/model'"):
        plan_table(recipe(tuned().model_copy(update={"start": Pretrained(name="some/model")})), [0])
    with pytest.raises(ValueError, match=r"Set `rows`"):
        Rows().of(XNLI.model_copy(update={"name": "some/data"}), PAIR_OF_SENTENCES, ["en"])
    assert Rows().of(WorldSource(rows=7), SENTENCE, ["en", "tr"]) == 14


@pytest.mark.parametrize("id", catalogue.tables())
def test_every_table_can_be_planned_at_paper_scale_without_a_file(id, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = catalogue.plan(id, "paper")
    assert plan.runs > 0 and all(line.student_flops > 0 and line.hours > 0 for line in plan.lines)
    assert all(line.teacher_flops > 0 for line in plan.lines if line.method not in ("tune", "transfer"))


def test_what_mmkd_reads_is_counted():
    """The teacher reads a sentence each time; the student two pairs and a sentence, and predicts hidden words."""
    plan = catalogue.plan("mmkd/2", "paper")
    lines = {line.method: line for line in plan.lines}
    mmkd, sentence, tokens = lines["mmkd"], lines["sentence"], PARALLEL_TOKENS
    bert, mbert = Architecture(12, 768, 28_996), Architecture(12, 768, 119_547)
    assert mmkd.teacher_flops == pytest.approx(bert.reading(mmkd.examples, tokens))
    texts = 2 * mbert.learning(mmkd.examples, 2 * tokens) + mbert.learning(mmkd.examples, tokens)
    head = 6 * 768 * (119_547 + 768) * mmkd.examples * 2 * tokens * 0.15
    assert mmkd.student_flops == pytest.approx(texts + head)
    assert sentence.student_flops == pytest.approx(mbert.learning(sentence.examples, tokens))
    assert sentence.teacher_flops == pytest.approx(bert.reading(10_500_000, tokens))  # stored: once


def test_rows_of_files_that_need_not_be_there_are_said():
    plan = catalogue.plan("multikd/4", "paper")
    assert "data/marc/train.{lang}.jsonl" in plan.files
    assert "Rows of these files as published" in to_markdown(plan)
    assert plan_table(recipe(tuned()), [0]).files == ()
    panx = FileSource(path="data/panx/train-{lang}.tsv")
    assert Rows().of(panx, TASKS["ner"].shape, ["en", "sw"]) == 21_000


def test_all_files_that_are_missing_are_named_at_once(tmp_path):
    there = tmp_path / "there.en.tsv"
    there.write_text("premise\thypothesis\tlabel\nA.\tB.\tneutral\n")
    learned, dev, test = (FileSource(path=str(tmp_path / f"{name}.{{lang}}.tsv")) for name in ("there", "dev", "test"))
    run = tuned(Judging(languages=("en",), data=dev), Judging(languages=("en", "tr"), data=test), evaluate_every=10)
    run = run.model_copy(update={"method": run.method.model_copy(update={"data": learned})})
    with pytest.raises(ValueError, match=r"dev\.\{lang\}\.tsv \(en\); .*test\.\{lang\}\.tsv \(en, tr\)\. .*`rows`"):
        plan_table(recipe(run), [0])


def test_rows_of_files_are_counted(tmp_path):
    for code, lines in (("en", "One.\nTwo.\nThree.\n"), ("tr", "Bir.\n")):
        (tmp_path / f"text.{code}").write_text(lines)
    assert Rows().of(FileSource(path=str(tmp_path / "text.{lang}")), SENTENCE, ["en", "tr"]) == 4


def test_forms():
    plan = plan_table(table(5, "paper"), [0], "V100")
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    text = to_markdown(plan)
    assert "one V100" in text
    assert text.count("\n| ") == 2 + len(plan.lines) + 1
    assert (flops(0), flops(1.25e18), hours(0.5), hours(1234)) == ("–", "1.2e+18", "30.0 min", "1,234.0 h")
