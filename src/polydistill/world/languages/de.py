"""German: subject, verb, "sich", then what stands in the middle, then the particle of a separable verb.

The middle is time, "nicht", manner, place; before an object it is time, place, "nicht", manner, object, so that the
manner stands at what it tells of ("isst im Park leise Brot"). Without a manner, it is the object that is denied, by
"kein" ("isst im Park kein Brot"); with one, "nicht" denies both ("isst nicht leise Brot", not "isst leise kein Brot").
"""

from collections.abc import Mapping
from typing import Any

from polydistill.world.concepts import NOUNS
from polydistill.world.grammar import Table
from polydistill.world.meaning import Clause, Predicate, Quantifier, Subject

AND = "und"


def clause(clause: Clause, table: Table) -> str:
    """Say one clause, as in "Anna steht am Morgen nicht leise im Garten auf"."""
    said = clause.predicate
    subject, number = _subject(clause.subject, table)
    verb = table["verbs"][said.verb]
    finite = _for_sort(verb, clause.subject)[number]
    if said.object:
        middle = _middle_with_object(clause, _for_sort(table["objects"][said.object], clause.subject), table)
    else:
        middle = _middle_without_object(clause, table)
    words = [subject, finite, verb.get("reflexive", ""), *middle, _particle(said, table)]
    return " ".join(word for word in words if word)


def _middle_without_object(clause: Clause, table: Table) -> list[str]:
    said = clause.predicate
    return [
        _phrase(table, "times", said.time),
        "nicht" if clause.negated else "",
        _phrase(table, "manners", said.manner),
        _phrase(table, "places", said.place),
    ]


def _middle_with_object(clause: Clause, thing: Mapping[str, str], table: Table) -> list[str]:
    said = clause.predicate
    object_denied = clause.negated and said.manner is None
    return [
        _phrase(table, "times", said.time),
        _phrase(table, "places", said.place),
        "nicht" if clause.negated and not object_denied else "",
        _phrase(table, "manners", said.manner),
        thing["denied" if object_denied else "phrase"],
    ]


def _subject(subject: Subject, table: Table) -> tuple[str, str]:
    """The subject, and the number ("sg" or "pl") that its verb agrees with."""
    if subject.quantifier is Quantifier.NAMED:
        return table["persons"][subject.noun]["name"], "sg"
    quantifier, noun = table["quantifiers"][subject.quantifier], table["nouns"][subject.noun]
    number = quantifier["number"]
    return f"{quantifier[noun['gender']]} {noun[number]}", number


def _for_sort(forms: Mapping[str, Any], subject: Subject) -> Mapping[str, Any]:
    """The forms for animals ("frisst Futter") where there are some and the subject is one, or else the common ones."""
    is_animal = subject.quantifier is not Quantifier.NAMED and NOUNS[subject.noun].sort == "animal"
    chosen: Mapping[str, Any] = forms.get("animal", forms) if is_animal else forms
    return chosen


def _phrase(table: Table, section: str, concept: str | None) -> str:
    """The phrase for a detail, empty where nothing is said."""
    phrase: str = table[section][concept]["phrase"] if concept else ""
    return phrase


def _particle(said: Predicate, table: Table) -> str:
    """The particle at the end of the clause ("steht ... auf"), empty for a verb that is in one piece."""
    verb = table["verbs"][said.verb]
    particle: str = verb.get("particle", "") if said.object else verb.get("particle", verb.get("bare_particle", ""))
    return particle
