"""A fresh tokenizer gives back the text of every language, and plain `transformers` loads what was made."""

import hashlib
import subprocess
import sys

import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer, XLMRobertaForMaskedLM

from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.models.fresh import fresh_encoder, learn_tokenizer
from tiny import tiny_tokenizer

SIX = ("en", "fr", "es", "de", "tr", "sw")
HARD = {
    "tr": "İstanbul'da ılık bir ışık, iyi IŞIK ğüşöçı",
    "de": "Größe ÄÖÜ ß",
    "fr": "Où ça, œuf?",
    "es": "¿Qué, niño?",
}


@pytest.fixture(scope="module")
def texts():
    return [text for rows in load_text(WorldSource(rows=60), SIX).rows.values() for text in rows["text"]]


@pytest.mark.parametrize("code", SIX)
def test_round_trip(tokenizer, code):
    sentences = list(load_text(WorldSource(rows=60), [code]).rows[code]["text"])
    for sentence in sentences:
        ids = tokenizer(sentence)["input_ids"]
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids, skip_special_tokens=True) == sentence


def test_letters_are_kept_as_they_are(texts):
    tokenizer = learn_tokenizer([*texts, *HARD.values()], 400, 64)
    for sentence in HARD.values():
        assert tokenizer.decode(tokenizer(sentence)["input_ids"], skip_special_tokens=True) == sentence
    assert len({tuple(tokenizer(letter)["input_ids"]) for letter in ("i", "ı", "I", "İ")}) == 4


def test_one_letter_written_in_two_ways_is_one_letter(tokenizer):
    assert tokenizer("s\u0327ey g\u0306u\u0308")["input_ids"] == tokenizer("\u015fey \u011f\u00fc")["input_ids"]


def test_it_writes_as_xlm_r_does(tokenizer):
    def pieces(*texts):
        return tokenizer.convert_ids_to_tokens(tokenizer(*texts)["input_ids"])

    single, pair = pieces("a b"), pieces("a", "b")
    assert single[0] == "<s>"
    assert single[-1] == "</s>"
    assert [piece for piece in pair if piece.startswith("<")] == ["<s>", "</s>", "</s>", "</s>"]
    assert pair[2:4] == ["</s>", "</s>"]
    specials = tokenizer.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    assert specials == [0, 1, 2, 3, 4]
    assert tokenizer("\u4e2d")["input_ids"].count(tokenizer.unk_token_id) == 1


def test_size_and_limit(texts):
    tokenizer = learn_tokenizer(texts, 200, 48)
    assert len(tokenizer) <= 200
    assert tokenizer.model_max_length == 48
    assert len(learn_tokenizer(texts, 150, 48)) < len(tokenizer)


@pytest.mark.slow
def test_two_trainings_are_one_also_in_another_process(texts):
    def digest(tokenizer):
        return hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()

    here = digest(learn_tokenizer(texts, 300, 64))
    assert digest(learn_tokenizer(iter(texts), 300, 64)) == here
    program = (
        "import hashlib, sys; from polydistill.models.fresh import learn_tokenizer;"
        "tokenizer = learn_tokenizer(sys.stdin.read().splitlines(), 300, 64);"
        "print(hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest())"
    )
    text = "\n".join(texts)
    found = subprocess.run([sys.executable, "-c", program], input=text, check=True, capture_output=True, text=True)
    assert found.stdout.strip() == here


def make(seed=0, **changes):
    shape = {"vocabulary": 300, "width": 16, "blocks": 2, "heads": 2, "dropout": 0.1, "max_length": 64, **changes}
    return fresh_encoder(**shape, seed=seed)


def test_weights_are_drawn_from_the_seed_alone():
    torch.manual_seed(123)
    state = torch.get_rng_state()
    first = make().state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(5)
    again, other = make().state_dict(), make(seed=1).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_shape():
    network = make(width=32, blocks=3, heads=4)
    assert isinstance(network, XLMRobertaForMaskedLM)
    assert (network.config.hidden_size, network.config.num_hidden_layers, network.config.intermediate_size) == (
        32,
        3,
        128,
    )
    ids = torch.full((1, 64), 7)
    assert network(input_ids=ids).logits.shape == (1, 64, 300)  # the longest text it must read


def test_plain_transformers_loads_both(tmp_path):
    tokenizer = tiny_tokenizer()
    network = make(vocabulary=len(tokenizer)).eval()
    network.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    for arguments in (("İyi bir ılık gün.",), ("a b", "c d")):
        assert loaded(*arguments)["input_ids"] == tokenizer(*arguments)["input_ids"]
    assert loaded.model_input_names == ["input_ids", "attention_mask"]
    inputs = loaded(["a b", "Kedi"], padding=True, return_tensors="pt")
    again = AutoModelForMaskedLM.from_pretrained(tmp_path).eval()
    assert isinstance(again, XLMRobertaForMaskedLM)
    assert torch.equal(again(**inputs).logits, network(**inputs).logits)
