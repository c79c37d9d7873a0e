"""Fewer pieces: what stays says the same, and what does not is counted. Fuzzed in six scripts, over all families."""

import json
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoTokenizer, CanineTokenizer, PreTrainedTokenizerFast
from trimming_cases import ALL, FAMILIES, TEXTS, network_of, tokenizer_of

from polydistill.languages import LANGUAGES
from polydistill.models.mblm import branched
from polydistill.models.mblm_config import Branches
from polydistill.models.trimming.choosing import choose, count_pieces
from polydistill.models.trimming.fallback import fallback
from polydistill.models.trimming.network import needed, trimmed
from polydistill.models.trimming.vocabulary import vocabulary_of

EVERY = (*FAMILIES, "own")
SIGNS = sorted({sign for text in ALL for sign in text} | set("ßłёئझ漢ฮ🙂é́̈ \u200d\t—"))
WORDS = sorted({word for text in ALL for word in text.split()})
TEXT = st.lists(st.one_of(st.sampled_from(WORDS), st.text(SIGNS, max_size=6)), max_size=8).map(" ".join)
every_family = pytest.mark.parametrize("family", EVERY)


def chosen(family, languages=("tr", "ru"), by="frequency", keep=None):
    tokenizer = tokenizer_of(family)
    texts = [text for code in languages for text in TEXTS[code]]
    scripts = [name for code in languages for name in LANGUAGES[code].scripts]
    counts = count_pieces(tokenizer, texts, len(tokenizer))
    return choose(vocabulary_of(tokenizer), counts, scripts, by, keep)


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """A trimmed tokenizer as plain `transformers` loads it, and the ids that it has kept."""

    @cache
    def load(family, languages=("tr", "ru"), by="frequency", keep=None):
        folder, kept = tmp_path_factory.mktemp("trimmed"), chosen(family, languages, by, keep)
        tokenizer_of(family).save_pretrained(folder)
        (folder / "tokenizer.json").write_text(json.dumps(vocabulary_of(tokenizer_of(family)).trimmed(kept)))
        return AutoTokenizer.from_pretrained(folder), kept

    return load


# Texts


@every_family
@settings(max_examples=80, deadline=None)
@given(text=TEXT, other=TEXT, languages=st.sampled_from([("tr", "ru"), ("hi", "th", "ar"), ("zh",)]))
def test_a_text_whose_pieces_all_stay_is_cut_as_before_and_any_other_is_counted(saved, family, text, other, languages):
    old = tokenizer_of(family)
    new, kept = saved(family, languages)
    before, after = old(text, other)["input_ids"], [kept[at] for at in new(text, other)["input_ids"]]
    whole = set(before) <= set(kept) and not (family == "WordPiece" and old.unk_token_id in before)
    assert before == after or not whole
    counted = fallback("x", [text, other], old, new, kept)
    assert (counted.changed_pieces == 0) == (before == after)


@every_family
@pytest.mark.parametrize("by", ["frequency", "script", "both"])
def test_what_was_counted_stays(saved, family, by):
    new, kept = saved(family, ("tr",), by)
    assert len(kept) == len(new) < len(tokenizer_of(family))
    text = " ".join(TEXTS["tr"])
    assert [kept[at] for at in new(text)["input_ids"]] == tokenizer_of(family)(text)["input_ids"]


@pytest.mark.parametrize("family", ["BPE", "own"])
def test_every_piece_that_is_made_of_two_can_still_be_made(saved, family):
    new, _ = saved(family)
    content = json.loads(new.backend_tokenizer.to_str())
    made, special = {"".join(pair) for pair in content["model"]["merges"]}, set(new.all_special_tokens)
    single = {piece for piece in new.get_vocab() if len(piece) == 1}
    assert set(new.get_vocab()) == made | single | special


def test_bytes_are_never_unknown(saved):
    new, kept = saved("BPE", ("tr",))
    for text in ALL:
        assert new.decode(new(text, add_special_tokens=False)["input_ids"]) == text
    assert fallback("th", TEXTS["th"], tokenizer_of("BPE"), new, kept).unknown_after == 0


def test_a_lowest_score_stays_so_that_unknown_costs_the_same(saved):
    old, new = (
        dict(json.loads(one.backend_tokenizer.to_str())["model"]["vocab"])
        for one in (tokenizer_of("Unigram"), saved("Unigram", ("tr",), keep=75)[0])
    )
    assert min(new.values()) == min(old.values())
    assert all(old[piece] == score for piece, score in new.items())


# What is chosen


def test_by_script_nothing_of_other_scripts_stays():
    tokenizer = tokenizer_of("Unigram")
    pieces = "".join(tokenizer.convert_ids_to_tokens(chosen("Unigram", ("ru",), "script")))
    assert "ошк" in pieces or "к" in pieces
    assert not set(pieces) & set("猫แखقğ")


def test_both_puts_what_occurs_first():
    vocabulary = vocabulary_of(tokenizer_of("own"))
    least = len(chosen("own", ("tr", "ru"), "script", None))
    counts = count_pieces(tokenizer_of("own"), TEXTS["ru"], len(vocabulary.pieces))
    kept = choose(vocabulary, counts, ("Latin", "Cyrillic"), "both", least - 20)
    dropped = set(chosen("own", ("tr", "ru"), "script")) - set(kept)
    assert len(kept) <= least - 20
    assert dropped
    assert not any(counts[at] for at in dropped)


@every_family
def test_the_budget_holds_and_counts_special_pieces(family):
    for keep in (len(chosen(family)), len(chosen(family)) - 7):
        kept = chosen(family, keep=keep)
        assert len(kept) <= keep
        assert vocabulary_of(tokenizer_of(family)).special <= set(kept)


def test_too_small_a_budget():
    with pytest.raises(
        ValueError, match=r"keep=20 is too few: \d+ pieces always stay, 6 that are special and the others"
    ):
        chosen("Unigram", keep=20)


@every_family
def test_single_characters_of_the_scripts_stay_marks_among_them(family):
    vocabulary = vocabulary_of(tokenizer_of(family))
    kept = {vocabulary.texts[at] for at in chosen(family, ("hi",))}
    found = {text for at in vocabulary.pieces if (text := vocabulary.texts[at]) and len(text) == 1}
    assert {"ी", "क"} & found <= kept
    assert {sign for sign in found if sign.isascii()} <= kept


def test_tokenizers_that_cannot_be_trimmed():
    words = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"a": 0, "<unk>": 1}, "<unk>")))
    for tokenizer, kind in ((CanineTokenizer(), "CanineTokenizer"), (words, "WordLevel")):
        with pytest.raises(ValueError, match=f"'{kind}' cannot be trimmed; those that can: Unigram, WordPiece, BPE"):
            vocabulary_of(tokenizer)


# Networks

NETWORKS = [
    *(("Unigram", "xlm-roberta"), ("own", "xlm-roberta"), ("WordPiece", "bert"), ("WordPiece", "distilbert")),
    *(("BPE", "roberta"), ("BPE", "modernbert")),
]
every_network = pytest.mark.parametrize(("family", "kind"), NETWORKS)


def both_say(network, small, family, saved, texts):
    """The logits of both networks for the same texts, read by the old and by the new tokenizer."""
    new, kept = saved(family)
    with torch.no_grad():
        old = network(**tokenizer_of(family)(texts, padding=True, return_tensors="pt")).logits
        return old, small(**new(texts, padding=True, return_tensors="pt")).logits, kept


@every_network
@pytest.mark.parametrize("head", ["classes", "mlm"])
@pytest.mark.parametrize("tie", [True, False])
def test_the_same_logits(saved, family, kind, head, tie):
    network = network_of(family, kind, head, tie_word_embeddings=tie)
    kept = saved(family)[1]
    assert needed(network) <= set(kept)
    small = trimmed(network, kept)
    old, new, kept = both_say(network, small, family, saved, [*TEXTS["tr"], *TEXTS["ru"]])
    if head == "mlm":
        torch.testing.assert_close(new, old[..., kept], rtol=0, atol=1e-12)
        assert (small.get_output_embeddings().weight is small.get_input_embeddings().weight) == tie
    else:
        assert torch.equal(new, old)


@every_network
@pytest.mark.parametrize("tie", [True, False])
def test_a_saved_network_is_loaded_as_it_is(saved, tmp_path, family, kind, tie):
    network, kept = network_of(family, kind, "mlm", tie_word_embeddings=tie), saved(family)[1]
    small = trimmed(network, kept)
    small.save_pretrained(tmp_path)
    again = type(network).from_pretrained(tmp_path, dtype=torch.float64).eval()
    assert again.config.vocab_size == len(kept) == again.get_input_embeddings().num_embeddings
    assert kept[again.config.pad_token_id] == network.config.pad_token_id
    old, new, kept = both_say(network, again, family, saved, list(TEXTS["tr"]))
    torch.testing.assert_close(new, old[..., kept], rtol=0, atol=1e-12)


@pytest.mark.parametrize("mixers", ["all", "none"])
def test_an_mblm(saved, tmp_path, mixers):
    network = branched(network_of("Unigram", "xlm-roberta"), Branches(languages=("tr", "ru"), blocks=1, mixers=mixers))
    trimmed(network, saved("Unigram")[1]).save_pretrained(tmp_path)
    again = type(network).from_pretrained(tmp_path, dtype=torch.float64).eval()
    old, new, kept = both_say(network.eval(), again, "Unigram", saved, list(TEXTS["ru"]))
    assert torch.equal(old, new)
    assert again.config.base["vocab_size"] == len(kept)


def test_a_trimmed_network_learns_and_the_old_one_is_left_alone(saved):
    network, kept = network_of("own", "xlm-roberta", "mlm"), saved("own")[1]
    before = {name: value.clone() for name, value in network.state_dict().items()}
    small = trimmed(network, kept)
    small(torch.tensor([[0, 5, 2]]), labels=torch.tensor([[0, 5, 2]])).loss.backward()
    assert all(value.grad is not None for name, value in small.named_parameters() if "bias" in name or "word" in name)
    with torch.no_grad():
        small.get_input_embeddings().weight.zero_()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_weights_that_stay_are_not_copied(saved):
    network = network_of("own", "xlm-roberta", "mlm")
    old, small = dict(network.named_parameters()), dict(trimmed(network, saved("own")[1]).named_parameters())
    anew = {name for name, value in small.items() if value is not old[name]}
    assert len(anew) == 2
    assert all(len(small[name]) == len(saved("own")[1]) for name in anew), "the embeddings, and the decoder's bias"


def test_a_tokenizer_of_another_network():
    with pytest.raises(
        ValueError, match=r"has 202 rows of embeddings, but the tokenizer has a piece with the number 900"
    ):
        trimmed(network_of("Unigram", "xlm-roberta"), [0, 1, 2, 3, 900])


# What is counted


def test_the_counts_are_those_made_by_hand(saved):
    old, (new, kept) = tokenizer_of("own"), saved("own", ("tr",))
    counted = fallback("x", ["Yağmur 猫"], old, new, kept)
    assert old.tokenize("Yağmur 猫") == ["▁Yağ", "mu", "r", "▁猫"]
    assert new.tokenize("Yağmur 猫") == ["▁Yağ", "mu", "r", "▁", "<unk>"]
    assert (counted.texts, counted.words, counted.characters) == (1, 2, 7)
    assert (counted.pieces, counted.pieces_after, counted.changed_pieces) == (4, 5, 1)
    assert (counted.changed_words, counted.changed_characters) == (1, 1)
    assert (counted.unknown, counted.unknown_after) == (0, 1)


def test_no_text_no_counts(saved):
    new, kept = saved("own")
    assert fallback("x", [], tokenizer_of("own"), new, kept).model_dump(exclude={"language"}) == dict.fromkeys(
        set(type(fallback("x", [], tokenizer_of("own"), new, kept)).model_fields) - {"language"}, 0
    )


def test_pieces_are_counted_in_any_number_of_texts():
    tokenizer = tokenizer_of("own")
    counts = count_pieces(tokenizer, iter(ALL * 60), len(tokenizer))
    ids = [at for text in ALL for at in tokenizer(text, add_special_tokens=False)["input_ids"]]
    assert np.array_equal(counts, 60 * np.bincount(ids, minlength=len(tokenizer)))
