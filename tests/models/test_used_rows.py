"""Learning only the rows in use: the same weights, bit for bit, as learning with all of them."""

import numpy as np
import pytest
import torch

from polydistill.data.rows.sources import WorldSource
from polydistill.methods.tuning import TuneSpec
from polydistill.models import used_rows
from polydistill.models.used_rows import UsedRows, learning_used_rows
from polydistill.starts.origins import Pretrained
from polydistill.training.execute import execute
from polydistill.training.run import Run
from polydistill.training.settings import Judging, Training
from polydistill.training.store import Store
from tiny import tiny_network, tiny_tokenizer

USED = np.array([0, 1, 2, 5, 7, 11, 40, 41])


def batches(steps):
    generator = torch.Generator().manual_seed(1)
    used = torch.from_numpy(USED)
    return [used[torch.randint(0, len(used), (4, 9), generator=generator)] for _ in range(steps)]


def learn(network, steps=6):
    torch.manual_seed(0)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=0.0, fused=True)
    for ids in batches(steps):
        network(input_ids=ids, attention_mask=(ids != 1).long()).logits.square().mean().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
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
        assert {name: len(value) for name, value in state.items()} == {"rows": len(USED)}


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


def test_a_whole_run_gives_the_same_model(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    tiny_network(dtype=torch.float32).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    judging = Judging(languages=("en",), data=WorldSource(rows=6, split="dev"), max_length=32)
    run = Run(
        name="few rows",
        method=TuneSpec(languages=("en",), data=WorldSource(rows=3), max_length=32),
        start=Pretrained(name=str(folder)),
        training=Training(steps=6, batch_size=2, learning_rate=1e-2, evaluate_every=2, checkpoint_every=3),
        selection=judging,
        evaluation=judging,
    )
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
