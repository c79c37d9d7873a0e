"""Every kind of task through every job, as a person would do it from Python: tiny models, a few steps."""

import json

import pytest
from own_rows import pairs, several, texts, words, written

import polydistill
from polydistill.tasks import TaskSpec
from tiny import tiny_network, tiny_tokenizer

pytestmark = pytest.mark.slow

KINDS = {
    "one label": (TaskSpec(kind="text", labels=("alarm", "music", "other")), texts(("alarm", "music", "other"))),
    "several labels": (TaskSpec(kind="text", labels=("a", "b", "c"), problem="several"), several(("a", "b", "c"))),
    "two texts": (TaskSpec(kind="pair", labels=("same", "other")), pairs(("same", "other"))),
    "a number": (TaskSpec(kind="pair", problem="number"), pairs((0.0, 2.5, 5))),
    "tags": (TaskSpec(kind="tags", labels=("O", "B-PER", "I-PER", "B-MISC")), words(("O", "B-PER", "I-PER", "B-MISC"))),
}
TAGS = {"one label": "text-classification", "several labels": "text-classification", "two texts": "text-classification"}
TAGS |= {"a number": "text-classification", "tags": "token-classification"}
FEW = {"steps": 2, "batch_size": 4, "max_length": 40}


@pytest.fixture(scope="module", params=KINDS)
def kind(request, tmp_path_factory):
    """A kind's name, task, rows, their source, an encoder, and a model that was tuned on them."""
    task, rows = KINDS[request.param]
    folder = tmp_path_factory.mktemp("kind")
    tiny_network(head="mlm").float().save_pretrained(folder / "encoder")
    tiny_tokenizer().save_pretrained(folder / "encoder")
    source = written(folder / "rows", rows)
    done = polydistill.tune(
        folder / "encoder", source, "en", task=task, test=source, test_langs="en,tr", out=folder / "tuned", **FEW
    )
    return request.param, task, rows, source, folder, done


def metrics(done):
    return {score.metric for score in done.result.scores}


def test_tune_scores_and_stores_itself(kind):
    _, task, _, _, folder, done = kind
    known = polydistill.tasks.task_of(task)
    assert known.metric in metrics(done) <= {known.metric, *known.beside}
    assert {file.name for file in folder.joinpath("tuned").iterdir()} >= {"run.json", "results.json", "model"}


def test_xd_from_rows_text_alone_and_translations(kind, tmp_path):
    name, _, rows, source, folder, done = kind
    aligned = polydistill.xd(done.model, "en,tr", data=source, test=source, out=tmp_path / "rows", **FEW)
    assert metrics(aligned) == metrics(done)
    alone = polydistill.xd(done.model, text={"tr": folder / "rows" / "tr.jsonl"}, out=tmp_path / "alone", **FEW)
    for code in ("en", "tr"):
        lines = [" ".join(row["tokens"]) if name == "tags" else row["text"] for row in rows[code]]
        (tmp_path / f"news.{code}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pair = {"tr": [tmp_path / "news.en", tmp_path / "news.tr"]}
    plain = polydistill.xd(done.model, parallel=pair, out=tmp_path / "plain", **FEW)
    assert alone.result.labels_seen == plain.result.labels_seen == ("en",)


def test_multikd_and_mblm(kind, tmp_path):
    name, _, _, source, folder, done = kind
    given = (folder / "encoder", {"en": done.model, "tr": done.model}, source)
    if name == "tags":
        with pytest.raises(ValueError, match="MultiKD compares what is said of a row"):
            polydistill.multikd(*given, out=tmp_path / "both", **FEW)
    else:
        both = polydistill.multikd(*given, branches=1, test=source, out=tmp_path / "both", **FEW)
        assert metrics(both) == metrics(done)
    asked = {"task": kind[1], "branches": 1, "test": source, "out": tmp_path / "mblm", **FEW}
    if name == "tags":
        with pytest.raises(ValueError, match="Branch for a task with a label a row"):
            polydistill.tune(folder / "encoder", source, "en,tr", **asked)
    else:
        assert metrics(polydistill.tune(folder / "encoder", source, "en,tr", **asked)) == metrics(done)


def test_kld(kind, tmp_path):
    name, _, _, source, folder, done = kind
    asked = {"pair": "en-tr", "teacher_pair": "tr-en", "test": source, "out": tmp_path / "kld", **FEW}
    if name in ("two texts", "a number"):
        assert metrics(polydistill.kld(folder / "encoder", done.model, source, **asked)) == metrics(done)
    else:
        with pytest.raises(ValueError, match=r"asks for texts in two languages|compares one vector a row"):
            polydistill.kld(folder / "encoder", done.model, source, **asked)


def test_evaluate_predict_and_report(kind, tmp_path):
    _, task, rows, source, folder, done = kind
    scores = polydistill.evaluate(done.model, source, "en,tr")
    assert {(score.metric, score.language): score.value for score in scores} == pytest.approx(
        {(score.metric, score.language): score.value for score in done.result.scores}
    )
    given = [{name: value for name, value in row.items() if name not in ("label", "ner_tags")} for row in rows["tr"]]
    said = polydistill.predict(done.model, given, "tr")
    assert len(list(said)) == len(given)
    page = polydistill.report(folder / "tuned", out=tmp_path / "report.html")
    assert task.kind and scores[0].metric in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("format", ["transformers", "onnx"])
def test_exports_with_a_card(kind, tmp_path, format):
    name, _, _, source, _, done = kind
    (folder_of, *_) = polydistill.export(done.model, tmp_path / "out", format=format, check=source, check_langs="en,tr")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert f"pipeline_tag: {TAGS[name]}" in card, folder_of
    again = polydistill.evaluate(tmp_path / "out", source, "en")
    before = {score.metric: score.value for score in done.result.scores if score.language == "en"}
    assert {score.metric: score.value for score in again} == pytest.approx(before, abs=1e-4)


def test_sentence_vectors_of_the_encoder(kind, tmp_path):
    done = kind[-1]
    polydistill.export(done.model, tmp_path / "out", format="sentence-transformers")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "pipeline_tag: sentence-similarity" in card or "pipeline_tag: feature-extraction" in card


def test_bench(kind, tmp_path):
    _, _, rows, _, _, done = kind
    given = [{name: value for name, value in row.items() if name not in ("label", "ner_tags")} for row in rows["en"]]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given), encoding="utf-8")
    found = polydistill.bench(done.model, text=tmp_path / "rows.jsonl", rows=8, turns=1)
    assert found.models
