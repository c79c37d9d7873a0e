"""Swahili: subject, verb, object, manner, place, time; "alone" after an object is a clause of its own at the end.

The verb and "alone" agree with the noun class of the subject, by its subject prefix. "No dog is running" is "there is
no dog that is running", with the relative form of the verb.
"""

from polydistill.world.concepts import NOUNS
from polydistill.world.grammar import Table
from polydistill.world.meaning import Clause, Predicate, Quantifier, Subject

AND = "na"


def clause(clause: Clause, table: Table) -> str:
    """Say one clause, as in "hakuna mbwa anayekula tufaha kimyakimya bustanini asubuhi"."""
    said = clause.predicate
    subject, prefix = _subject(clause.subject, table)
    manner, closing = _manner(said, prefix, table)
    time = _phrase(table, "times", said.time)
    time_first = table["verbs"][said.verb].get("time_first", False)
    words = [
        time if time_first else "",
        subject,
        _verb(clause, prefix, table),
        _phrase(table, "objects", said.object),
        manner,
        _phrase(table, "places", said.place),
        "" if time_first else time,
        closing,
    ]
    return " ".join(word for word in words if word)


def _subject(subject: Subject, table: Table) -> tuple[str, str]:
    """The subject, and the subject prefix of what agrees with it."""
    if subject.quantifier is Quantifier.NAMED:
        return table["persons"][subject.noun]["name"], "a"
    quantifier, noun = table["quantifiers"][subject.quantifier], table["nouns"][subject.noun]
    return f"{quantifier['word']} {noun[quantifier['noun']]}".strip(), noun[quantifier["number"]]


def _verb(clause: Clause, prefix: str, table: Table) -> str:
    forms = table["verbs"][clause.predicate.verb]
    if clause.predicate.object is None:
        forms = forms.get("bare", forms)
    if _is_animal(clause.subject):
        forms = forms.get("animal", forms)
    affirmed = "relative" if clause.subject.quantifier is Quantifier.NO else "positive"
    return str(forms["negative" if clause.negated else affirmed][prefix])


def _is_animal(subject: Subject) -> bool:
    return subject.quantifier is not Quantifier.NAMED and NOUNS[subject.noun].sort == "animal"


def _manner(said: Predicate, prefix: str, table: Table) -> tuple[str, str]:
    """The manner where it follows the verb or its object, and where it closes the sentence; one of them is empty."""
    if said.manner is None:
        return "", ""
    own = table["verbs"][said.verb].get("manners", {})
    forms = own.get(said.manner, table["manners"][said.manner])
    if "phrase" in forms:
        return forms["phrase"], ""
    return (forms["agreeing"][prefix], "") if said.object is None else ("", forms["clause"][prefix])


def _phrase(table: Table, section: str, concept: str | None) -> str:
    """The phrase for a detail, empty where nothing is said."""
    return str(table[section][concept]["phrase"]) if concept else ""
