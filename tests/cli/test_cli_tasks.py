"""The commands with `--task`: named entities and questions, from rows to predictions."""

import json
from pathlib import Path

import pytest

from polydistill.tasks import TASKS
from tiny import tiny_network, tiny_tokenizer

TUNE = (
    "tune --model {} --task {} --train world:?rows=12 --test world:?rows=6&split=test --steps 2 --max-length 64 "
    "--out tuned"
)
QUESTION = {
    "premise": "Emil lost the key.",
    "question": "effect",
    "choice1": "Emil saw nothing.",
    "choice2": "Emil slept.",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A tagger and a chooser with random weights."""
    folders = {}
    for task, head in (("ner", "tags"), ("choice", "choices")):
        network = tiny_network(head=head).float()
        labels = TASKS[task].shape.labels
        if labels:
            network.config.id2label, network.config.label2id = (
                dict(enumerate(labels)),
                {n: i for i, n in enumerate(labels)},
            )
        folders[task] = tmp_path_factory.mktemp(task) / "model"
        network.save_pretrained(folders[task])
        tiny_tokenizer().save_pretrained(folders[task])
    return folders


@pytest.mark.parametrize(("task", "metric"), [("ner", "f1"), ("choice", "accuracy")])
def test_tune_and_evaluate(polydistill, own_model, work, task, metric):
    result = polydistill(TUNE.format(own_model, task))
    assert result.exit_code == 0, result.output
    assert metric in result.stdout
    (score,) = json.loads(Path("tuned/results.json").read_text())["scores"]
    assert (score["metric"], score["examples"]) == (metric, 6)
    again = polydistill(f"evaluate tuned --task {task} --data world:?rows=6&split=test --langs en --json scores.json")
    assert again.exit_code == 0, again.output
    assert json.loads(Path("scores.json").read_text())[0]["value"] == pytest.approx(score["value"])


@pytest.mark.parametrize("task", ["ner", "choice"])
def test_world_rows_are_read_back_as_rows_of_the_task(polydistill, work, models, task):
    printed = polydistill(f"world --task {task} --langs en,tr --rows 5 --json").stdout
    Path("rows.jsonl").write_text(printed)
    here = polydistill(f"evaluate {models[task]} --task {task} --data file:rows.jsonl --langs en,tr --json a.json")
    made = polydistill(f"evaluate {models[task]} --task {task} --data world:?rows=5 --langs en,tr --json b.json")
    assert here.exit_code == made.exit_code == 0, here.output + made.output
    values = [[score["value"] for score in json.loads(Path(name).read_text())] for name in ("a.json", "b.json")]
    assert values[0] == values[1]
    said = polydistill(f"predict {models[task]} --task {task} --input rows.jsonl")
    assert said.exit_code == 0, said.output
    for line, row in zip(said.stdout.splitlines(), printed.splitlines(), strict=True):
        answer = json.loads(line)
        assert {name: answer[name] for name in json.loads(row)} == json.loads(row)
        wanted = len(answer["tokens"]) if task == "ner" else 2
        assert len(answer["probabilities"]) == wanted


def test_world_shows_words_beside_their_tags(polydistill):
    shown = polydistill("world --task ner --langs en,tr --rows 2")
    assert shown.exit_code == 0, shown.output
    assert "ner_tags" in shown.stdout and "B-PER" in shown.stdout and "Tanzanya'da" in shown.stdout
    assert "choice1" in polydistill("world --task choice --rows 2").stdout


def test_predict_one_sentence_and_one_question(polydistill, models):
    result = polydistill(f'predict {models["ner"]} --task ner --text "Anna lives here ."')
    assert result.exit_code == 0, result.output
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert [word for word, _ in lines] == ["Anna", "lives", "here", "."]
    assert {tag for _, tag in lines} <= set(TASKS["ner"].shape.labels)
    result = polydistill(f'predict {models["choice"]} --task choice --premise "A fell." --choice "B ran." --choice "C"')
    assert result.exit_code == 0, result.output
    assert result.stdout.split()[0] in ("choice1", "choice2")
    by_line = polydistill(f"predict {models['choice']} --task choice", json.dumps(QUESTION) + "\n")
    assert json.loads(by_line.stdout)["predicted"] in ("choice1", "choice2")


@pytest.mark.parametrize(
    ("task", "options", "says"),
    [
        ("ner", "--premise a --hypothesis b", "--hypothesis is no option of the task 'ner', which has --text"),
        ("choice", "--premise a", "--premise and --choice go together"),
        ("choice", "--premise a --choice b", "one choice"),
        ("choice", "--text a", "--text is no option of the task 'choice'"),
        ("ner", "--text a --input rows.jsonl", "Give --text, or --input, and not both"),
        ("ner", "--text ' '", "no text under tokens"),
    ],
)
def test_options_of_another_task_are_refused(polydistill, models, task, options, says):
    result = polydistill(f"predict {models[task]} --task {task} {options}")
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.parametrize(
    ("task", "line", "says"),
    [
        ("ner", '{"tokens": "a b"}', 'line 1: found no text under tokens; expected an object such as {"tokens"'),
        ("choice", json.dumps({**QUESTION, "choice2": 3}), "line 1: found no text under choices"),
        ("choice", "[1]", "line 1: found no text under premise and question and choices"),
    ],
)
def test_a_bad_line_is_named(polydistill, models, task, line, says):
    result = polydistill(f"predict {models[task]} --task {task}", line + "\n")
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.parametrize(
    "command", ["world --task nre", "evaluate x --task nre --data world: --langs en", "predict x --task nre --text a"]
)
def test_an_unknown_task(polydistill, command):
    result = polydistill(command)
    assert result.exit_code == 2
    assert "Unknown task 'nre'. Did you mean 'ner'? Known: nli, ner, choice." in result.stderr


def test_a_model_of_another_task_is_refused(polydistill, models, own_model):
    result = polydistill(f"evaluate {models['ner']} --data world: --langs en")
    assert result.exit_code == 2
    assert "was tuned for the task 'ner', not for 'nli'" in result.stderr
    assert (
        "has no head of the task 'choice'"
        in polydistill(f"xd --model {own_model} --task choice --data world: --langs en,tr --out x").stderr
    )
    refused = polydistill(f"xd --model {models['ner']} --task ner --data world: --langs en,tr --out x")
    assert "tags words, which translations do not share" in refused.stderr
