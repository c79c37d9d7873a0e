"""`polydistill tune` with two students, a teacher, or a few rows."""

import json
from pathlib import Path

import pytest

from polydistill import api
from polydistill.jobs.tune import tune
from polydistill.models.adapters import adapters
from polydistill.training.run import Run
from polydistill.transfer.strategies import STRATEGIES
from tiny import tiny_network, tiny_tokenizer

TUNE = "tune --model {0} --train file:rows.jsonl --langs en --steps 2 --batch-size 4 --max-length 60"
SCORED = " --test file:rows.jsonl --test-langs tr"


@pytest.fixture(scope="session")
def other_model(tmp_path_factory):
    """Another student of the same shape."""
    folder = tmp_path_factory.mktemp("other") / "model"
    tiny_network(head="mlm", seed=9).float().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def test_adapters_learned_by_one_student_serve_the_other(polydistill, own_model, other_model, work):
    result = polydistill(TUNE.format(own_model) + SCORED + f" --source {other_model} --strategy 'ADAPT SRC' --out tr")
    assert result.exit_code == 0, result.output
    assert "learning rate 0.0001" in result.stderr
    run = Run.model_validate_json(Path("tr/run.json").read_text())
    assert run.method.strategy == STRATEGIES["ADAPT SRC"]
    assert (run.start.name, run.source.name) == (str(own_model), str(other_model))
    assert len(adapters(api.load("tr").network)) == 2
    again = polydistill("evaluate tr --data file:rows.jsonl --langs tr --json again.json")
    assert again.exit_code == 0, again.output
    (score,) = json.loads(Path("tr/results.json").read_text())["scores"]
    assert json.loads(Path("again.json").read_text())[0]["value"] == pytest.approx(score["value"])
    assert polydistill("predict tr --premise A --hypothesis B").exit_code == 0


def test_task_distillation(polydistill, own_model, other_model, work):
    result = polydistill(TUNE.format(other_model) + f" --teacher {own_model} --out taught")
    assert result.exit_code == 0, result.output
    assert {"task", "logits"} <= json.loads(Path("taught/log.json").read_text())[0].keys()
    assert "learning rate 2e-05" in result.stderr


def test_a_few_rows_are_learned_in_fifty_passes(polydistill, own_model, work):
    command = TUNE.format(own_model).replace("--langs en --steps 2 ", "--langs tr ")
    result = polydistill(command + " --few 6 --out few")
    assert result.exit_code == 0, result.output
    assert "100 steps of 4 rows" in result.stderr  # a pass is two batches
    run = Run.model_validate_json(Path("few/run.json").read_text())
    assert (run.method.few, run.labels_seen) == (6, ("tr",))
    assert tune.run(own_model, "file:rows.jsonl", ["tr"], few=6, batch_size=4, max_length=60) == run


def test_plain_tuning_stays_what_it_was(own_model, work):
    assert tune.run(own_model, "file:rows.jsonl", ["en"]).method.kind == "tune"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("--strategy 'ADAPT SCR'", "Did you mean 'ADAPT SRC'?"),
        ("--strategy 'ADAPT SRC'", "give `source`, who reads the language that has labels"),
        ("--source {1}", "no strategy that says how what it learns reaches the model"),
        ("--source {1} --strategy 'ADAPT TRG'", "leave `source` unset"),
        ("--source {0} --strategy SFT", "one and the same student"),
        ("--source lost/student --strategy SFT", "lost/student"),
        ("--teacher {1}", "has no head of the task 'nli', so it cannot teach"),
        ("--few 13", "13 labelled rows are asked for, but there are 12 in 'en' of file:rows.jsonl"),
        ("--few 0", "few"),
    ],
)
def test_what_cannot_be_done_is_said(polydistill, own_model, other_model, work, monkeypatch, given, says):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    models = (own_model, other_model)
    result = polydistill(TUNE.format(*models) + " " + given.format(*models) + " --out bad")
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ") or "Error: " in result.stderr
    assert says in " ".join(result.stderr.split())


def test_students_that_do_not_fit(polydistill, own_model, work, tmp_path):
    tiny_network(head="mlm", blocks=1).float().save_pretrained(tmp_path / "small")
    tiny_tokenizer().save_pretrained(tmp_path / "small")
    result = polydistill(TUNE.format(tmp_path / "small") + f" --source {own_model} --strategy SFT --out worse")
    assert result.exit_code == 2
    assert "Take students of one depth" in result.stderr
