"""Read from `tokenizer.json` alone, texts become the token ids that `transformers` gives them."""

import numpy as np
import pytest
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from polydistill.data.batches import encoding
from polydistill.data.batches.encoding import encode_texts
from polydistill.data.batches.passages import encode_passages
from polydistill.data.batches.questions import encode_choices
from polydistill.data.batches.windows import encode_words
from polydistill.serving.tokenizer import plain_tokenizer
from tiny import tiny_tokenizer

TEXTS = ["A dog runs.", "", "Der Hund schläft, aber die Katze singt jeden Tag in dem alten Haus. " * 3, "ağaç 漢字 🙂"]
OTHERS = ["It is old.", "Nothing.", "Ein Tier.", "x " * 50]
WORDS = [["A", "dog", "runs", "."], ["schläft", "ağaç"] * 20, ["x"]]


@pytest.fixture(scope="module", params=["xlm-r", "bert"])
def both(request, tmp_path_factory):
    """A tokenizer as an export leaves it: read by `transformers`, and by ours."""
    folder = tmp_path_factory.mktemp(request.param)
    named = tiny_tokenizer() if request.param == "xlm-r" else _bert(folder)
    named.save_pretrained(folder)
    file = folder / "tokenizer.json"
    alone = Tokenizer.from_file(str(file))
    alone.enable_truncation(48)
    alone.enable_padding(pad_id=named.pad_token_id, pad_token=named.pad_token)
    alone.save(str(file))
    names = (*named.model_input_names,)
    plain = plain_tokenizer(file, names)
    assert plain is not None
    return AutoTokenizer.from_pretrained(folder), plain


def _bert(folder):
    from transformers import BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "a", "dog", "run", "##s", "der", "hund", "x", "it"]
    return BertTokenizer(vocab={word: at for at, word in enumerate(words)})


def same(ours, theirs):
    assert ours.pad == theirs.pad
    np.testing.assert_array_equal(ours.offsets, theirs.offsets)
    assert ours.columns.keys() == theirs.columns.keys()
    for name, column in ours.columns.items():
        np.testing.assert_array_equal(column, theirs.columns[name])


@pytest.mark.parametrize("longest", [9, 48, 256])
def test_texts_and_pairs(both, longest, monkeypatch):
    monkeypatch.setattr(encoding, "_ENOUGH", 10_000)  # that one of these tokenizers knows few words is meant
    theirs, ours = both
    for pairs in (None, OTHERS):
        same(*(encode_texts(tokenizer, TEXTS, pairs, longest) for tokenizer in (ours, theirs)))


def test_words_in_windows(both):
    theirs, ours = both
    for longest in (12, 48):
        first, second = (encode_words(tokenizer, WORDS, longest) for tokenizer in (ours, theirs))
        same(first, second)
        np.testing.assert_array_equal(first.word_N, second.word_N)
        np.testing.assert_array_equal(first.token_N, second.token_N)


def test_passages_and_choices(both):
    theirs, ours = both
    first, second = (encode_passages(tokenizer, OTHERS, TEXTS, 24) for tokenizer in (ours, theirs))
    same(first, second)
    np.testing.assert_array_equal(first.place_T2, second.place_T2)
    choices = [["It is old.", "x"], ["A dog.", "x x"]]
    same(*(encode_choices(tokenizer, TEXTS[::3], ["it", "a"], choices, 40) for tokenizer in (ours, theirs)))


def test_a_file_that_does_not_say_how_it_pads_is_left_to_transformers(tmp_path):
    tiny_tokenizer().save_pretrained(tmp_path)
    assert plain_tokenizer(tmp_path / "tokenizer.json", ["input_ids"]) is None
    assert plain_tokenizer(tmp_path / "none.json", ["input_ids"]) is None
