"""Small changes to a meaning: another quantifier, a noun or verb up, down or aside, a detail more, less or other."""

from functools import cache
from random import Random

from polydistill.world.clauses import Clauses, denies, pick, predicate_details, quantity, with_detail
from polydistill.world.concepts import NOUNS, PERSONS, VERBS, Noun, Verb, ancestors
from polydistill.world.difficulty import Slot
from polydistill.world.meaning import Clause, Meaning, Predicate, Subject
from polydistill.world.splits import kind

CONJUNCTION_CHANGES = 0.2  # where two clauses are allowed, how often an edit adds or drops one


def edit(meaning: Meaning, clauses: Clauses, rng: Random) -> Meaning:
    """The meaning after one change by chance; unchanged where the change that was drawn is not possible."""
    parts = list(meaning.clauses)
    if clauses.difficulty.conjunction and rng.random() < CONJUNCTION_CHANGES:
        if len(parts) == 2:
            return Meaning((pick(parts, rng),))
        parts.insert(rng.randrange(2), clauses.draw(rng))
        return Meaning(tuple(parts))
    at = int(rng.random() * len(parts))
    parts[at] = edit_clause(parts[at], clauses, rng)
    return Meaning(tuple(parts))


def edit_clause(clause: Clause, clauses: Clauses, rng: Random) -> Clause:
    """The clause after one change by chance, or the same clause."""
    slots = [slot for slot, known in clauses.details(clause.subject.noun, clause.predicate.verb).items() if known]
    at = int(rng.random() * (3 + len(slots)))
    if at == 0:
        changed = _other_quantity(clause, clauses, rng)
    elif at == 1:
        changed = _other_noun(clause, clauses, rng)
    elif at == 2:
        changed = _other_verb(clause, rng)
    else:
        changed = _other_detail(clause, slots[at - 3], clauses, rng)
    return changed if changed in clauses else clause


def _other_quantity(clause: Clause, clauses: Clauses, rng: Random) -> Clause:
    noun = clause.subject.noun
    others = [known for known in clauses.quantities(noun) if known != quantity(clause)]
    if not others:
        return clause
    quantifier, negated = pick(others, rng)
    return Clause(Subject(quantifier, noun), clause.predicate, negated)


def _other_noun(clause: Clause, clauses: Clauses, rng: Random) -> Clause:
    """Another noun or person; from a person to a noun or back, the quantifier changes and the polarity stays."""
    noun, own = clause.subject.noun, quantity(clause)
    other = pick(pick(_related_nouns(noun), rng), rng)
    if (other in PERSONS) != (noun in PERSONS):
        fitting = [q for q in clauses.quantities(other) if denies(q) == denies(own)]
        if not fitting:
            return clause
        own = pick(fitting, rng)
    return Clause(Subject(own[0], other), clause.predicate, own[1])


def _other_verb(clause: Clause, rng: Random) -> Clause:
    verb = pick(pick(_related_verbs(clause.predicate.verb), rng), rng)
    said = [detail for _, detail in predicate_details(clause.predicate)]
    return Clause(clause.subject, Predicate(verb, *said), clause.negated)


def _other_detail(clause: Clause, slot: Slot, clauses: Clauses, rng: Random) -> Clause:
    """Adds a detail, or drops it, or puts another in its place."""
    predicate, known = clause.predicate, clauses.details(clause.subject.noun, clause.predicate.verb)[slot]
    now = dict(predicate_details(predicate))[slot]
    others = [detail for detail in known if detail != now]
    drop = now is not None and (not others or rng.random() < 0.5)
    changed = with_detail(predicate, slot, None if drop else pick(others, rng))
    return Clause(clause.subject, changed, clause.negated)


@cache
def _related_nouns(noun: str) -> tuple[tuple[str, ...], ...]:
    """Nouns and persons above, below and beside a noun or person: those of these three groups that are not empty."""
    if noun in PERSONS:
        return ancestors(kind(noun), NOUNS), tuple(person for person in PERSONS if person != noun)
    named = tuple(person.id for person in PERSONS.values() if noun in ancestors(person.noun, NOUNS))
    return (*_related(noun, NOUNS), *((named,) if named else ()))


@cache
def _related_verbs(verb: str) -> tuple[tuple[str, ...], ...]:
    """Verbs above, below and beside a verb: those of these three groups that are not empty."""
    return _related(verb, VERBS)


def _related(concept: str, table: dict[str, Noun] | dict[str, Verb]) -> tuple[tuple[str, ...], ...]:
    above = ancestors(concept, table)[1:]
    below = tuple(other for other in table if other != concept and concept in ancestors(other, table))
    beside = tuple(other for other in table if other != concept and table[other].parent == table[concept].parent)
    return tuple(group for group in (above, below, beside) if group)
