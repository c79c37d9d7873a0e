"""mteb on rows of one's own: its numbers are those that it gives of the model as sentence-transformers reads it."""

import json
import re
import sys

import pytest
from transformers import AutoModel

from polydistill import progress
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.exports.card import FILE as CARD
from polydistill.jobs.export import export
from polydistill.jobs.mteb import mteb
from polydistill.jobs.retrieve import retrieve
from polydistill.serving.mteb import tasks_named
from tiny import tiny_network, tiny_tokenizer

PAIRS = {"tr": "world:?rows=30&split=dev"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A sentence-transformers folder with its card."""
    place = tmp_path_factory.mktemp("own")
    AutoModel.from_config(tiny_network().config).save_pretrained(place / "encoder")
    tiny_tokenizer().save_pretrained(place / "encoder")
    (done,) = export(place / "encoder", place / "vectors", "sentence-transformers")
    return done.folder


@pytest.fixture
def rows(tmp_path):
    """Texts with labels, and pairs with a number."""
    texts = load_text(WorldSource(rows=60), ["en"]).rows["en"]["text"]
    for split, some in (("train", texts[:40]), ("test", texts[40:])):
        lines = [f"{text}\t{('zero', 'one', 'two')[len(text) % 3]}" for text in some]
        (tmp_path / f"{split}-en.tsv").write_text("\n".join(["text\tlabel", *lines]) + "\n")
    lines = [f"{texts[at]}\t{texts[at + 1]}\t{at % 7}" for at in range(20)]
    (tmp_path / "sts-en.tsv").write_text("\n".join(["text1\ttext2\tscore", *lines]) + "\n")
    return tmp_path


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_its_numbers_are_those_of_the_library_on_its_own_reader(model, rows, monkeypatch, capsys):
    library = pytest.importorskip("mteb")
    from sentence_transformers import SentenceTransformer

    asked, plain = [], library.evaluate

    def also(read, tasks, **options):
        asked.append(plain(SentenceTransformer(str(model), device="cpu"), tasks, **options))
        return plain(read, tasks, **options)

    monkeypatch.setattr(library, "evaluate", also)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "BETWEEN", -1.0)
    given = {name: f"{rows}/{name}-{{lang}}.tsv" for name in ("train", "test", "sts")}
    done = mteb(model, parallel=PAIRS, **given, langs="en", card=True)
    assert [(one.task, one.language, one.metric) for one in done.results] == [
        ("OwnBitextMining", "tr-en", "f1"),
        ("OwnBitextMining", "en-tr", "f1"),
        ("OwnClassification", "en", "accuracy"),
        ("OwnSTS", "en", "cosine_spearman"),
    ]
    theirs = [scores for task in asked[0].task_results for each in task.scores.values() for scores in each]
    for one, other in zip(done.results, theirs, strict=True):
        assert one.value == pytest.approx(other["main_score"], abs=1e-4)
        assert set(one.scores) <= set(other)
    found = {one.way: one.accuracy for one in retrieve(model, PAIRS["tr"], "tr")}
    assert {one.language: one.scores["accuracy"] for one in done.results[:2]} == {
        "tr-en": pytest.approx(found["tr to en"]),
        "en-tr": pytest.approx(found["en to tr"]),
    }
    card = (model / CARD).read_text()
    assert f"| OwnSTS | en | cosine_spearman | {done.results[-1].value:.4f} |" in card
    again = mteb(model, parallel=PAIRS, card=True)
    card = (model / CARD).read_text()
    assert "OwnSTS" not in card
    assert card.count("## On tasks of mteb") == card.count("## To make it again") == 1
    assert again.results == done.results[:2]
    assert json.loads(done.model_dump_json())["mteb"] == done.mteb
    assert re.search(r"Vectors: text ([0-9]+) of \1,", capsys.readouterr().err)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_named_tasks_are_those_of_the_library():
    pytest.importorskip("mteb")
    (task,) = tasks_named(["Tatoeba"], ["de", "tr"])
    assert {"deu-eng", "tur-eng"} <= set(task.hf_subsets)
    assert "fra-eng" not in task.hf_subsets
    with pytest.raises(ValueError, match=r"has no task 'Tatoebe'. Did you mean 'Tatoeba'"):
        tasks_named(["Tatoebe"], [])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Say what is measured: --tasks, --parallel, --train with --test, or --sts"),
        ({"train": "rows.tsv"}, "needs --train, rows to learn from, and --test"),
        ({"sts": "rows.tsv"}, "Of which languages are the rows"),
        ({"tasks": "STS17", "card": True}, "has no card: export it"),
    ],
)
def test_what_does_not_fit(given, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        mteb(tmp_path, **given)


def test_without_the_library_the_way_out_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mteb", None)
    with pytest.raises(ValueError, match=r"pip install 'polydistill\[mteb\]'"):
        mteb(tmp_path, tasks="STS17")
