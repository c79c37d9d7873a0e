"""Masked language modelling hides the right share of ordinary tokens, 80/10/10, and nothing else."""

import numpy as np
import pytest
import torch

from polydistill.data.batches.masking import IGNORED, masking

ROWS, LENGTH = 400, 50


def make_batch(tokenizer, rows=ROWS, length=LENGTH, paired=False):
    ordinary = np.setdiff1d(np.arange(len(tokenizer)), tokenizer.all_special_ids)
    ids = np.random.default_rng(0).choice(ordinary, size=(rows, length))
    ids[:, 0], ids[:, -3], ids[:, -2:] = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    text = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy((ids != 1).astype(np.int64))}
    return {"text": text, "paired": torch.full((rows,), paired), "language": None}


def hide(tokenizer, batch, rate=0.3, pair_rate=0.5, seed=0):
    hidden = masking(tokenizer, rate, pair_rate)(batch, np.random.default_rng(seed))
    return batch["text"]["input_ids"].numpy(), hidden["text"]["input_ids"].numpy(), hidden["labels"].numpy()


def within(count, share, number):
    """Whether a share that was found is within four standard deviations of what was meant."""
    return abs(count / number - share) < 4 * np.sqrt(share * (1 - share) / number)


@pytest.mark.parametrize(("paired", "rate"), [(False, 0.3), (True, 0.5)])
def test_rates(tokenizer, paired, rate):
    before, _, labels = hide(tokenizer, make_batch(tokenizer, paired=paired))
    ordinary = ~np.isin(before, tokenizer.all_special_ids)
    assert within((labels != IGNORED).sum(), rate, ordinary.sum())


def test_rates_by_row(tokenizer):
    batch = make_batch(tokenizer)
    batch["paired"][: ROWS // 2] = True
    _, _, labels = hide(tokenizer, batch, rate=0.1, pair_rate=0.6)
    chosen = labels != IGNORED
    assert chosen[: ROWS // 2].sum() > 5 * chosen[ROWS // 2 :].sum()


def test_mask_random_and_kept(tokenizer):
    before, after, labels = hide(tokenizer, make_batch(tokenizer))
    chosen = labels != IGNORED
    number = chosen.sum()
    masked, kept = (after == tokenizer.mask_token_id) & chosen, (after == before) & chosen
    replaced = chosen & ~masked & ~kept
    assert within(masked.sum(), 0.8, number)
    assert within(kept.sum(), 0.1, number)
    assert within(replaced.sum(), 0.1, number)
    assert not np.isin(after[replaced], tokenizer.all_special_ids).any()
    assert len(np.unique(after[replaced])) > 100  # from all of the vocabulary


def test_labels_are_the_hidden_tokens_and_all_else_stays(tokenizer):
    before, after, labels = hide(tokenizer, make_batch(tokenizer))
    chosen = labels != IGNORED
    np.testing.assert_array_equal(labels[chosen], before[chosen])
    np.testing.assert_array_equal(after[~chosen], before[~chosen])


def test_specials_are_never_hidden(tokenizer):
    before, after, labels = hide(tokenizer, make_batch(tokenizer), rate=1.0)
    special = np.isin(before, tokenizer.all_special_ids)
    assert (labels[special] == IGNORED).all()
    assert (labels[~special] != IGNORED).all()
    np.testing.assert_array_equal(after[special], before[special])


def test_every_text_has_a_hidden_token(tokenizer):
    _, _, labels = hide(tokenizer, make_batch(tokenizer), rate=0.0)
    assert ((labels != IGNORED).sum(axis=1) == 1).all()
    assert len(np.unique((labels != IGNORED).argmax(axis=1))) > 20  # not always the same place


def test_a_text_of_specials_alone_has_nothing_to_hide(tokenizer):
    ids = torch.tensor([[0, 2, 1], [0, 9, 2]])
    _, after, labels = hide(tokenizer, {"text": {"input_ids": ids}, "paired": torch.zeros(2, dtype=torch.bool)}, 1.0)
    assert labels.tolist() == [[IGNORED] * 3, [IGNORED, 9, IGNORED]]
    assert after[0].tolist() == [0, 2, 1]


def test_the_generator_decides_and_the_batch_is_left_alone(tokenizer):
    batch = make_batch(tokenizer)
    before = batch["text"]["input_ids"].clone()
    first, second, other = (hide(tokenizer, batch, seed=seed)[1:] for seed in (1, 1, 2))
    assert torch.equal(batch["text"]["input_ids"], before)
    np.testing.assert_array_equal(first, second)
    assert (first[1] != other[1]).any()


def test_the_rest_of_the_batch_is_kept(tokenizer):
    batch = make_batch(tokenizer)
    hidden = masking(tokenizer, 0.3, 0.3)(batch, np.random.default_rng(0))
    assert set(hidden) == {*batch, "labels"}
    assert hidden["text"]["attention_mask"] is batch["text"]["attention_mask"]
