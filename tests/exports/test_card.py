"""The card of an exported model: what the run's folder says, nothing else, and lines of Python that work."""

import json
import re
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from saved import PLAIN, bank, saved
from typer.testing import CliRunner

import polydistill
from plain import run_plain
from polydistill.cli import app
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.exports.card import _plain
from polydistill.exports.provenance import method_of
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.multikd import MultiKDSpec
from polydistill.methods.sentence import SentenceSpec
from polydistill.methods.tuning import TuneSpec
from polydistill.methods.xd import XDSpec
from polydistill.models.sentence import Reading, SentenceHead, write_head
from polydistill.results import RunResult, Score, save_result
from polydistill.starts.origins import Pretrained
from polydistill.tasks import TASKS
from polydistill.training.run import ResultOf, Run
from polydistill.training.settings import Judging, Training

FEW = {"check": "world:?rows=2"}
HUB = Pretrained(name="FacebookAI/xlm-roberta-base", revision="e" * 40)


def tuned(language="en", **options) -> Run:
    method = TuneSpec(languages=(language,), data=options.pop("data", WorldSource(rows=30)))
    judging = Judging(languages=("en", "tr"), data=WorldSource(rows=40, split="test"))
    options = {"start": HUB, "training": Training(steps=7), "evaluation": judging, **options}
    return Run.model_validate({"name": "Baseline", "method": method, **options})


def left(run: Run, folder: Path) -> Path:
    """A run's folder with a model, as if the run had been done."""
    saved(folder / "model")
    (folder / "run.json").write_text(run.model_dump_json())
    scores = (
        Score(language="en", value=0.75, examples=40),
        Score(language="tr", metric="mae", value=1.5, examples=40),
    )
    save_result(
        folder,
        RunResult(
            run_id="1234abcd",
            name=run.name,
            seed=run.seed,
            scores=scores if run.evaluation else (),
            labels_seen=run.labels_seen,
            selected_on=("dev/en",),
            data_fingerprint="rows",
            model_fingerprint="weights",
            seconds=12.3,
            versions={"torch": "2.13.0"},
        ),
    )
    return folder


def test_a_card_says_what_is_recorded(tmp_path):
    xd = XDSpec(languages=("en", "tr"), data=WorldSource(rows=30))
    judging = Judging(languages=("en", "tr"), data=WorldSource(rows=40, split="test"))
    run = Run(name="XD", method=xd, start=ResultOf(run=tuned()), training=Training(steps=5), evaluation=judging, seed=3)
    options = ("--licence", "apache-2.0", "--check", "world:?rows=2")
    out = tmp_path / "turkish"
    shown = CliRunner().invoke(app, ["export", str(left(run, tmp_path / "run")), "--out", str(out), *options])
    assert shown.exit_code == 0, shown.output
    card = ModelCard((out / "README.md").read_text())
    assert (card.data.language, card.data.license, card.data.library_name) == (
        ["en", "tr"],
        "apache-2.0",
        "transformers",
    )
    assert card.data.base_model == ["FacebookAI/xlm-roberta-base"], "of the run before"
    found = [(one.dataset_config, one.metric_type, one.metric_value) for one in card.data.eval_results]
    assert found == [("en", "accuracy", 0.75), ("tr", "mae", 1.5)]
    text = card.text
    for wanted in (
        "1. **Baseline**. Tuning on labels",
        "Begins as FacebookAI/xlm-roberta-base at commit " + "e" * 40,
        "2. **XD**. XD: cross-lingual knowledge distillation",
        "xd = mean over rows and features of (student(target text) - teacher(source text))^2",
        "Begins as what was left by 'Baseline'.\n\n   Teacher: the same.",
        "**Labels seen**, by it, by what it starts from and by what teaches it: en.",
        "**Selected on**: dev/en.",
        "`world:mini?rows=30`: made by polydistill (Apache-2.0).",
        "| tr | mae (the lower the better) | 1.5000 | test | 40 |",
        "On `world:mini?rows=40&split=test`, seed 3.",
        "with the `run.json` in this folder",
        "It took 12 s on a machine that is not recorded, with torch 2.13.0. The run's identity is 1234abcd.",
        "logits as the model's own within 0",
        "Speed: not recorded.",
    ):
        assert wanted in text, wanted
    assert polydistill.read_run(out / "run.json") == run


def test_files_of_this_machine_are_not_named(tmp_path):
    data = FileSource(path=str(tmp_path / "secret" / "rows" / "train.tsv"))
    first = left(
        tuned(data=data, start=Pretrained(name=str(tmp_path / "secret" / "base"))), tmp_path / "secret" / "first"
    )
    start = Pretrained(name=str(first / "model"))
    (done,) = polydistill.export(left(tuned(start=start, name="again"), tmp_path / "run"), tmp_path / "out", **FEW)
    card = (done.folder / "README.md").read_text()
    assert "1. **Baseline**" in card and "Begins as what was left by 'Baseline'." in card, "as its own folder says"
    assert "Begins as the folder secret/base." in card
    assert "`file:rows/train.tsv`: licence not recorded" in card
    assert "the run's own `run.json`, which names files that are not here" in card
    assert not (done.folder / "run.json").exists()
    assert not [file for file in done.folder.iterdir() if str(tmp_path).encode() in file.read_bytes()]


def test_each_teacher_is_named(tmp_path):
    method = MultiKDSpec(languages=("en", "fr"), data=WorldSource(rows=30))
    run = Run(
        name="two",
        method=method,
        start=HUB,
        teachers={"en": ResultOf(run=tuned()), "fr": HUB},
        training=Training(steps=1),
    )
    (done,) = polydistill.export(left(run, tmp_path / "run"), tmp_path / "out", data_licence="CC BY-NC 4.0", **FEW)
    card = (done.folder / "README.md").read_text()
    assert (
        "Teacher of en: what was left by 'Baseline'." in card and "Teacher of fr: FacebookAI/xlm-roberta-base" in card
    )
    assert "## Scores\n\nNot recorded." in card


def test_what_is_not_recorded_is_not_invented(tmp_path):
    (done,) = polydistill.export(saved(tmp_path / "lone"), tmp_path / "out", **FEW)
    card = ModelCard((done.folder / "README.md").read_text())
    assert card.data.to_dict().keys() == {"library_name", "pipeline_tag", "tags"}
    assert "Which run made the model, and from what: not recorded." in card.text
    assert "## Scores\n\nNot recorded.\n\n## To make it again\n\nNot recorded." in card.text


@pytest.mark.slow
def test_the_lines_of_python_work_without_us(tmp_path):
    folders = {}
    for task in ("nli", "stars", "ner", "choice", "paraphrase", "qa"):
        (done,) = polydistill.export(saved(tmp_path / task, task), tmp_path / f"{task}-out", **FEW)
        folders[task] = done.folder
    words, _ = polydistill.export(bank(tmp_path / "bank"), tmp_path / "words", **FEW)
    vectors, _ = polydistill.export(tmp_path / "bank", tmp_path / "vectors", "sentence-transformers", **FEW)
    lines = run_plain(PLAIN, *map(str, (*folders.values(), words.folder, vectors.folder))).splitlines()
    assert all(label in ("entailment", "neutral", "contradiction") for label in json.loads(lines[0].replace("'", '"')))
    assert re.fullmatch(r"\['[1-5]', '[1-5]'\]", lines[1])
    assert len(json.loads(lines[2].replace("'", '"'))) == 5
    assert lines[3] in ("He slept.", "The floor was wet.")
    assert re.fullmatch(r"\['[01]', '[01]'\]", lines[4])
    assert lines[5] and lines[5] in "Ann lives in Rome. Her brother lives in Oslo."
    assert lines[6].startswith("torch.Size([2, ") and lines[7].startswith("tensor([[1.")


def test_whose_labels_were_seen_goes_along_with_what_is_made_of_a_model(tmp_path):
    """Trimmed, exported, exported again: a run that begins with it still knows that Turkish is not zero-shot."""
    run = left(tuned("tr"), tmp_path / "run")
    (small,) = polydistill.trim(run, ["en", "tr"], ["world:?rows=40"], keep=250, out=tmp_path / "small")
    (first,) = polydistill.export(small.folder, tmp_path / "first", **FEW)
    (last,) = polydistill.export(first.folder, tmp_path / "last", **FEW)
    for folder in (small.folder, first.folder, last.folder):
        later = tuned(start=Pretrained(name=str(folder)), evaluation=None)
        assert (later.labels_seen, later.selected_on) == (("tr", "en"), ("dev/en",))
    card = (last.folder / "README.md").read_text()
    assert "Which run made the model, and from what: not recorded." in card
    assert "by what teaches it: tr." in card and "**Selected on**: dev/en." in card


def aligned(method) -> Run:
    return Run(name="aligned", method=method, start=HUB, teacher=HUB, training=Training(steps=1))


def test_the_equation_is_what_is_indented_first():
    said = method_of(aligned(MMKDSpec(languages=("tr",), data=WorldSource(rows=30))))
    assert said[1].startswith("loss = tlm + xwcl + senta + alpha struca") and "\n" not in said[1]


def test_vectors_are_pooled_as_when_they_were_learned(tmp_path):
    run = aligned(SentenceSpec(languages=("tr",), data=WorldSource(rows=30), pooling="first"))
    left(run, tmp_path / "run")
    write_head(SentenceHead(Reading(pooling=("first",)), []), 16, 64, tmp_path / "run" / "model")
    for pooling, kept in ((None, "first"), ("mean", "mean")):
        options = {} if pooling is None else {"pooling": pooling}
        polydistill.export(tmp_path / "run", tmp_path / kept, "sentence-transformers", **options, **FEW)
        record = json.loads((tmp_path / kept / "export.json").read_text())
        assert record["wanted"]["pooling"] == kept


@pytest.mark.parametrize("task", [*TASKS, None])
def test_every_format_and_task_has_its_lines(task):
    from polydistill.exports.usage import usage
    from polydistill.exports.wanted import Wanted

    for wanted in (Wanted(), Wanted(format="onnx"), Wanted(format="sentence-transformers", pooling="mean")):
        for words in (True, False):
            lines = usage(wanted, task, words, ours=True)
            compile(lines, "lines", "exec")
            assert ("import polydistill" in lines) == (wanted.format == "transformers")


def test_a_name_is_shown_and_never_run():
    assert _plain("<script>alert(1)</script>\x1b[2J\nnext") == "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[2J next"
