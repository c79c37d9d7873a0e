"""`polydistill kld`, and the other commands with a pair of languages in place of one."""

import json
from pathlib import Path

import pytest

import polydistill as pd
from polydistill.training.run import Run

KLD = "kld --model {0} --teacher {0} --teacher-pair en-tr --pair tr-en --data file:rows.jsonl --steps 2 --batch-size 4"


def test_kld_leaves_a_run_a_model_and_scores(polydistill, own_model, work):
    command = KLD.format(own_model) + " --dev file:rows.jsonl --test file:rows.jsonl --weight 0.5 --out student"
    result = polydistill(command)
    assert result.exit_code == 0, result.output
    assert "tr-en Turkish-English" in result.stdout
    run = Run.model_validate_json(Path("student/run.json").read_text())
    assert (run.method.pair, run.method.teacher_pair, run.method.weight) == ("tr-en", "en-tr", 0.5)
    assert (run.method.vector, run.method.sum, run.method.max_length) == ("hidden", "added", 64)
    assert (run.training.patience, run.training.evaluate_every) == (2, 1)
    assert run.selection.languages == run.evaluation.languages == ("tr-en",)
    scores = json.loads(Path("student/results.json").read_text())["scores"]
    assert [(score["language"], score["examples"]) for score in scores] == [("tr-en", 12)]


def test_classical_distillation_shares_the_loss_with_the_labels(polydistill, own_model, work):
    command = KLD.format(own_model) + " --vector logits --temperature 4 --teacher-reads student_pair --print"
    method = json.loads(polydistill(command).stdout)["method"]
    assert (method["vector"], method["sum"], method["temperature"]) == ("logits", "shared", 4.0)
    assert method["teacher_reads"] == "student_pair"
    printed = json.loads(polydistill(KLD.format(own_model).replace(" --steps 2", "") + " --print").stdout)
    assert printed["training"]["steps"] == 5 * 12 // 4
    assert printed["training"]["patience"] is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("--pair tr", "is one language; expected two"),
        ("--pair tr-xx", "Unknown language, or pair of languages such as en-hi, 'tr-xx'"),
        ("--pair en-fr", "no row for language 'fr'"),
        ("--pair tr-tr", "names one language twice"),
        ("--vector logits --weight 2", "weight is 2.0, but with sum='shared' it is a share"),
        ("--weight 0", "weight is 0; expected more than 0 and at most 1,000,000,000."),
        ("--task ner", "tags words"),
        ("--teacher nowhere/x", "nowhere/x"),
        ("--max-length 999", "reads at most 64 tokens"),
        ("--set training.patience=2", "evaluate_every"),
    ],
)
def test_what_kld_cannot_use_is_said(polydistill, own_model, work, given, says):
    result = polydistill(f"{KLD.format(own_model)} {given} --out x")
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ")
    assert says in result.stderr
    assert not Path("x").exists()


def test_a_teacher_must_have_learned_the_task(polydistill, own_model, work):
    from tiny import tiny_network, tiny_tokenizer

    tiny_network(head="mlm").float().save_pretrained("encoder")
    tiny_tokenizer().save_pretrained("encoder")
    result = polydistill(KLD.format(own_model).replace(f"--teacher {own_model}", "--teacher encoder") + " --out x")
    assert result.exit_code == 2
    assert "has no head of the task 'nli', so it cannot teach" in result.stderr


def test_other_commands_take_a_pair_like_a_language(polydistill, own_model, work):
    tuned = polydistill(
        f"tune --model {own_model} --train file:rows.jsonl --langs en-tr --steps 2 --test world:?rows=6 "
        "--test-langs en-tr,tr --out tuned"
    )
    assert tuned.exit_code == 0, tuned.output
    assert "en-tr English-Turkish" in tuned.stdout
    assert json.loads(Path("tuned/results.json").read_text())["labels_seen"] == ["en-tr"]
    scored = polydistill("evaluate tuned --data file:rows.jsonl --langs en-tr,tr-en")
    assert scored.exit_code == 0
    assert "tr-en Turkish-English" in scored.stdout
    rows = [json.loads(line) for line in polydistill("world --langs en,en-tr,tr --rows 2 --json").stdout.splitlines()]
    english, mixed, turkish = rows[:3]
    assert mixed["language"] == "en-tr"
    assert (mixed["premise"], mixed["hypothesis"]) == (english["premise"], turkish["hypothesis"])
    assert mixed["label"] == english["label"]
    refused = polydistill("world --task ner --langs en-tr --rows 2")
    assert refused.exit_code == 2
    assert "asks for texts in two languages" in refused.stderr


def test_from_python(own_model, work):
    tuned = pd.tune(own_model, "file:rows.jsonl", ["en-tr"], out="tuned", steps=2)
    done = pd.kld(own_model, tuned.folder, "file:rows.jsonl", "tr-en", "en-tr", out="student", steps=2)
    assert done.result.labels_seen == ("en-tr", "tr-en")
    assert done.run.name.startswith("kld en-tr to tr-en on ")
    (score,) = pd.evaluate(done.folder, "file:rows.jsonl", ["tr-en"])
    assert (score.language, score.examples) == ("tr-en", 12)
