"""Tasks of one's own through the whole house: any labels, one text or two, or words with tags."""

import io
import json

import pytest
import transformers
from own_rows import pairs, several, soft, texts, words, written
from rich.console import Console

from polydistill import api
from polydistill.data.rows.sources import parse_source
from polydistill.methods.tuning import TuneSpec
from polydistill.methods.xd import XDSpec
from polydistill.results import load_result
from polydistill.starts.heads import task_in
from polydistill.starts.loading import load_classifier
from polydistill.starts.origins import Pretrained
from polydistill.tasks import TaskSpec, task_of
from polydistill.training.execute import execute
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store
from tiny import tiny_network, tiny_tokenizer

INTENTS = ("alarm", "music", "weather", "other")
TOPICS = ("sport", "law", "food")
SOFT = ("yes", "no", "maybe")
ENTITIES = ("O", "B-PER", "I-PER", "B-MISC", "I-MISC")
PARTS = ("NOUN", "VERB", "DET")
CASES = {
    "intents": (TaskSpec(kind="text", labels=INTENTS), texts(INTENTS)),
    "relations": (TaskSpec(kind="pair", labels=("same", "other")), pairs(("same", "other"))),
    "topics": (TaskSpec(kind="text", labels=TOPICS, problem="several"), several(TOPICS)),
    "similarity": (TaskSpec(kind="pair", problem="number"), pairs((0.0, 2.5, 5))),
    "soft": (TaskSpec(kind="text", labels=SOFT), soft(SOFT)),
    "entities": (TaskSpec(kind="tags", labels=ENTITIES), words(ENTITIES)),
    "parts": (TaskSpec(kind="tags", labels=PARTS), words(PARTS)),
}
every_case = pytest.mark.parametrize("case", CASES)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """By case, the store, the finished run and its rows."""
    encoder = tmp_path_factory.mktemp("encoder")
    tiny_network(head="mlm").float().save_pretrained(encoder)
    tiny_tokenizer().save_pretrained(encoder)
    store, done = Store(tmp_path_factory.mktemp("runs")), {}
    for case, (task, rows) in CASES.items():
        data = parse_source(written(tmp_path_factory.mktemp(case), rows))
        run = Run(
            name=f"tune {case}",
            method=TuneSpec(task=task, languages=("en",), data=data, max_length=64),
            start=Pretrained(name=str(encoder)),
            training=Training(steps=4, batch_size=4, learning_rate=1e-3, evaluate_every=2),
            selection=Judging(task=task, languages=("en",), data=data, max_length=64),
            evaluation=Judging(task=task, languages=("en", "tr"), data=data, max_length=64),
        )
        execute(run, store, Console(file=io.StringIO()))
        done[case] = (store, run, rows)
    return done


@every_case
def test_the_result_has_the_tasks_score(tuned, case):
    store, run, rows = tuned[case]
    task = task_of(CASES[case][0])
    result = load_result(store.folder(run))
    assert {score.metric for score in result.scores} == {task.metric, *task.beside}
    scores = result.by_language(task.metric)
    assert set(scores) == {"en", "tr"}
    counted = sum(len(row["tokens"]) for row in rows["en"]) if case == "parts" else len(rows["en"])
    assert scores["en"].examples == counted


@every_case
def test_the_run_is_plain_data_and_its_identity_has_the_labels(tuned, case):
    _, run, _ = tuned[case]
    assert Run.model_validate_json(run.model_dump_json()) == run
    task = run.method.task
    other = task.model_copy(update={"labels": task.labels[::-1]} if task.labels else {"kind": "text"})
    assert run.model_copy(update={"method": run.method.model_copy(update={"task": other})}).identity != run.identity


@every_case
def test_the_model_is_a_plain_folder_with_its_labels(tuned, case):
    store, run, rows = tuned[case]
    folder, (task, _) = store.folder(run) / "model", CASES[case]
    config = transformers.AutoConfig.from_pretrained(folder)
    assert tuple(config.id2label.values()) == (task.labels or ("LABEL_0",))
    assert task_in(config, task) == task
    given = {name: value for name, value in rows["tr"][0].items() if name not in ("label", "ner_tags")}
    (found,) = api.predict(folder, [given], "tr", task=task)
    if task.problem == "number":
        assert isinstance(found.said, float) and found.probabilities is None
    else:
        assert set([found.said] if isinstance(found.said, str) else found.said) <= set(task.labels)


@pytest.mark.parametrize("case", ["intents", "relations", "topics", "similarity", "soft"])
def test_xd_takes_it_to_another_language(tuned, case):
    store, run, _ = tuned[case]
    distilled = Run(
        name=f"xd {case}",
        method=XDSpec(task=run.method.task, languages=("en", "tr"), data=run.method.data, max_length=64),
        start=ResultOf(run=run),
        training=Training(steps=2, batch_size=4),
        evaluation=run.evaluation,
    )
    execute(distilled, store, Console(file=io.StringIO()))
    assert load_result(store.folder(distilled)).labels_seen == ("en",)


def test_a_models_labels_are_held_against_the_tasks(tuned):
    store, run, _ = tuned["intents"]
    folder = store.folder(run) / "model"
    mixed = TaskSpec(kind="text", labels=("music", "weather", "rest", "timer"))
    with pytest.raises(ValueError, match=r"It lacks rest, timer\. Only it has alarm, other\. .*--map-labels"):
        load_classifier(folder, mixed)
    spelled = mixed.model_copy(update={"spellings": (("alarm", "timer"), ("other", "rest"))})
    network = load_classifier(folder, spelled).network
    assert tuple(network.config.id2label.values()) == spelled.labels
    before = transformers.AutoModelForSequenceClassification.from_pretrained(folder).classifier.out_proj.bias
    assert network.classifier.out_proj.bias.tolist() == before[[1, 2, 3, 0]].tolist()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "text"}, "labels has 0; expected at least 2"),
        ({"kind": "text", "labels": ("Good", "good")}, "the same but for their case"),
        (
            {"kind": "text", "labels": ("a", "b"), "spellings": (("x", "c"),)},
            "spellings lead to c; expected",
        ),
    ],
)
def test_what_a_task_cannot_be(fields, wrong):
    with pytest.raises(ValueError, match=wrong):
        TaskSpec(**fields)


def test_a_run_says_what_is_wrong_with_its_task(tuned):
    _, run, _ = tuned["intents"]
    data = json.loads(run.model_dump_json())
    data["evaluation"] = {**data["evaluation"], "task": {"kind": "text", "labels": ["one"]}}
    del data["evaluation"]["measure"]
    with pytest.raises(ValueError, match="labels has 1; expected at least 2"):
        Run.model_validate(data)


@every_case
def test_a_model_in_its_folder_says_what_its_task_is(tuned, case):
    store, run, rows = tuned[case]
    folder = store.folder(run)
    found = {score.language: score for score in api.evaluate(folder, run.method.data, ("en", "tr"))}
    assert set(found) == {"en", "tr"}
    given = {name: value for name, value in rows["tr"][0].items() if name not in ("label", "ner_tags")}
    assert len(list(api.predict(folder, [given], "tr"))) == 1


@pytest.mark.parametrize("case", ["intents", "topics", "similarity", "entities"])
def test_its_export_says_the_same(tuned, case, tmp_path):
    store, run, _ = tuned[case]
    done = api.export(store.folder(run), out=tmp_path / "out", format="transformers")
    assert (tmp_path / "out" / "README.md").is_file() and done
