"""Paraphrases and near misses: two sentences of the very same words, in another order, that say the same or do not.

A sentence joins two clauses, each of a subject, what it does, and where: "the dogs sleep in the garden and the cats run
in the park". A paraphrase exchanges the clauses, or only says a place first. A near miss exchanges one or two of the
three (who, what, where) between the clauses: the cats sleep and the dogs run. In both, other places stand first than in
the sentence before, so that order alone tells nothing; and who, what and where are each exchanged in half of the
paraphrases and in half of the near misses.

Rows come in twos that share their first sentence. All words are the same in every language: where an exchange would
change a form (of a verb, say), the sentence is not taken. So overlap and length tell nothing, in any language. That a
paraphrase says the same, and a near miss does not, is decided by `logic.py`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from random import Random

from polydistill.world.clauses import Clauses, pick, quantity, with_detail
from polydistill.world.grammar import available_languages, grammar
from polydistill.world.logic import consistent, entails
from polydistill.world.meaning import Clause, Meaning, Quantifier
from polydistill.world.splits import sort_of

PATIENCE = 20_000  # sentences in a row that will not do before the set counts as used up
Exchange = tuple[bool, bool, bool]
"""Whether who, what and where change places between the clauses."""
SAME: tuple[Exchange, ...] = ((False, False, False), (True, True, True))
OTHER: tuple[Exchange, ...] = tuple(
    (who, what, where) for who, what, where in product((False, True), repeat=3) if (who, what, where) not in SAME
)
Fronts = tuple[bool, bool]
"""Of which clauses the place is said first."""
_FRONTS: tuple[Fronts, ...] = ((False, False), (False, True), (True, False), (True, True))


@dataclass(frozen=True)
class Phrasing:
    """A meaning of two clauses, and how it is said."""

    meaning: Meaning
    fronts: Fronts


@dataclass(frozen=True)
class Rephrasing:
    """Two sentences; the label is 1 where they say the same, and else 0."""

    first: Phrasing
    second: Phrasing
    label: int


def rephrasings(clauses: Clauses, rng: Random) -> Iterator[Rephrasing]:
    """Twos of a paraphrase and a near miss of one sentence, without repeats, until no more are found."""
    seen: set[Meaning] = set()
    tries = 0
    while tries < PATIENCE:
        tries += 1
        one = clauses.draw(rng)
        if one.predicate.place is None:
            continue
        meaning = Meaning((one, clauses.draw(rng)))
        if meaning in seen or not _exchangeable(meaning, clauses):
            continue
        seen.add(meaning)
        before = pick(_FRONTS, rng)
        first, after = Phrasing(meaning, before), pick([fronts for fronts in _FRONTS if fronts != before], rng)
        two = [
            Rephrasing(first, Phrasing(exchanged(meaning, how), after), label)
            for label, how in ((0, pick(OTHER, rng)), (1, pick(SAME, rng)))
        ]
        if all(_sound(one) for one in two):
            tries = 0
            rng.shuffle(two)
            yield from two


def exchanged(meaning: Meaning, how: Exchange) -> Meaning:
    """The meaning with who, what or where exchanged between its clauses."""
    who, what, where = (meaning.clauses[::-1] if swap else meaning.clauses for swap in how)
    return Meaning(
        tuple(
            Clause(one.subject, with_detail(does.predicate, "place", at.predicate.place), one.negated)
            for one, does, at in zip(who, what, where, strict=True)
        )
    )


def say(phrasing: Phrasing, language: str) -> str:
    """The sentence."""
    speaker = grammar(language)
    parts = (_said(*part, language) for part in zip(phrasing.meaning.clauses, phrasing.fronts, strict=True))
    return speaker.capital(f" {speaker.conjunction} ".join(parts)) + "."


@lru_cache(maxsize=2**16)
def _said(clause: Clause, front: bool, language: str) -> str:
    speaker = grammar(language)
    return fronted(clause, language) if front else speaker.clause(clause, speaker.table)


def fronted(clause: Clause, language: str) -> str:
    """The clause with its place first: "in the park every dog is running"; in German the verb comes second."""
    speaker = grammar(language)
    placeless = Clause(clause.subject, with_detail(clause.predicate, "place", None), clause.negated)
    whole, rest = (speaker.clause(one, speaker.table).split() for one in (clause, placeless))
    size = len(whole) - len(rest)
    at = next((at for at in range(len(rest) + 1) if whole[:at] + whole[at + size :] == rest), None)
    assert at is not None, f"{language}: the place of {clause} is no phrase of its own"
    place = whole[at : at + size]
    if language == "de":
        named = clause.subject.quantifier is Quantifier.NAMED
        of_subject = 1 if named else 2  # words: a name, or determiner and noun
        of_verb = 2 if "sich" in rest else 1
        verb = rest[of_subject : of_subject + of_verb]
        rest = [*verb, *rest[:of_subject], *rest[of_subject + of_verb :]]
    return " ".join([*place, *rest])


def _exchangeable(meaning: Meaning, clauses: Clauses) -> bool:
    """Whether the clauses differ in who, what and where, and all exchanges are sentences of the set."""
    one, other = meaning.clauses
    if quantity(one) != quantity(other) or sort_of(one.subject.noun) != sort_of(other.subject.noun):
        return False
    differs = (
        one.subject != other.subject,
        one.predicate.verb != other.predicate.verb,
        one.predicate.place != other.predicate.place,
        one.predicate.place is not None and other.predicate.place is not None,
    )
    return all(differs) and all(
        clause in clauses for how in (*SAME, *OTHER) for clause in exchanged(meaning, how).clauses
    )


def _sound(two: Rephrasing) -> bool:
    """Whether the label is what logic says, and both sentences have the same words in every language."""
    one, other = two.first.meaning, two.second.meaning
    if not (consistent(one) and consistent(other)):
        return False
    same = entails(one, other) and entails(other, one)
    return same == bool(two.label) and all(
        _words(two.first, language) == _words(two.second, language) for language in available_languages()
    )


def _words(phrasing: Phrasing, language: str) -> Counter[str]:
    return Counter(say(phrasing, language).removesuffix(".").lower().split())
