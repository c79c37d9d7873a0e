"""English: subject, "is" or "are", ("not",) -ing form, object, manner, place, time."""

from polydistill.world.grammar import Table
from polydistill.world.meaning import Clause, Quantifier, Subject

AND = "and"


def clause(clause: Clause, table: Table) -> str:
    """Say one clause, as in "no dog is sleeping quietly in the garden at noon"."""
    said = clause.predicate
    subject, number = _subject(clause.subject, table)
    words = [
        subject,
        table["be"][number]["negative" if clause.negated else "positive"],
        table["verbs"][said.verb]["with_object" if said.object else "bare"],
    ]
    details = (("objects", said.object), ("manners", said.manner), ("places", said.place), ("times", said.time))
    words += [table[section][concept]["phrase"] for section, concept in details if concept]
    return " ".join(words)


def _subject(subject: Subject, table: Table) -> tuple[str, str]:
    """The subject, and the number ("sg" or "pl") that its verb agrees with."""
    if subject.quantifier is Quantifier.NAMED:
        return table["persons"][subject.noun]["name"], "sg"
    quantifier = table["quantifiers"][subject.quantifier]
    number = quantifier["number"]
    return f"{quantifier['word']} {table['nouns'][subject.noun][number]}", number
