"""Learning only the rows in use: the same weights, bit for bit, as learning with all of them."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from polydistill.data.rows.sources import WorldSource
from polydistill.methods.tuning import TuneSpec
from polydistill.models import used_rows
from polydistill.models.used_rows import UsedRows, learning_used_rows
from polydistill.starts.origins import Pretrained
from polydistill.training import numerics
from polydistill.training.execute import execute
from polydistill.training.run import Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store
from tiny import tiny_network, tiny_tokenizer


@pytest.fixture(autouse=True)
def same_numerics(monkeypatch):
    """Two folders may choose two kernels of products on a busy machine, whose last bits differ."""
    chosen = numerics.Numerics(matmul="highest", threads=1, speedup=1.0, error=0.0)
    monkeypatch.setattr(numerics, "probe", lambda width: chosen)


USED = np.array([0, 1, 2, 5, 7, 11, 40, 41])


def batches(steps):
    generator = torch.Generator().manual_seed(1)
    used = torch.from_numpy(USED)
    return [used[torch.randint(0, len(used), (4, 9), generator=generator)] for _ in range(steps)]


def learn(network, steps=6, decay=0.0):
    torch.manual_seed(0)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=decay, fused=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.1, steps)
    for ids in batches(steps):
        network(input_ids=ids, attention_mask=(ids != 1).long()).logits.square().mean().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()


@pytest.mark.parametrize("family", ["xlm-roberta", "bert"])
def test_the_same_weights_as_with_all_rows(family):
    plain, part, start = (tiny_network(family, dropout=0.1, dtype=torch.float32) for _ in range(3))
    learn(plain)
    with learning_used_rows(part, [USED]):
        assert isinstance(part.get_input_embeddings(), UsedRows)
        learn(part)
    for (name, wanted), found in zip(plain.state_dict().items(), part.state_dict().values(), strict=True):
        assert torch.equal(wanted, found), name
    rows, before = part.get_input_embeddings().weight, start.get_input_embeddings().weight
    others = np.setdiff1d(np.arange(len(rows)), USED)
    assert torch.equal(rows[others], before[others])
    assert not torch.equal(rows[USED], before[USED])


def test_rows_that_are_not_in_use_decay_as_plain_adamw_has_it():
    plain, part = (tiny_network(dropout=0.1, dtype=torch.float32) for _ in range(2))
    start = part.get_input_embeddings().weight.detach().clone()
    others = torch.from_numpy(np.setdiff1d(np.arange(len(start)), USED))
    learn(plain, decay=0.3)
    with learning_used_rows(part, [USED]):
        learn(part, decay=0.3)
        read = part.eval().get_input_embeddings()(others)  # while it learns, too
    found, wanted = (one.get_input_embeddings().weight.detach() for one in (part, plain))
    assert torch.equal(found[USED], wanted[USED])
    torch.testing.assert_close(found[others], wanted[others], rtol=1e-6, atol=0)
    torch.testing.assert_close(read, wanted[others], rtol=1e-6, atol=0)
    assert not torch.isclose(found[others], start[others], rtol=5e-3, atol=0).any()
    learn(part, decay=0.3)  # outside, no optimiser's steps are counted any more
    assert isinstance(part.get_input_embeddings(), torch.nn.Embedding)


def test_other_rows_are_still_read_outside_training():
    network = tiny_network().eval()
    ids = torch.tensor([[0, 9, 7, 2], [0, 100, 101, 2]])
    wanted = network(input_ids=ids).logits
    with learning_used_rows(network, [USED]):
        assert torch.equal(network(input_ids=ids).logits, wanted)


def test_a_checkpoint_holds_only_the_rows_that_learn():
    network = tiny_network()
    with learning_used_rows(network, [USED]):
        state = network.base_model.embeddings.word_embeddings.state_dict()
        assert {name: value.numel() for name, value in state.items()} == {
            "rows": len(USED) * network.config.hidden_size,
            "shrunk": 1,
        }


def test_the_network_is_whole_again_after_a_failure():
    network = tiny_network()
    before = network.get_input_embeddings()
    with pytest.raises(KeyError), learning_used_rows(network, [USED]):
        raise KeyError
    assert network.get_input_embeddings() is before


def test_nothing_is_changed_where_it_saves_nothing():
    network = tiny_network()
    before = network.get_input_embeddings()
    with learning_used_rows(network, [np.arange(len(before.weight) // 2 + 1)]):
        assert network.get_input_embeddings() is before
    before.requires_grad_(False)
    with learning_used_rows(network, [USED]):
        assert network.get_input_embeddings() is before


def a_run(folder, **training):
    tiny_network(dtype=torch.float32).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    judging = Judging(languages=("en",), data=WorldSource(rows=6, split="dev"), max_length=32)
    settings = {"steps": 6, "batch_size": 2, "learning_rate": 1e-2, "checkpoint_every": 3, **training}
    chosen = "average" not in settings
    return Run(
        name="few rows",
        method=TuneSpec(languages=("en",), data=WorldSource(rows=3), max_length=32),
        start=Pretrained(name=str(folder)),
        training=Training(**settings, **({"evaluate_every": 2} if chosen else {})),
        selection=judging if chosen else None,
        evaluation=judging,
    )


def test_a_whole_run_gives_the_same_model(tmp_path, monkeypatch):
    run = a_run(tmp_path / "model")
    seen = []
    inner = UsedRows.forward
    monkeypatch.setattr(UsedRows, "forward", lambda self, ids: seen.append(1) or inner(self, ids))
    part = execute(run, Store(tmp_path / "part"))
    assert seen
    monkeypatch.setattr(used_rows, "_WORTH_IT", 0.0)
    seen.clear()
    plain = execute(run, Store(tmp_path / "plain"))
    assert not seen
    assert part.model_fingerprint == plain.model_fingerprint
    assert part.scores == plain.scores


@pytest.mark.slow
@pytest.mark.parametrize("how", [{"average": 2}, {}])
def test_a_whole_run_with_decay_gives_the_same_model(tmp_path, monkeypatch, how):
    run = a_run(tmp_path / "model", weight_decay=0.2, decay="linear", **how)
    part, plain = (Store(tmp_path / name) for name in ("part", "plain"))
    execute(run, part)
    monkeypatch.setattr(used_rows, "_WORTH_IT", 0.0)
    execute(run, plain)
    found, wanted = (load_file(store.folder(run) / "model" / "model.safetensors") for store in (part, plain))
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-7)
