"""Folders of sentence-transformers, of every kind, read by us as the library reads them."""

import json
import shutil

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules as parts
from transformers import BertConfig, BertModel

from polydistill.data.batches.encoding import encode_texts
from polydistill.data.batches.signals import compute_signals
from polydistill.models.sentence import Prompted, SentenceEncoder, write_head
from polydistill.starts.sentence import load_sentence_encoder
from polydistill.starts.tokenizers import open_tokenizer
from tiny import MAX_LENGTH, tiny_tokenizer

WIDTH = 16
TEXTS = ["A Dog runs.", "Der Hund schläft, und die alte Frau sieht ihn.", " two  spaces ", "x", "The old woman. " * 30]
POOLINGS = ("cls", "mean", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
PROMPTS = {"prompts": {"query": "the man: ", "other": "a dog "}, "default_prompt_name": "query"}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    config = BertConfig(
        vocab_size=len(tiny_tokenizer()),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=MAX_LENGTH + 2,
        initializer_range=0.1,
        pad_token_id=1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        BertModel(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def pool(mode="mean", **options):
    return parts.Pooling(WIDTH, pooling_mode=mode, **options)


def layer_norm():
    made = parts.LayerNorm(WIDTH)
    torch.nn.init.normal_(made.norm.weight)
    torch.nn.init.normal_(made.norm.bias)
    return made


# By name: the parts after the encoder, what the encoder is told, and what the model is told
KINDS = {
    **{mode: (lambda mode=mode: [pool(mode)], {}, {}) for mode in POOLINGS},
    "several poolings": (lambda: [pool(("cls", "mean", "max"))], {}, {}),
    "dense": (lambda: [pool("cls"), parts.Dense(WIDTH, 8)], {}, {}),
    "dense without bias": (
        lambda: [pool(), parts.Dense(WIDTH, 24, bias=False, activation_function=torch.nn.Identity())],
        {},
        {},
    ),
    "dense with gelu, twice": (
        lambda: [pool(), parts.Dense(WIDTH, 24, activation_function=torch.nn.GELU()), parts.Dense(24, 8)],
        {},
        {},
    ),
    "dense with a way around": (
        lambda: [pool(), parts.Dense(WIDTH, WIDTH, use_residual=True), parts.Dense(WIDTH, 8, use_residual=True)],
        {},
        {},
    ),
    "normalised": (lambda: [pool(), parts.Normalize()], {}, {}),
    "layer norm": (lambda: [pool(), layer_norm(), parts.Normalize()], {}, {}),
    "dropout": (lambda: [pool(), parts.Dropout(0.5), parts.Normalize()], {}, {}),
    "short": (lambda: [pool()], {"max_seq_length": 7}, {}),
    "lower case": (lambda: [pool()], {"do_lower_case": True}, {}),
    "prompt": (lambda: [pool(), parts.Normalize()], {}, PROMPTS),
    "a prompt without a default": (lambda: [pool()], {}, {"prompts": PROMPTS["prompts"]}),
    **{
        f"prompt not pooled, {mode}": (lambda mode=mode: [pool(mode, include_prompt=False)], {}, PROMPTS)
        for mode in POOLINGS
    },
    "matryoshka": (lambda: [pool(), parts.Normalize()], {}, {"truncate_dim": 5}),
}


@pytest.fixture(scope="module", params=KINDS)
def folder(request, encoder, tmp_path_factory):
    make, told, said = KINDS[request.param]
    place = tmp_path_factory.mktemp("kinds") / "model"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        modules = [parts.Transformer(str(encoder), **told), *make()]
        SentenceTransformer(modules=modules, device="cpu", **said).save(str(place), create_model_card=False)
    if request.param in ("short", "lower case"):  # as older versions say it, which change no tokenizer
        tiny_tokenizer().save_pretrained(place)
        (place / "sentence_bert_config.json").write_text(json.dumps({"do_lower_case": False, **told}))
    return place


def library(folder):
    return SentenceTransformer(str(folder), device="cpu").encode(TEXTS, show_progress_bar=False)


def ours(folder):
    """The vectors as signals are made: prompted, cut, batched by length."""
    loaded = load_sentence_encoder(folder)
    head = loaded.sentence
    encoder = SentenceEncoder(loaded.network.eval(), head)
    text = encode_texts(loaded.tokenizer, Prompted(head.reading.prompt, TEXTS), None, head.reading.max_length)
    return compute_signals(encoder, text, 2, torch.device("cpu"))


def test_it_gives_the_vectors_of_the_library(folder):
    np.testing.assert_allclose(ours(folder), library(folder), rtol=1e-6, atol=1e-6)


def test_written_again_it_gives_the_same_vectors(folder, tmp_path):
    loaded = load_sentence_encoder(folder)
    again = tmp_path / "again"
    loaded.network.save_pretrained(again)
    loaded.tokenizer.save_pretrained(again)
    write_head(loaded.sentence, WIDTH, MAX_LENGTH, again)
    np.testing.assert_allclose(ours(again), library(folder), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(library(again), library(folder), rtol=1e-6, atol=1e-6)


def test_a_plain_folder_says_nothing_of_vectors(encoder):
    assert load_sentence_encoder(encoder).sentence is None


def changed(folder, place, **files):
    """A copy of a folder with other content in some of its files."""
    shutil.copytree(folder, place)
    for name, content in files.items():
        (place / f"{name}.json").write_text(json.dumps(content))
    return place


@pytest.fixture(scope="module")
def simple(encoder, tmp_path_factory):
    place = tmp_path_factory.mktemp("simple") / "model"
    modules = [parts.Transformer(str(encoder)), pool(), parts.Dense(WIDTH, 8)]
    SentenceTransformer(modules=modules, device="cpu").save(str(place), create_model_card=False)
    return place


def test_unknown_parts_are_refused_by_name(simple, tmp_path):
    listed = json.loads((simple / "modules.json").read_text())
    lstm = [*listed, {"idx": 3, "name": "3", "path": "3_LSTM", "type": "sentence_transformers.models.LSTM"}]
    with pytest.raises(ValueError, match=r"'LSTM', which is not read here; known are Transformer, Pooling, Dense"):
        load_sentence_encoder(changed(simple, tmp_path / "lstm", modules=lstm))
    own = [*listed, {"idx": 3, "name": "3", "path": "3_Mine", "type": "mine.Special"}]
    with pytest.raises(ValueError, match=r"a part of its own, 'mine.Special', whose code is not run here"):
        load_sentence_encoder(changed(simple, tmp_path / "own", modules=own))
    static = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}]
    with pytest.raises(ValueError, match="is made of StaticEmbedding"):
        load_sentence_encoder(changed(simple, tmp_path / "static", modules=static))


def test_weights_that_may_hold_code_are_refused(simple, tmp_path):
    place = changed(simple, tmp_path / "bin")
    (place / "2_Dense" / "model.safetensors").rename(place / "2_Dense" / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"weights of 2_Dense .* not stored as model.safetensors"):
        load_sentence_encoder(place)


def test_an_unknown_activation_is_refused(simple, tmp_path):
    said = json.loads((simple / "2_Dense" / "config.json").read_text())
    place = changed(simple, tmp_path / "activation", **{"2_Dense/config": {**said, "activation_function": "mine.F"}})
    with pytest.raises(ValueError, match=r"uses mine.F; known activations: Identity, Tanh"):
        load_sentence_encoder(place)


def test_a_teacher_that_reads_lower_case_leaves_a_students_tokenizer_as_it_is(encoder, tmp_path):
    folder = tmp_path / "teacher"
    SentenceTransformer(modules=[parts.Transformer(str(encoder)), pool()], device="cpu").save(str(folder))
    tiny_tokenizer().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(tmp_path / "student")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"do_lower_case": True}))
    student = open_tokenizer(tmp_path / "student")
    before = student(TEXTS)["input_ids"]
    teacher = load_sentence_encoder(folder)
    assert teacher.tokenizer(TEXTS)["input_ids"] == student([text.lower() for text in TEXTS])["input_ids"] != before
    assert student(TEXTS)["input_ids"] == before
