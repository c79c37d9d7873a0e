"""Runs that leave several students: their folders, their part in other runs, and selection by perplexity."""

import json

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from rich.console import Console
from training_tools import NUMERICS, monolingual_run, pretrain_run, tune_run
from transformers import AutoModelForMaskedLM, AutoTokenizer

from polydistill.data.batches.masking import IGNORED
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.monolingual import Weights
from polydistill.starts.folders import run_folder
from polydistill.starts.hub import pinned
from polydistill.starts.origins import Pretrained
from polydistill.starts.strict import quietly
from polydistill.training.execute import execute
from polydistill.training.perplexity import held_out
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging
from polydistill.training.store import Store

QUIET = Console(quiet=True)
NAMES = ("small-en", "small-fr")
DEV = Judging(languages=("en", "fr"), data=WorldSource(rows=20, split="dev"), max_length=64, measure="perplexity")


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Store:
    """A store with a finished run of two students."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polydistill.training.numerics.remembered", lambda width: NUMERICS)
        store = Store(tmp_path_factory.mktemp("runs"))
        execute(monolingual_run(), store, QUIET)
        return store


def test_each_student_is_a_folder_that_plain_transformers_loads(done):
    folder = done.folder(monolingual_run())
    assert sorted(path.name for path in (folder / "students").iterdir()) == [*NAMES]
    assert not (folder / "model").exists()
    with quietly():
        networks = [AutoModelForMaskedLM.from_pretrained(folder / "students" / name) for name in NAMES]
    inputs = AutoTokenizer.from_pretrained(folder / "students" / NAMES[0])("a dog runs", return_tensors="pt")
    scores = [network.eval()(**inputs).logits for network in networks]
    assert not torch.allclose(*scores)
    one, other = (network.get_input_embeddings().weight for network in networks)
    assert torch.equal(one, other)  # shared while they learned
    assert done.result(monolingual_run()).labels_seen == ()


def test_a_student_is_where_another_run_starts(done, fixed_numerics):
    identities = set()
    for name in NAMES:
        start = ResultOf(run=monolingual_run(), student=name)
        run = Run.model_validate({**tune_run(steps=2).model_dump(), "start": start.model_dump()})
        assert run.resolved()["start"] == {"result": monolingual_run().identity, "student": name}
        result = execute(run, done, QUIET)
        assert [score.language for score in result.scores] == ["en", "fr"]
        identities.add(run.identity)
        assert Run.model_validate_json(run.model_dump_json()) == run
    assert len(identities) == 2


def test_a_start_without_a_student_keeps_its_identity():
    assert tune_run().resolved()["start"] == {"result": pretrain_run().identity}


def test_a_student_must_be_named_and_be_there():
    with pytest.raises(ValidationError, match=r"Unknown student of the run 'tiny students' 'None'.*Known: small-en"):
        ResultOf(run=monolingual_run())
    with pytest.raises(ValidationError, match=r"'small-de'. Did you mean 'small-en'"):
        ResultOf(run=monolingual_run(), student="small-de")
    with pytest.raises(ValidationError, match=r"Unknown student of the run 'tiny polyglot'.*Known: none"):
        ResultOf(run=pretrain_run(), student="small-en")


def test_a_folder_of_several_students_asks_for_one(done):
    folder = done.folder(monolingual_run())
    with pytest.raises(ValueError, match=r"holds 2 students. Name the folder of one: students/small-en, students/sm"):
        pinned(folder)
    one = pinned(folder / "students" / "small-fr")
    assert run_folder(folder / "students" / "small-fr") == folder
    run = tune_run(steps=2).model_copy(update={"start": one})
    assert run.labels_seen == ("en", "fr")
    assert one == Pretrained(name=str(folder / "students" / "small-fr"))


def test_the_record_beside_a_student_counts(done):
    folder = done.folder(selected(steps=4))
    execute(selected(steps=4), done, QUIET)
    run = tune_run(steps=2).model_copy(update={"start": pinned(folder / "students" / "small-fr")})
    assert run.selected_on == ("dev/en (perplexity, no labels)", "dev/fr (perplexity, no labels)", "dev/en")


# Selection by perplexity


def selected(steps=10, **training):
    return monolingual_run(steps, DEV, evaluate_every=2, **training)


def test_the_weights_of_the_lowest_perplexity_are_kept(done, fixed_numerics):
    run = selected(learning_rate=0.05)  # so large that it gets worse again
    execute(run, done, QUIET)
    log = json.loads((done.folder(run) / "log.json").read_text())
    lines = [line for line in log if "eval_score" in line]
    assert [line["step"] for line in lines] == [2, 4, 6, 8, 10]
    for line in lines:
        surprise = [torch.tensor(line[f"eval_perplexity_{code}"]).log() for code in ("en", "fr")]
        assert line["eval_score"] == pytest.approx(-float(sum(surprise) / 2), rel=1e-5)
    best = max(lines, key=lambda line: line["eval_score"])
    with quietly():
        kept = {
            code: AutoModelForMaskedLM.from_pretrained(done.folder(run) / "students" / f"small-{code}")
            for code in ("en", "fr")
        }
    tokenizer = AutoTokenizer.from_pretrained(done.folder(run) / "students" / "small-en")
    text = held_out(DEV, tokenizer, run.method.mask_rate)
    for code, surprise in text.surprise(lambda code: {"x": kept[code]}).items():
        assert torch.tensor(surprise).exp() == pytest.approx(best[f"eval_perplexity_{code}"], rel=1e-4)


def test_perplexity_by_hand(done):
    with quietly():
        network = AutoModelForMaskedLM.from_pretrained(done.folder(monolingual_run()) / "students" / "small-en")
    tokenizer = AutoTokenizer.from_pretrained(done.folder(monolingual_run()) / "students" / "small-en")
    text = held_out(DEV, tokenizer, 0.15)
    assert sum(len(batch["labels"]) for batch in text.batches["en"]) == len(load_text(DEV.data, ("en",)).rows["en"])
    losses = []
    for batch in text.batches["en"]:
        with torch.no_grad():
            scores = network.eval()(**batch["text"]).logits.double().log_softmax(-1)
        for row, place in (batch["labels"] != IGNORED).nonzero().tolist():
            losses.append(-float(scores[row, place, batch["labels"][row, place]]))
    network.train()
    found = text.surprise(lambda _: {"one": network, "two": network})
    assert found.keys() == {"en/one", "en/two", "fr/one", "fr/two"}
    assert found["en/one"] == pytest.approx(sum(losses) / len(losses), rel=1e-5)
    assert network.training


def test_what_judges_must_fit_what_is_learned():
    run = selected().model_dump()
    accuracy = DEV.model_copy(update={"measure": "accuracy"}).model_dump()
    with pytest.raises(
        ValidationError,
        match=r"selection.measure is 'accuracy', but the method 'monolingual' is selected by 'perplexity'",
    ):
        Run.model_validate({**run, "selection": accuracy})
    with pytest.raises(ValidationError, match="has no classes to score"):
        Run.model_validate({**monolingual_run().model_dump(), "evaluation": accuracy})
    with pytest.raises(ValidationError, match=r"selection.measure is 'perplexity'.* 'tune' is selected by its task"):
        Run.model_validate({**tune_run().model_dump(), "selection": DEV.model_dump()})


# The teacher


def test_a_classifier_cannot_teach_masked_language_models(done, fixed_numerics):
    tuned = Run.model_validate({**monolingual_run().model_dump(), "start": ResultOf(run=tune_run()).model_dump()})
    execute(tune_run(), done, QUIET)
    with pytest.raises(ValueError, match=r"has no head that predicts hidden words .*XLMRobertaForSequenceClass"):
        execute(tuned, done, QUIET)


def test_without_a_teacher_the_same_run_learns_words_only(done, fixed_numerics):
    weights = Weights(mlm=1, hinton=0, hid=0, att=0, emb=0)
    alone = monolingual_run(steps=4)
    alone = alone.model_copy(update={"method": alone.method.model_copy(update={"weights": weights})})
    execute(alone, done, QUIET)
    log = json.loads((done.folder(alone) / "log.json").read_text())
    assert {key for line in log for key in line} == {"mlm", "loss", "grad_norm", "learning_rate", "epoch", "step"}


def test_another_run_may_teach(done, fixed_numerics):
    other = pretrain_run(steps=3)
    taught = Run.model_validate({**monolingual_run(steps=2).model_dump(), "teacher": ResultOf(run=other).model_dump()})
    assert taught.identity != monolingual_run(steps=2).identity
    first = execute(taught, done, QUIET).model_fingerprint
    assert first != execute(monolingual_run(steps=2), done, QUIET).model_fingerprint


def test_terms_are_logged_over_the_steps_that_have_them(done, fixed_numerics):
    """Two students read French and one reads English: a French step's terms bear their names."""
    run = monolingual_run(steps=40)
    students = [{"name": "both", "languages": ("en", "fr")}, {"name": "french", "languages": ("fr",)}]
    method = type(run.method).model_validate({**run.method.model_dump(), "students": students})
    run = run.model_copy(update={"method": method})
    execute(run, done, QUIET)
    lines = [line for line in json.loads((done.folder(run) / "log.json").read_text()) if "loss" in line]
    assert lines[0]["step"] == 2  # one of each language
    for name in ("mlm", "mlm/both", "mlm/french"):  # not yet better than chance, and not half of it
        assert lines[0][name] == pytest.approx(np.log(200), rel=0.2)
