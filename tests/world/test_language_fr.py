import pytest

from polydistill.world.grammar import grammar
from polydistill.world.meaning import Clause, Meaning, Predicate, Quantifier, Subject

EVERY, SOME, NO, TWO, THREE, NAMED = Quantifier


def say(*spoken: Clause) -> str:
    return grammar("fr").sentence(Meaning(spoken))


@pytest.mark.parametrize(
    ("quantifier", "noun", "negated", "predicate", "sentence"),
    [
        (EVERY, "dog", False, Predicate("run"), "Chaque chien court."),
        (SOME, "dog", False, Predicate("run"), "Certains chiens courent."),
        (SOME, "goat", False, Predicate("sleep"), "Certaines chèvres dorment."),
        (NO, "dog", False, Predicate("run"), "Aucun chien ne court."),
        (NO, "person", False, Predicate("wait"), "Aucune personne n'attend."),
        (TWO, "horse", False, Predicate("swim"), "Deux chevaux nagent."),
        (THREE, "bird", False, Predicate("drink"), "Trois oiseaux boivent."),
        (NAMED, "anna", False, Predicate("dance"), "Anna danse."),
        (SOME, "dog", True, Predicate("run"), "Certains chiens ne courent pas."),
        (TWO, "hen", True, Predicate("rest"), "Deux poules ne se reposent pas."),
        (THREE, "bus", True, Predicate("stop"), "Trois bus ne s'arrêtent pas."),
        (NAMED, "omar", True, Predicate("arrive"), "Omar n'arrive pas."),
        (EVERY, "girl", False, Predicate("eat", "apple"), "Chaque fille mange une pomme."),
        (EVERY, "cat", False, Predicate("drink", "water"), "Chaque chat boit de l'eau."),
        (NAMED, "leila", True, Predicate("eat", "apple"), "Leila ne mange pas de pomme."),
        (SOME, "lion", True, Predicate("drink", "water"), "Certains lions ne boivent pas d'eau."),
        (NO, "boy", False, Predicate("read", "letter"), "Aucun garçon ne lit de lettre."),
        (NO, "woman", False, Predicate("buy", "fruit"), "Aucune femme n'achète de fruit."),
        (NAMED, "david", False, Predicate("buy"), "David fait des achats."),
        (TWO, "farmer", False, Predicate("buy", manner="quickly"), "Deux agriculteurs font des achats rapidement."),
        (SOME, "teacher", True, Predicate("buy"), "Certains professeurs ne font pas d'achats."),
        (NO, "doctor", False, Predicate("buy"), "Aucun médecin ne fait d'achats."),
        (
            THREE,
            "man",
            False,
            Predicate("cook", "fish", "kitchen"),
            "Trois hommes cuisinent du poisson dans la cuisine.",
        ),
        (
            NAMED,
            "anna",
            False,
            Predicate("eat", "apple", "garden", "morning", "quietly"),
            "Anna mange une pomme en silence dans le jardin le matin.",
        ),
        (
            NAMED,
            "anna",
            True,
            Predicate("eat", "apple", "garden", "morning", "quietly"),
            "Anna ne mange pas de pomme en silence dans le jardin le matin.",
        ),
        (
            NO,
            "child",
            False,
            Predicate("read", "book", "house", "night", "slowly"),
            "Aucun enfant ne lit de livre lentement dans la maison la nuit.",
        ),
        (
            SOME,
            "woman",
            False,
            Predicate("buy", "bread", "market", "noon", "alone"),
            "Certaines femmes achètent seules du pain sur la place du marché à midi.",
        ),
        (NAMED, "leila", True, Predicate("read", "letter", manner="alone"), "Leila ne lit pas seule de lettre."),
        (NO, "man", False, Predicate("drink", "milk", manner="alone"), "Aucun homme ne boit seul de lait."),
        (TWO, "girl", True, Predicate("buy", manner="alone"), "Deux filles ne font pas seules d'achats."),
        (SOME, "car", False, Predicate("arrive", manner="quietly"), "Certaines voitures arrivent en silence."),
        (EVERY, "horse", False, Predicate("wait", time="night"), "Chaque cheval attend pendant la nuit."),
        (NO, "girl", False, Predicate("wait", time="morning"), "Aucune fille n'attend pendant la matinée."),
        (TWO, "bus", True, Predicate("wait", time="evening"), "Deux bus n'attendent pas pendant la soirée."),
        (EVERY, "duck", False, Predicate("doze", manner="alone"), "Chaque canard somnole seul."),
        (EVERY, "person", False, Predicate("stand_up", manner="alone"), "Chaque personne se lève seule."),
        (TWO, "train", False, Predicate("arrive", manner="alone"), "Deux trains arrivent seuls."),
        (NAMED, "leila", False, Predicate("sing", manner="quietly"), "Leila chante à voix basse."),
        (NO, "car", False, Predicate("turn", place="street"), "Aucune voiture ne tourne dans la rue."),
        (SOME, "vehicle", False, Predicate("depart", place="city"), "Certains véhicules démarrent dans la ville."),
        (SOME, "oak", False, Predicate("grow", place="forest"), "Certains chênes poussent dans la forêt."),
        (THREE, "lily", False, Predicate("bloom", time="today"), "Trois lys fleurissent aujourd'hui."),
        (TWO, "plant", True, Predicate("wither", time="evening"), "Deux plantes ne dépérissent pas le soir."),
        (SOME, "animal", False, Predicate("move", place="village"), "Certains animaux bougent dans le village."),
        (NO, "man", False, Predicate("whisper", place="park"), "Aucun homme ne chuchote dans le parc."),
    ],
)
def test_says_in_french(quantifier: Quantifier, noun: str, negated: bool, predicate: Predicate, sentence: str) -> None:
    assert say(Clause(Subject(quantifier, noun), predicate, negated)) == sentence


def test_joins_two_clauses_with_et() -> None:
    one = Clause(Subject(NAMED, "anna"), Predicate("speak"))
    other = Clause(Subject(NO, "tree"), Predicate("grow"))
    assert say(one, other) == "Anna parle et aucun arbre ne pousse."
