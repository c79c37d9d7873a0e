"""Turkish: subject, time, place, manner, object, verb; a place that is a goal or a source stands next to the verb.

The verb is singular throughout ("bazı köpekler koşuyor"), and negative after "hiçbir" ("hiçbir köpek koşmuyor").
"""

from polydistill.world.concepts import NOUNS, ancestors
from polydistill.world.grammar import Table
from polydistill.world.meaning import Clause, Predicate, Quantifier, Subject

AND = "ve"


def clause(clause: Clause, table: Table) -> str:
    """Say one clause, as in "hiçbir köpek sabah bahçede sessizce elma yemiyor"."""
    said = clause.predicate
    words = [
        _subject(clause.subject, table),
        table["times"][said.time]["phrase"] if said.time else "",
        *_place_and_manner(said, table),
        table["objects"][said.object]["phrase"] if said.object else "",
        _verb(clause, table),
    ]
    return " ".join(word for word in words if word)


def _subject(subject: Subject, table: Table) -> str:
    if subject.quantifier is Quantifier.NAMED:
        return str(table["persons"][subject.noun]["name"])
    quantifier, noun = table["quantifiers"][subject.quantifier], table["nouns"][subject.noun]
    if subject.quantifier in noun:  # a pronoun, or a noun only for counting: "herkes", "iki kişi"
        return str(noun[subject.quantifier])
    return f"{quantifier['word']} {noun[quantifier['number']]}"


def _place_and_manner(said: Predicate, table: Table) -> tuple[str, str]:
    """In order, as in "parkta yavaşça koşuyor" but "yavaşça parka varıyor"; empty where nothing is said."""
    case = table["verbs"][said.verb].get("case", "locative")
    place = table["places"][said.place][case] if said.place else ""
    manner = table["manners"][said.manner]["phrase"] if said.manner else ""
    return (place, manner) if case == "locative" else (manner, place)


def _verb(clause: Clause, table: Table) -> str:
    forms = table["verbs"][clause.predicate.verb]
    if clause.predicate.object is None:
        forms = forms.get("bare", forms)
    if _is_flower(clause.subject):
        forms = forms.get("flower", forms)
    denied = clause.negated or clause.subject.quantifier is Quantifier.NO
    return str(forms["negative" if denied else "positive"])


def _is_flower(subject: Subject) -> bool:
    return subject.quantifier is not Quantifier.NAMED and "flower" in ancestors(subject.noun, NOUNS)
