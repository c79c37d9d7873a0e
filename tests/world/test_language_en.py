"""English: sentences chosen so that each construction of the grammar is heard."""

import pytest

from polydistill.world.grammar import grammar
from polydistill.world.meaning import Clause, Meaning, Predicate, Quantifier, Subject

EVERY, SOME, NO, TWO, THREE, NAMED = Quantifier

GOLDEN = [
    # quantifiers and number
    (EVERY, "dog", Predicate("run"), False, "Every dog is running."),
    (SOME, "dog", Predicate("run"), False, "Some dogs are running."),
    (NO, "dog", Predicate("run"), False, "No dog is running."),
    (TWO, "dog", Predicate("run"), False, "Two dogs are running."),
    (THREE, "dog", Predicate("run"), False, "Three dogs are running."),
    (NAMED, "anna", Predicate("run"), False, "Anna is running."),
    # irregular plurals
    (SOME, "person", Predicate("walk"), False, "Some people are walking."),
    (TWO, "child", Predicate("jump"), False, "Two children are jumping."),
    (THREE, "woman", Predicate("dance"), False, "Three women are dancing."),
    (SOME, "man", Predicate("swim"), False, "Some men are swimming."),
    (SOME, "bus", Predicate("stop"), False, "Some buses are stopping."),
    (TWO, "lily", Predicate("wither"), False, "Two lilies are withering."),
    # negation
    (SOME, "dog", Predicate("run"), True, "Some dogs are not running."),
    (TWO, "truck", Predicate("depart"), True, "Two trucks are not departing."),
    (THREE, "rose", Predicate("bloom", time="today"), True, "Three roses are not blooming today."),
    (NAMED, "david", Predicate("stand_up"), True, "David is not standing up."),
    (NAMED, "omar", Predicate("eat", "apple"), True, "Omar is not eating an apple."),
    # objects, with and without article
    (NAMED, "leila", Predicate("eat", "apple"), False, "Leila is eating an apple."),
    (EVERY, "goat", Predicate("eat", "banana"), False, "Every goat is eating a banana."),
    (NO, "cat", Predicate("drink", "milk"), False, "No cat is drinking milk."),
    (SOME, "doctor", Predicate("read", "newspaper"), False, "Some doctors are reading a newspaper."),
    (NO, "person", Predicate("cook", "fish"), False, "No person is cooking fish."),
    # "buy" is another verb without an object
    (EVERY, "farmer", Predicate("buy", "bread"), False, "Every farmer is buying bread."),
    (EVERY, "farmer", Predicate("buy"), False, "Every farmer is shopping."),
    # details and their order
    (EVERY, "bird", Predicate("sleep", place="forest"), False, "Every bird is sleeping in the forest."),
    (SOME, "hen", Predicate("doze", time="noon"), False, "Some hens are dozing at noon."),
    (NO, "train", Predicate("arrive", manner="slowly"), False, "No train is arriving slowly."),
    (NO, "car", Predicate("turn", None, "market", "night"), False, "No car is turning at the market at night."),
    (
        NAMED,
        "anna",
        Predicate("eat", "apple", "garden", "morning", "quietly"),
        False,
        "Anna is eating an apple quietly in the garden in the morning.",
    ),
    (
        THREE,
        "teacher",
        Predicate("read", "book", "park", "evening", "alone"),
        True,
        "Three teachers are not reading a book alone in the park in the evening.",
    ),
]


@pytest.mark.parametrize(("quantifier", "noun", "predicate", "negated", "sentence"), GOLDEN)
def test_golden(quantifier: Quantifier, noun: str, predicate: Predicate, negated: bool, sentence: str) -> None:
    clause = Clause(Subject(quantifier, noun), predicate, negated)
    assert grammar("en").sentence(Meaning((clause,))) == sentence


def test_conjunction() -> None:
    every_dog = Clause(Subject(EVERY, "dog"), Predicate("sleep"))
    anna = Clause(Subject(NAMED, "anna"), Predicate("sing"), negated=True)
    assert grammar("en").sentence(Meaning((every_dog, anna))) == "Every dog is sleeping and Anna is not singing."
