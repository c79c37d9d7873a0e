"""German: sentences chosen so that each construction of the grammar is heard."""

import pytest

from polydistill.world.grammar import grammar
from polydistill.world.meaning import Clause, Meaning, Predicate, Quantifier, Subject

EVERY, SOME, NO, TWO, THREE, NAMED = Quantifier

GOLDEN = [
    # quantifiers agree in gender and number
    (EVERY, "dog", Predicate("run"), False, "Jeder Hund rennt."),
    (EVERY, "cat", Predicate("run"), False, "Jede Katze rennt."),
    (EVERY, "horse", Predicate("run"), False, "Jedes Pferd rennt."),
    (SOME, "dog", Predicate("run"), False, "Einige Hunde rennen."),
    (NO, "dog", Predicate("run"), False, "Kein Hund rennt."),
    (NO, "duck", Predicate("swim"), False, "Keine Ente schwimmt."),
    (NO, "child", Predicate("jump"), False, "Kein Kind springt."),
    (TWO, "bird", Predicate("play"), False, "Zwei Vögel spielen."),
    (THREE, "doctor", Predicate("speak"), False, "Drei Ärzte sprechen."),
    (NAMED, "anna", Predicate("dance"), False, "Anna tanzt."),
    # "nicht" and where it stands
    (SOME, "dog", Predicate("walk"), True, "Einige Hunde spazieren nicht."),
    (TWO, "boy", Predicate("sleep", place="garden"), True, "Zwei Jungen schlafen nicht im Garten."),
    (NAMED, "omar", Predicate("sing", time="evening"), True, "Omar singt am Abend nicht."),
    (THREE, "rose", Predicate("bloom", None, "park", "today"), True, "Drei Rosen blühen heute nicht im Park."),
    (NAMED, "leila", Predicate("whisper", manner="slowly"), True, "Leila flüstert nicht langsam."),
    # reflexive and separable verbs
    (NO, "train", Predicate("move", time="night"), False, "Kein Zug bewegt sich in der Nacht."),
    (SOME, "vehicle", Predicate("move"), True, "Einige Fahrzeuge bewegen sich nicht."),
    (EVERY, "lion", Predicate("rest", place="forest"), False, "Jeder Löwe ruht sich im Wald aus."),
    (NAMED, "david", Predicate("rest", time="noon"), True, "David ruht sich am Mittag nicht aus."),
    (EVERY, "girl", Predicate("stand_up", manner="quickly"), False, "Jedes Mädchen steht schnell auf."),
    (TWO, "bus", Predicate("arrive", place="village"), True, "Zwei Busse kommen nicht im Dorf an."),
    (NO, "truck", Predicate("stop", place="street"), False, "Kein Lastwagen hält auf der Straße an."),
    (SOME, "car", Predicate("turn"), True, "Einige Autos biegen nicht ab."),
    (THREE, "train", Predicate("depart", time="morning"), False, "Drei Züge fahren am Morgen ab."),
    # objects: accusative, article, "kein"
    (NAMED, "anna", Predicate("eat", "apple"), False, "Anna isst einen Apfel."),
    (NAMED, "anna", Predicate("eat", "apple"), True, "Anna isst keinen Apfel."),
    (SOME, "woman", Predicate("read", "newspaper", "house"), True, "Einige Frauen lesen im Haus keine Zeitung."),
    (TWO, "person", Predicate("cook", "fish", "kitchen"), False, "Zwei Personen kochen in der Küche Fisch."),
    (NO, "man", Predicate("read", "letter"), False, "Kein Mann liest einen Brief."),
    (NAMED, "omar", Predicate("drink", "milk", time="today"), True, "Omar trinkt heute keine Milch."),
    # a manner takes "nicht" before it, and the object keeps its article
    (NAMED, "david", Predicate("eat", "apple", manner="quietly"), True, "David isst nicht leise einen Apfel."),
    # animals "fressen", people "essen"; both "trinken"
    (EVERY, "goat", Predicate("eat", "banana"), False, "Jede Ziege frisst eine Banane."),
    (SOME, "hen", Predicate("eat", "bread"), True, "Einige Hühner fressen kein Brot."),
    (EVERY, "cat", Predicate("drink", "water"), False, "Jede Katze trinkt Wasser."),
    (NO, "horse", Predicate("eat", "food"), False, "Kein Pferd frisst Futter."),
    (SOME, "dog", Predicate("eat", "food"), True, "Einige Hunde fressen kein Futter."),
    (NAMED, "leila", Predicate("eat", "food", time="noon"), True, "Leila isst am Mittag kein Essen."),
    (EVERY, "man", Predicate("cook", "food"), False, "Jeder Mann kocht Essen."),
    # "einkaufen" without an object, "kaufen" with one
    (EVERY, "farmer", Predicate("buy", None, "market"), False, "Jeder Bauer kauft auf dem Markt ein."),
    (EVERY, "farmer", Predicate("buy", "fruit", "market"), False, "Jeder Bauer kauft auf dem Markt Obst."),
    # all details; the manner stands at the object, or before the place where there is none
    (NO, "hen", Predicate("doze", None, "house", "noon", "quietly"), False, "Kein Huhn döst am Mittag leise im Haus."),
    (
        TWO,
        "cat",
        Predicate("play", None, "house", "night", "alone"),
        True,
        "Zwei Katzen spielen in der Nacht nicht alleine im Haus.",
    ),
    (
        THREE,
        "teacher",
        Predicate("read", "book", "park", "evening", "alone"),
        False,
        "Drei Lehrer lesen am Abend im Park alleine ein Buch.",
    ),
    (
        THREE,
        "teacher",
        Predicate("read", "book", "city", "evening", "alone"),
        True,
        "Drei Lehrer lesen am Abend in der Stadt nicht alleine ein Buch.",
    ),
]


@pytest.mark.parametrize(("quantifier", "noun", "predicate", "negated", "sentence"), GOLDEN)
def test_golden(quantifier: Quantifier, noun: str, predicate: Predicate, negated: bool, sentence: str) -> None:
    clause = Clause(Subject(quantifier, noun), predicate, negated)
    assert grammar("de").sentence(Meaning((clause,))) == sentence


def test_conjunction() -> None:
    every_dog = Clause(Subject(EVERY, "dog"), Predicate("sleep"))
    no_train = Clause(Subject(NO, "train"), Predicate("arrive"))
    assert grammar("de").sentence(Meaning((every_dog, no_train))) == "Jeder Hund schläft und kein Zug kommt an."
