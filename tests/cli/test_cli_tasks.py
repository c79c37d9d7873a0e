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
REVIEW = {"review_body": "The design is good.", "review_title": "Fine", "product_category": "Home"}
QUESTION = {
    "premise": "Emil lost the key.",
    "question": "effect",
    "choice1": "Emil saw nothing.",
    "choice2": "Emil slept.",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A model of each task with random weights."""
    folders = {}
    heads = {"ner": "tags", "choice": "choices", "stars": "stars", "paraphrase": "paraphrase", "qa": "answers"}
    for task, head in heads.items():
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


@pytest.mark.parametrize(
    ("task", "metrics"),
    [
        ("ner", ["f1"]),
        ("choice", ["accuracy"]),
        ("stars", ["accuracy", "mae"]),
        ("paraphrase", ["accuracy"]),
        ("qa", ["f1", "em"]),
    ],
)
def test_tune_and_evaluate(polydistill, own_model, work, task, metrics):
    result = polydistill(TUNE.format(own_model, task))
    assert result.exit_code == 0, result.output
    assert all(metric in result.stdout for metric in metrics)
    scores = json.loads(Path("tuned/results.json").read_text())["scores"]
    assert [(score["metric"], score["examples"]) for score in scores] == [(metric, 6) for metric in metrics]
    again = polydistill(f"evaluate tuned --task {task} --data world:?rows=6&split=test --langs en --json scores.json")
    assert again.exit_code == 0, again.output
    found = [score["value"] for score in json.loads(Path("scores.json").read_text())]
    assert found == pytest.approx([score["value"] for score in scores])


@pytest.mark.parametrize("task", ["ner", "choice", "stars", "paraphrase", "qa"])
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
        if task == "qa":
            assert answer["predicted"] in answer["context"] and answer["predicted"] in answer["probabilities"]
            continue
        wanted = {"choice": 2, "stars": 5, "paraphrase": 2}.get(task) or len(answer["tokens"])
        assert len(answer["probabilities"]) == wanted


def test_predict_answers_and_judges_paraphrases(polydistill, models):
    result = polydistill(f"predict {models['qa']} --task qa --question Who? --context 'Anna is in Rome.'")
    assert result.exit_code == 0 and ", character " in result.stdout, result.output
    result = polydistill(f"predict {models['paraphrase']} --task paraphrase --sentence1 'A b.' --sentence2 'B a.'")
    assert result.exit_code == 0 and result.stdout[:3] in ("0  ", "1  "), result.output
    missing = polydistill(f"predict {models['qa']} --task qa --question Who?")
    assert "--question and --context go together" in missing.stderr
    stray = polydistill(f"predict {models['qa']} --task qa --text Who?")
    assert "--text is no option of the task 'qa', which has --question and --context" in stray.stderr


def test_evaluate_normalises_answers_as_asked(polydistill, models):
    done = polydistill(f"evaluate {models['qa']} --task qa --data world:?rows=3 --langs en --normaliser mlqa")
    assert done.exit_code == 0, done.output
    unknown = polydistill(f"evaluate {models['qa']} --task qa --data world:?rows=3 --langs tr --normaliser mlqa")
    assert "Unknown language of MLQA's normaliser 'tr'" in unknown.stderr


def test_world_shows_words_beside_their_tags(polydistill):
    shown = polydistill("world --task ner --langs en,tr --rows 2")
    assert shown.exit_code == 0, shown.output
    assert "ner_tags" in shown.stdout and "B-PER" in shown.stdout and "Tanzanya'da" in shown.stdout
    assert "choice1" in polydistill("world --task choice --rows 2").stdout
    rated = polydistill("world --task stars --langs en,sw --rows 5").stdout
    assert rated.split()[:2] == ["row", "stars"]
    assert sorted(line.split()[1] for line in rated.splitlines() if line[1:2].isdigit()) == list("12345")


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


def test_predict_one_review_whole_or_in_part(polydistill, models):
    command = f'predict {models["stars"]} --task stars --text "The design is good."'
    whole = polydistill(f"{command} --title Fine --category Home")
    assert whole.exit_code == 0, whole.output
    assert whole.stdout.split()[0] in "12345"
    said = {}
    for row in (REVIEW, {"review_body": REVIEW["review_body"]}, {**REVIEW, "review_title": None}):
        line = polydistill(f"predict {models['stars']} --task stars", json.dumps(row) + "\n")
        assert line.exit_code == 0, line.output
        said[len(said)] = json.loads(line.stdout)["probabilities"]
    assert f"5 {said[0]['5']:.3f}" in whole.stdout
    assert f"5 {said[1]['5']:.3f}" in polydistill(command).stdout
    assert said[0] != said[1] != said[2]


@pytest.mark.parametrize(
    ("task", "options", "says"),
    [
        ("ner", "--premise a --hypothesis b", "--hypothesis is no option of the task 'ner', which has --text"),
        ("choice", "--premise a", "--premise and --choice go together"),
        ("choice", "--premise a --choice b", "one choice"),
        ("choice", "--text a", "--text is no option of the task 'choice'"),
        ("ner", "--text a --input rows.jsonl", "Give --text, or --input, and not both"),
        ("ner", "--text ' '", "no text under tokens"),
        ("ner", "--text a --title b", "--title is no option of the task 'ner'"),
        ("stars", "--title a", "--title and --category go with --text. Give it, or none of them"),
        ("stars", "--premise a", "no option of the task 'stars', which has --text and --title and --category"),
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
        ("stars", json.dumps({**REVIEW, "review_title": 3}), "line 1: found no text under review_title"),
        ("stars", json.dumps({**REVIEW, "review_body": None}), "line 1: found no text under review_body"),
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
    assert "Unknown task 'nre'. Did you mean 'ner'? Known: nli, paraphrase, ner, choice, stars, qa" in result.stderr


def test_a_model_of_another_task_is_refused(polydistill, models, own_model):
    result = polydistill(f"evaluate {models['ner']} --task nli --data world: --langs en")
    assert result.exit_code == 2
    assert "was tuned for the task 'ner', not for 'nli'" in result.stderr
    result = polydistill(f"evaluate {models['stars']} --task nli --data world: --langs en")
    assert "was tuned for the task 'stars', not for 'nli'" in result.stderr
    result = polydistill(f"predict {own_model} --task stars --text a")
    assert "was tuned for the task 'nli', not for 'stars'" in result.stderr
    assert (
        "has no head of the task 'choice'"
        in polydistill(f"xd --model {own_model} --task choice --data world: --langs en,tr --out x").stderr
    )
    refused = polydistill(f"xd --model {models['ner']} --task ner --on first --data world: --langs en,tr --out x")
    assert "A tagger learns the tags of aligned words" in refused.stderr


def test_a_tagger_learns_from_translations_and_text_alone(polydistill, models, tmp_path):
    (tmp_path / "german.txt").write_text("Louise Otieno lebt in Tansania.\nBrot\n", encoding="utf-8")
    result = polydistill(
        f"xd --model {models['ner']} --parallel en-tr=world:?rows=8 --text de={tmp_path / 'german.txt'} --steps 4 "
        "--max-length 40 --test world:?rows=4&split=test --test-langs en,tr,de "
        f"--set training.batching.sampling=in-turn --out {tmp_path / 'taken'}"
    )
    assert result.exit_code == 0, result.output
    log = (tmp_path / "taken" / "log.json").read_text()
    assert '"aligned"' in log and '"own"' in log
