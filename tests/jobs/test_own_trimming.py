"""A person's own model with fewer pieces: the folder, what it says, and what is said of it."""

import gzip
import json
import re
import shlex

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer
from typer.testing import CliRunner

from plain import run_plain
from polydistill.cli import app
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.exports.trimming import load_report
from polydistill.jobs.distill import distill
from polydistill.jobs.trim import trim
from polydistill.models.adapters import attach, save_adapters
from polydistill.models.mblm import branched
from polydistill.models.mblm_config import Branches
from polydistill.models.sentence import Dense, Reading, SentenceHead, write_head
from polydistill.models.trimming.vocabulary import vocabulary_of
from polydistill.starts.loading import load_whole
from polydistill.starts.origins import Pretrained
from tiny import HEADS, tiny_network, tiny_tokenizer

TEXTS = {"tr": "world:?rows=40", "eng": "world:?rows=40"}
SAY = """
import json, sys
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer
model = AutoModelForMaskedLM.from_pretrained(sys.argv[1])
inputs = AutoTokenizer.from_pretrained(sys.argv[1])(sys.argv[2], return_tensors="pt")
print(json.dumps([inputs["input_ids"].tolist(), model(**inputs).logits.tolist()]))
"""


def save(folder, network):
    network.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A masked language model of the mini-world's six languages."""
    return save(tmp_path_factory.mktemp("own") / "model", tiny_network(head="mlm").float())


def sentence():
    return load_text(WorldSource(rows=40), ["tr"]).rows["tr"]["text"][0]


@pytest.mark.slow
def test_plain_transformers_loads_it_and_says_the_same(model, tmp_path):
    (done,) = trim(model, ["tr", "en"], TEXTS, by="frequency", out=tmp_path / "small")
    kept = json.loads((done.folder / "kept.json").read_text())
    ids, logits = json.loads(run_plain(SAY, str(done.folder), sentence()))
    inputs = tiny_tokenizer()(sentence(), return_tensors="pt")
    assert [kept[at] for at in ids[0]] == inputs["input_ids"][0].tolist()
    wanted = AutoModelForMaskedLM.from_pretrained(model)(**inputs).logits[..., kept].detach().numpy()
    np.testing.assert_allclose(np.array(logits), wanted, atol=1e-5)


def test_the_report_says_what_was_done(model, tmp_path):
    (done,) = trim(model, ["tr", "en"], TEXTS, keep=150, out=tmp_path / "small")
    report = load_report(done.folder)
    assert report == done.report
    assert (report.model, report.languages, report.by, report.keep) == (str(model), ("tr", "en"), "both", 150)
    assert (report.pieces, report.pieces_after) == (300, 150)
    small = AutoModelForMaskedLM.from_pretrained(done.folder)
    assert report.parameters_after == small.num_parameters()
    assert report.parameters - report.parameters_after == 150 * 17  # a row of 16, tied to the decoder, and a bias
    assert report.size_after == pytest.approx(
        sum((done.folder / name).stat().st_size for name in ("model.safetensors", "tokenizer.json")), rel=0.2
    )
    assert [one.language for one in report.fallback] == ["tr", "en"]
    assert all(one.changed_pieces > 0 and one.pieces_after > one.pieces for one in report.fallback)
    assert report.difference < 1e-5


def test_with_text_alone_what_occurs_stays(model, tmp_path):
    tokenizer, lines = tiny_tokenizer(), load_text(WorldSource(rows=40), ["tr"]).rows["tr"]["text"]
    occur = {at for line in lines for at in tokenizer(line, add_special_tokens=False)["input_ids"]}
    (done,) = trim(model, ["tr"], {"tr": TEXTS["tr"]}, out=tmp_path / "small")
    kept = set(json.loads((done.folder / "kept.json").read_text()))
    assert (done.report.by, done.report.occurring) == ("frequency", len(occur))
    assert occur < kept
    vocabulary = vocabulary_of(tokenizer)
    merged = set().union(*map(vocabulary.needs, occur)) | vocabulary.special
    assert all(len(vocabulary.texts[at]) == 1 for at in kept - merged)
    assert done.report.by_frequency == done.report.pieces_after == len(kept) < 300
    (cut,) = trim(model, ["tr"], {"tr": TEXTS["tr"]}, keep=150, out=tmp_path / "cut")
    assert (cut.report.by, cut.report.pieces_after, cut.report.by_frequency) == ("both", 150, len(kept))


def test_text_that_says_no_language_and_text_with_a_placeholder(model, tmp_path):
    with gzip.open(tmp_path / "all.txt.gz", "wt") as file:
        file.write(f"{sentence()}\n\nA dog runs.\n")
    (done,) = trim(model, ["tr", "en"], [tmp_path / "all.txt.gz"], by="frequency", out=tmp_path / "one")
    assert [(one.language, one.texts) for one in done.report.fallback] == [("tr+en", 2)]
    for code in ("tr", "en"):
        (tmp_path / f"t.{code}").write_text("a\n")
    (done,) = trim(model, ["tr", "en"], [f"file:{tmp_path}/t.{{lang}}"], by="frequency", out=tmp_path / "two")
    assert [(one.language, one.texts) for one in done.report.fallback] == [("tr", 1), ("en", 1)]


def test_by_script_needs_no_text(model, tmp_path):
    with pytest.raises(ValueError, match="Of 300 pieces all would stay, so there is nothing to trim"):
        trim(model, ["tr"], out=tmp_path / "small")
    assert not (tmp_path / "small").exists()
    (done,) = trim(model, ["tr"], keep=200, out=tmp_path / "small")
    assert (done.report.by, done.report.fallback, done.report.compared) == ("script", (), 0)


@pytest.mark.parametrize("head", HEADS)
def test_any_head(tmp_path, head):
    folder = save(tmp_path / "model", tiny_network(head=head).float())
    (done,) = trim(folder, ["tr"], {"tr": "world:?rows=40"}, by="frequency", out=tmp_path / "small")
    assert (done.report.compared, done.report.difference < 1e-5) == (8, True)
    assert type(load_whole(Pretrained(name=str(done.folder))).network) is type(tiny_network(head=head))


def test_an_encoder_without_a_head_and_an_mblm(tmp_path):
    bare = AutoModel.from_config(tiny_network().config)
    mblm = branched(tiny_network().float(), Branches(languages=("en", "tr"), blocks=1))
    for name, network in (("bare", bare), ("mblm", mblm)):
        folder = save(tmp_path / name, network)
        (done,) = trim(folder, ["tr"], {"tr": "world:?rows=40"}, by="frequency", out=tmp_path / f"{name}-small")
        assert (done.report.compared, done.report.difference < 1e-5) == (8, True)
        assert AutoModel.from_pretrained(done.folder).get_input_embeddings().num_embeddings == done.report.pieces_after


def test_students_of_one_run_keep_the_same_pieces(tmp_path):
    for name, seed in (("tr", 0), ("en", 1)):
        save(tmp_path / "run" / "students" / name, tiny_network(head="mlm", seed=seed).float())
    done = trim(tmp_path / "run", ["tr", "en"], TEXTS, keep=180, out=tmp_path / "small")
    assert [one.folder for one in done] == [tmp_path / "small" / "students" / name for name in ("en", "tr")]
    assert len({(one.folder / "kept.json").read_text() for one in done}) == 1
    (alone,) = trim(tmp_path / "run" / "students" / "tr", ["tr"], {"tr": TEXTS["tr"]}, keep=150, out=tmp_path / "tr")
    assert alone.report.pieces_after == 150


def test_adapters_and_what_makes_sentence_vectors_come_along(tmp_path):
    network = tiny_network().float()
    attach(network, 4, seed=0)
    folder = save(tmp_path / "model", tiny_network().float())
    save_adapters(network, folder)
    write_head(SentenceHead(Reading(), [Dense(torch.nn.Linear(16, 24, bias=False))]), 16, 60, folder)
    (done,) = trim(folder, ["tr"], {"tr": "world:?rows=40"}, keep=200, out=tmp_path / "small")
    head = ("modules.json", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors")
    for file in ("adapters.safetensors", "sentence_bert_config.json", *head):
        assert (done.folder / file).read_bytes() == (folder / file).read_bytes()


def test_wrong_requests(model, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for error, options in {
        "needs text to count pieces in": {"by": "frequency"},
        "There is text in fr, but tr are to be kept": {"text": {"fr": "world:?rows=2"}},
        "keep=5 is too few: .* pieces always stay": {"keep": 5},
        "Name at least one language": {"langs": []},
        "is there and not empty": {"out": tmp_path / "full"},
    }.items():
        with pytest.raises(ValueError, match=error):
            trim(**{"model": model, "langs": ["tr"], "out": tmp_path / "small", **options})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]


def test_a_network_that_says_something_else_is_refused(model, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "polydistill.exports.trimming.trimmed", lambda network, kept: tiny_network("xlm-roberta", "mlm", seed=9)
    )
    with pytest.raises(
        ValueError, match=r"The trimmed model says something else than .*, by up to .*Nothing was written"
    ):
        trim(model, ["tr"], {"tr": "world:?rows=40"}, by="frequency", out=tmp_path / "small")
    assert not (tmp_path / "small").exists()


def test_the_command(model, tmp_path):
    (tmp_path / "tr.txt").write_text(f"{sentence()}\n" * 3)
    command = f"trim {model} --langs tr --text tr={tmp_path}/tr.txt --keep 150 --out {tmp_path}/small"
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, result.output
    words = result.stdout.split()
    assert words[words.index("pieces") :][:3] == ["pieces", "300", "150"]
    assert re.search(r"\n\d+ of 300 pieces occur in the text\. .* --by frequency keeps \d+\.", result.stdout)
    assert "Kept by both, at most 150: 150." in result.stdout
    assert "small: says the same on 3 texts with all their pieces within" in result.stdout
    assert AutoTokenizer.from_pretrained(tmp_path / "small").vocab_size == 150


def test_a_trimmed_student_is_distilled_from_the_untrimmed_teacher(model, tmp_path):
    trim(model, ["tr"], {"tr": TEXTS["tr"]}, keep=150, out=tmp_path / "small")
    (tmp_path / "tr.txt").write_text(f"{sentence()}\n" * 8)
    command = (
        f"distill --teacher {model} --student {tmp_path}/small --lost-mass tail --text tr={tmp_path}/tr.txt --depth 1 "
        f"--steps 2 --batch-size 4 --dev file:{tmp_path}/{{lang}}.txt --out {tmp_path}/taught"
    )
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, result.output
    student = AutoModelForMaskedLM.from_pretrained(tmp_path / "taught/students/tr")
    assert (student.config.vocab_size, student.config.num_hidden_layers) == (150, 1)
    run = json.loads((tmp_path / "taught/run.json").read_text())
    assert (run["method"]["lost_mass"], run["start"]["name"]) == ("tail", str(tmp_path / "small"))
    assert run["teacher"]["name"] == str(model)


def test_lost_mass_is_about_a_trimmed_student(model):
    with pytest.raises(ValueError, match="lost_mass is about pieces that a trimmed student lacks"):
        distill.run(model, {"tr": "world:?rows=8"}, depth=1, lost_mass="tail")


def test_the_command_wants_the_language_of_every_text_or_of_none(model, tmp_path):
    command = f"trim {model} --langs tr --text tr=a.txt --text b.txt --out {tmp_path}/small"
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 2
    assert "Name the language of each, or of none." in result.output


def test_pieces_in_bf16_stay_so(tmp_path):
    folder = save(tmp_path / "model", tiny_network().to(torch.bfloat16))
    (done,) = trim(folder, ["tr"], keep=200, out=tmp_path / "small")
    assert load_whole(Pretrained(name=str(done.folder))).network.dtype == torch.bfloat16
