"""Words are found in the text and nowhere else, and are the same for any two tokenizers."""

import unicodedata
from functools import cache

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from polydistill.data.batches import encoding
from polydistill.data.batches.encoding import encode_with_places
from polydistill.data.batches.masking import word_masking
from polydistill.data.rows.load import load_text
from polydistill.data.rows.sources import WorldSource
from polydistill.data.translations import words as words_of_texts
from polydistill.data.translations.words import NO_WORD, first_tokens, shared_words, words

SAMPLES = {
    "en": ["The quick brown fox, it's said, jumps.", "  Two  spaces, then (brackets)."],
    "tr": ["İstanbul'da yağmur yağıyordu.", "Çocukların çoğu koşuyor."],
    "ar": ["ذهب الولد إلى المدرسة.", "السَّلامُ عليكم"],
    "hi": ["लड़का स्कूल जाता है।", "हिन्दी में लिखो"],
    "zh": ["我喜欢北京的秋天。", "他在2020年来到 Berlin。"],
    "th": ["ฉันไปที่โรงเรียน", "น้ำ กิน"],
}
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>", "<mask>"]
every_language = pytest.mark.parametrize("code", SAMPLES)


def wrapped(tokenizer):
    ids = [(mark, tokenizer.token_to_id(mark)) for mark in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=ids
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **dict(zip(names, SPECIAL, strict=True)))


@cache
def tokenizers():
    """As BERT's, as XLM-R's, and as RoBERTa's: pieces of words, pieces with a mark for the space, bytes."""
    texts = [text for rows in SAMPLES.values() for text in rows]
    pieces = Tokenizer(models.WordPiece(unk_token="<unk>"))
    pieces.normalizer = normalizers.BertNormalizer()
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pieces.train_from_iterator(
        texts, trainers.WordPieceTrainer(vocab_size=220, special_tokens=SPECIAL, show_progress=False)
    )
    unigram = Tokenizer(models.Unigram())
    unigram.normalizer = normalizers.NFKC()
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    unigram.train_from_iterator(
        texts * 3,
        trainers.UnigramTrainer(vocab_size=200, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False),
    )
    found = {"wordpiece": wrapped(pieces), "unigram": wrapped(unigram)}
    for name, trim in (("bytes", True), ("bytes-with-spaces", False)):
        some = Tokenizer(models.BPE(unk_token="<unk>"))
        some.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=trim)
        some.train_from_iterator(
            texts,
            trainers.BpeTrainer(
                vocab_size=420,
                special_tokens=SPECIAL,
                show_progress=False,
                initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            ),
        )
        found[name] = wrapped(some)
    return found


def aligned(texts, first, second, length=128):
    """The numbers of the words of both tokenizers' tokens, and their places in the texts."""
    (one, one_places), (other, other_places) = (
        encode_with_places(tokenizers()[name], texts, None, length) for name in (first, second)
    )
    return shared_words(texts, one_places, other_places), (one, one_places), (other, other_places)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A dog runs, fast.", ["A", "dog", "runs,", "fast."]),
        ("  tab\tand\nline\u00a0", ["tab", "and", "line"]),
        ("", []),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("我喜欢北京。", ["我", "喜", "欢", "北", "京", "。"]),
        ("在2020年 Berlin", ["在", "2020", "年", "Berlin"]),
        ("น้ำกิน", ["น้", "ำ", "กิ", "น"]),
        ("がコーヒー", ["が", "コ", "ー", "ヒ", "ー"]),
        ("か\u3099", ["か\u3099"]),
        ("ខ្មែរ", ["ខ្មែ", "រ"]),
        ("က္ခ", ["က္ခ"]),
    ],
)
def test_what_a_word_is(text, found):
    assert [text[begin:end] for begin, end in words(text)] == found


@every_language
@pytest.mark.parametrize(
    ("first", "second"), [("wordpiece", "unigram"), ("unigram", "bytes"), ("bytes-with-spaces", "wordpiece")]
)
def test_two_tokenizers_share_the_words_of_a_text(code, first, second):
    texts = SAMPLES[code]
    shared, *sides = aligned(texts, first, second)
    for row, text in enumerate(texts):
        covered = []
        for numbers, (encoded, places) in zip(shared, sides, strict=True):
            own = numbers.take(np.array([row]))[0]
            assert len(own) == len(encoded.take(np.array([row]))[0]["input_ids"])
            real = own[own != NO_WORD]
            assert sorted(set(real.tolist())) == list(range(len(set(real.tolist()))))
            assert (np.diff(real) >= 0).all()
            covered.append([_text(text, places[row][own == number]) for number in range(int(real.max()) + 1)])
        assert covered[0] == covered[1]
        assert "".join(covered[0]) == _bare("".join(text.split()))
        if code not in ("zh", "th"):  # there a token may be several words, which then are one
            assert covered[0] == [_bare(word) for word in text.split()]


def _text(text, places):
    """What the tokens of a word cover, without spaces."""
    return _bare("".join(text[places[:, 0].min() : places[:, 1].max()].split()))


def _bare(text):
    """Without the marks above and below letters: BERT's tokenizers drop them, and no token covers one at the end."""
    return "".join(letter for letter in text if unicodedata.category(letter) != "Mn")


def test_words_that_one_token_reaches_over_are_one():
    text = "北京大学 学"
    apart = np.array([[0, 0], [0, 1], [1, 2], [2, 3], [3, 4], [4, 6], [0, 0]])
    joined = np.array([[0, 0], [0, 2], [2, 3], [3, 6], [0, 0]])
    one, other = shared_words([text], [apart], [joined])
    assert one.flat.tolist() == [-1, 0, 0, 1, 2, 2, -1]
    assert other.flat.tolist() == [-1, 0, 1, 2, -1]


def test_a_word_that_is_cut_off_for_one_is_none_for_the_other():
    text = "one two three"
    whole, cut = np.array([[0, 3], [3, 7], [8, 13]]), np.array([[0, 3], [4, 6]])
    one, other = shared_words([text, ""], [whole, np.zeros((1, 2), int)], [cut, np.zeros((2, 2), int)])
    assert one.flat.tolist() == [0, 1, -1, -1]
    assert other.flat.tolist() == [0, 1, -1, -1]
    assert first_tokens(one).offsets.tolist() == [0, 2, 2]


def test_first_tokens():
    shared, _, _ = aligned(SAMPLES["en"], "wordpiece", "unigram")
    for numbers in shared:
        firsts = first_tokens(numbers)
        for row in (0, 1):
            own, places = numbers.take(np.array([row]))[0], firsts.take(np.array([row]))[0]
            assert own[places].tolist() == list(range(len(SAMPLES["en"][row].split())))
            assert all(own[place - 1] != own[place] for place in places)


@pytest.mark.parametrize("at_once", [1, 3])
def test_how_many_texts_are_read_at_once_changes_nothing(monkeypatch, at_once):
    texts = [*SAMPLES["zh"], *SAMPLES["en"]]
    whole, _, _ = aligned(texts, "wordpiece", "unigram")
    for module in (encoding, words_of_texts):
        monkeypatch.setattr(module, "AT_ONCE", at_once)
    again, _, _ = aligned(texts, "wordpiece", "unigram")
    for one, other in zip(whole, again, strict=True):
        assert len(one) == len(texts) > at_once
        assert [row.tolist() for row in one] == [row.tolist() for row in other]
        assert [row.tolist() for row in first_tokens(one)] == [row.tolist() for row in first_tokens(other)]


def test_only_the_first_text_of_a_pair_has_places():
    tokenizer = tokenizers()["wordpiece"]
    encoded, (places,) = encode_with_places(tokenizer, ["The fox"], ["The quick"], 128)
    ids = encoded.columns["input_ids"].tolist()
    after = ids.index(tokenizer.sep_token_id)
    assert (places[:, 0] < places[:, 1]).tolist() == [False, *[True] * (after - 1), *[False] * (len(ids) - after)]
    assert places[1].tolist() == [0, len(tokenizer.convert_ids_to_tokens(ids[1]))]


def test_slow_tokenizers_are_refused():
    class Slow:
        is_fast = False

    with pytest.raises(ValueError, match="Slow does not say where its tokens are in a text"):
        encode_with_places(Slow(), ["a"], None, 8)


# Hiding whole words


def world_batch(rows=200):
    texts = list(load_text(WorldSource(rows=rows), ["en"]).rows["en"]["text"])
    names = ("wordpiece", "unigram")
    (numbers, _), (encoded, _), _ = aligned(texts, *names)
    taken = encoded.take(np.arange(rows))
    width = max(len(one["input_ids"]) for one in taken)
    ids, own = np.zeros((rows, width), dtype=np.int64), np.full((rows, width), NO_WORD)
    for row, one in enumerate(taken):
        ids[row, : len(one["input_ids"])] = one["input_ids"]
        own[row, : len(one["input_ids"])] = numbers.take(np.array([row]))[0]
    return {"text": {"input_ids": torch.from_numpy(ids)}, "words": torch.from_numpy(own), "language": None}


def test_whole_words_are_hidden_at_the_rate():
    batch, tokenizer = world_batch(), tokenizers()["wordpiece"]
    hidden = word_masking(tokenizer, 0.3)(batch, np.random.default_rng(0))
    before, after = batch["text"]["input_ids"].numpy(), hidden["text"]["input_ids"].numpy()
    own, chosen = batch["words"].numpy(), hidden["masked_words"].numpy()
    exists = np.arange(chosen.shape[1]) <= own.max(axis=1)[:, None]
    assert not (chosen & ~exists).any()
    assert chosen.any(axis=1).all()
    share = chosen.sum() / exists.sum()
    assert abs(share - 0.3) < 4 * np.sqrt(0.3 * 0.7 / exists.sum()) + 0.01  # at least one a text
    of_chosen = np.take_along_axis(chosen, own.clip(min=0), axis=1) & (own != NO_WORD)
    assert (before == after)[~of_chosen].all()
    number = of_chosen.sum()
    masked = (after == tokenizer.mask_token_id) & of_chosen
    assert abs(masked.sum() / number - 0.8) < 4 * np.sqrt(0.16 / number)
    assert abs(((before == after) & of_chosen).sum() / number - 0.1) < 4 * np.sqrt(0.09 / number) + 0.01


def test_a_text_without_words_hides_none():
    ids, own = torch.tensor([[2, 7, 3], [2, 3, 0]]), torch.full((2, 3), NO_WORD)
    batch = {"text": {"input_ids": ids}, "words": own}
    none = word_masking(tokenizers()["wordpiece"], 0.5)(batch, np.random.default_rng(0))
    assert none["masked_words"].shape == (2, 0)
    assert torch.equal(none["text"]["input_ids"], ids)
    batch["words"][0, 1] = 0
    one = word_masking(tokenizers()["wordpiece"], 0.5)(batch, np.random.default_rng(0))
    assert one["masked_words"].tolist() == [[True], [False]]
