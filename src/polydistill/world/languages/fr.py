"""French: subject, verb, object, manner, place, time; "ne ... pas" around a negated verb, "aucun ... ne" for "no"."""

from dataclasses import dataclass

from polydistill.world.grammar import Table
from polydistill.world.meaning import Clause, Quantifier, Subject

AND = "et"


@dataclass(frozen=True)
class _Subject:
    """The words of a subject, and what verb and manner agree with: number ("sg", "pl") and gender ("m", "f")."""

    words: str
    number: str
    gender: str


def clause(clause: Clause, table: Table) -> str:
    """Say one clause, as in "aucune femme ne mange de pomme dans le jardin le matin"."""
    said = clause.predicate
    subject = _subject(clause.subject, table)
    words = [subject.words, *_verb_phrase(clause, subject, table)]
    if said.place:
        words.append(table["places"][said.place]["phrase"])
    if said.time:
        words.append(table["verbs"][said.verb].get(said.time) or table["times"][said.time]["phrase"])
    return " ".join(words)


def _subject(subject: Subject, table: Table) -> _Subject:
    """A name, or determiner and noun ("certaines femmes")."""
    if subject.quantifier is Quantifier.NAMED:
        person = table["persons"][subject.noun]
        return _Subject(person["name"], "sg", person["gender"])
    noun, determiner = table["nouns"][subject.noun], table["quantifiers"][subject.quantifier]
    number, gender = determiner["number"], noun["gender"]
    return _Subject(f"{determiner[gender]} {noun[number]}", number, gender)


def _verb_phrase(clause: Clause, subject: _Subject, table: Table) -> list[str]:
    """The verb, with "ne" and "pas" where they are due, its object and its manner.

    The manner stands after the object ("ne mange pas de pomme lentement"), but "seul" before it ("ne boit pas seul de
    lait"): in "ne boit pas de lait seul" it could be the milk that is alone.
    """
    said = clause.predicate
    verb, objects = table["verbs"][said.verb], table["objects"][said.object] if said.object else {}
    if said.object is None and said.verb in table["without_object"]:
        verb = objects = table["without_object"][said.verb]
    denied = clause.negated or clause.subject.quantifier is Quantifier.NO
    manner = table["manners"][said.manner] if said.manner else {}
    words = [
        verb[f"ne_{subject.number}" if denied else subject.number],
        "pas" if clause.negated else "",
        manner.get(f"{subject.gender}_{subject.number}", ""),
        objects.get("negative" if denied else "affirmative", ""),
        verb.get(said.manner) or manner.get("phrase", ""),
    ]
    return [word for word in words if word]
