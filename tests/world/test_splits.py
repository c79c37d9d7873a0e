"""The splits are disjoint, have their shares, and test combines what train never combines."""

from collections import Counter
from itertools import product

import pytest

from polydistill.world.clauses import Clauses
from polydistill.world.concepts import MANNERS, NOUNS, PLACES, TIMES, VERBS
from polydistill.world.difficulty import DIFFICULTIES, difficulty
from polydistill.world.splits import SHARES, SPLITS, TOLERANCE, Splits, cell, check_split, frames, splits, topmost
from tiers import first_quick

SEEDS = (0, 1, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_shares(seed):
    counts = Counter(splits(seed).of_frame(noun, verb) for noun, verb in frames())
    for split, share in zip(SPLITS, SHARES, strict=True):
        assert counts[split] / counts.total() == pytest.approx(share, abs=TOLERANCE)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", DIFFICULTIES)
def test_train_has_every_noun_verb_and_modifier_of_the_difficulty(seed, name):
    train = Clauses(difficulty(name), splits(seed), "train")
    used = [(noun, verb) for noun, verb in frames() if train.has(noun, verb)]
    assert {noun for noun, _ in used} == set(NOUNS)
    assert {verb for _, verb in used} == {verb.id for verb in difficulty(name).verbs}
    shown = {detail for noun, verb in used for details in train.details(noun, verb).values() for detail in details}
    assert shown >= set(PLACES)
    if name != "mini":
        assert shown >= {*TIMES, *MANNERS}


@first_quick("seed", SEEDS)
def test_no_combination_of_noun_and_verb_is_in_two_splits(seed):
    full = difficulty("full")
    cells = [{cell(*frame) for frame in frames() if Clauses(full, splits(seed), split).has(*frame)} for split in SPLITS]
    assert all(cells)
    assert sum(map(len, cells)) == len(set().union(*cells))


def test_held_out_modifiers_are_in_test_only():
    own, medium = splits(0), difficulty("medium")
    held_out = {
        (verb, modifier)
        for verb, modifier in product(VERBS, (*PLACES, *TIMES, *MANNERS))
        if own.held_out(verb, modifier)
    }
    assert 0.05 < len(held_out) / (len(VERBS) * len((*PLACES, *TIMES, *MANNERS))) < 0.3
    shown: dict[str, set[tuple[str, str]]] = {}
    for split in SPLITS:
        clauses = Clauses(medium, own, split)
        shown[split] = {
            (verb, modifier)
            for noun, verb in frames()
            for details in clauses.details(noun, verb).values()
            for modifier in details
        }
    assert not shown["train"] & held_out
    assert not shown["dev"] & held_out
    assert len(shown["test"] & held_out) > 20


def test_each_clause_of_a_split_is_only_there():
    own = splits(1)
    for split in SPLITS:
        listed = list(Clauses(difficulty("mini"), own, split))
        assert len(listed) == len(set(listed)) > 500
        assert {own.of_clause(clause) for clause in listed} == {split}
        others = [Clauses(difficulty("mini"), own, other) for other in SPLITS if other != split]
        assert not any(clause in clauses for clause in listed for clauses in others)


def test_verbs_of_one_hypernym_go_together():
    own = splits(0)
    for noun, verb in frames():
        root = topmost(verb)
        if NOUNS[noun].sort in VERBS[root].sorts:
            assert own.of_frame(noun, verb) == own.of_frame(noun, root)


def test_splits_depend_on_the_seed_alone():
    frames_of = [[drawn.of_frame(*frame) for frame in frames()] for drawn in map(Splits, (7, 7, 8))]
    assert frames_of[0] == frames_of[1]
    assert frames_of[0] != frames_of[2]


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match=r"Unknown split 'tset'\. Did you mean 'test'"):
        check_split("tset")
