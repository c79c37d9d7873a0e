import pytest

from polydistill.world.grammar import grammar
from polydistill.world.meaning import Clause, Meaning, Predicate, Quantifier, Subject

EVERY, SOME, NO, TWO, THREE, NAMED = Quantifier


def say(*spoken: Clause) -> str:
    return grammar("es").sentence(Meaning(spoken))


@pytest.mark.parametrize(
    ("quantifier", "noun", "negated", "predicate", "sentence"),
    [
        (EVERY, "dog", False, Predicate("run"), "Cada perro corre."),
        (SOME, "dog", False, Predicate("run"), "Algunos perros corren."),
        (SOME, "goat", False, Predicate("sleep"), "Algunas cabras duermen."),
        (NO, "dog", False, Predicate("run"), "Ningún perro corre."),
        (NO, "person", False, Predicate("wait"), "Ninguna persona espera."),
        (NO, "bird", False, Predicate("swim"), "Ningún ave nada."),
        (SOME, "bird", False, Predicate("drink"), "Algunas aves beben."),
        (TWO, "lion", False, Predicate("move"), "Dos leones se mueven."),
        (THREE, "tree", False, Predicate("grow"), "Tres árboles crecen."),
        (NAMED, "anna", False, Predicate("dance"), "Anna baila."),
        (SOME, "dog", True, Predicate("run"), "Algunos perros no corren."),
        (TWO, "hen", True, Predicate("rest"), "Dos gallinas no descansan."),
        (THREE, "bus", True, Predicate("stop"), "Tres autobuses no se detienen."),
        (NAMED, "omar", True, Predicate("speak"), "Omar no habla."),
        (EVERY, "girl", False, Predicate("eat", "apple"), "Cada niña come una manzana."),
        (EVERY, "cat", False, Predicate("drink", "water"), "Cada gato bebe agua."),
        (NAMED, "leila", True, Predicate("eat", "apple"), "Leila no come ninguna manzana."),
        (SOME, "horse", True, Predicate("drink", "milk"), "Algunos caballos no beben leche."),
        (NO, "boy", False, Predicate("read", "newspaper"), "Ningún niño lee ningún periódico."),
        (NO, "woman", False, Predicate("buy", "fruit"), "Ninguna mujer compra fruta."),
        (NAMED, "david", False, Predicate("buy"), "David hace compras."),
        (TWO, "farmer", True, Predicate("buy", manner="quickly"), "Dos agricultores no hacen compras rápidamente."),
        (THREE, "man", False, Predicate("cook", "fish", "kitchen"), "Tres hombres cocinan pescado en la cocina."),
        (
            NAMED,
            "anna",
            False,
            Predicate("eat", "apple", "garden", "morning", "quietly"),
            "Anna come una manzana en silencio en el jardín por la mañana.",
        ),
        (
            SOME,
            "teacher",
            True,
            Predicate("read", "letter", "house", "night", "slowly"),
            "Algunos profesores no leen ninguna carta lentamente en la casa por la noche.",
        ),
        (
            NO,
            "child",
            False,
            Predicate("cook", "banana", "street", "noon", "alone"),
            "Ningún menor cocina ningún plátano a solas en la calle al mediodía.",
        ),
        (EVERY, "bus", False, Predicate("wait", time="noon"), "Cada autobús espera durante el mediodía."),
        (TWO, "girl", True, Predicate("wait", time="evening"), "Dos niñas no esperan durante el atardecer."),
        (EVERY, "duck", False, Predicate("doze", manner="alone"), "Cada pato dormita a solas."),
        (NAMED, "omar", False, Predicate("stand_up", manner="alone"), "Omar se levanta a solas."),
        (TWO, "truck", False, Predicate("wait", manner="alone"), "Dos camiones esperan en solitario."),
        (NAMED, "leila", False, Predicate("sing", manner="quietly"), "Leila canta en voz baja."),
        (SOME, "doctor", False, Predicate("arrive", place="market"), "Algunos médicos llegan al mercado."),
        (TWO, "train", True, Predicate("arrive", place="city"), "Dos trenes no llegan a la ciudad."),
        (EVERY, "vehicle", False, Predicate("depart", place="village"), "Cada vehículo arranca en el pueblo."),
        (NO, "car", False, Predicate("turn", time="evening"), "Ningún coche gira al atardecer."),
        (SOME, "oak", True, Predicate("bloom", place="forest"), "Algunos robles no florecen en el bosque."),
        (THREE, "lily", False, Predicate("wither", time="today"), "Tres lirios se marchitan hoy."),
        (NO, "palm", False, Predicate("grow", place="park"), "Ninguna palmera crece en el parque."),
    ],
)
def test_says_in_spanish(quantifier: Quantifier, noun: str, negated: bool, predicate: Predicate, sentence: str) -> None:
    assert say(Clause(Subject(quantifier, noun), predicate, negated)) == sentence


def test_joins_two_clauses_with_y() -> None:
    one = Clause(Subject(NAMED, "david"), Predicate("whisper"))
    other = Clause(Subject(EVERY, "animal"), Predicate("jump"))
    assert say(one, other) == "David susurra y cada animal salta."
