"""A decoder-only model whose configuration names no pad: it is tuned, teaches, and answers alone as in a batch."""

import pytest
from transformers import GPT2Config, GPT2LMHeadModel

import polydistill
from tiny import tiny_tokenizer

ROWS = [{"text": "A dog sleeps.", "label": "a"}, {"text": "Ann sings in the garden of a house.", "label": "b"}] * 2
STEPS = {"steps": 2, "batch_size": 2, "max_length": 32}


@pytest.fixture
def decoder(tmp_path):
    tokenizer, folder = tiny_tokenizer(), tmp_path / "decoder"
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=2, n_head=2, n_positions=64)
    config.bos_token_id, config.eos_token_id = tokenizer.bos_token_id, tokenizer.eos_token_id
    assert config.pad_token_id is None
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_decoder_is_tuned_and_teaches(decoder, tmp_path):
    tuned = polydistill.tune(decoder, ROWS, "en", out=tmp_path / "tuned", **STEPS)
    assert polydistill.load(tuned.model).network.config.pad_token_id == tiny_tokenizer().pad_token_id
    student = polydistill.xd(tuned.model, text={"de": ROWS}, out=tmp_path / "student", **STEPS)
    texts = [row["text"] for row in ROWS[:2]]
    together = [one.probabilities["a"] for one in polydistill.predict(student.model, texts)]
    alone = [one.probabilities["a"] for text in texts for one in polydistill.predict(student.model, [text])]
    assert together == pytest.approx(alone, abs=1e-6)
