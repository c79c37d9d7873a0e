"""A run opens each of its input files once, and takes rows from memory as it takes files."""

import json
import os

import pandas
import pytest

from opens import opens_counted
from polydistill.data.files import contents
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.data.rows.sources import MemorySource, WorldSource
from polydistill.jobs.align import align
from polydistill.jobs.tune import tune
from polydistill.jobs.xd import xd
from polydistill.training.edit import read_run
from tiny import tiny_network, tiny_tokenizer, with_labels

LABELS = PAIR_OF_SENTENCES.labels


def saved(folder, head="classes", seed=0):
    network = tiny_network(head=head, seed=seed).float()
    if head == "classes":
        with_labels(network, LABELS)
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("opens") / "classifier")


@pytest.fixture
def work(tmp_path, monkeypatch):
    """rows.tsv, dev.tsv, text.en and text.tr, none of which was written a moment ago."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLYDISTILL_CACHE", str(tmp_path / "cache"))
    rows = load_rows(WorldSource(rows=24), PAIR_OF_SENTENCES, ("en", "tr")).rows
    for name in ("rows.tsv", "dev.tsv"):
        table = pandas.DataFrame(rows["en"].to_dict())
        table["label"] = [LABELS[label] for label in table["label"]]
        table.to_csv(name, sep="\t", index=False)
    for code, table in rows.items():
        (tmp_path / f"text.{code}").write_text("\n".join(table["premise"]) + "\n")
    for file in tmp_path.iterdir():
        os.utime(file, (1_000_000_000, 1_000_000_000))
    contents.forget()
    return tmp_path


def opens_of(names, run):
    with opens_counted() as counted:
        run()
    return [counted[os.path.realpath(name)] for name in names]


def test_a_tune_run_opens_its_files_once(work, classifier):
    def run():
        tune(classifier, "rows.tsv", "en", dev="dev.tsv", test="dev.tsv", batch_size=12, evaluate_every=1, out="tuned")

    assert opens_of(["rows.tsv", "dev.tsv"], run) == [1, 1]
    assert not contents._held  # what was held is let go


def test_an_xd_run_opens_its_files_once(work, classifier):
    def run():
        xd(classifier, parallel=["en-tr=text"], batch_size=12, out="xd", longest=30, dev="world:?rows=9&split=dev")

    assert opens_of(["text.en", "text.tr"], run) == [1, 1]
    assert json.loads((work / "xd" / "corpora.json").read_text())[0]["read"] == 24


def test_an_align_run_opens_its_files_once(work, classifier, tmp_path):
    models = saved(tmp_path / "teacher", "mlm", 1), saved(tmp_path / "student", "mlm", 2)

    def run():
        align(*models, parallel=["en-tr=text"], method="sentence", batch_size=8, shortest=1, out="aligned")

    assert opens_of(["text.en", "text.tr"], run) == [1, 1]


@pytest.mark.slow
def test_runs_on_rows_from_memory_say_so_and_run_again_when_they_are_given_again(work, classifier, monkeypatch):
    frame = pandas.read_csv("rows.tsv", sep="\t")
    done = tune(classifier, frame, "en", test=frame, steps=1, batch_size=8, out="tuned")
    record = (done.folder / "run.json").read_text()
    assert json.loads(record)["method"]["data"]["kind"] == "memory" and frame["premise"][0] not in record
    run = read_run(done.folder / "run.json")
    assert isinstance(run.method.data, MemorySource) and run.identity == done.run.identity
    pairs = [{"en": en, "tr": tr} for en, tr in zip(frame["premise"], frame["hypothesis"], strict=True)]
    taken = xd(classifier, parallel={"tr": [pandas.DataFrame(pairs), "text.{lang}"]}, steps=1, out="xd")
    assert [count["read"] for count in json.loads((taken.folder / "corpora.json").read_text())] == [24, 24]
    monkeypatch.setattr("polydistill.data.rows.memory._tables", {})
    with pytest.raises(ValueError, match="Give the same rows again in Python"):
        tune(classifier, run.method.data, "en", steps=1, out="again")
