"""Spanish: subject, verb, object, manner, place, time; "no" before a negated verb, "ningún" for "no"."""

from polydistill.world.concepts import NOUNS
from polydistill.world.grammar import Table
from polydistill.world.meaning import Clause, Quantifier, Subject

AND = "y"


def clause(clause: Clause, table: Table) -> str:
    """Say one clause, as in "ninguna mujer come ninguna manzana en el jardín por la mañana"."""
    said = clause.predicate
    subject, number = _subject(clause.subject, table)
    verb = table["verbs"][said.verb]
    without_object = {} if said.object else table["without_object"].get(said.verb, {})
    words = [subject, "no"] if clause.negated else [subject]
    words.append(without_object.get(number) or verb[number])
    if said.object:
        under_negation = clause.negated or clause.subject.quantifier is Quantifier.NO
        words.append(table["objects"][said.object]["negative" if under_negation else "affirmative"])
    if said.manner:
        words.append(verb.get(said.manner) or _manner(said.manner, clause.subject, table))
    if said.place:
        words.append(table["places"][said.place][verb.get("place", "in")])
    if said.time:
        words.append(verb.get(said.time) or table["times"][said.time]["phrase"])
    return " ".join(words)


def _subject(subject: Subject, table: Table) -> tuple[str, str]:
    """A name, or determiner and noun ("algunas mujeres"), and the number that the verb agrees with."""
    if subject.quantifier is Quantifier.NAMED:
        return table["persons"][subject.noun]["name"], "sg"
    noun, determiner = table["nouns"][subject.noun], table["quantifiers"][subject.quantifier]
    word = noun.get(subject.quantifier.value) or determiner[noun["gender"]]
    return f"{word} {noun[determiner['number']]}", determiner["number"]


def _manner(manner: str, subject: Subject, table: Table) -> str:
    """The phrase for this manner, or the one for subjects of this sort where there is one."""
    forms: dict[str, str] = table["manners"][manner]
    sort = "person" if subject.quantifier is Quantifier.NAMED else NOUNS[subject.noun].sort
    return forms.get(sort) or forms["phrase"]
