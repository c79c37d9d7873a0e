"""XD from text of a language alone: the student learns what the teacher says of it, made surer or filtered."""

import numpy as np
import pytest
import torch

from polydistill.data.batches.batches import Steps, collate
from polydistill.data.batches.schedule import Schedule
from polydistill.data.rows.given import as_source
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Models
from polydistill.methods.soft_answers import Taken
from polydistill.methods.xd import XDSpec
from polydistill.models.loaded import Loaded
from polydistill.tasks import TaskSpec, task_of
from tiny import tiny_network, tiny_tokenizer

LINES = ["bir kedi", "bir köpek", "yaşlı kadın görür", "ekmek", "", "bir adam", "ç ğ"]
TEXT = TaskSpec(kind="text", labels=("a", "b", "c"))
SEVERAL = TaskSpec(kind="text", labels=("a", "b", "c"), problem="several")
NUMBER = TaskSpec(kind="pair", problem="number")
HEADS = {"ner": "tags", "choice": "choices", "stars": "stars", "paraphrase": "paraphrase"}


def prepared_of(tmp_path, seed=0, head="classes", **spec):
    """The same network, twice: student and teacher begin alike."""
    models = Models(*(Loaded(tiny_network(head=head), tiny_tokenizer()) for _ in "st"), tmp_path / "signals")
    return XDSpec(max_length=60, **spec).prepare(models, seed)


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "turkish.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return as_source({"tr": path})


def logits_of(method, group):
    batch = collate([(group, np.arange(len(group.lengths)))])
    method.student.eval()
    with torch.no_grad():
        return method.student(batch["target"], "tr").logits_BC, batch


def test_every_line_is_learned_as_the_teacher_reads_it(tmp_path, plain):
    prepared = prepared_of(tmp_path, task=TEXT, text=plain, draw="random", temperature=1.0)
    (group,) = prepared.groups
    assert group.language == "tr"
    assert len(group.lengths) == 6  # none of the blank line
    logits, batch = logits_of(prepared.method, group)
    np.testing.assert_allclose(batch["own"], torch.softmax(logits, -1), rtol=1e-5)


def test_answers_become_surer_and_the_unsure_are_left_out(tmp_path, plain):
    spec = {"task": TEXT, "text": plain, "draw": "random"}
    whole, batch = logits_of(*_pair(prepared_of(tmp_path, **spec)))
    np.testing.assert_allclose(batch["own"], torch.softmax(whole / 0.5, -1), rtol=1e-4)
    sure = torch.softmax(whole, -1).max(-1).values
    limit = float(sure.sort().values[1:3].mean())
    few, _ = logits_of(*_pair(prepared_of(tmp_path, confidence=limit, **spec)))
    assert len(few) == 4
    with pytest.raises(ValueError, match=r"less sure than 0.9999 of all 6 rows in 'tr'.* Lower the confidence"):
        prepared_of(tmp_path, confidence=0.9999, **spec)


def _pair(prepared):
    (group,) = prepared.groups
    return prepared.method, group


def test_rows_are_drawn_by_the_answers(tmp_path, plain):
    prepared = prepared_of(tmp_path, task=TEXT, text=plain)
    logits, batch = logits_of(*_pair(prepared))
    counts = np.bincount(logits.argmax(-1), minlength=3)
    assert counts.max() <= 2  # of each answer a third of six
    assert list(prepared.notes["answers"]) == ["tr, text alone"]
    assert len(batch["own"]) == counts.sum()


def test_a_step_makes_the_student_surer(tmp_path, plain):
    prepared = prepared_of(tmp_path, task=TEXT, text=plain, draw="random")
    (group,), method = prepared.groups, prepared.method
    batch = collate([(group, np.arange(6))])
    loss = method(**batch)
    assert set(loss.terms) == {"own"} == set(method.counts(batch))
    loss.terms["own"].value.backward()
    optimiser = torch.optim.SGD(method.student.parameters(), lr=0.01)
    optimiser.step()
    assert method(**batch).terms["own"].value < loss.terms["own"].value


@pytest.mark.parametrize("task", ["ner", "choice", "stars", "paraphrase", "nli"])
def test_rows_of_every_task_without_labels(tmp_path, task):
    text = as_source({"tr": WorldSource(rows=12)})
    prepared = prepared_of(tmp_path, task=task, text=text, draw="random", head=HEADS.get(task, "classes"))
    steps = Steps(Schedule([group.lengths for group in prepared.groups], 4, 2, seed=0), prepared.groups)
    (term,) = prepared.method(**steps[0]).terms.values()
    assert torch.isfinite(term.value) and term.value > 0


def test_pairs_are_made_of_plain_lines(tmp_path, plain):
    prepared = prepared_of(tmp_path, text=plain)
    assert "tr, text alone" in prepared.notes["answers"]
    (group,) = prepared.groups
    assert 0 < len(group.lengths) <= 3 * 6


def test_several_labels_are_decided_alone():
    logits = np.array([[2.0, -1.0], [0.1, 4.0]], dtype=np.float32)
    said, sure = Taken(0.5, 0.7).of(logits, several=True)
    np.testing.assert_allclose(said, 1 / (1 + np.exp(-2 * logits)), rtol=1e-6)
    assert sure.tolist() == [True, False]  # the first label of the second is at 0.52


def test_several_labels_and_numbers(tmp_path, plain):
    prepared = prepared_of(tmp_path, task=SEVERAL, text=plain, temperature=1.0)
    logits, batch = logits_of(*_pair(prepared))
    np.testing.assert_allclose(batch["own"], torch.sigmoid(logits), rtol=1e-5)
    torch.manual_seed(0)
    network = tiny_network()
    network.classifier.out_proj = torch.nn.Linear(16, 1, dtype=torch.float64)
    models = Models(Loaded(network, tiny_tokenizer()), Loaded(tiny_network(), tiny_tokenizer()), tmp_path / "s")
    models.teacher.network.classifier.out_proj = torch.nn.Linear(16, 1, dtype=torch.float64)
    prepared = XDSpec(task=NUMBER, text=plain, max_length=40).prepare(models, 0)
    assert prepared.groups[0].values["own"].ndim == 1
    assert prepared.told[0].startswith("Warning: a number cannot be made surer")


def test_tags_of_plain_lines_and_of_a_word_a_line(tmp_path, plain):
    prepared = prepared_of(tmp_path, task="ner", head="tags", text=plain, temperature=1.0)
    logits, batch = logits_of(*_pair(prepared))
    said = batch["own"].sum(-1) > 0
    assert int(said.sum()) == sum(len(line.split()) for line in LINES)
    np.testing.assert_allclose(batch["own"][said], torch.softmax(logits[said], -1), rtol=1e-5)
    words = tmp_path / "words.tsv"
    words.write_text("Ankara\nbir\n\nkedi\n", encoding="utf-8")
    again = prepared_of(tmp_path, task="ner", head="tags", text=as_source({"tr": words}), confidence=0.0)
    assert prepared.method.counts(batch) == {"own": int(said.sum())}
    assert len(again.groups[0].lengths) == 2


def test_unsure_words_are_not_learned(tmp_path, plain):
    spec = {"task": "ner", "head": "tags", "text": plain, "temperature": 1.0}
    _, batch = logits_of(*_pair(prepared_of(tmp_path, **spec)))
    sure = batch["own"].max(-1).values
    limit = float(sure[sure > 0].sort().values[1:3].mean())
    _, fewer = logits_of(*_pair(prepared_of(tmp_path, confidence=limit, **spec)))
    assert int((fewer["own"].sum(-1) > 0).sum()) == int((sure > 0).sum()) - 2


def test_text_alone_beside_translations(tmp_path, plain):
    prepared = prepared_of(tmp_path, languages=("en", "tr"), data=WorldSource(rows=24), text=plain)
    assert [group.language for group in prepared.groups] == ["en", "tr", "tr"]
    assert [set(group.values) for group in prepared.groups] == [{"signal"}, {"signal"}, {"own"}]
    spec = XDSpec(languages=("en", "tr"), data=WorldSource(rows=24), text=plain)
    assert spec.reads == ((spec.data, ("en", "tr")), (plain, ("tr",)))
    assert spec.labels_seen == ()
    with pytest.raises(ValueError, match=r"set training.batching.batches to 'homogeneous'|Set training.batching"):
        collate([(group, np.arange(2)) for group in prepared.groups])


def test_an_anchor_keeps_the_source_language(tmp_path, plain):
    anchor = WorldSource(rows=9)
    prepared = prepared_of(tmp_path, languages=("en",), text=plain, anchor=anchor)
    assert [group.language for group in prepared.groups] == ["en", "tr"]
    assert len(prepared.groups[0].lengths) == 9


def test_what_text_alone_refuses(plain):
    with pytest.raises(ValueError, match=r"The languages are tr, but there are no translations"):
        XDSpec(languages=("tr",), text=plain)
    with pytest.raises(ValueError, match=r"XD compares what is said of a row .* marks words of a text"):
        XDSpec(task="qa", text=plain)
    with pytest.raises(ValueError, match=r"A tagger learns the tags of aligned words"):
        XDSpec(task="ner", text=plain, on="first")
    assert task_of(TEXT).shape.labels == ("a", "b", "c")
