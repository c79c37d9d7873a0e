"""`polydistill multikd`, and the MBLM that it may leave."""

from pathlib import Path

import pytest
from transformers import AutoConfig

from polydistill.training.run import Run

COMMAND = "multikd --student {0} --teacher en={0} --teacher tr={0} --train file:rows.jsonl --steps 2 --batch-size 4 "


def test_it_leaves_a_run_a_model_and_scores(polydistill, own_model, work):
    command = COMMAND.format(own_model) + "--branches 1 --test file:rows.jsonl --dev file:rows.jsonl --out both"
    result = polydistill(command)
    assert result.exit_code == 0, result.output
    assert "mean of 2" in result.stdout
    run = Run.model_validate_json(Path("both/run.json").read_text())
    assert list(run.teachers) == ["en", "tr"]
    assert run.start.branches.blocks == 1
    assert AutoConfig.from_pretrained("both/model").model_type == "mblm"
    said = polydistill('predict both --premise "A dog runs." --hypothesis "It runs." --lang tr')
    assert said.stdout.split()[0] in ("entailment", "neutral", "contradiction")
    again = polydistill("run both/run.json --set teachers.tr.name=" + str(own_model) + " --print")
    assert Run.model_validate_json(again.stdout) == run


def test_tune_makes_an_mblm_too(polydistill, own_model, work):
    result = polydistill(
        f"tune --model {own_model} --train file:rows.jsonl --langs en,tr --steps 2 --batch-size 4 --branches 2 --out t"
    )
    assert result.exit_code == 0, result.output
    assert AutoConfig.from_pretrained("t/model").layout.blocks == 2


@pytest.mark.parametrize(
    ("teachers", "said"),
    [
        ("--teacher french", "expected a language and its model or rows, such as fr=french"),
        ("--teacher fr={0} --teacher French={0}", "--teacher gives fr twice"),
        ("--teacher klingon={0}", "Unknown language 'klingon'"),
        ("--teacher fr=nowhere/", "nowhere/"),
    ],
)
def test_teachers_that_cannot_be_read(polydistill, own_model, work, teachers, said):
    result = polydistill(f"multikd --student {own_model} {teachers} --train file:rows.jsonl".format(own_model))
    assert result.exit_code == 2
    assert said in result.stderr


def test_options_of_the_multikd_tables(polydistill, work):
    result = polydistill("table multikd/3 --scale smoke --finished --select all --search")
    assert result.exit_code == 0, result.output
    assert "selected on dev of all languages" in " ".join(result.stdout.split())
    assert polydistill("table xd/3 --scale smoke --select all").exit_code == 2
