import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from plain import run_plain
from polydistill.defaults import LORA_RATE
from polydistill.training.run import Run

TUNE = "tune --model {} --train file:rows.jsonl --langs en --steps 2 --batch-size 4 --learning-rate 1e-3"
PLAIN = """
from transformers import AutoModelForSequenceClassification, pipeline

model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1])
print([model.config.id2label[index] for index in range(3)])
print(pipeline("text-classification", sys.argv[1])({"text": "A dog runs.", "text_pair": "An animal runs."})["label"])
"""


def test_tune_leaves_a_run_a_model_and_scores(polydistill, own_model, work):
    command = TUNE.format(own_model) + " --test file:rows.jsonl --test-langs en,tr --out tuned"
    result = polydistill(command)
    assert result.exit_code == 0, result.output
    assert "mean of 2" in result.stdout
    assert "2 steps of 4 rows, learning rate 0.001, seed 0" in result.stderr
    run = Run.model_validate_json(Path("tuned/run.json").read_text())
    assert (run.training.steps, run.training.batch_size, run.method.languages) == (2, 4, ("en",))
    scores = json.loads(Path("tuned/results.json").read_text())["scores"]
    assert [(score["language"], score["examples"]) for score in scores] == [("en", 12), ("tr", 12)]
    begun = Path("tuned/log.json").stat().st_mtime_ns
    assert polydistill(command).exit_code == 0
    assert Path("tuned/log.json").stat().st_mtime_ns == begun  # the same run is not done again


@pytest.mark.slow
def test_the_student_loads_with_plain_transformers_and_names_its_labels(polydistill, own_model, work):
    assert polydistill(TUNE.format(own_model) + " --out tuned").exit_code == 0
    named, predicted = run_plain(PLAIN, "tuned/model").splitlines()
    assert named == "['entailment', 'neutral', 'contradiction']"
    assert predicted in named


def test_a_student_learns_through_lora(polydistill, own_model, work):
    command = TUNE.format(own_model).replace(" --learning-rate 1e-3", " --lora-rank 4")
    result = polydistill(command + " --set training.lora.layers=query,value --test file:rows.jsonl --out tuned")
    assert result.exit_code == 0, result.output
    training = Run.model_validate_json(Path("tuned/run.json").read_text()).training
    assert (training.lora.rank, training.lora.layers) == (4, ("query", "value"))
    assert training.learning_rate == LORA_RATE
    before, after = (load_file(Path(folder, "model.safetensors")) for folder in (own_model, "tuned/model"))
    assert before.keys() == after.keys()
    moved = {name.split(".")[-2] for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved == {"query", "value"}
    assert polydistill(TUNE.format(own_model) + " --lora-rank 0").exit_code == 2


def test_another_run_does_not_fall_into_the_same_folder(polydistill, own_model, work):
    assert polydistill(TUNE.format(own_model) + " --out tuned").exit_code == 0
    other = polydistill(TUNE.format(own_model) + " --seed 1 --out tuned")
    assert other.exit_code == 2
    assert "tuned holds another run" in other.stderr
    assert "Name another folder" in other.stderr


def test_a_refused_run_leaves_its_folder_to_the_corrected_one(polydistill, own_model, work):
    shutil.copytree(own_model, "broken")
    Path("broken/model.safetensors").write_bytes(b"junk")
    refused = polydistill(TUNE.format("broken") + " --out tuned")
    assert refused.exit_code == 2, refused.output
    assert not any(Path("tuned").iterdir())
    assert polydistill(TUNE.format(own_model) + " --out tuned").exit_code == 0


def test_xd_from_rows_of_the_task(polydistill, own_model, work):
    command = (
        f"xd --model {own_model} --data file:rows.jsonl --langs en,tr --dev file:rows.jsonl --steps 2 --out turkish"
    )
    result = polydistill(command)
    assert result.exit_code == 0, result.output
    run = Run.model_validate_json(Path("turkish/run.json").read_text())
    assert run.method.source_language == "en"
    assert run.selection.measure == "agreement"
    assert run.labels_seen == ()


def test_xd_from_parallel_text(polydistill, own_model, work):
    result = polydistill(f"xd --model {own_model} --parallel en-tr=text.en,text.tr --steps 2 --runs here")
    assert result.exit_code == 0, result.output
    (folder,) = Path("here").glob("xd-*")
    assert f"model: {folder}/model" in result.stdout
    assert {path.name for path in folder.iterdir()} >= {"run.json", "model", "results.json", "log.json"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "XD needs text to learn from"),
        ("--data file:rows.jsonl --langs en,tr --parallel en-tr=text", "and not both"),
        ("--parallel en-tr", "expected a pair of languages and its text"),
        ("--parallel entr=text", "expected a pair of languages and its text"),
        ("--parallel en-tr=text --parallel tr-en=text", "All pairs begin with one language"),
        ("--parallel en-tr=a,b,c", "no such file"),
        ("--parallel en-tr=text.en,lost.tr", "lost.tr"),
        ("--parallel en-tr=lost.zip", "lost.zip: found no such file"),
        ("--data file:rows.jsonl --langs en,tr --task nil", "Did you mean 'nli'?"),
        ("--data file:rows.jsonl --langs en,tr --steps 0", "steps"),
        ("--data file:rows.jsonl --langs en,tr --max-length 999", "reads at most 64 tokens"),
        ("--data file:rows.jsonl --langs en,tr --set training.patience=2", "evaluate_every"),
    ],
)
def test_what_xd_cannot_use_is_said(polydistill, own_model, work, given, says):
    result = polydistill(f"xd --model {own_model} {given} --out x")
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ")
    assert says in result.stderr
    assert not Path("x").exists()


def test_run_does_a_printed_run_with_changes(polydistill, own_model, work):
    printed = polydistill(TUNE.format(own_model) + " --print").stdout
    assert not Path("runs").exists()
    Path("run.yaml").write_text(yaml.safe_dump(json.loads(printed)))
    result = polydistill("run run.yaml --set training.learning_rate=1e-5 --set method.languages=en,tr --out done")
    assert result.exit_code == 0, result.output
    before, done = (Run.model_validate_json(text) for text in (printed, Path("done/run.json").read_text()))
    assert (done.training.learning_rate, done.method.languages) == (1e-5, ("en", "tr"))
    assert done.training.model_copy(update={"learning_rate": 1e-3}) == before.training


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("training.learning_rat=1", "Did you mean 'learning_rate'?"),
        ("trainning.steps=1", "Unknown setting of a run 'trainning'"),
        ("training.steps", "expected path=value"),
        ("training.steps=many", "training.steps"),
        ("evaluation.data=word:mini", "evaluation"),
    ],
)
def test_a_change_that_cannot_be_made_is_said(polydistill, own_model, work, change, says):
    Path("run.json").write_text(polydistill(TUNE.format(own_model) + " --print").stdout)
    result = polydistill(f"run run.json --set {change}")
    assert result.exit_code == 2
    assert says in result.stderr
