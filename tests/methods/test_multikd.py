"""MultiKD: each step the teacher of the batch's language, with its own tokenizer, stored or read along."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from method_cases import ROWS, STEPS, Case, batch_of, gradients, prepare
from multikd_cases import FAMILIES, own_tokenizer, teacher, teachers

from polydistill.data.batches.batches import Steps
from polydistill.data.batches.schedule import Batching, Schedule
from polydistill.data.batches.signals import weights_fingerprint
from polydistill.data.rows.load import load_rows
from polydistill.data.rows.shapes import PAIR_OF_SENTENCES
from polydistill.data.rows.sources import WorldSource
from polydistill.methods.method import Models
from polydistill.methods.multikd import MultiKD, MultiKDSpec
from polydistill.models.loaded import Loaded
from polydistill.models.mblm import branched
from polydistill.models.mblm_config import Branches
from polydistill.models.polyglot import Polyglot, Reading
from reference.mblm import distillation
from tiny import LANGUAGES, outputs, tiny_network, tiny_tokenizer

DATA = {"languages": LANGUAGES, "data": WorldSource(rows=24), "max_length": 40}
LIVING = Case(MultiKDSpec(store_teacher=False, **DATA))


def test_every_language_has_its_own_teacher_and_its_own_pieces():
    prepared = prepare(LIVING)
    assert [group.language for group in prepared.groups] == list(LANGUAGES)
    rows = load_rows(DATA["data"], PAIR_OF_SENTENCES, LANGUAGES).rows
    for group in prepared.groups:
        text, taught = group.texts["text"], group.texts["taught"]
        first = rows[group.language][0]
        for encoded, tokenizer in ((text, tiny_tokenizer()), (taught, own_tokenizer(group.language))):
            wanted = tokenizer(first["premise"], first["hypothesis"], truncation=True, max_length=40)["input_ids"]
            assert encoded.take(np.array([0]))[0]["input_ids"].tolist() == wanted
        assert text.columns["input_ids"].tolist() != taught.columns["input_ids"].tolist()
        assert not group.values  # no labels
    kinds = {code: frozen.network.network.config.model_type for code, frozen in prepared.method.teachers.items()}
    assert kinds == {code: family for code, (family, _) in FAMILIES.items()}


def test_the_loss_is_that_of_equation_3_for_any_temperature():
    for temperature in (1.0, 8.0):
        prepared = prepare(Case(LIVING.spec.model_copy(update={"temperature": temperature})))
        batch = batch_of(prepared)
        said = outputs(prepared.method.student.network, batch["text"], None)["logits"]
        network = prepared.method.teachers[batch["language"]].network.network
        taught = outputs(network, batch["taught"], None)["logits"]
        found = prepared.method(**batch).terms["kd"].value.item()
        assert found == pytest.approx(distillation(said, taught, temperature), rel=1e-12)


class Says(torch.nn.Module):
    """A student that says the same of every text."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def forward(self, text, language):
        return Reading(self.logits)


def test_its_gradient_is_that_of_equation_3():
    """d/dz of a row: (p_S - p_T) / (T N)."""
    said = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    taught = torch.randn(4, 3, dtype=torch.float64)
    method = MultiKD(Says(said), {})
    method(text={}, signal=taught, language="en").total.backward()
    wanted = (torch.softmax(said / 8, -1) - torch.softmax(taught / 8, -1)) / (8 * 4)
    torch.testing.assert_close(said.grad, wanted.detach(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("scaling", ["hinton", "sequence_sum"])
def test_other_scalings_differ_by_their_factor(scaling):
    """In gradient: T^2 times that of `cross_entropy`; a row is one sequence."""
    plain = prepare(LIVING)
    other = prepare(Case(LIVING.spec.model_copy(update={"scaling": scaling})))
    batch = batch_of(plain)
    wanted = gradients(plain.method, batch)
    for name, value in gradients(other.method, batch).items():
        torch.testing.assert_close(value, 64 * wanted[name], rtol=1e-8, atol=1e-12)


def test_stored_signals_are_what_the_living_teachers_say():
    living, stored = prepare(LIVING), prepare(Case(LIVING.spec.model_copy(update={"store_teacher": True})))
    assert not len(stored.method.teachers)
    for step in range(STEPS):
        alive, kept = batch_of(living, step), batch_of(stored, step)
        assert torch.equal(alive["text"]["input_ids"], kept["text"]["input_ids"])
        assert "taught" not in kept
        assert stored.method(**kept).total.item() == pytest.approx(living.method(**alive).total.item(), rel=1e-6)


def test_teachers_sleep_and_stay_as_they_are():
    prepared = prepare(LIVING)
    method = prepared.method
    before = {code: weights_fingerprint(frozen.network) for code, frozen in method.teachers.items()}
    optimiser = torch.optim.AdamW(method.parameters(), lr=1e-2, weight_decay=0.1)
    for step in range(3):
        method.train()
        optimiser.zero_grad()
        method(**batch_of(prepared, step)).total.backward()
        optimiser.step()
    assert {code: weights_fingerprint(frozen.network) for code, frozen in method.teachers.items()} == before
    assert all(name.startswith("student.") for name in method.state_dict())
    for frozen in method.teachers.values():
        assert not any(part.training for part in frozen.network.modules())
        assert not any(value.requires_grad or value.grad is not None for value in frozen.network.parameters())


def test_teachers_are_loaded_one_after_the_other_and_let_go(tmp_path):
    loaded = []

    def counted(code):
        def load():
            loaded.append(code)
            return teacher(code)

        return load

    models = Models(
        Loaded(tiny_network(), tiny_tokenizer()), None, tmp_path, teachers={code: counted(code) for code in LANGUAGES}
    )
    first = MultiKDSpec(**DATA).prepare(models, seed=0)
    assert loaded == list(LANGUAGES)
    assert len(list(tmp_path.rglob("*.arrow"))) == len(LANGUAGES)
    again = MultiKDSpec(**DATA).prepare(models, seed=0)
    assert len(list(tmp_path.rglob("*.arrow"))) == len(LANGUAGES)
    for one, other in zip(first.groups, again.groups, strict=True):
        assert np.array_equal(*(each.values["signal"][np.arange(len(each.values["signal"]))] for each in (one, other)))


def test_one_teacher_is_mono_kd(tmp_path):
    spec = MultiKDSpec(**{**DATA, "languages": ("en",)})
    models = Models(Loaded(tiny_network(), tiny_tokenizer()), None, tmp_path, teachers=teachers())
    prepared = spec.prepare(models, seed=0)
    assert [group.language for group in prepared.groups] == ["en"]
    assert (spec.reads, spec.labels_seen) == (((DATA["data"], ("en",)),), ())


def test_a_student_that_is_its_teacher_learns_nothing(tmp_path):
    network = tiny_network(seed=3)
    same = {"en": lambda: Loaded(copy.deepcopy(network), tiny_tokenizer())}
    spec = MultiKDSpec(**{**DATA, "languages": ("en",), "store_teacher": False})
    prepared = spec.prepare(Models(Loaded(network, tiny_tokenizer()), None, tmp_path, teachers=same), seed=0)
    batch = batch_of(prepared)
    assert all(value.abs().max() < 1e-12 for value in gradients(prepared.method, batch).values())
    assert prepared.method(**batch).total.item() > 0.1  # the entropy of what the teacher says


# The student is an MBLM


def mblm_prepared(**spec):
    network = branched(tiny_network(seed=1), Branches(languages=LANGUAGES, blocks=1))
    prepared = prepare(LIVING)
    method = copy.deepcopy(prepared.method)
    method.student = Polyglot(network)
    return replace(prepared, method=method.train())


def test_an_mblm_learns_in_the_branch_of_the_batchs_language():
    prepared = mblm_prepared()
    for step in range(STEPS):
        batch = batch_of(prepared, step)
        reached = gradients(prepared.method, batch)
        others = [code for code in LANGUAGES if code != batch["language"]]
        assert not [name for name in reached for code in others if f".branches.{code}." in name]
        assert [name for name in reached if f".branches.{batch['language']}." in name]


def test_a_fresh_mblm_has_the_loss_of_its_base():
    branches, plain = mblm_prepared(), prepare(LIVING)
    for step in range(STEPS):
        batch = batch_of(plain, step)
        assert branches.method(**batch).total.item() == pytest.approx(plain.method(**batch).total.item(), rel=1e-12)


def test_batches_of_several_languages():
    prepared = mblm_prepared()
    schedule = Schedule(
        [np.ones_like(group.lengths) for group in prepared.groups], ROWS, STEPS, 0, Batching(batches="balanced")
    )
    stored = prepare(Case(MultiKDSpec(**DATA)))
    mixed = Steps(schedule, stored.groups)[0]
    assert mixed["language"] is None
    assert stored.method(**mixed).total.item() > 0  # a plain student does not mind
    with pytest.raises(ValueError, match="needs batches of one language"):
        prepared.method(**mixed)
    with pytest.raises(ValueError, match="Teachers that read each batch need batches of one language"):
        prepare(LIVING).method(**{name: value for name, value in mixed.items() if name != "signal"})


def test_tagging_is_refused():
    with pytest.raises(ValueError, match=r"the task 'ner' tags words"):
        MultiKDSpec(task="ner", **DATA)


@pytest.mark.parametrize("temperature", [0, -1])
def test_the_temperature_is_positive(temperature):
    with pytest.raises(ValueError, match=r"greater than or equal to 0\.001"):
        MultiKDSpec(temperature=temperature, **DATA)
