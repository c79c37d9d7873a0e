"""Words become tokens as in running text; long sentences become windows that together hold every word once."""

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from polydistill.data.batches.windows import encode_words

SHORT = ["Anna", "lives", "in", "Ankara'da", "."]
LONG = [f"w{number}" for number in range(60)]


def read(windows, name="input_ids"):
    return [text[name].tolist() for text in windows.take(np.arange(len(windows)))]


def test_a_short_sentence_is_one_text_and_each_word_is_found_at_its_first_sub_token(tokenizer):
    windows = encode_words(tokenizer, [SHORT], 64)
    assert read(windows) == [tokenizer(" ".join(SHORT))["input_ids"]]
    assert windows.word_N.tolist() == [0, 1, 2, 3, 4]
    first = tokenizer.convert_ids_to_tokens(windows.columns["input_ids"][windows.token_N].tolist())
    assert [token[0] for token in first] == ["▁"] * 5
    assert windows.words.tolist() == [5]


@pytest.mark.parametrize("max_length", [11, 13, 20, 64])
def test_windows_hold_every_word_once_and_none_is_too_long(tokenizer, max_length):
    sentences = [SHORT, LONG, ["end"]]
    windows = encode_words(tokenizer, sentences, max_length)
    assert windows.lengths.max() <= max_length
    assert windows.word_N.tolist() == list(range(66))
    assert windows.words.tolist() == [5, 60, 1]
    # without the special tokens, the windows are the sentences
    inner = [token for text in read(windows) for token in text[1:-1]]
    assert inner == [token for words in sentences for token in tokenizer(" ".join(words))["input_ids"][1:-1]]
    for text in read(windows):
        assert (text[0], text[-1]) == (tokenizer.bos_token_id, tokenizer.eos_token_id)


def test_windows_are_as_full_as_whole_words_allow(tokenizer):
    windows = encode_words(tokenizer, [LONG], 20)
    counts = [len(tokenizer(word)["input_ids"]) - 2 for word in LONG]
    starts = windows.word_N[np.searchsorted(windows.token_N, windows.offsets[1:-1])]
    for at, start in enumerate(starts[:-1]):
        assert sum(counts[start : starts[at + 1] + 1]) > 18  # with the next word it would not fit


def test_of_a_word_longer_than_a_window_the_beginning_stays(tokenizer):
    windows = encode_words(tokenizer, [["a", "x" * 50, "b"]], 10)
    assert windows.word_N.tolist() == [0, 1, 2]
    assert windows.lengths[1] == 10
    assert windows.token_N.tolist() == (windows.offsets[:-1] + 1).tolist()


def test_a_word_that_no_token_stands_for_is_in_no_window(tokenizer):
    windows = encode_words(tokenizer, [["", "Anna"], [""]], 64)
    assert windows.word_N.tolist() == [1]
    assert windows.words.tolist() == [2, 1]
    assert len(windows) == 2


def test_byte_level_tokenizers_see_the_space_before_a_word():
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    words = ["Anna", "lives", "here", "."]
    special = ["<pad>"]
    inner.train_from_iterator(
        [" ".join(words)] * 3,
        trainers.BpeTrainer(
            vocab_size=300, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        ),
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>")
    windows = encode_words(tokenizer, [words], 64)
    assert read(windows) == [tokenizer(" ".join(words))["input_ids"]]


def test_no_room_for_a_word_is_an_error(tokenizer):
    with pytest.raises(ValueError, match="max_length is 2, which leaves no room for a word"):
        encode_words(tokenizer, [["a", "b"]], 2)


def test_no_sentences(tokenizer):
    windows = encode_words(tokenizer, [], 8)
    assert (len(windows), windows.words.tolist(), windows.word_N.tolist()) == (0, [], [])


def test_a_tokenizer_that_does_not_know_words_is_refused(tokenizer):
    class Slow:
        is_fast = False

    with pytest.raises(ValueError, match="Slow does not say which tokens a word becomes"):
        encode_words(Slow(), [["a"]], 8)
