"""Runs of MMKD and of plain sentence distillation: what they need, leave, log and refuse."""

import json

import pytest
import torch
from rich.console import Console
from training_tools import aligned_run, tune_run
from transformers import AutoModel

from plain import run_plain
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.data.translations.corpora import ParallelCorpus
from polydistill.data.translations.filters import Filters
from polydistill.methods.mmkd import MMKDSpec
from polydistill.starts.origins import Pretrained
from polydistill.training.execute import execute
from polydistill.training.preparing import prepare
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging
from polydistill.training.starting import load_start
from polydistill.training.store import Store

QUIET = Console(quiet=True)
FRENCH = (ParallelCorpus(target="fr", data=FileSource(path="a")),)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("runs"))
    for sentence in (False, True):
        execute(aligned_run(sentence=sentence), store, QUIET)
    return store


def weights(folder):
    return {name: value.clone() for name, value in AutoModel.from_pretrained(folder).state_dict().items()}


@pytest.mark.parametrize("sentence", [False, True])
def test_it_leaves_an_encoder_that_has_learned(done, sentence):
    run = aligned_run(sentence=sentence)
    before, after = (weights(done.folder(one) / "model") for one in (run.start.run, run))
    learned = [name for name in before if "pooler" not in name]  # drawn at random wherever it is loaded
    assert learned
    assert all(not torch.equal(before[name], after[name]) for name in learned if name.endswith("dense.weight"))
    assert run.labels_seen == ()
    kept = {file.name for file in (done.folder(run) / "model").iterdir()}
    assert "model.safetensors" in kept
    assert not [name for name in json.dumps(sorted(after)) if "projectors" in name]


@pytest.mark.slow
def test_plain_transformers_loads_it(done):
    for sentence, auto in ((False, "AutoModelForMaskedLM"), (True, "AutoModel")):
        printed = run_plain(
            f"import sys\nfrom transformers import {auto}, AutoTokenizer\n"
            f"model, tokenizer = (one.from_pretrained(sys.argv[1]) for one in ({auto}, AutoTokenizer))\n"
            "print(len(model(**tokenizer('a dog runs', return_tensors='pt'))[0]))",
            str(done.folder(aligned_run(sentence=sentence)) / "model"),
        )
        assert printed.split()[-1] == "1"


@pytest.mark.parametrize("sentence", [False, True])
def test_it_is_tuned_like_any_encoder(done, sentence):
    run = aligned_run(sentence=sentence)
    tuned = tune_run().model_copy(update={"start": ResultOf(run=run)})
    loaded = load_start(tuned.start, tuned, done)
    encoder, own = weights(done.folder(run) / "model"), loaded.network.base_model.state_dict()
    assert all(torch.equal(value, encoder[name]) for name, value in own.items() if "pooler" not in name)


def test_the_log_says_how_far_projections_spread(done):
    log = json.loads((done.folder(aligned_run()) / "log.json").read_text())
    for name in ("senta_spread", "senta_teacher_spread", "struca_spread", "struca_teacher_spread"):
        values = [line[name] for line in log if name in line]
        assert values
        assert all(0.0 < value < 1.0 for value in values)


def test_a_measure_is_a_mean_over_micro_batches(tmp_path):
    store, values = Store(tmp_path), {}
    for accumulation in (1, 3):
        run = aligned_run(steps=1, accumulation=accumulation, learning_rate=1e-9)
        execute(run, store, QUIET)
        (line,) = [one for one in json.loads((store.folder(run) / "log.json").read_text()) if "senta_spread" in one]
        values[accumulation] = line["senta_teacher_spread"]
    assert values[3] == pytest.approx(values[1], rel=0.5)


def test_random_projectors_stay_and_trained_ones_learn(tmp_path):
    run = aligned_run(steps=1)
    for how, moves in (("frozen_random", False), ("trained", True)):
        execute(run.start.run, store := Store(tmp_path), QUIET)
        execute(run.teacher.run, store, QUIET)
        method = run.method.model_copy(update={"teacher_projectors": how})
        one = run.model_copy(update={"method": method})
        prepared = prepare(one, load_start(one.start, one, store), store)
        projector = prepared.method.projectors["senta_teacher"]
        assert all(value.requires_grad == moves for value in projector.parameters())
        assert any(name.startswith("projectors.senta_teacher") for name in prepared.method.state_dict())


@pytest.mark.parametrize("sentence", [False, True])
def test_corpora_of_each_language_are_read_and_their_counts_kept(tmp_path, sentence):
    for code, lines in (
        ("en", ["a dog sleeps", "", "two cats", "yes"]),
        ("tr", ["bir köpek", "boş", "iki kedi", "yes"]),
    ):
        (tmp_path / f"a.{code}").write_text("\n".join(lines * 20), encoding="utf-8")
    corpora = (
        ParallelCorpus(target="tr", data=FileSource(path=str(tmp_path / "a.{lang}"))),
        ParallelCorpus(target="tr", data=WorldSource(rows=20)),
        ParallelCorpus(target="fr", data=WorldSource(rows=30, seed=1)),
    )
    run = aligned_run(sentence=sentence, steps=1)
    content = {**run.method.model_dump(), "data": None, "corpora": corpora, "filters": Filters(shortest=None)}
    run = run.model_copy(update={"method": type(run.method).model_validate(content)})
    assert Run.model_validate_json(run.model_dump_json()).identity == run.identity
    store = Store(tmp_path / "runs")
    execute(run, store, QUIET)
    counts = json.loads((store.folder(run) / "corpora.json").read_text())
    assert [(one["target"], one["read"], one["kept"]) for one in counts] == [
        ("tr", 80, 2),
        ("tr", 20, 20),
        ("fr", 30, 30),
    ]
    assert counts[0]["dropped"] == {"blank": 20, "same on both sides": 20, "duplicate": 38}
    before = run.identity
    (tmp_path / "a.tr").write_text("\n".join(["bir", "iki", "üç", "dört"] * 20), encoding="utf-8")
    assert run.identity != before


# What is refused


def changed(**update):
    content = aligned_run().model_dump()
    return Run.model_validate({**content, **update})


def test_a_run_without_a_teacher():
    with pytest.raises(ValueError, match=r"method 'mmkd' needs a teacher: an encoder of 'en'. Set `teacher`"):
        changed(teacher=None)


def test_a_run_that_is_to_be_scored():
    judging = Judging(languages=("en",), data=aligned_run().method.data)
    with pytest.raises(ValueError, match="has no classes to score: leave `selection` and `evaluation` unset"):
        changed(evaluation=judging.model_dump())


def test_a_student_without_a_head_that_predicts_words(done):
    folder = done.folder(aligned_run(sentence=True)) / "model"
    run = aligned_run().model_copy(update={"start": Pretrained(name=str(folder))})
    with pytest.raises(
        ValueError, match=r"has no head that predicts hidden words \(architecture: XLMRobertaModel\), which TLM"
    ):
        load_start(run.start, run, done)
    without = run.model_copy(update={"method": run.method.without("tlm")})
    assert load_start(without.start, without, done).network.config.hidden_size == 16


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"languages": ("en", "fr")}, "'en' is what they are translations of"),
        ({"data": None}, "Give sentences in all languages"),
        ({"languages": ("fr",), "corpora": FRENCH}, "and not both"),
        ({"data": None, "corpora": FRENCH}, "The languages are fr, tr, but there are corpora for fr"),
        ({"filters": Filters(shortest=2)}, "all sentences of `data` are kept. Leave `filters` out"),
        ({"weights": {"tlm": 0, "xwcl": 0, "senta": 0, "struca": 0}}, "All weights are 0"),
    ],
)
def test_settings_that_do_not_fit(update, said):
    content = {**aligned_run().method.model_dump(), **update}
    with pytest.raises(ValueError, match=said):
        MMKDSpec.model_validate(content)


def test_without_removes_terms():
    weights = aligned_run().method.without("senta", "tlm").weights
    assert (weights.tlm, weights.xwcl, weights.senta, weights.struca) == (0.0, 1.0, 0.0, 10.0)
    with pytest.raises(ValueError, match="Unknown term of MMKD 'sentA'"):
        aligned_run().method.without("sentA")
