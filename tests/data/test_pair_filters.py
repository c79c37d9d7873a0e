"""What is dropped of a corpus, and for which reason, against rules written out row by row."""

import unicodedata
from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from polydistill.data.files.seen import Seen
from polydistill.data.translations import filters as pair_filters
from polydistill.data.translations.filters import REASONS, AnyPairs, Filters, keep

WORDS = ["bir", "iki", "üç", "açık", "u\u0308ç", "gel"]


def count(texts):
    return np.array([len(text.split()) for text in texts], dtype=np.int64)


def random_pairs(rows, seed=0):
    rng = np.random.default_rng(seed)

    def text():
        return " ".join(rng.choice(WORDS, rng.integers(0, 5)))

    return [(one := text(), one if rng.random() < 0.1 else text()) for _ in range(rows)]


def by_rule(pairs, filters):
    """The same, one pair after the other."""
    kept, dropped, known = [], Counter(), set()
    for pair in pairs:
        first, second = (" ".join(unicodedata.normalize("NFC", text).split()) for text in pair)
        lengths = count(pair)
        if filters.at_most is not None and len(kept) >= filters.at_most:
            dropped["over the cap"] += 1
        elif not first or not second:
            dropped["blank"] += 1
        elif filters.same_sides == "drop" and first == second:
            dropped["same on both sides"] += 1
        elif filters.duplicates == "drop" and (first, second) in known:
            dropped["duplicate"] += 1
        else:
            known.add((first, second))
            if filters.shortest is not None and lengths.min() < filters.shortest:
                dropped["too short"] += 1
            elif filters.longest is not None and lengths.max() > filters.longest:
                dropped["too long"] += 1
            else:
                kept.append(pair)
    return kept, dropped


def kept_of(pairs, filters, seed=0, tokens=count, seen=None):
    rows, dropped = keep(iter(pairs), filters, tokens, Seen() if seen is None else seen, np.random.default_rng(seed))
    return list(zip(rows["source"], rows["target"], strict=True)), dropped


@pytest.mark.parametrize("chunk", [1, 50, 8192])
@pytest.mark.parametrize(
    "options",
    [
        {"shortest": None, "longest": None},
        {"shortest": 2, "longest": 3},
        {"shortest": 2, "longest": None, "duplicates": "keep"},
        {"shortest": None, "longest": 2, "same_sides": "keep"},
        {"shortest": 1, "longest": 4, "duplicates": "keep", "same_sides": "keep"},
    ],
)
def test_what_is_kept_is_what_the_rules_keep(monkeypatch, chunk, options):
    monkeypatch.setattr(pair_filters, "_CHUNK", chunk)
    pairs, filters = random_pairs(600), Filters(at_most=None, **options)
    expected, dropped = by_rule(pairs, filters)
    assert 0 < len(expected) < len(pairs)
    assert kept_of(pairs, filters) == (expected, dropped)
    assert set(dropped) <= set(REASONS)


def test_the_first_pairs_are_kept_up_to_the_cap():
    pairs, filters = random_pairs(20_000), Filters(shortest=2, longest=4, duplicates="keep", at_most=100)
    seen: list[str] = []

    def count_and_tell(texts):
        seen.extend(texts)
        return count(texts)

    kept, dropped = kept_of(pairs, filters, tokens=count_and_tell)
    assert (kept, dropped) == by_rule(pairs, filters)
    assert len(kept) + dropped.total() == len(pairs)
    assert len(seen) < 600  # what comes after the cap is counted and not looked at


@pytest.mark.parametrize("at_most", [1, 300, 5_000, 20_000])
def test_pairs_drawn_at_random_keep_their_order_and_change_with_the_seed(monkeypatch, at_most):
    monkeypatch.setattr(pair_filters, "_CHUNK", 256)
    pairs = [(f"a {row}", f"b {row}") for row in range(9_000)]
    filters = Filters(shortest=None, longest=None, at_most=at_most, sample="random")
    kept, dropped = kept_of(pairs, filters)
    assert kept == kept_of(pairs, filters)[0]
    assert len(kept) == len(set(kept)) == min(at_most, len(pairs))
    assert dropped == ({"over the cap": 9_000 - at_most} if at_most < 9_000 else {})
    numbers = [int(source.split()[1]) for source, _ in kept]
    assert numbers == sorted(numbers)
    assert (kept != kept_of(pairs, filters, seed=1)[0]) == (at_most < 9_000)


def test_any_pair_is_as_likely():
    drawn: Counter[int] = Counter()
    for seed in range(400):
        kept = AnyPairs(10, np.random.default_rng(seed))
        for start in range(0, 100, 5):
            kept.add([(str(row), "x") for row in range(start, start + 5)])
            assert len(kept) <= 20
        drawn.update(map(int, kept.dataset()["source"]))
    assert len(drawn) == 100
    assert min(drawn.values()) > 18  # 40 each, give or take 6
    assert max(drawn.values()) < 65


def test_what_came_in_an_earlier_corpus_is_a_duplicate():
    seen, filters = Seen(), Filters(shortest=None, longest=None)
    kept_of([("bir", "one")], filters, seen=seen)
    kept, dropped = kept_of([("bir ", "one"), ("bir", "once")], filters, seen=seen)
    assert (kept, dropped) == ([("bir", "once")], {"duplicate": 1})


def test_two_sides_are_not_one_text():
    pairs = [("a b", "c"), ("a", "b c"), ("c", "a b")]
    assert kept_of(pairs, Filters(shortest=None, longest=None))[0] == pairs


def test_lengths_need_a_tokenizer():
    with pytest.raises(ValueError, match=r"shortest=10 and longest=128\) are in tokens, .*--tokenizer MODEL"):
        kept_of([("a", "b")], Filters(), tokens=None)
    assert kept_of([("a", "b")], Filters(shortest=None, longest=None), tokens=None)[0] == [("a", "b")]


def test_where_the_first_side_is_too_short_the_second_is_not_read():
    read = []

    def counted(texts):
        read.extend(texts)
        return count(texts)

    pairs = [("bir", "iki üç gel"), ("bir iki", "gel"), ("bir iki üç", "gel bir iki")]
    assert kept_of(pairs, Filters(shortest=2, longest=2), tokens=counted) == (
        [], Counter({"too short": 2, "too long": 1}),
    )  # fmt: skip
    assert read == ["bir", "bir iki", "bir iki üç", "gel", "gel bir iki"]


def test_lengths_that_leave_nothing_are_refused():
    with pytest.raises(ValidationError, match=r"shortest is 20 and longest 10: no text is left"):
        Filters(shortest=20, longest=10)


def test_equal_rows_have_equal_fingerprints():
    pairs, filters = random_pairs(50), Filters(shortest=None, longest=None)
    first, second, other = (
        keep(rows, filters, None, Seen(), np.random.default_rng(0))[0] for rows in (pairs, pairs, pairs[:-5])
    )
    assert first._fingerprint == second._fingerprint != other._fingerprint
