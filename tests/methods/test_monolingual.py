"""Students of a multilingual teacher: where they start, what moves whom, and Algorithm 1 written plainly."""

import io
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
import torch
from monolingual_cases import BOTH, ONE_EACH, SPECS, spec
from pydantic import ValidationError
from rich.console import Console
from torch.nn import functional as F

from polydistill.data.batches.masking import IGNORED
from polydistill.data.batches.schedule import Batching
from polydistill.data.rows.sources import FileSource, WorldSource
from polydistill.methods.method import Models
from polydistill.methods.monolingual import MonolingualSpec, Student, Text, Weights
from polydistill.models.capture import Transparent
from polydistill.models.loaded import Loaded
from polydistill.starts.origins import Fresh
from polydistill.training.execute import make_distiller
from polydistill.training.run import Run
from polydistill.training.settings import Training
from tiny import BLOCKS, tiny_network, tiny_tokenizer

FAMILIES = ("xlm-roberta", "roberta", "bert", "distilbert", "modernbert")
EVERYTHING = Weights(relations=0.2)


def prepared_of(wanted: MonolingualSpec, family="xlm-roberta", seed=0, dropout=0.0):
    teacher = tiny_network(family, "mlm", seed=4, dropout=dropout)
    return wanted.prepare(Models(Loaded(teacher, tiny_tokenizer())), seed)


def distiller_of(prepared, folder: Path, steps=4, **training):
    settings = {"batch_size": 4, "learning_rate": 1e-2, "clip": 0.0, "batching": Batching(sampling="in-turn")}
    run = Run(name="x", method=spec(), start=Fresh(), training=Training(steps=steps, **{**settings, **training}))
    return make_distiller(run, prepared, None, folder, Console(file=io.StringIO()))


def batch_in(prepared, language):
    groups = [group.language for group in prepared.groups]
    distiller_steps = distiller_of(prepared, Path("unused")).steps
    return distiller_steps[groups.index(language)]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# Where they start


@pytest.mark.parametrize("family", FAMILIES)
def test_a_student_that_is_its_teacher_has_only_words_to_learn(family):
    prepared = prepared_of(spec(depth=BLOCKS, weights=EVERYTHING), family)
    terms = prepared.method(**batch_in(prepared, "tr")).terms
    assert terms.keys() == {"mlm", "hinton", "hid", "att", "emb", "relations"}
    for name in terms.keys() - {"mlm"}:
        assert terms[name].value.item() == pytest.approx(0.0, abs=1e-12), name
    assert terms["mlm"].value.item() > 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_another_depth_has_something_to_learn_of_every_term(family):
    prepared = prepared_of(spec(depth=1, weights=EVERYTHING, map={1: 2}, init_map={1: 1}), family)
    terms = prepared.method(**batch_in(prepared, "tr")).terms
    assert terms.pop("emb").value.item() == pytest.approx(0.0, abs=1e-12)  # the embeddings are the teacher's still
    assert min(term.value.item() for term in terms.values()) > 1e-4


# Who moves what


def moved(prepared, steps=2, **training):
    """The names of the parameters that a training in turn changes; it begins with the first language."""
    before = {name: value.detach().clone() for name, value in prepared.method.named_parameters()}
    distiller_of(prepared, Path(mkdtemp(dir=".")), steps, **training).fit()
    return {name for name, value in prepared.method.named_parameters() if not torch.equal(value, before[name])}


def test_a_step_of_one_language_leaves_the_other_students_alone():
    prepared = prepared_of(spec(share=()))
    assert [group.language for group in prepared.groups] == ["en", "fr", "tr"]
    changed = moved(prepared, 2, weight_decay=0.1)  # decay must not reach them either
    assert changed
    assert all(name.startswith("student.networks.west.") for name in changed)


@pytest.mark.parametrize("students", [ONE_EACH, ONE_EACH[::-1]], ids=["west first", "turkish first"])
def test_both_students_move_what_they_share(students):
    """One step, of the first student's language: its own block moves and what is shared, not the other's block."""
    prepared = prepared_of(spec(students))
    first, other = (prepared.method.student.networks[student.name] for student in students)
    before = [value.detach().clone() for value in other.parameters()]
    assert first.get_input_embeddings().weight is other.get_input_embeddings().weight
    moved(prepared, 1)
    same = {
        name.split(".")[1]: torch.equal(value, was)
        for (name, value), was in zip(other.named_parameters(), before, strict=True)
        if name.split(".")[1] in ("embeddings", "encoder", "dense")
    }
    assert same == {"embeddings": False, "encoder": True, "dense": False}


def test_shared_parameters_exist_once_in_the_optimiser():
    prepared = prepared_of(spec(depth=2, share=("embeddings", 2, "head")))
    optimiser = distiller_of(prepared, Path("run")).create_optimizer()
    held = [id(value) for group in optimiser.param_groups for value in group["params"]]
    assert len(held) == len(set(held))
    assert set(held) == {id(value) for value in prepared.method.parameters()}
    west, turkish = prepared.method.student.networks.values()
    assert id(west.get_input_embeddings().weight) in held
    alone = prepared_of(spec(depth=2, share=()))
    assert len(held) < len(list(alone.method.parameters()))
    assert west.get_input_embeddings().weight is turkish.get_input_embeddings().weight


def test_the_teacher_reads_a_batch_once_for_all_its_students(monkeypatch):
    prepared, read = prepared_of(spec(BOTH)), []
    forward = Transparent.forward
    monkeypatch.setattr(Transparent, "forward", lambda self, *given: read.append(1) or forward(self, *given))
    terms = prepared.method(**batch_in(prepared, "tr")).terms
    assert len(read) == 1
    assert {name.partition("/")[2] for name in terms} == {"small", "turkish"}
    assert set(prepared.method(**batch_in(prepared, "en")).terms) == {"mlm", "hinton", "hid", "att", "emb"}


def test_without_a_teacher_there_is_none(monkeypatch):
    prepared = prepared_of(SPECS["without a teacher"])
    monkeypatch.setattr(Transparent, "forward", lambda *_: pytest.fail("a teacher was asked"))
    assert prepared.method.teacher is None
    assert set(prepared.method(**batch_in(prepared, "tr")).terms) == {"mlm"}


def test_projections_learn_but_are_no_part_of_a_student():
    prepared = prepared_of(SPECS["narrow"])
    maps = {name for name in prepared.method.state_dict() if name.startswith("projectors.")}
    assert maps == {f"projectors.{name}.maps.{m}.weight" for name in ("west", "turkish") for m in (0, 1)}
    assert {name for name in moved(prepared, 3) if name.startswith("projectors.")} == maps
    assert not any("maps" in name for name in prepared.students["west"].network.state_dict())
    assert not prepared_of(spec()).method.projectors["west"].state_dict()


# Algorithm 1


def test_algorithm_1_written_plainly(tmp_path):
    """One language after the other; the teacher reads its batch; the language's student takes its step."""
    wanted = spec(depth=1, map={1: 2}, weights=Weights(mlm=0.3, hinton=0.2, hid=0.4, att=0.1, emb=0.5))
    ours, plain = prepared_of(wanted), prepared_of(wanted)
    distiller = distiller_of(ours, tmp_path, steps=7, weight_decay=0.1)
    teacher = tiny_network("xlm-roberta", "mlm", seed=4).eval()
    named = dict(plain.method.named_parameters())
    kept = {name for name in named if "bias" in name or "LayerNorm" in name or "layer_norm" in name}
    optimiser = torch.optim.AdamW(
        [
            {"params": [value for name, value in named.items() if name not in kept], "weight_decay": 0.1},
            {"params": [named[name] for name in kept], "weight_decay": 0.0},
        ],
        lr=1e-2,
    )
    for step in range(7):
        batch = distiller.steps[step]
        language = ("en", "fr", "tr")[step % 3]
        assert batch["language"] == language
        student = plain.method.student.networks["turkish" if language == "tr" else "west"]
        with torch.no_grad():
            out_teacher = teacher(**batch["text"], output_hidden_states=True)
        out_student = student(**batch["text"], labels=batch["labels"], output_hidden_states=True)
        real = batch["text"]["attention_mask"].bool()
        optimiser.zero_grad()
        plain_loss(wanted, student, teacher, out_student, out_teacher, real).backward()
        optimiser.step()
    distiller.fit()
    for name, value in ours.method.named_parameters():
        torch.testing.assert_close(value, named[name], rtol=1e-7, atol=1e-9, msg=lambda text, name=name: name + text)


def plain_loss(wanted, student, teacher, out_student, out_teacher, real):
    weights, T = wanted.weights, wanted.temperature
    soft = F.kl_div(
        F.log_softmax(out_student.logits[real] / T, -1),
        F.softmax(out_teacher.logits[real] / T, -1),
        reduction="batchmean",
    )
    hid = F.mse_loss(out_student.hidden_states[1][real], out_teacher.hidden_states[2][real])
    emb = F.mse_loss(out_student.hidden_states[0][real], out_teacher.hidden_states[0][real])
    maps = []
    for network, outputs, number in ((student, out_student, 1), (teacher, out_teacher, 2)):
        attention = network.roberta.encoder.layer[number - 1].attention.self
        query, key = (
            getattr(attention, name)(outputs.hidden_states[number - 1]).unflatten(-1, (2, -1)).transpose(1, 2)
            for name in ("query", "key")
        )
        maps.append(query @ key.transpose(-1, -2) / np.sqrt(query.shape[-1]))
    pairs = (real.unsqueeze(1) & real.unsqueeze(2)).unsqueeze(1).expand_as(maps[0])
    att = F.mse_loss(maps[0][pairs], maps[1][pairs].detach())
    return (
        weights.mlm * out_student.loss
        + weights.hinton * T * T * soft
        + weights.hid * hid
        + weights.att * att
        + weights.emb * emb
    )


# What is read


def test_each_language_is_a_group_without_blank_lines_and_is_hidden_at_the_rate(tmp_path):
    for code in ("en", "tr"):
        (tmp_path / f"{code}.txt").write_text("A dog runs in the old garden .\n\n" * 40)
    texts = tuple(Text(language=code, data=FileSource(path=str(tmp_path / f"{code}.txt"))) for code in ("tr", "en"))
    students = (Student(name="en", languages=("en",)), Student(name="tr", languages=("tr",)))
    prepared = prepared_of(spec(students, data=None, texts=texts, mask_rate=0.5))
    assert [(group.language, len(group.texts["text"])) for group in prepared.groups] == [("tr", 40), ("en", 40)]
    batch = batch_in(prepared, "tr")
    assert 0.25 < (batch["labels"] != IGNORED).float().mean() < 0.75


def test_the_seed_draws_what_begins_at_random():
    def weights(seed):
        prepared = prepared_of(SPECS["narrow"], seed=seed)
        return {name: value.clone() for name, value in prepared.method.state_dict().items()}

    first, again, other = weights(0), weights(0), weights(1)
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    changed = {name for name, value in first.items() if not torch.equal(value, other[name])}
    assert any(name.startswith("projectors") for name in changed)
    assert any(name.startswith("student") for name in changed)


def test_what_it_reads_and_that_it_sees_no_labels():
    assert spec().languages == ("en", "fr", "tr")
    assert spec().reads == ((WorldSource(rows=24), ("en", "fr", "tr")),)
    assert spec().labels_seen == ()
    assert spec().has_teacher
    assert not SPECS["without a teacher"].has_teacher


def test_a_spec_survives_json():
    for wanted in (*SPECS.values(), spec(depth=2, share=(1, "embeddings"), map={2: 1})):
        assert MonolingualSpec.model_validate_json(wanted.model_dump_json()) == wanted


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"students": ()}, "at least 1 item"),
        ({"students": (ONE_EACH[0], ONE_EACH[0])}, "Two students have one name in west, west"),
        ({"data": None}, "Give text in all languages .data., or text of each"),
        ({"texts": (Text(language="en", data=WorldSource()),)}, "and not both"),
        (
            {"data": None, "texts": (Text(language="en", data=WorldSource()),)},
            "students read en, fr, tr, but .* for en",
        ),
        ({"weights": {"mlm": 0, "hinton": 0, "hid": 0, "att": 0, "emb": 0}}, "nothing would be learned"),
        ({"share": ("head",)}, "decoder is tied to the embeddings"),
        ({"share": ("embeddings", 2)}, "Unknown part of students with 1 blocks '2'"),
        ({"mask_rate": 0}, "greater than 0"),
        ({"temprature": 2}, "Did you mean 'temperature'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, said):
    with pytest.raises((ValidationError, ValueError), match=said):
        spec(**settings)


def test_student_names_are_names_of_folders():
    with pytest.raises(ValidationError, match="should match pattern"):
        Student(name="../tr", languages=("tr",))


def test_what_does_not_fit_the_teacher_is_refused():
    with pytest.raises(ValueError, match=r"names teacher block 3, but the teacher's are 1 to 2"):
        prepared_of(spec(map={1: 3}))
    with pytest.raises(ValueError, match=r"needs a student no deeper than its teacher"):
        prepared_of(spec(depth=3))
    with pytest.raises(ValueError, match=r"cannot begin as its teacher"):
        prepared_of(spec(width=8))
    narrow = prepared_of(spec(width=8, heads=4, init="random", share=()))
    with pytest.raises(ValueError, match=r"or match relations, which need no equal heads"):
        narrow.method(**batch_in(narrow, "tr"))
    unequal = spec(width=8, heads=4, init="random", share=(), weights=Weights(att=0, relations=1))
    prepared = prepared_of(unequal)
    assert prepared.method(**batch_in(prepared, "tr")).terms["relations"].value > 0


def test_batches_of_several_languages_are_refused():
    prepared = prepared_of(spec())
    with pytest.raises(ValueError, match="need batches of one language"):
        prepared.method(**{**batch_in(prepared, "tr"), "language": None})
