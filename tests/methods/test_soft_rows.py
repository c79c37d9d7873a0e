"""A file of soft labels teaches what the model that wrote it teaches."""

import json

import numpy as np
import pytest
import torch

from polydistill.data.batches.batches import collate
from polydistill.data.rows.given import as_source
from polydistill.data.rows.load import load_records
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Models
from polydistill.methods.multikd import MultiKDSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.models.loaded import Loaded
from polydistill.objectives.classes import soft_cross_entropy
from polydistill.objectives.logits import from_shares, hinton
from polydistill.serving.predicting import answered
from polydistill.serving.reader import open_reader
from polydistill.tasks import NLI
from tiny import tiny_network, tiny_tokenizer

ROWS = WorldSource(rows=24)


def loaded(seed=0):
    return Loaded(tiny_network(seed=seed, dtype=torch.float32), tiny_tokenizer())


@pytest.fixture
def written(tmp_path):
    """Rows of two languages as a teacher answers them, in JSON lines as `predict` writes them."""
    reader = open_reader(loaded(seed=1), "nli")
    for code, rows in load_records(ROWS, NLI.shape, ("en", "tr")).items():
        texts = [{name: row[name] for name in NLI.shape.texts} for row in rows]
        lines = [
            json.dumps({**text, "labels": answer.probabilities}) for text, answer in answered(reader, texts, "nli")
        ]
        (tmp_path / f"llm.{code}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def losses(spec, models):
    prepared = spec.prepare(models, 0)
    prepared.method.student.train(False)
    found = {}
    for group in prepared.groups:
        (term,) = prepared.method(**collate([(group, np.arange(len(group.lengths)))])).terms.values()
        term.value.backward()
        found[group.language] = (
            term.value.item(),
            prepared.method.student.network.classifier.out_proj.weight.grad.clone(),
        )
        prepared.method.zero_grad()
    return found


@pytest.mark.parametrize("temperature", [1.0, 8.0])
@pytest.mark.parametrize("scaling", ["cross_entropy", "hinton"])
def test_a_file_teaches_as_the_model_that_wrote_it(written, tmp_path, temperature, scaling):
    shared = {"languages": ("en", "tr"), "temperature": temperature, "scaling": scaling, "max_length": 64}
    teachers = {code: lambda: loaded(seed=1) for code in ("en", "tr")}
    live = losses(MultiKDSpec(data=ROWS, **shared), Models(loaded(), signals=tmp_path / "s", teachers=teachers))
    soft = as_source({code: written / f"llm.{code}.jsonl" for code in ("en", "tr")})
    rows = losses(MultiKDSpec(soft=soft, **shared), Models(loaded(), signals=tmp_path / "s"))
    tuned = losses(TuneSpec(data=soft, **shared), Models(loaded()))
    for code, (value, gradient) in live.items():
        for other, slope in (rows[code], tuned[code]):
            assert other == pytest.approx(value, abs=1e-6)
            torch.testing.assert_close(slope, gradient, atol=1e-6, rtol=1e-5)


def test_a_model_for_one_language_and_a_file_for_another(written, tmp_path):
    soft = as_source({"tr": written / "llm.tr.jsonl"})
    spec = MultiKDSpec(languages=("en", "tr"), data=ROWS, soft=soft, max_length=64)
    assert spec.reads == ((ROWS, ("en",)), (soft, ("tr",)))
    assert spec.labels_seen == ("tr",)
    models = Models(loaded(), signals=tmp_path / "s", teachers={"en": lambda: loaded(seed=1)})
    assert list(losses(spec, models)) == ["en", "tr"]
    for wrong in ({"soft": soft}, {"data": ROWS, "soft": soft, "languages": ("tr",)}, {}):
        with pytest.raises(ValueError, match=r"The languages are .* Models read the others' text"):
            MultiKDSpec(**{"languages": ("en", "tr"), **wrong})


def test_labels_that_are_left_out_are_one_bucket(tmp_path):
    lines = [
        {"premise": "a", "hypothesis": "b", "labels": {"neutral": 0.7}},
        {"premise": "c", "hypothesis": "d", "labels": {"entailment": 0.6, "neutral": 0.1, "contradiction": 0.3}},
        {"premise": "e", "hypothesis": "f", "labels": {"neutral": 0.2}},
    ]
    (tmp_path / "top.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    soft = as_source({"en": tmp_path / "top.jsonl"})
    spec = MultiKDSpec(languages=("en",), soft=soft, max_length=64, temperature=2.0)
    prepared = spec.prepare(Models(loaded()), 0)
    batch = collate([(prepared.groups[0], np.arange(3))])
    prepared.method.student.eval()
    with torch.no_grad():
        log = torch.log_softmax(prepared.method.student(batch["text"], "en").logits_BC.double(), -1)
        found = prepared.method(**batch).terms["kd"].value.item()

    def softened(scores):
        return np.exp(np.array(scores) / 2) / np.exp(np.array(scores) / 2).sum()

    wanted = 0.0
    for shares, row in zip([(0.7, None), (0.1, (0.6, 0.3)), (0.2, None)], log, strict=True):
        said, others = row[1].item(), (row[0].item(), row[2].item())
        if shares[1] is None:
            p, q = softened([np.log(shares[0]), np.log(1 - shares[0])]), softened([said, np.logaddexp(*others)])
        else:
            p, q = softened(np.log([shares[0], *shares[1]])), softened([said, *others])
        wanted -= (p * np.log(q)).sum() / 3
    assert found == pytest.approx(wanted, abs=1e-5)


def test_shares_of_zero_and_all_of_it():
    logits = torch.tensor([[2.0, 0.5, -1.0]], dtype=torch.float64, requires_grad=True)
    hard = from_shares(logits, torch.tensor([[0.0, 1.0, 0.0]]), temperature=4.0)
    assert hard.item() == pytest.approx(-torch.log_softmax(logits / 4, -1)[0, 1].item(), rel=1e-9)
    hard.backward()
    assert torch.isfinite(logits.grad).all()
    shares = torch.softmax(torch.tensor([[1.0, 0.3, -2.0]], dtype=torch.float64), -1)
    scores = torch.tensor([[1.0, 0.3, -2.0]], dtype=torch.float64)
    for scaling in ("hinton", "cross_entropy"):
        both = from_shares(logits, shares, 3.0, scaling), hinton(logits, scores, 3.0, scaling)
        assert both[0].item() == pytest.approx(both[1].item(), rel=1e-9)
    rest = torch.tensor([[0.0, torch.nan, torch.nan]])
    q = torch.softmax(logits, -1)[0]
    assert soft_cross_entropy(logits, rest).item() == pytest.approx(-torch.log(q[1] + q[2]).item(), rel=1e-9)


def test_a_temperature_is_for_soft_labels():
    spec = TuneSpec(languages=("en",), data=ROWS, temperature=2.0)
    with pytest.raises(ValueError, match=r"A temperature and a scaling are for rows with a share for each label"):
        spec.prepare(Models(loaded()), 0)
