"""What holds for every language of the mini-world, whatever its grammar."""

from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest

from polydistill.world import concepts
from polydistill.world.concepts import NOUNS, OBJECTS, PERSONS, PLACES, TIMES, VERBS, Sort
from polydistill.world.grammar import Grammar, available_languages, grammar
from polydistill.world.meaning import NEGATABLE, Clause, Meaning, Predicate, Quantifier, Subject

SECTIONS = ("nouns", "persons", "verbs", "objects", "places", "times", "manners")
ONE_SUBJECT_A_SORT: dict[Sort, Subject] = {
    "animal": Subject(Quantifier.SOME, "dog"),
    "person": Subject(Quantifier.NAMED, "anna"),
    "vehicle": Subject(Quantifier.TWO, "car"),
    "plant": Subject(Quantifier.THREE, "tree"),
}
EVERY_DOG_RUNS = Clause(Subject(Quantifier.EVERY, "dog"), Predicate("run"))
ANNA_DRINKS = Clause(Subject(Quantifier.NAMED, "anna"), Predicate("drink", object="water"))


@pytest.fixture(params=available_languages())
def spoken(request: pytest.FixtureRequest) -> Grammar:
    return grammar(request.param)


def all_subjects() -> Iterator[tuple[Subject, Sort]]:
    counted = [quantifier for quantifier in Quantifier if quantifier is not Quantifier.NAMED]
    for noun, quantifier in product(NOUNS.values(), counted):
        yield Subject(quantifier, noun.id), noun.sort
    for person in PERSONS.values():
        yield Subject(Quantifier.NAMED, person.id), NOUNS[person.noun].sort


def polarities(subject: Subject) -> tuple[bool, ...]:
    return (False, True) if subject.quantifier in NEGATABLE else (False,)


def predicates(sort: Sort) -> Iterator[Predicate]:
    """All predicates that suit the sort."""
    places = [None, *(place.id for place in PLACES.values() if sort in place.sorts)]
    for verb in VERBS.values():
        if sort in verb.sorts:
            objects, manners = (None, *verb.objects), (None, *verb.manners)
            for thing, place, time, manner in product(objects, places, (None, *TIMES), manners):
                yield Predicate(verb.id, thing, place, time, manner)


@cache
def clauses() -> tuple[Clause, ...]:
    """Each subject with each verb and object; one subject a sort with each predicate there is."""
    everything = {sort: tuple(predicates(sort)) for sort in ONE_SUBJECT_A_SORT}
    brief = {
        sort: tuple(said for said in every if said == Predicate(said.verb, said.object))
        for sort, every in everything.items()
    }
    return tuple(
        Clause(subject, predicate, negated)
        for subject, sort in all_subjects()
        for predicate in (everything if subject == ONE_SUBJECT_A_SORT[sort] else brief)[sort]
        for negated in polarities(subject)
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_the_table_has_exactly_the_concepts(spoken: Grammar, section: str) -> None:
    assert set(spoken.table[section]) == set(getattr(concepts, section.upper()))


def test_and_is_a_word(spoken: Grammar) -> None:
    assert isinstance(spoken.conjunction, str)
    assert spoken.conjunction.strip()


def test_a_sentence_is_the_clause_with_a_capital_and_a_full_stop(spoken: Grammar) -> None:
    for clause in (EVERY_DOG_RUNS, ANNA_DRINKS):
        said, sentence = spoken.clause(clause, spoken.table), spoken.sentence(Meaning((clause,)))
        assert sentence[0].isupper()
        assert sentence[1:] == said[1:] + "."
    assert spoken.clause(EVERY_DOG_RUNS, spoken.table)[0].islower()


def test_two_clauses_are_joined_by_and(spoken: Grammar) -> None:
    sentence = spoken.sentence(Meaning((EVERY_DOG_RUNS, ANNA_DRINKS)))
    first, second = (spoken.clause(clause, spoken.table) for clause in (EVERY_DOG_RUNS, ANNA_DRINKS))
    assert sentence == f"{spoken.capital(first)} {spoken.conjunction} {second}."


def test_all_that_is_allowed_can_be_said_and_no_two_clauses_sound_alike(spoken: Grammar) -> None:
    meaning_of: dict[str, Clause] = {}
    for clause in clauses():
        said = spoken.clause(clause, spoken.table)
        assert said == " ".join(said.split()), f"stray space in {said!r}"
        assert said not in meaning_of, f"{said!r} says both {clause} and {meaning_of[said]}"
        meaning_of[said] = clause


def test_a_turkish_i_gets_its_dotted_capital() -> None:
    turkish = Grammar("tr", {}, lambda clause, table: "iki köpek koşuyor", "ve")
    assert turkish.sentence(Meaning((EVERY_DOG_RUNS,))) == "İki köpek koşuyor."


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"Unknown mini-world language 'xx'.*en"):
        grammar("xx")


def test_the_sample_covers_every_concept() -> None:
    """The test of all clauses is only worth something if each concept occurs in it."""
    said = clauses()
    assert {clause.subject.noun for clause in said} == {*NOUNS, *PERSONS}
    assert {clause.predicate.verb for clause in said} == set(VERBS)
    assert {clause.predicate.object for clause in said} == {None, *OBJECTS}
    assert {clause.predicate.place for clause in said} == {None, *PLACES}
