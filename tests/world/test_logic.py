"""The rules of `logic.py` against the worlds of `checker.py`, and that against a plain list of all small worlds."""

from collections import Counter
from itertools import combinations_with_replacement, product
from random import Random

import pytest

from polydistill.world import checker, logic
from polydistill.world.checker import check
from polydistill.world.corpora import World
from polydistill.world.logic import RELATIONS, consistent, contradicts, entails, relation
from polydistill.world.meaning import NEGATABLE, Clause, Meaning, Predicate, Quantifier, Subject
from tiers import first_quick

EVERY, SOME, NO, TWO, THREE, NAMED = Quantifier
RUN, MOVE, SWIM = Predicate("run"), Predicate("move"), Predicate("swim")


def says(*clauses: Clause) -> Meaning:
    return Meaning(clauses)


def that(quantifier: Quantifier, noun: str, predicate: Predicate, negated: bool = False) -> Clause:
    return Clause(Subject(quantifier, noun), predicate, negated)


# Labelled by hand.
CASES = (
    (says(that(EVERY, "animal", RUN)), says(that(EVERY, "dog", MOVE)), "entailment"),
    (says(that(EVERY, "dog", RUN)), says(that(EVERY, "animal", RUN)), "neutral"),
    (says(that(EVERY, "dog", RUN)), says(that(SOME, "animal", MOVE)), "entailment"),
    (says(that(EVERY, "animal", RUN)), says(that(SOME, "duck", RUN)), "entailment"),
    (says(that(EVERY, "dog", RUN)), says(that(TWO, "dog", RUN)), "neutral"),
    (says(that(SOME, "dog", RUN)), says(that(SOME, "dog", Predicate("run", place="park"))), "neutral"),
    (says(that(SOME, "dog", Predicate("run", place="kitchen"))), says(that(SOME, "dog", MOVE)), "entailment"),
    (
        says(that(SOME, "dog", Predicate("run", place="kitchen"))),
        says(that(SOME, "dog", Predicate("run", place="house"))),
        "entailment",
    ),
    (says(that(NO, "animal", MOVE)), says(that(NO, "dog", RUN)), "entailment"),
    (says(that(NO, "dog", RUN)), says(that(NO, "animal", RUN)), "neutral"),
    (says(that(NO, "dog", MOVE)), says(that(EVERY, "animal", RUN)), "contradiction"),
    (says(that(NO, "animal", MOVE)), says(that(SOME, "dog", RUN)), "contradiction"),
    (says(that(NO, "dog", RUN)), says(that(SOME, "animal", RUN)), "neutral"),
    (says(that(NO, "dog", RUN)), says(that(EVERY, "dog", MOVE)), "neutral"),
    (says(that(EVERY, "dog", RUN)), says(that(NO, "dog", SWIM)), "neutral"),
    (says(that(NO, "dog", MOVE)), says(that(SOME, "animal", RUN, negated=True)), "entailment"),
    (says(that(NO, "dog", MOVE)), says(that(TWO, "dog", RUN, negated=True)), "neutral"),
    (says(that(EVERY, "dog", RUN)), says(that(SOME, "dog", MOVE, negated=True)), "contradiction"),
    (says(that(THREE, "duck", RUN)), says(that(TWO, "bird", MOVE)), "entailment"),
    (says(that(TWO, "duck", RUN)), says(that(THREE, "duck", RUN)), "neutral"),
    (says(that(TWO, "dog", RUN, negated=True)), says(that(SOME, "dog", RUN)), "neutral"),
    (says(that(NAMED, "leila", RUN)), says(that(SOME, "child", MOVE)), "entailment"),
    (says(that(EVERY, "child", RUN)), says(that(NAMED, "leila", MOVE)), "entailment"),
    (says(that(EVERY, "woman", RUN)), says(that(NAMED, "leila", RUN)), "neutral"),
    (says(that(NAMED, "leila", RUN)), says(that(NAMED, "leila", RUN, negated=True)), "contradiction"),
    (says(that(NAMED, "leila", RUN)), says(that(NO, "person", MOVE)), "contradiction"),
    (
        says(that(NAMED, "leila", RUN), that(NAMED, "omar", SWIM)),
        says(that(TWO, "child", MOVE)),
        "entailment",
    ),
    (says(that(SOME, "girl", RUN), that(SOME, "boy", RUN)), says(that(TWO, "child", RUN)), "neutral"),
    (
        says(that(TWO, "girl", SWIM), that(EVERY, "child", RUN)),
        says(that(TWO, "person", RUN), that(SOME, "child", SWIM)),
        "entailment",
    ),
    (
        says(that(EVERY, "girl", RUN), that(NO, "boy", RUN)),
        says(that(SOME, "child", RUN), that(SOME, "child", RUN, negated=True)),
        "entailment",
    ),
    (
        says(that(SOME, "dog", Predicate("eat", "apple"))),
        says(that(SOME, "dog", Predicate("eat", "food"))),
        "entailment",
    ),
    (
        says(that(SOME, "dog", Predicate("eat", "food"), negated=True)),
        says(that(SOME, "dog", Predicate("eat", "apple"), negated=True)),
        "entailment",
    ),
)


@pytest.mark.parametrize(("premise", "hypothesis", "label"), CASES)
def test_cases_labelled_by_hand(premise, hypothesis, label):
    assert relation(premise, hypothesis) == label
    assert check(premise, hypothesis) == label


@first_quick(("difficulty", "rows"), [("mini", 1000), ("medium", 600), ("full", 400)])
@pytest.mark.parametrize("split", ["train", "test"])
def test_labels_of_generated_pairs_are_those_of_the_checker(difficulty, rows, split):
    pairs = World(3, difficulty).nli(split, rows)
    wrong = [pair for pair in pairs if check(pair.premise, pair.hypothesis) != RELATIONS[pair.label]]
    assert wrong == []


NOUNS, PERSONS = ("person", "child", "girl", "woman"), ("anna", "leila", "omar")
PREDICATES = (
    *(Predicate("eat", thing, place) for thing in (None, "fruit", "apple") for place in (None, "house", "kitchen")),
    MOVE,
    RUN,
    Predicate("run", None, "house"),
)


def any_clause(rng: Random, nouns, persons, predicates) -> Clause:
    quantifier = rng.choice(list(Quantifier))
    subject = Subject(quantifier, rng.choice(persons if quantifier is NAMED else nouns))
    return Clause(subject, rng.choice(predicates), quantifier in NEGATABLE and rng.random() < 0.5)


def label_by_rule(premise: Meaning, hypothesis: Meaning) -> str:
    return relation(premise, hypothesis) if consistent(premise) else "none"


def label_by_worlds(premise: Meaning, hypothesis: Meaning) -> str:
    try:
        return check(premise, hypothesis)
    except ValueError:
        return "none"


# Few words make many pairs that say something about each other.
@first_quick(
    ("words", "clauses", "rows"),
    [
        ((NOUNS, PERSONS, PREDICATES), (1, 1), 3000),
        ((NOUNS[:3], PERSONS, PREDICATES[-3:]), (1, 1), 2000),
        ((NOUNS[:3], PERSONS[1:], PREDICATES[-3:]), (2, 1), 3000),
        ((NOUNS[1:3], PERSONS[1:], PREDICATES[-3:-1]), (2, 2), 2000),
        ((NOUNS, PERSONS, PREDICATES), (2, 2), 800),
    ],
)
def test_arbitrary_pairs_have_the_label_of_the_checker(words, clauses, rows):
    rng = Random(f"{words}{clauses}")
    labels: Counter[str] = Counter()
    for _ in range(rows):
        premise, hypothesis = (Meaning(tuple(any_clause(rng, *words) for _ in range(number))) for number in clauses)
        label = label_by_rule(premise, hypothesis)
        assert label == label_by_worlds(premise, hypothesis), (premise, hypothesis)
        labels[label] += 1
    assert set(labels) >= set(RELATIONS)
    assert ("none" in labels) == (clauses[0] == 2)


def is_true(quantifier: Quantifier, noun: str, predicate: str, world) -> bool:
    done = [predicate in does for nouns, does in world if noun in nouns]
    return {EVERY: all(done), SOME: any(done), NO: not any(done)}[quantifier]


def test_the_checker_agrees_with_a_list_of_all_small_worlds():
    """All pairs of the mini fragment over three nouns and three verbs, in all worlds of two or three individuals."""
    noun_sets = [{"animal"}, {"animal", "dog"}, {"child"}, {"animal", "child"}, {"animal", "dog", "child"}]
    verb_sets = [set(), {"move"}, {"move", "run"}, {"rest"}, {"move", "rest"}, {"move", "run", "rest"}]
    kinds = list(product(noun_sets, verb_sets))
    worlds = [
        world
        for size in (2, 3)
        for world in combinations_with_replacement(kinds, size)
        if {"dog", "child"} <= set().union(*(nouns for nouns, _ in world))
    ]
    sentences = list(product((EVERY, SOME, NO), ("animal", "dog", "child"), ("move", "run", "rest")))
    truth = {sentence: [is_true(*sentence, world) for world in worlds] for sentence in sentences}
    for premise, hypothesis in product(sentences, sentences):
        outcomes = {then for given, then in zip(truth[premise], truth[hypothesis], strict=True) if given}
        expected = {(True,): "entailment", (False,): "contradiction"}.get(tuple(outcomes), "neutral")
        meanings = [says(that(quantifier, noun, Predicate(verb))) for quantifier, noun, verb in (premise, hypothesis)]
        assert check(*meanings) == relation(*meanings) == expected, (premise, hypothesis)


def test_entailment_and_contradiction_are_never_both_there():
    rng = Random(5)
    for _ in range(500):
        premise, hypothesis = (says(any_clause(rng, NOUNS, PERSONS, PREDICATES)) for _ in range(2))
        assert not (entails(premise, hypothesis) and contradicts(premise, hypothesis))
        assert contradicts(premise, hypothesis) == contradicts(hypothesis, premise)
        assert entails(premise, premise)


def test_a_premise_without_a_world_is_refused():
    nonsense = says(that(EVERY, "animal", RUN), that(NO, "dog", MOVE))
    assert not consistent(nonsense)
    for label in (relation, check):
        with pytest.raises(ValueError, match="holds in no world"):
            label(nonsense, says(that(SOME, "dog", RUN)))


def test_the_checker_shares_no_code_with_the_rules():
    assert not any(getattr(value, "__module__", "") == logic.__name__ for value in vars(checker).values())
    assert not any(getattr(value, "__module__", "") == checker.__name__ for value in vars(logic).values())
