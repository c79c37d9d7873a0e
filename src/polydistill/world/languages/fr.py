"""French: subject, verb, manner, object, place, time; "ne ... pas" around a negated verb, "aucun ... ne" for "no"."""

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
    details = (("places", said.place), ("times", said.time))
    phrases = [table[section][concept]["phrase"] for section, concept in details if concept]
    return " ".join([subject.words, *_verb_phrase(clause, subject, table), *phrases])


def _subject(subject: Subject, table: Table) -> _Subject:
    """A name, or determiner and noun ("certaines femmes")."""
    if subject.quantifier is Quantifier.NAMED:
        person = table["persons"][subject.noun]
        return _Subject(person["name"], "sg", person["gender"])
    noun, determiner = table["nouns"][subject.noun], table["quantifiers"][subject.quantifier]
    number, gender = determiner["number"], noun["gender"]
    return _Subject(f"{determiner[gender]} {noun[number]}", number, gender)


def _verb_phrase(clause: Clause, subject: _Subject, table: Table) -> list[str]:
    """The verb, with "ne" and "pas" where they are due, its manner and its object.

    The adverb stands next to the verb ("mange lentement une pomme"), but "pas" and its "de" keep together: there the
    adverb comes after the object ("ne mange pas de pomme lentement").
    """
    said = clause.predicate
    verb, objects = table["verbs"][said.verb], table["objects"][said.object] if said.object else {}
    if said.object is None and said.verb in table["without_object"]:
        verb = objects = table["without_object"][said.verb]
    manner = [_manner(said.manner, subject, verb, table)] if said.manner else []
    if clause.negated or clause.subject.quantifier is Quantifier.NO:
        negation = ["pas"] if clause.negated else []
        thing = [objects["negative"]] if objects else []
        return [verb[f"ne_{subject.number}"], *negation, *thing, *manner]
    return [verb[subject.number], *manner, *([objects["affirmative"]] if objects else [])]


def _manner(manner: str, subject: _Subject, verb: dict[str, str], table: Table) -> str:
    """The verb's own phrase for this manner, or the common one, or the form that agrees with the subject."""
    forms: dict[str, str] = table["manners"][manner]
    return verb.get(manner) or forms.get("phrase") or forms[f"{subject.gender}_{subject.number}"]
