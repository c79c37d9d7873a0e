"""What every method promises, in every variant. A new method joins by a line in `method_cases.py`."""

import copy

import mmkd_cases
import pytest
import torch
from method_cases import (
    CASES,
    ROWS,
    STEPS,
    Case,
    batch_of,
    expected,
    expected_counts,
    gradients,
    part,
    prepare,
    shared,
    with_more_pads,
)
from safetensors.torch import load_model, save_model

from polydistill.data.batches.signals import weights_fingerprint
from polydistill.methods.method import Models
from polydistill.methods.mmkd import MMKDSpec
from polydistill.methods.monolingual import MonolingualSpec
from polydistill.methods.xd import XDSpec
from polydistill.models.loaded import Loaded
from tiny import tiny_network, tiny_tokenizer

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_case_with_teacher = pytest.mark.parametrize("case", [case for case in CASES if case.has_teacher], ids=str)
every_case_of_xd = pytest.mark.parametrize(
    "case", [case for case in CASES if case.has_teacher and isinstance(case.spec, XDSpec)], ids=str
)

every_case_that_can_be_cut = pytest.mark.parametrize(
    "case", [case for case in CASES if not mmkd_cases.mixes_rows(case.spec)], ids=str
)
every_case_without_pads = pytest.mark.parametrize(
    "case", [case for case in CASES if not mmkd_cases.counts_pads(case.spec)], ids=str
)


def assert_same_gradients(found, wanted, **tolerance):
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, **tolerance, msg=lambda text, name=name: f"{name}: {text}")


def tolerance(case):
    """How near gradients must be: XLM's softmax is in float32, whatever the precision of the rest."""
    return {"rtol": 1e-5, "atol": 1e-6} if case.family == "xlm" else {"rtol": 1e-9, "atol": 1e-12}


@every_case
def test_terms_have_the_papers_names_and_their_weighted_sum_is_trained(case):
    prepared = shared(case)
    loss = prepared.method(**batch_of(prepared))
    assert {name.partition("/")[0]: term.weight for name, term in loss.terms.items()} == case.weights
    weighed = sum(term.weight * term.value.item() for term in loss.terms.values())
    assert loss.total.item() == pytest.approx(weighed, rel=1e-12)
    assert loss.total.ndim == 0


@every_case
def test_each_term_equals_the_reference(case):
    prepared = shared(case)
    for step in range(STEPS):
        batch = batch_of(prepared, step)
        values = {name: term.value.item() for name, term in prepared.method(**batch).terms.items()}
        assert min(values.values()) > 1e-4
        assert values == pytest.approx(expected(case, prepared.method, batch), rel=1e-9, abs=1e-9)


@every_case
def test_counts_are_what_the_mean_is_over(case):
    prepared = shared(case)
    batch = batch_of(prepared)
    assert len(batch[case.text]["input_ids"]) == ROWS
    assert prepared.method.counts(batch) == expected_counts(case, batch)
    assert prepared.method.counts(batch).keys() == prepared.method(**batch).terms.keys()


@every_case_that_can_be_cut
def test_micro_batches_weighed_by_their_counts_are_one_batch(case):
    prepared = shared(case)
    method, batch = prepared.method, batch_of(prepared)
    whole, total = gradients(method, batch), method(**batch).total.item()
    count = method.counts(batch)
    summed, value = {name: torch.zeros_like(gradient) for name, gradient in whole.items()}, 0.0
    for rows in (slice(0, 1), slice(1, 4), slice(4, ROWS)):
        piece = part(batch, rows)
        shares = {name: number / count[name] for name, number in method.counts(piece).items()}
        value += sum(shares[name] * term.weight * term.value.item() for name, term in method(**piece).terms.items())
        for name, gradient in gradients(method, piece, shares).items():
            summed[name] += gradient
    assert value == pytest.approx(total, rel=1e-12)
    assert_same_gradients(summed, whole, **tolerance(case))


@every_case_without_pads
def test_more_padding_changes_nothing(case):
    prepared = shared(case)
    batch = batch_of(prepared)
    wider = with_more_pads(prepared, batch)
    assert wider[case.text]["input_ids"].shape[-1] == batch[case.text]["input_ids"].shape[-1] + 5
    method = prepared.method
    assert method(**wider).total.item() == pytest.approx(method(**batch).total.item(), rel=1e-12)
    assert method.counts(wider) == method.counts(batch)
    assert_same_gradients(gradients(method, wider), gradients(method, batch), **tolerance(case))


@every_case
def test_each_term_reaches_the_student(case):
    prepared = shared(case)
    method, batch = prepared.method, batch_of(prepared)
    for name in method(**batch).terms:
        method.zero_grad()
        method(**batch).terms[name].value.backward()
        reached = {name for name, value in method.named_parameters() if value.grad is not None and value.grad.any()}
        assert any("embeddings" in name for name in reached)
        assert all(name.startswith(("student.", "projectors.")) for name in reached)
    if isinstance(case.spec, MonolingualSpec | MMKDSpec):  # several students, several heads: see their own tests
        return
    if getattr(method, "roles", ()) == ("source", "target"):  # the last term is of one of them
        method(**batch).total.backward()
    unreached = {name for name, value in method.named_parameters() if value.grad is None}
    # the classifier says nothing of a vector
    head = (isinstance(case.spec, XDSpec) and case.spec.on == "first") or not {"kl", "sentence"}.isdisjoint(
        case.weights
    )
    assert all(head and ("classifier" in name or "pooler" in name or "summary" in name) for name in unreached), (
        unreached
    )


@every_case
def test_saved_and_loaded_is_the_same_loss(case, tmp_path):
    saved, loaded = prepare(case), prepare(case)
    batch = batch_of(saved)
    wanted = saved.method(**batch).total.item()
    with torch.no_grad():
        for number, value in enumerate(loaded.method.parameters()):
            value.add_(torch.randn(value.shape, generator=torch.Generator().manual_seed(number)))
    assert loaded.method(**batch).total.item() != wanted
    save_model(saved.method, str(tmp_path / "method.safetensors"))
    missing, unexpected = load_model(loaded.method, tmp_path / "method.safetensors")
    assert not missing
    assert not unexpected
    assert loaded.method(**batch).total.item() == wanted


@every_case_with_teacher
def test_the_teacher_does_not_change_and_is_not_seen(case):
    prepared = prepare(case)
    method, teacher = prepared.method, prepared.method.teacher.network
    before, student_before = weights_fingerprint(teacher), weights_fingerprint(method.student)
    optimiser = torch.optim.AdamW(method.parameters(), lr=1e-2, weight_decay=0.1)
    for step in range(3):
        method.train()
        optimiser.zero_grad()
        method(**batch_of(prepared, step)).total.backward()
        optimiser.step()
    assert weights_fingerprint(teacher) == before
    assert weights_fingerprint(method.student) != student_before
    theirs = {id(value) for value in teacher.parameters()}
    assert not theirs & {id(value) for value in method.parameters()}
    assert not theirs & {id(value) for group in optimiser.param_groups for value in group["params"]}
    assert all(name.startswith(("student.", "projectors.")) for name in method.state_dict())
    shared = set(method.student.modules())  # XLM's activation function is one object for all networks
    assert not any(part.training for part in teacher.modules() if part not in shared)
    assert not any(value.requires_grad or value.grad is not None for value in teacher.parameters())


@every_case_of_xd
def test_stored_signals_are_what_the_living_teacher_says(case):
    living = shared(case)
    stored = shared(Case(case.spec.model_copy(update={"store_teacher": True}), case.family))
    assert stored.method.teacher is None
    for step in range(STEPS):
        with_teacher, with_signal = batch_of(living, step), batch_of(stored, step)
        assert torch.equal(with_teacher["target"]["input_ids"], with_signal["target"]["input_ids"])
        assert "source" not in with_signal
        wanted = living.method(**with_teacher).total.item()
        # signals are kept in float32
        assert stored.method(**with_signal).total.item() == pytest.approx(wanted, rel=1e-6)
        found, expected_ = gradients(stored.method, with_signal), gradients(living.method, with_teacher)
        assert_same_gradients(found, expected_, rtol=1e-5, atol=1e-6)


@every_case_of_xd
def test_a_student_that_is_its_teacher_has_nothing_to_learn(case):
    network = tiny_network(case.family, case.head, seed=5)
    models = Models(Loaded(network, tiny_tokenizer()), Loaded(copy.deepcopy(network), tiny_tokenizer()))
    prepared = case.spec.model_copy(update={"languages": ("en",)}).prepare(models, seed=0)
    assert [group.language for group in prepared.groups] == ["en"]
    batch = batch_of(prepared)
    assert torch.equal(batch["source"]["input_ids"], batch["target"]["input_ids"])
    assert prepared.method(**batch).total.item() == pytest.approx(0.0, abs=1e-12)
    other = case.spec.model_copy(update={"languages": ("tr",)}).prepare(models, seed=0)
    assert other.method(**batch_of(other)).total.item() > 1e-3
