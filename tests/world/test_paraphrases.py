"""Paraphrases and near misses: labels by a second opinion, and the same words in every language."""

from collections import Counter

import pytest

from polydistill.world.checker import check
from polydistill.world.corpora import World
from polydistill.world.grammar import available_languages
from polydistill.world.meaning import Clause, Meaning, Predicate, Quantifier, Subject
from polydistill.world.paraphrases import OTHER, SAME, exchanged, fronted, say

ROWS = 400


@pytest.fixture(scope="module")
def rows():
    return World().rephrasings("train", ROWS)


def clause(quantifier, noun, verb, place):
    return Clause(Subject(Quantifier(quantifier), noun), Predicate(verb, place=place))


DOG, CATS = clause("every", "dog", "run", "park"), clause("some", "cat", "rest", "house")


def test_labels_are_what_the_checker_finds(rows):
    for row in rows[:60]:
        one, other = row.first.meaning, row.second.meaning
        same = check(one, other) == "entailment" == check(other, one)
        assert same == bool(row.label)


def test_each_two_share_their_first_sentence_and_have_both_labels(rows):
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        assert one.first == other.first and {one.label, other.label} == {0, 1}
    assert len({row.first.meaning for row in rows}) == len(rows) / 2


@pytest.mark.parametrize("language", available_languages())
def test_both_sentences_have_the_same_words(rows, language):
    for row in rows:
        one, other = (say(side, language) for side in (row.first, row.second))
        assert one != other
        assert Counter(one.lower().rstrip(".").split()) == Counter(other.lower().rstrip(".").split())


def test_no_part_alone_tells_a_paraphrase(rows):
    """Who, what and where stand in another clause in half of the paraphrases and in half of the near misses."""
    moved = {0: Counter(), 1: Counter()}
    for row in rows:
        before, after = row.first.meaning.clauses[0], row.second.meaning.clauses[0]
        moved[row.label]["who"] += before.subject != after.subject
        moved[row.label]["what"] += before.predicate.verb != after.predicate.verb
        moved[row.label]["where"] += before.predicate.place != after.predicate.place
    for counts in moved.values():
        assert all(0.4 < counts[part] / (ROWS / 2) < 0.6 for part in ("who", "what", "where"))


def test_all_clauses_belong_to_the_split():
    world = World()
    for split in ("train", "dev", "test"):
        for row in world.rephrasings(split, 40):
            assert world.splits.contains(split, row.first.meaning) and world.splits.contains(split, row.second.meaning)


def test_rows_depend_on_seed_and_length_alone(rows):
    assert World().rephrasings("train", 10) == rows[:10] != World(1).rephrasings("train", 10)


def test_exchanges():
    meaning = Meaning((DOG, CATS))
    assert exchanged(meaning, SAME[0]) == meaning and exchanged(meaning, SAME[1]) == Meaning((CATS, DOG))
    who, *_ = (exchanged(meaning, how) for how in OTHER if how == (True, False, False))
    assert who == Meaning((clause("some", "cat", "run", "park"), clause("every", "dog", "rest", "house")))
    assert len({exchanged(meaning, how) for how in (*SAME, *OTHER)}) == 8


@pytest.mark.parametrize(
    ("language", "dog", "cats"),
    [
        ("en", "in the park every dog is running", "in the house some cats are resting"),
        ("de", "im Park rennt jeder Hund", "im Haus ruhen sich einige Katzen aus"),
        ("es", "en el parque cada perro corre", "en la casa algunos gatos descansan"),
        ("fr", "dans le parc chaque chien court", "dans la maison certains chats se reposent"),
        ("tr", "parkta her köpek koşuyor", "evde bazı kediler dinleniyor"),
        ("sw", "mbugani kila mbwa anakimbia", "nyumbani baadhi ya paka wanapumzika"),
    ],
)
def test_a_place_said_first(language, dog, cats):
    assert (fronted(DOG, language), fronted(CATS, language)) == (dog, cats)


def test_every_clause_of_every_split_can_have_its_place_first():
    world = World()
    for row in world.meanings("test", 300):
        for one in row.clauses:
            if one.predicate.place:
                assert all(fronted(one, language) for language in available_languages())
