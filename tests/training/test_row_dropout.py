"""Dropout by row: the same row loses the same, however many processes share the batch and however far it is padded."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from polydistill.training.row_dropout import RowDropout, draws_by_row

ROWS, SHARE = 8, 0.3


def dropped(shape, rank=0, processes=1, seed=3, step=7, rows=ROWS):
    with RowDropout(seed, step, rows // processes, rank, processes):
        return F.dropout(torch.ones(shape), SHARE), nn.Dropout(SHARE)(torch.ones(shape))


@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, 6), (ROWS, 5, 6), (ROWS, 2, 5, 5), (3 * ROWS, 5, 6)])
def test_a_row_loses_the_same_in_any_process(shape, processes):
    whole = dropped(shape)
    assert not torch.equal(*whole)  # each call has a draw of its own
    for rank in range(processes):
        own = dropped((shape[0] // processes, *shape[1:]), rank, processes)
        for found, wanted in zip(own, whole, strict=True):
            rows = wanted.view(ROWS, -1, *shape[1:])[rank::processes].reshape(found.shape)
            assert torch.equal(found, rows)


def test_padding_changes_nothing():
    for shorter, longer in (((ROWS, 5, 6), (ROWS, 9, 6)), ((ROWS, 2, 5, 5), (ROWS, 2, 9, 9))):
        inside = tuple(slice(size) for size in shorter)
        assert torch.equal(dropped(shorter)[0], dropped(longer)[0][inside])


def test_it_is_drawn_by_seed_step_and_row():
    whole = dropped((ROWS, 100))[0]
    assert len({tuple(row) for row in whole.tolist()}) == ROWS
    assert not torch.equal(whole, dropped((ROWS, 100), step=8)[0])
    assert not torch.equal(whole, dropped((ROWS, 100), seed=4)[0])
    assert torch.equal(whole, dropped((ROWS, 100))[0])


def test_as_much_is_dropped_as_asked_and_nothing_hangs_together():
    with RowDropout(1, 1, 64):
        kept = (F.dropout(torch.ones(64, 64, 256), 0.1) != 0).double()
    about = 4 / kept.numel() ** 0.5  # four standard errors, of numbers of variance 1
    rest = (kept - 0.9) / 0.3
    assert abs(rest.mean()) < about
    for across in range(3):
        assert abs((rest * rest.roll(1, across)).mean()) < about
    corners = rest * rest.roll(1, 1) * rest.roll(1, 2) * rest.roll((1, 1), (1, 2))
    assert abs(corners.mean()) < about
    for across, count in ((0, 64), (1, 64), (2, 256)):
        means = rest.transpose(0, across).reshape(count, -1).mean(1)
        assert means.std() < 1.5 * (count / kept.numel()) ** 0.5


def test_what_stays_grows_and_carries_gradients():
    x = torch.full((ROWS, 4), 2.0, dtype=torch.float64, requires_grad=True)
    with RowDropout(0, 0, ROWS):
        found = F.dropout(x, SHARE)
        assert F.dropout(x, SHARE, training=False) is x
        assert F.dropout(x, 0.0) is x
        assert not F.dropout(x, 1.0).any()
        y = torch.ones(ROWS, 4)
        assert F.dropout(y, 1.0, inplace=True) is y
        assert not y.any()
        torch.testing.assert_close(torch.dropout(x.detach(), 1.0, True), torch.zeros_like(x))
    found.sum().backward()
    assert set(found.flatten().tolist()) == {0.0, 2.0 / 0.7}
    assert torch.equal(x.grad, found.detach() / 2)


def test_attention_that_drops_almost_nothing_is_attention():
    torch.manual_seed(0)
    query, key, value = torch.randn(3, ROWS, 4, 5, 6, dtype=torch.float64)
    seen = torch.rand(ROWS, 1, 1, 5) < 0.7
    seen[..., 0] = True
    added = torch.zeros(seen.shape, dtype=torch.float64).masked_fill(~seen, torch.finfo(torch.float64).min)
    shared = key[:, :2], value[:, :2]
    for given, other in (
        ((query, key, value), {}),
        ((query, key, value), {"attn_mask": seen}),
        ((query, key, value), {"attn_mask": added, "scale": 0.5}),
        ((query, key, value), {"is_causal": True}),
        ((query, *shared), {"enable_gqa": True}),
    ):
        wanted = F.scaled_dot_product_attention(*given, **other)
        with RowDropout(0, 0, ROWS):
            torch.testing.assert_close(F.scaled_dot_product_attention(*given, **other), wanted)
            torch.testing.assert_close(F.scaled_dot_product_attention(*given, dropout_p=1e-9, **other), wanted)
            assert not torch.equal(F.scaled_dot_product_attention(*given, dropout_p=0.5, **other), wanted)


def test_what_cannot_be_drawn_by_row_is_refused():
    with RowDropout(0, 0, ROWS):
        with pytest.raises(ValueError, match="met a tensor of 9 rows, but the batch has 8"):
            F.dropout(torch.ones(9, 2), SHARE)
        with pytest.raises(ValueError, match="dropout1d draws its dropout for all rows"):
            F.dropout1d(torch.ones(ROWS, 2, 2), SHARE)
        layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        with pytest.raises(ValueError, match="multi_head_attention_forward draws its dropout"):
            layer(torch.ones(ROWS, 2, 4))
        layer.eval()(torch.ones(ROWS, 2, 4))


def test_it_is_taken_where_it_costs_nothing(monkeypatch):
    for on_cpu in (True, False):
        monkeypatch.setattr("polydistill.training.row_dropout.on_cpu", lambda on_cpu=on_cpu: on_cpu)
        assert draws_by_row("row", 1)
        assert not draws_by_row("batch", 2)
        assert not draws_by_row(None, 1)
        assert draws_by_row(None, 2) == on_cpu
