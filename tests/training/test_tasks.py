"""Every task through the whole house: tuned, selected, scored, saved as a plain folder, loaded, and asked again."""

import io
import json

import pytest
import transformers
from rich.console import Console

from polydistill import api
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.sources import WorldSource
from polydistill.data.translations.given import as_corpora
from polydistill.methods.multikd import MultiKDSpec
from polydistill.methods.transfer_tuning import TaskDistillation, TransferTuneSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.methods.xd import XDSpec
from polydistill.results import load_result
from polydistill.starts.origins import Pretrained
from polydistill.tasks import TASKS
from polydistill.training.execute import execute
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store
from tiny import tiny_network, tiny_tokenizer

NEW = [name for name in TASKS if name != "nli"]
every_new_task = pytest.mark.parametrize("task", NEW)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    tiny_network(head="mlm").float().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def tune_run(task, encoder, name="tuned"):
    rows = {"languages": ("en",), "max_length": 64}
    return Run(
        name=name,
        method=TuneSpec(task=task, data=WorldSource(rows=40), **rows),
        start=Pretrained(name=str(encoder)),
        training=Training(steps=4, batch_size=4, learning_rate=1e-3, evaluate_every=2),
        selection=Judging(task=task, data=WorldSource(rows=10, split="dev"), **rows),
        evaluation=Judging(task=task, languages=("en", "tr"), data=WorldSource(rows=10, split="test"), max_length=64),
    )


@pytest.fixture(scope="module")
def tuned(encoder, tmp_path_factory):
    """The folder of a finished run of each task."""
    store = Store(tmp_path_factory.mktemp("runs"))
    done = {}
    for task in NEW:
        run = tune_run(task, encoder)
        execute(run, store, Console(file=io.StringIO()))
        done[task] = store.folder(run)
    return done


@every_new_task
def test_the_result_has_the_tasks_score_and_keeps_it(tuned, task):
    result = load_result(tuned[task])
    metrics = (TASKS[task].metric, *TASKS[task].beside)
    found = [(score.language, score.metric, score.examples) for score in result.scores]
    assert found == [(code, metric, 10) for code in ("en", "tr") for metric in metrics]
    assert result.labels_seen == ("en",) and result.selected_on == ("dev/en",)
    log = json.loads((tuned[task] / "log.json").read_text())
    assert any("task" in line for line in log)
    assert any(f"eval_{TASKS[task].metric}_en" in line for line in log)


@every_new_task
def test_a_saved_student_scores_and_answers_the_same(tuned, task):
    result = load_result(tuned[task])
    source = WorldSource(rows=10, split="test")
    again = api.evaluate(tuned[task], source, ["en", "tr"], task)
    for old, new in zip(result.scores, again, strict=True):
        assert new.value == pytest.approx(old.value)
    rows = load_rows(source, TASKS[task].shape, ["tr"]).rows["tr"]
    answers = list(
        api.predict(tuned[task], ({k: v for k, v in row.items() if k != "label"} for row in rows), task=task)
    )
    said = [answer.said for answer in answers]
    gold = [TASKS[task].written(row) for row in rows]
    stored = result.by_language(TASKS[task].metric)["tr"]
    if task in ("choice", "stars", "paraphrase"):
        names = {
            "choice": [f"choice{row.get('label', 0) + 1}" for row in gold if task == "choice"],
            "stars": [str(row.get("stars")) for row in gold],
            "paraphrase": [row.get("label") for row in gold],
        }[task]
        right = [one == name for one, name in zip(said, names, strict=True)]
        assert sum(right) / len(right) == pytest.approx(stored.value)
    elif task == "qa":
        score = TASKS[task].score("tr", [(one,) for one in said], TASKS[task].gold(rows))
        assert score.value == pytest.approx(stored.value)
        assert [row["context"][one.start :].startswith(one.text) for row, one in zip(rows, answers, strict=True)] == [
            True
        ] * 10
    else:
        index = TASKS[task].shape.labels.index
        score = TASKS[task].score(
            "tr", [[index(tag) for tag in one] for one in said], [list(row["label"]) for row in rows]
        )
        assert score.value == pytest.approx(stored.value)


def test_plain_transformers_tags_with_a_saved_student(tuned):
    model = transformers.AutoModelForTokenClassification.from_pretrained(tuned["ner"] / "model")
    assert tuple(model.config.id2label[at] for at in range(7)) == TASKS["ner"].shape.labels
    tagger = transformers.pipeline("token-classification", str(tuned["ner"] / "model"))
    found = tagger("Anna Keller lives in Berlin .")
    assert {one["entity"] for one in found} <= set(TASKS["ner"].shape.labels)


def test_plain_transformers_answers_with_a_saved_student(tuned):
    answer = transformers.AutoModelForQuestionAnswering.from_pretrained(tuned["qa"] / "model")
    assert answer.config.id2label == {0: "start", 1: "end"}
    ids = tiny_tokenizer()(["Who?"], ["Anna lives in Rome."], return_tensors="pt")
    assert answer(**ids).start_logits.shape == ids["input_ids"].shape


def test_plain_transformers_chooses_with_a_saved_student(tuned):
    model = transformers.AutoModelForMultipleChoice.from_pretrained(tuned["choice"] / "model")
    ids = tiny_tokenizer()([["p", "a"], ["p", "b"]], return_tensors="pt", padding=True)
    assert model(**{name: value[None] for name, value in ids.items()}).logits.shape == (1, 2)


@pytest.mark.parametrize("task", [NEW[0], *(pytest.param(task, marks=pytest.mark.slow) for task in NEW[1:])])
def test_tuning_goes_on_from_a_tuned_student_and_from_one_of_another_task(tuned, task, tmp_path):
    for start in NEW:
        run = tune_run(task, tuned[start] / "model")
        run = run.model_copy(update={"selection": None, "training": Training(steps=1, batch_size=4)})
        result = execute(run, Store(tmp_path), Console(file=io.StringIO()))
        assert result.labels_seen == ("en",)


def test_questions_are_distilled_across_languages_without_labels(encoder, tmp_path):
    tuned_ = tune_run("choice", encoder)
    run = Run(
        name="xd",
        method=XDSpec(task="choice", languages=("en", "tr"), data=WorldSource(rows=20), max_length=64),
        start=ResultOf(run=tuned_),
        training=Training(steps=2, batch_size=4, evaluate_every=1),
        selection=Judging(
            task="choice", languages=("tr",), data=WorldSource(rows=10, split="dev"), max_length=64, measure="agreement"
        ),
        evaluation=tuned_.evaluation,
    )
    assert execute(run, Store(tmp_path), Console(file=io.StringIO())).labels_seen == ("en",)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"task": "ner", "data": WorldSource(), "on": "first"}, "A tagger learns the tags of aligned words"),
        ({"task": "qa", "data": WorldSource()}, "marks words of a text, which translations do not share"),
        ({"task": "choice", "data": WorldSource(), "on": "first"}, "compares logits"),
        ({"task": "choice", "corpora": as_corpora("en-tr=a").corpora}, "not plain sentences"),
    ],
)
def test_xd_refuses_what_it_cannot_compare(given, says):
    with pytest.raises(ValueError, match=says):
        XDSpec(languages=("en", "tr"), **given)


def test_other_methods_refuse_answers_too():
    rows = {"languages": ("en",), "data": WorldSource()}
    with pytest.raises(ValueError, match="the task 'qa' marks words of a text"):
        MultiKDSpec(task="qa", **rows)
    with pytest.raises(ValueError, match="Leave the teacher out, and learn from labels alone"):
        TransferTuneSpec(task="qa", strategy="FULL TRG", distil=TaskDistillation(), **rows)
    assert TransferTuneSpec(task="qa", strategy="FULL TRG", **rows).distil is None


def test_a_judge_compares_as_it_is_asked_to():
    plain = Judging(task="qa", languages=("de",), data=WorldSource())
    assert plain.measure == "f1" and "normaliser" not in plain.model_dump(mode="json")
    assert Judging.model_validate({**plain.model_dump(), "normaliser": "mlqa"}).asked.normaliser == "mlqa"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"task": "ner", "measure": "accuracy"}, "Unknown measure of the task 'ner' 'accuracy'. .*Known: f1"),
        ({"task": "ner", "measure": "agreement"}, "Unknown measure of the task 'ner'"),
        ({"task": "nli", "measure": "f1"}, "Unknown measure of the task 'nli'"),
        ({"task": "qa", "measure": "agreement"}, "Unknown measure of the task 'qa'"),
        ({"task": "ner", "normaliser": "mlqa"}, "normaliser='mlqa' is of answers"),
    ],
)
def test_a_task_has_its_own_measure(given, says):
    with pytest.raises(ValueError, match=says):
        Judging(languages=("en",), data=WorldSource(), **given)
    assert Judging(task="ner", languages=("en",), data=WorldSource()).measure == "f1"
    assert Judging(languages=("en",), data=WorldSource()).measure == "accuracy"


def test_a_model_is_asked_for_what_it_learned(tuned, encoder):
    with pytest.raises(ValueError, match=r"was tuned for the task 'ner', not for 'nli'"):
        api.load(tuned["ner"], "nli")
    assert api.load(tuned["ner"]).network.config.num_labels == 7  # its own task, where none is named
    with pytest.raises(ValueError, match=r"was tuned for no task, not for 'choice'"):
        api.load(encoder, "choice")


FOLDERS = {"ner": "entities", "choice": "events", "stars": "opinions", "qa": "days"}


@pytest.mark.parametrize(("task", "folder"), FOLDERS.items())
def test_a_runs_identity_depends_on_the_words_of_its_task(task, folder, encoder, monkeypatch):
    from polydistill.world import corpora

    other = next(name for name in NEW if name != task)
    before = {name: tune_run(name, encoder).identity for name in NEW}
    digest = corpora.tables_digest
    monkeypatch.setattr(corpora, "tables_digest", lambda of: "new" if of == folder else digest(of))
    assert tune_run(task, encoder).identity != before[task]
    assert tune_run(other, encoder).identity == before[other]
