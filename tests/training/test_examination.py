"""Examinations: models as they are are measured, nothing is trained, and what is done is not done again."""

import pytest
from pydantic import ValidationError

from polydistill import retrieve
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.monolingual import MonolingualSpec, Student
from polydistill.results import RUN_FILE
from polydistill.retrieval.retrieval import Similarity, at_layer
from polydistill.starts.origins import Fresh, Pretrained
from polydistill.training.examination import Examination, Retrieving
from polydistill.training.examine import examine
from polydistill.training.run import Cut, ResultOf, Run
from polydistill.training.settings import Training
from polydistill.training.store import Store
from tiny import tiny_network, tiny_tokenizer

ROWS = WorldSource(rows=12, split="test")
BOTH = tuple(Similarity.model_validate({"similarity": how}) for how in ("bertscore", "cosine"))


@pytest.fixture
def teacher(tmp_path):
    folder = tmp_path / "teacher"
    tiny_network(head="mlm", blocks=2).float().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return Pretrained(name=str(folder))


def examination(models, **changes):
    wanted = Retrieving(**{"languages": ("tr",), "data": ROWS, "how": BOTH, **changes})
    return Examination(name="looked at", models=models, retrieval=wanted)


def values(result):
    return {(score.language, score.metric): score.value for score in result.scores}


def test_it_finds_what_the_command_finds(teacher, tmp_path):
    result = examine(examination({"tr": teacher, "en": teacher}), Store(tmp_path / "runs"))
    for how in ("bertscore", "cosine"):
        for found in retrieve(teacher.name, ROWS, "tr", similarity=how):
            accuracy, mrr = found.scores
            assert values(result)["tr", accuracy.metric] == found.accuracy
            assert values(result)["tr", mrr.metric] == found.mrr
    assert len(result.scores) == 8  # two similarities, two directions, accuracy and MRR
    assert all(score.hits is not None for score in result.scores if not score.metric.endswith("mrr"))


def test_students_of_single_languages_read_their_own(teacher, tmp_path):
    students = Run(
        name="students",
        method=MonolingualSpec(
            students=tuple(Student(name=code, languages=(code,)) for code in ("en", "tr")),
            data=WorldSource(rows=12),
            depth=1,
            max_length=32,
        ),
        start=teacher,
        training=Training(steps=2, batch_size=4, learning_rate=1e-3),
    )
    models = {code: ResultOf(run=students, student=code) for code in ("en", "tr")}
    store = Store(tmp_path / "runs")
    result = examine(examination(models), store)  # does the students' run first
    folders = {code: store.folder(students) / "students" / code for code in models}
    accuracy, _ = retrieve(folders["tr"], ROWS, "tr", source_model=folders["en"])[0].scores
    assert values(result)["tr", "retrieval cosine to en"] == accuracy.value
    swapped = examine(examination({"en": models["tr"], "tr": models["en"]}), store)
    assert swapped.run_id != result.run_id


def test_some_blocks_are_looked_at_alone(teacher, tmp_path):
    store, cut = Store(tmp_path / "runs"), Cut(of=teacher, depth=1, map="bottom")
    alone = examine(examination({"tr": cut, "en": cut}), store)
    below = examine(
        examination({"tr": teacher, "en": teacher}, how=(Similarity.model_validate({"layers": (1,)}),)), store
    )
    assert values(alone)["tr", "retrieval cosine to en"] == values(below)["tr", "retrieval cosine to en"]


def test_layer_by_layer(teacher, tmp_path):
    looked = examination({"tr": teacher, "en": teacher}, by_layer=True, how=BOTH[1:])
    result = examine(looked, Store(tmp_path / "runs"))
    assert len(result.scores) == 8  # two layers
    for found in retrieve(teacher.name, ROWS, "tr", by_layer=True):
        assert values(result)["tr", at_layer(found.metric, found.layers[0])] == found.accuracy


def test_it_is_done_once(teacher, tmp_path):
    store, looked = Store(tmp_path / "runs"), examination({"tr": teacher, "en": teacher})
    examine(looked, store)
    written = store.folder(looked) / RUN_FILE
    begun = written.stat().st_mtime_ns
    assert examine(looked.model_copy(update={"name": "another name"}), store).name == "looked at"
    assert written.stat().st_mtime_ns == begun
    assert Examination.model_validate_json(written.read_text()) == looked
    assert store.unfinished() == []


def test_other_sentences_are_another_examination(teacher):
    one, other = (examination({"tr": teacher, "en": teacher}, data=WorldSource(rows=n, split="test")) for n in (12, 15))
    assert one.identity != other.identity
    assert examination({"tr": teacher, "en": teacher}).identity == one.identity


def test_what_cannot_be_looked_at(teacher, tmp_path):
    with pytest.raises(ValidationError, match="There are models for en, but sentences in en, tr"):
        examination({"en": teacher})
    with pytest.raises(ValidationError, match="two languages, not 'en' and 'en'"):
        examination({"en": teacher}, languages=("en",))
    with pytest.raises(ValueError, match="pre-train it before it is looked at"):
        examine(examination({"tr": Fresh(), "en": Fresh()}), Store(tmp_path / "runs"))
