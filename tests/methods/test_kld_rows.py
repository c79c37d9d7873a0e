"""Which rows BERT-KLD's student and teacher read: the same examples, each in its own pair; what is refused."""

import io
import json

import numpy as np
import pytest
import torch
from method_cases import batch_of
from rich.console import Console

from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.methods.bert_kld import BertKldSpec
from polydistill.methods.method import Models
from polydistill.methods.tuning import TuneSpec
from polydistill.models.loaded import Loaded
from polydistill.starts.origins import Pretrained
from polydistill.training.execute import execute
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store
from tiny import tiny_network, tiny_tokenizer

WORLD = WorldSource(rows=24)


def models_of(tmp_path, **teacher):
    networks = (tiny_network(seed=1), tiny_network(**{"seed": 2, **teacher}))
    return Models(*(Loaded(network, tiny_tokenizer()) for network in networks), tmp_path / "signals")


def prepared_of(tmp_path, **spec):
    spec = {"pair": "fr-tr", "teacher_pair": "en-fr", "data": WORLD, "store_teacher": False, **spec}
    return BertKldSpec(**spec).prepare(models_of(tmp_path), seed=0)


def texts_of(inputs):
    """The two texts of each row of a batch, back from their ids."""
    tokenizer, rows = tiny_tokenizer(), []
    for ids, mask in zip(inputs["input_ids"], inputs["attention_mask"], strict=True):
        row = ids[mask.bool()].tolist()
        (cut,) = [i for i in range(len(row) - 1) if row[i] == row[i + 1] == tokenizer.eos_token_id]
        rows.append(tuple(tokenizer.decode(part, skip_special_tokens=True) for part in (row[:cut], row[cut:])))
    return rows


def world(code, source=WORLD):
    rows = load_rows(source, PAIR_OF_SENTENCES, [code]).rows[code]
    return list(zip(rows["premise"], rows["hypothesis"], strict=True)), rows["label"][:]


@pytest.mark.parametrize(("reads", "taught"), [("own_pair", "en-fr"), ("student_pair", "fr-tr")])
def test_both_read_the_same_examples_in_a_batch(tmp_path, reads, taught):
    prepared = prepared_of(tmp_path, teacher_reads=reads)
    own, labels = world("fr-tr")
    theirs, _ = world(taught)
    assert [group.language for group in prepared.groups] == ["fr-tr"]
    for step in range(4):
        batch = batch_of(prepared, step)
        rows = [own.index(texts) for texts in texts_of(batch["text"])]
        assert texts_of(batch["taught"]) == [theirs[row] for row in rows]
        assert batch["labels"].tolist() == [labels[row] for row in rows]


def test_a_pair_is_the_first_text_of_one_language_and_the_second_of_the_other(tmp_path):
    batch = batch_of(prepared_of(tmp_path))
    french, turkish = (dict(zip(*zip(*world(code)[0], strict=True), strict=True)) for code in ("fr", "tr"))
    assert all(first in french and second in turkish.values() for first, second in texts_of(batch["text"]))


@pytest.mark.parametrize(
    ("reads", "vector"), [("own_pair", "hidden"), ("student_pair", "hidden"), ("own_pair", "logits")]
)
def test_stored_signals_are_what_the_living_teacher_says_of_the_same_rows(tmp_path, reads, vector):
    spec = {"teacher_reads": reads, "vector": vector}
    living, stored = prepared_of(tmp_path, **spec), prepared_of(tmp_path, store_teacher=True, **spec)
    assert stored.method.teacher is None
    for step in range(3):
        with_teacher, with_signal = batch_of(living, step), batch_of(stored, step)
        assert torch.equal(with_teacher["text"]["input_ids"], with_signal["text"]["input_ids"])
        assert "taught" not in with_signal
        wanted = living.method(**with_teacher).total.item()
        assert stored.method(**with_signal).total.item() == pytest.approx(wanted, rel=1e-6)  # kept in float32


def read_all(prepared):
    for group in prepared.groups:
        group.values["signal"].settle(np.arange(len(group.values["signal"])))


def test_what_a_teacher_says_is_stored_once_for_all_weights_and_temperatures(tmp_path):
    for changes in ({}, {"weight": 0.5}, {"temperature": 2.0}, {"pair": "tr-fr"}, {"target": "student"}):
        read_all(prepared_of(tmp_path, store_teacher=True, **changes))
    assert len(list((tmp_path / "signals").rglob("*.arrow"))) == 1
    read_all(prepared_of(tmp_path, store_teacher=True, vector="logits"))
    read_all(prepared_of(tmp_path, store_teacher=True, teacher_reads="student_pair"))
    assert len(list((tmp_path / "signals").rglob("*.arrow"))) == 3


def test_rows_and_labels_that_are_read():
    spec = {"pair": "fr-tr", "teacher_pair": "en-fr", "data": WORLD}
    assert BertKldSpec(**spec).reads == ((WORLD, ("fr-tr", "en-fr")),)
    assert BertKldSpec(teacher_reads="student_pair", **spec).reads == ((WORLD, ("fr-tr",)),)
    assert BertKldSpec(**{**spec, "teacher_pair": "fra-tur"}).reads == ((WORLD, ("fr-tr",)),)
    assert BertKldSpec(**spec).labels_seen == ("fr-tr",)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sum": "shared", "weight": 1.5}, "weight is 1.5, but with sum='shared' it is a share"),
        ({"weight": 0.0}, "greater than 0"),
        ({"scaling": "cross_entropy", "target": "student"}, "leaves out the entropy of the target"),
        ({"task": "ner"}, "the task 'ner' tags words"),
        ({"task": "choice"}, r"the task 'choice' reads several texts a row\. Compare logits"),
        ({"pair": "fr-xx"}, "Unknown language, or pair of languages"),
    ],
)
def test_settings_that_do_not_fit_are_refused(change, says):
    with pytest.raises(ValueError, match=says):
        BertKldSpec(**{"pair": "fr-tr", "teacher_pair": "en-fr", "data": WORLD, **change})


def test_rows_that_do_not_fit_are_refused(tmp_path):
    for code, rows in (("en", "a\tb\n"), ("fr", "c\td\n"), ("tr", "e\tf\n")):
        (tmp_path / f"test-{code}.tsv").write_text(rows)
    unlabelled = FileSource(path=str(tmp_path / "test-{lang}.tsv"), aligned=True)
    with pytest.raises(ValueError, match=r"BERT-KLD needs labels; the 'fr-tr' rows of .* have none"):
        prepared_of(tmp_path, data=unlabelled)
    for code, label in (("en", "neutral"), ("fr", "entailment")):
        (tmp_path / f"dev-{code}.tsv").write_text(f"premise\thypothesis\tlabel\na\tb\t{label}\n")
    with pytest.raises(ValueError, match="BERT-KLD needs rows that say the same in every language"):
        prepared_of(tmp_path, data=FileSource(path=str(tmp_path / "dev-{lang}.tsv")), pair="en", teacher_pair="fr")


def test_another_width_has_no_features_to_compare(tmp_path):
    models = models_of(tmp_path)
    models.teacher.network.config.hidden_size = 32
    spec = {"pair": "fr-tr", "teacher_pair": "en-fr", "data": WORLD}
    with pytest.raises(ValueError, match="teacher's vectors have 32 features and the student's 16"):
        BertKldSpec(**spec).prepare(models, seed=0)
    BertKldSpec(vector="logits", **spec).prepare(models, seed=0)


def runs_of(tmp_path):
    """A teacher tuned on one pair, and a student on another, with early stopping."""
    tiny_network(head="mlm").float().save_pretrained(tmp_path / "encoder")
    tiny_tokenizer().save_pretrained(tmp_path / "encoder")
    start = Pretrained(name=str(tmp_path / "encoder"))
    few = Training(steps=20, batch_size=4, learning_rate=1e-7, evaluate_every=2, patience=1)

    def judged(pair, split):
        return Judging(languages=(pair,), data=WorldSource(rows=12, split=split), max_length=40)

    def run(pair, method, **teacher):
        judging = {"selection": judged(pair, "dev"), "evaluation": judged(pair, "test")}
        return Run(name=pair, method=method, start=start, training=few, **judging, **teacher)

    teacher = run("en-fr", TuneSpec(languages=("en-fr",), data=WORLD, max_length=40))
    method = BertKldSpec(pair="fr-tr", teacher_pair="en-fr", data=WORLD, max_length=40)
    return teacher, run("fr-tr", method, teacher=ResultOf(run=teacher))


def test_a_student_of_a_teacher_that_is_trained_first_and_stops_early(tmp_path):
    teacher, student = runs_of(tmp_path)
    store = Store(tmp_path / "runs")
    result = execute(student, store, Console(file=io.StringIO()))
    assert store.result(teacher) is not None
    assert [(score.language, score.examples) for score in result.scores] == [("fr-tr", 12)]
    assert result.labels_seen == ("en-fr", "fr-tr")
    assert result.selected_on == ("dev/en-fr", "dev/fr-tr")
    log = json.loads((store.folder(student) / "log.json").read_text())
    assert max(line["step"] for line in log) < 20
    assert any("task" in line and "kl" in line for line in log)
    assert Run.model_validate_json(student.model_dump_json()) == student


def test_what_a_run_needs(tmp_path):
    _, student = runs_of(tmp_path)
    with pytest.raises(ValueError, match="'bert-kld' needs a teacher: a model that was tuned on the pair en-fr"):
        Run.model_validate({**student.model_dump(), "teacher": None})
    judged = student.selection.model_copy(update={"measure": "agreement"})
    with pytest.raises(ValueError, match=r"Agreement is with a teacher .*'bert-kld' has no such teacher"):
        Run.model_validate({**student.model_dump(), "selection": judged.model_dump()})


def test_the_rows_of_a_pair_decide_the_runs_identity(tmp_path):
    _, student = runs_of(tmp_path)
    changes = ({"pair": "tr-fr"}, {"teacher_pair": "en-tr"}, {"weight": 0.1}, {"teacher_reads": "student_pair"})
    others = [
        student.model_copy(update={"method": student.method.model_copy(update=change)}).identity for change in changes
    ]
    assert len({student.identity, *others}) == 5
    assert np.unique([len(one) for one in others]).tolist() == [16]


def test_frozen_parts_do_not_learn(tmp_path):
    student = prepared_of(tmp_path, freeze_embeddings=True, freeze_blocks=1).method.student
    learning = [name for name, value in student.named_parameters() if value.requires_grad]
    assert any(".layer.1." in name for name in learning)
    assert not [name for name in learning if ".embeddings." in name or ".layer.0." in name]
