"""A tokenizer has its files, fits its model, and is saved as it was opened."""

import gc
import json
import shutil

import pytest
import torch
from transformers import AutoModelForMaskedLM

from polydistill.errors import DataError
from polydistill.starts import tokenizers
from polydistill.starts.loading import load_classifier, load_masked
from polydistill.starts.strict import open_network
from polydistill.starts.tokenizers import open_tokenizer, reads_at_most, save_tokenizer
from tiny import tiny_network, tiny_tokenizer


@pytest.fixture
def folder(tmp_path):
    tiny_network(dtype=torch.float32).save_pretrained(tmp_path / "model")
    save_tokenizer(tiny_tokenizer(), tmp_path / "model")
    return tmp_path / "model"


def settings(folder, **changes):
    file = folder / "tokenizer_config.json"
    known = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({name: value for name, value in known.items() if value is not None}))


def test_a_model_without_its_tokenizer_is_refused(folder):
    for file in folder.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(DataError, match=r"no file of the vocabulary.*tokenizer\.json.*Copy the tokenizer's files"):
        load_classifier(folder)


@pytest.mark.parametrize("content", ["", "junk", "[]", '{"model": {}}'])
def test_a_damaged_tokenizer_is_one_line(folder, content):
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(DataError, match=r"tokenizer\.json: found \w+: ") as error:
        load_classifier(folder)
    assert "\n" not in str(error.value)


def test_a_tokenizer_that_is_larger_than_the_embeddings_is_refused(folder):
    tokenizer = open_tokenizer(folder)
    tokenizer.add_tokens(["<one more>"])
    save_tokenizer(tokenizer, folder)
    with pytest.raises(DataError, match=r"pieces up to number 300, and a model with 300 embeddings"):
        load_classifier(folder)


def test_a_vocabulary_with_gaps_is_measured_by_its_largest_number(folder):
    file = folder / "tokenizer.json"
    said = json.loads(file.read_text())
    last = max(said["model"]["vocab"], key=said["model"]["vocab"].get)
    said["model"]["vocab"][last] = 5000
    file.write_text(json.dumps(said))
    with pytest.raises(DataError, match="pieces up to number 5000"):
        load_classifier(folder)


def test_pads_are_needed_and_masks_where_words_are_hidden(folder):
    settings(folder, mask_token=None)
    assert load_classifier(folder).tokenizer.mask_token is None
    tiny_network(head="mlm", dtype=torch.float32).save_pretrained(folder)
    with pytest.raises(DataError, match="without a mask piece"):
        load_masked(folder)
    settings(folder, pad_token=None)
    with pytest.raises(DataError, match="without a pad piece"):
        open_tokenizer(folder, None, open_network(folder, None, AutoModelForMaskedLM).network)


@pytest.mark.parametrize("cuts", [False, True])
def test_a_tokenizer_is_saved_as_it_was_opened_whatever_it_has_read(folder, tmp_path, cuts):
    tokenizer = open_tokenizer(folder)
    if cuts:
        tokenizer.backend_tokenizer.enable_truncation(9)
        tokenizer.backend_tokenizer.enable_padding(length=9)
        tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
        tokenizer = open_tokenizer(folder)
    save_tokenizer(tokenizer, tmp_path / "before")
    tokenizer(["a text", "another one"], truncation=True, max_length=3, padding=True)
    save_tokenizer(tokenizer, tmp_path / "after")
    now = tokenizer.backend_tokenizer
    assert now.truncation["max_length"] == 3 and now.padding is not None
    before, after = ((tmp_path / name / "tokenizer.json").read_bytes() for name in ("before", "after"))
    assert before == after and (json.loads(after)["truncation"] is not None) == cuts


def test_code_beside_a_tokenizer_is_refused_whatever_is_typed(folder, monkeypatch):
    settings(folder, tokenizer_class="Theirs", auto_map={"AutoTokenizer": ["theirs.Theirs", "theirs.Theirs"]})
    (folder / "theirs.py").write_text("raise SystemExit('their code has run')")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    assert type(open_tokenizer(folder)).__module__.startswith("transformers.")
    shutil.rmtree(folder)


@pytest.mark.parametrize("said", [128, 10**30, None])
def test_the_longest_input_is_what_the_tokenizer_says(folder, said):
    settings(folder, model_max_length=said)
    assert reads_at_most(folder) == open_tokenizer(folder).model_max_length


def test_the_longest_input_is_known_without_opening_the_tokenizer(folder, monkeypatch):
    settings(folder, model_max_length=77)
    monkeypatch.delattr(tokenizers, "open_tokenizer")
    assert reads_at_most(folder) == 77


@pytest.mark.parametrize("content", ["{", "[]", "5", "null"])
@pytest.mark.parametrize("read", [reads_at_most, load_classifier])
def test_damaged_settings_name_their_file(folder, read, content):
    (folder / "tokenizer_config.json").write_text(content)
    with pytest.raises(DataError, match=r"tokenizer_config\.json: found \w+: "):
        read(folder)


def test_models_with_the_same_tokenizer_share_it(folder, tmp_path):
    other = shutil.copytree(folder, tmp_path / "other")
    one = open_tokenizer(folder)
    one(["Kedi"], truncation=True, max_length=3, padding="max_length")  # being used changes nothing
    assert open_tokenizer(other) is one
    settings(other, model_max_length=17)
    assert open_tokenizer(other) is not one
    assert open_tokenizer(other).model_max_length == 17


def test_a_tokenizer_that_somebody_has_changed_is_not_shared(folder):
    one = open_tokenizer(folder)
    one.add_tokens(["<one more>"])
    two = open_tokenizer(folder)
    assert two is not one
    assert len(two) == len(one) - 1
    two.model_max_length = 5
    assert open_tokenizer(folder).model_max_length != 5


def test_a_tokenizer_that_nobody_uses_is_let_go(folder):
    open_tokenizer(folder)
    gc.collect()
    assert not len(tokenizers._in_use)
