"""The trainer: what it logs, how it weighs, what it keeps."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from training_tools import Call, Gradients, Regression, assert_close, given, hide_by_content, numbers, sentences
from transformers import TrainerCallback

from polydistill.data.batches.batches import Batch, Group, Steps
from polydistill.data.batches.encoding import from_lists
from polydistill.data.batches.schedule import Schedule
from polydistill.methods.method import Method
from polydistill.methods.pretraining import MaskedLanguageModelling
from polydistill.methods.teacher import answering
from polydistill.methods.tuning import Tuning
from polydistill.methods.xd import XD
from polydistill.models.polyglot import Polyglot
from polydistill.training.distiller import Distiller
from polydistill.training.settings import Training
from tiny import tiny_network


def training(steps: int, **settings: object) -> Training:
    return Training(steps=steps, **{"batch_size": 4, "learning_rate": 1e-2, "clip": 0.0, **settings})


def lines(distiller: Distiller) -> list[dict[str, float]]:
    return [line for line in distiller.state.log_history if "loss" in line]


def value(method: Method, batch: Batch, name: str) -> float:
    return method(**batch).terms[name].value.item()


def in_fours(steps: int) -> list[list[int]]:
    return [[4 * step + i for i in range(4)] for step in range(steps)]


# The log


def test_terms_are_logged_unweighted_and_averaged_over_steps(tmp_path):
    method, steps = Regression(), given(in_fours(40), numbers(160))
    values = [{name: value(method, steps[k], name) for name in ("near", "far")} for k in range(40)]
    distiller = Distiller(method, steps, training(40, learning_rate=1e-30), tmp_path, seed=0)
    distiller.fit()
    assert [line["step"] for line in lines(distiller)] == list(range(2, 41, 2))
    for number, line in enumerate(lines(distiller)):
        near, far = (np.mean([step[name] for step in values[2 * number : 2 * number + 2]]) for name in ("near", "far"))
        assert line["near"] == pytest.approx(near, rel=1e-9)
        assert line["far"] == pytest.approx(far, rel=1e-9)
        assert line["loss"] == pytest.approx(2.0 * near + 0.5 * far, rel=1e-6)


def test_the_log_of_micro_batches_is_that_of_one_batch(tmp_path):
    logs = []
    for number, (rows, accumulation) in enumerate([(in_fours(8), 4), ([[*range(16)], [*range(16, 32)]], 1)]):
        settings = training(2, learning_rate=1e-30, accumulation=accumulation)
        distiller = Distiller(Regression(), given(rows, numbers(32)), settings, tmp_path / str(number), seed=0)
        distiller.fit()
        logs.append([(line["near"], line["far"], line["loss"]) for line in lines(distiller)])
    np.testing.assert_allclose(logs[0], logs[1], rtol=1e-6)


def test_a_term_without_items_in_a_micro_batch_spoils_nothing(tmp_path):
    group = numbers(8)
    group.values["far"][:] = np.arange(8) < 2  # the second micro-batch has none: a mean of nothing
    kept = Gradients()
    distiller = Distiller(
        Regression(), given(in_fours(2), group), training(1, accumulation=2), tmp_path / "2", 0, callbacks=[kept]
    )
    distiller.fit()
    whole = Gradients()
    Distiller(Regression(), given([range(8)], group), training(1), tmp_path / "1", 0, callbacks=[whole]).fit()
    assert_close(kept.steps[0], whole.steps[0])
    assert np.isfinite(lines(distiller)[0]["far"])


# Micro-batches


def tuned(folder: Path, batch_size: int, accumulation: int) -> tuple[dict[str, Tensor], list[dict[str, Tensor]]]:
    """Weights and gradients after three steps on two languages."""
    groups = [
        Group(code, {"text": sentences(80, seed)}, {"labels": np.random.default_rng(seed).integers(0, 3, 80)})
        for seed, code in enumerate(("en", "fr"))
    ]
    return fitted(folder, Tuning(Polyglot(tiny_network())), groups, batch_size, accumulation)


def pretrained(folder: Path, batch_size: int, accumulation: int) -> tuple[dict[str, Tensor], list[dict[str, Tensor]]]:
    """The same of a masked language model, whose micro-batches hide different numbers of tokens."""
    method = MaskedLanguageModelling(tiny_network(head="mlm"))
    return fitted(folder, method, [Group(None, {"text": sentences(80)})], batch_size, accumulation, hide_by_content)


def fitted(folder, method, groups, batch_size, accumulation, transform=None):
    kept = Gradients()
    schedule = Schedule([group.lengths for group in groups], batch_size, 3, seed=1, accumulation=accumulation)
    settings = training(3, batch_size=batch_size, accumulation=accumulation, learning_rate=1e-3)
    Distiller(method, Steps(schedule, groups, transform), settings, folder, 0, callbacks=[kept]).fit()
    return method.state_dict(), kept.steps


@pytest.mark.parametrize("learn", [tuned, pretrained])
@pytest.mark.parametrize(("batch_size", "accumulation"), [(8, 4), (1, 32)])
def test_micro_batches_learn_what_one_batch_learns(tmp_path, learn, batch_size, accumulation):
    weights, gradients = learn(tmp_path / "micro", batch_size, accumulation)
    wanted, of_one_batch = learn(tmp_path / "whole", 32, 1)
    assert len(gradients) == len(of_one_batch) == 3
    for found, right in zip(gradients, of_one_batch, strict=True):
        assert_close(found, right, 1e-11)
    assert_close(weights, wanted, 1e-10)


def test_the_micro_batches_of_the_masked_language_model_differ_in_what_they_hide():
    method = MaskedLanguageModelling(tiny_network(head="mlm"))
    schedule = Schedule([sentences(80).lengths], 8, 1, seed=1, accumulation=4)
    steps = Steps(schedule, [Group(None, {"text": sentences(80)})], hide_by_content)
    assert len({method.counts(steps[k])["mlm"] for k in range(4)}) > 1  # else the test above shows nothing


def test_the_micro_batches_of_a_step_are_of_one_language():
    schedule = Schedule([np.full(30, 5), np.full(50, 5)], 2, 40, seed=0, accumulation=4)
    assert len(schedule) == 160
    groups = [[schedule[4 * step + part][0][0] for part in range(4)] for step in range(40)]
    assert all(len(set(step)) == 1 for step in groups)
    assert {step[0] for step in groups} == {0, 1}


# Selection


def scripted(scores: list[float], method: Method, seen: list[Tensor]):
    rest = iter(scores)

    def evaluate() -> dict[str, float]:
        seen.append(method.student.weight.detach().clone())
        return {"score": next(rest)}

    return evaluate


def test_the_weights_of_the_best_evaluation_are_kept(tmp_path):
    method, seen = Regression(), []
    evaluate = scripted([0.1, 0.9, 0.5, 0.9], method, seen)
    distiller = Distiller(method, given(in_fours(8), numbers(32)), training(8, evaluate_every=2), tmp_path, 0, evaluate)
    distiller.fit()
    assert distiller.state.best_global_step == 4  # the first of equals
    assert torch.equal(method.student.weight, seen[1])
    assert not torch.equal(seen[1], seen[2])
    scores = [line["eval_score"] for line in distiller.state.log_history if "eval_score" in line]
    assert scores == [0.1, 0.9, 0.5, 0.9]
    assert [path.name for path in tmp_path.glob("best-*")] == ["best-4.safetensors"]


def test_without_selection_the_last_weights_are_kept(tmp_path):
    method, seen = Regression(), []
    watch = Call(lambda step: seen.append(method.student.weight.detach().clone()))
    Distiller(method, given(in_fours(5), numbers(32)), training(5), tmp_path, 0, callbacks=[watch]).fit()
    assert torch.equal(method.student.weight, seen[-1])


def test_patience_stops_the_training_and_keeps_the_best(tmp_path):
    method, seen = Regression(), []
    evaluate = scripted([0.1, 0.9, 0.5, 0.8, 1.0], method, seen)
    settings = training(20, evaluate_every=2, patience=2)
    distiller = Distiller(method, given(in_fours(20), numbers(80)), settings, tmp_path, 0, evaluate)
    distiller.fit()
    assert distiller.state.global_step == 8
    assert torch.equal(method.student.weight, seen[1])


def test_evaluation_draws_nothing_from_the_random_numbers_of_training(tmp_path):
    weights = []
    for every in (None, 1):
        network = tiny_network(dropout=0.3)
        method = Tuning(Polyglot(network))
        group = Group("en", {"text": sentences(20)}, {"labels": np.arange(20) % 3})

        def evaluate(network=network) -> dict[str, float]:
            network.eval()
            network(torch.tensor([[0, 7, 2]]))
            network.train()
            return {"score": 0.0}

        settings = training(4, evaluate_every=every)
        steps = Steps(Schedule([group.lengths], 4, 4, seed=0), [group])
        seen = []
        watch = Call(lambda step, seen=seen, of=network: seen.append(of.classifier.out_proj.weight.detach().clone()))
        Distiller(method, steps, settings, tmp_path / str(every), 0, evaluate if every else None, [watch]).fit()
        weights.append(seen[-1])
    assert torch.equal(*weights)


# Checkpoints


def distillation(teacher_seed: int = 1) -> tuple[XD, Steps]:
    teacher = answering(tiny_network(seed=teacher_seed), "logits", "en", reads="source")
    group = Group("fr", {"target": sentences(24, 0), "source": sentences(24, 1)})
    return XD(Polyglot(tiny_network()), teacher), Steps(Schedule([group.lengths], 4, 6, seed=0), [group])


def test_a_teacher_learns_nothing_and_is_in_no_checkpoint(tmp_path):
    method, steps = distillation()
    before = {name: part.clone() for name, part in method.teacher.network.state_dict().items()}
    asleep = []
    watch = Call(lambda step: asleep.append(not method.teacher.network.training))
    Distiller(method, steps, training(6, checkpoint_every=2), tmp_path, 0, callbacks=[watch]).fit()
    assert all(torch.equal(part, before[name]) for name, part in method.teacher.network.state_dict().items())
    assert asleep == [True] * 6
    saved = load_file(tmp_path / "checkpoint-6" / "model.safetensors")
    assert saved.keys() == {f"student.network.{name}" for name in method.student.network.state_dict()}
    optimiser = torch.load(tmp_path / "checkpoint-6" / "optimizer.pt", weights_only=True)
    learning = sum(len(group["params"]) for group in optimiser["param_groups"])
    assert learning == len(list(method.student.network.parameters()))


def test_a_checkpoint_holds_all_of_a_method_also_what_is_random_and_frozen(tmp_path):
    method = Regression()
    Distiller(method, given(in_fours(3), numbers(12)), training(3), tmp_path, 0).fit()
    saved = load_file(tmp_path / "checkpoint-3" / "model.safetensors")
    assert saved.keys() == {"student.weight", "student.bias", "projector.weight", "projector.bias"}
    assert torch.equal(saved["projector.weight"], method.projector.weight)


def test_only_the_newest_checkpoint_is_kept(tmp_path):
    Distiller(Regression(), given(in_fours(7), numbers(28)), training(7, checkpoint_every=2), tmp_path, 0).fit()
    assert [path.name for path in tmp_path.glob("*checkpoint*")] == ["checkpoint-7"]
    assert list((tmp_path / "unfinished").iterdir()) == []


def test_tied_weights_are_tied_and_equal_after_a_checkpoint(tmp_path):
    group = Group(None, {"text": sentences(24)})
    steps = Steps(Schedule([group.lengths], 4, 6, seed=0), [group], hide_by_content)

    def tied(network) -> bool:
        return network.lm_head.decoder.weight is network.roberta.embeddings.word_embeddings.weight

    first = tiny_network(head="mlm")
    assert tied(first)
    Distiller(MaskedLanguageModelling(first), steps, training(6), tmp_path, 0).fit()
    second = tiny_network(head="mlm", seed=5)
    Distiller(MaskedLanguageModelling(second), steps, training(6), tmp_path, 0).fit()  # nothing is left to do but load
    assert tied(second)
    assert_close(second.state_dict(), first.state_dict(), 0.0)


def test_a_checkpoint_of_another_method_is_refused(tmp_path):
    Distiller(Regression(), given(in_fours(2), numbers(8)), training(2), tmp_path, 0).fit()
    method, steps = distillation()
    with pytest.raises(ValueError, match=r"not of this method: missing .*student\.network.*Remove the run's folder"):
        Distiller(method, steps, training(6), tmp_path, 0).fit()


def test_a_checkpoint_of_other_shapes_is_refused(tmp_path):
    Distiller(Regression(), given(in_fours(2), numbers(8)), training(2), tmp_path, 0).fit()
    other = Regression()
    other.student = torch.nn.Linear(3, 5).double()
    with pytest.raises(ValueError, match=r"not of this method: .*student\.weight.*Remove the run's folder"):
        Distiller(other, given(in_fours(2), numbers(8)), training(2), tmp_path, 0).fit()


# Failures


class Fails(TrainerCallback):
    ended = 0

    def on_step_end(self, args, state, control, **_):
        raise KeyboardInterrupt

    def on_train_end(self, args, state, control, **_):
        self.ended += 1


def test_whoever_shows_progress_is_told_of_a_failure(tmp_path):
    callback = Fails()
    with pytest.raises(KeyboardInterrupt):
        Distiller(Regression(), given(in_fours(2), numbers(8)), training(2), tmp_path, 0, callbacks=[callback]).fit()
    assert callback.ended == 1


def test_a_network_learns_the_same_whatever_the_padding(tmp_path):
    """Rows of one length group or of many: only the order of sums differs."""
    texts = sentences(8)
    padded = from_lists({"input_ids": [text["input_ids"] for text in texts.take(np.arange(8))]}, {"input_ids": 1})
    labels = {"labels": np.arange(8) % 3}
    kept = []
    for number, rows in enumerate([[[*range(8)]], [[0, 1], [2, 3], [4, 5], [6, 7]]]):
        gradients = Gradients()
        steps = given(rows, Group("en", {"text": padded}, labels))
        settings = training(1, accumulation=len(rows))
        method = Tuning(Polyglot(tiny_network()))
        Distiller(method, steps, settings, tmp_path / str(number), 0, callbacks=[gradients]).fit()
        kept.append(gradients.steps[0])
    assert_close(kept[0], kept[1], 1e-11)


# The mean of the last weights


def test_the_result_is_the_mean_of_the_last_checkpoints(tmp_path):
    steps = given(in_fours(10), numbers(40))
    settings = {"checkpoint_every": 2, "decay": "constant"}
    weights = []
    for count in (6, 8, 10):
        method = Regression()
        Distiller(
            method, given(in_fours(count), numbers(40)), training(count, **settings), tmp_path / str(count), 0
        ).fit()
        weights.append(method.state_dict())
    method = Regression()
    Distiller(method, steps, training(10, average=3, **settings), tmp_path / "mean", seed=0).fit()
    mean = {name: torch.stack([one[name].double() for one in weights]).mean(0) for name in weights[0]}
    assert_close({name: value.double() for name, value in method.state_dict().items()}, mean)
    assert {file.name for file in (tmp_path / "mean").glob("mean-*")} == {
        f"mean-{step}.safetensors" for step in (6, 8, 10)
    }
    assert any((weights[-1][name] != value).any() for name, value in method.state_dict().items())


def test_the_mean_survives_an_interruption(tmp_path):
    settings = {"checkpoint_every": 2, "average": 3}
    whole, cut = Regression(), Regression()
    Distiller(whole, given(in_fours(10), numbers(40)), training(10, **settings), tmp_path / "whole", seed=0).fit()

    def stop(step: int) -> None:
        if step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Distiller(
            Regression(),
            given(in_fours(10), numbers(40)),
            training(10, **settings),
            tmp_path / "cut",
            0,
            callbacks=[Call(stop)],
        ).fit()
    Distiller(cut, given(in_fours(10), numbers(40)), training(10, **settings), tmp_path / "cut", seed=0).fit()
    assert_close(cut.state_dict(), whole.state_dict())


def test_a_mean_and_a_best_exclude_each_other():
    with pytest.raises(
        ValueError, match=r"average=3 takes the mean of the last checkpoints, and dev rows the best one"
    ):
        training(10, average=3, evaluate_every=2)
