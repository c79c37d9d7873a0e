"""The sentences that the pages of docs/world_languages show are those that the grammars say."""

from pathlib import Path

import pytest

from polydistill.world.grammar import grammar
from polydistill.world.meaning import Clause, Meaning, Predicate, Quantifier, Subject

PAGES = Path(__file__).parents[2] / "docs" / "world_languages"
EVERY, SOME, NO, TWO, THREE, NAMED = Quantifier

SAMPLES = (
    Meaning((Clause(Subject(EVERY, "dog"), Predicate("run", place="forest")),)),
    Meaning((Clause(Subject(SOME, "girl"), Predicate("play", place="house", manner="quietly")),)),
    Meaning((Clause(Subject(NO, "train"), Predicate("arrive", place="village", time="night")),)),
    Meaning((Clause(Subject(TWO, "bus"), Predicate("stop", place="street"), negated=True),)),
    Meaning((Clause(Subject(THREE, "rose"), Predicate("wither", place="garden", time="today")),)),
    Meaning((Clause(Subject(NAMED, "anna"), Predicate("eat", "apple", "park", "morning", "slowly")),)),
    Meaning((Clause(Subject(NAMED, "anna"), Predicate("eat", "apple", "park"), negated=True),)),
    Meaning((Clause(Subject(SOME, "teacher"), Predicate("read", "letter", manner="alone"), negated=True),)),
    Meaning((Clause(Subject(NO, "horse"), Predicate("eat", "food", time="evening")),)),
    Meaning((Clause(Subject(EVERY, "farmer"), Predicate("buy", place="market", time="noon")),)),
    Meaning((Clause(Subject(NAMED, "omar"), Predicate("rest", time="evening"), negated=True),)),
    Meaning(
        (
            Clause(Subject(EVERY, "child"), Predicate("sing", manner="quietly")),
            Clause(Subject(NO, "bird"), Predicate("move", place="city")),
        )
    ),
)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_the_samples_of_the_page_are_what_the_grammar_says(language: str) -> None:
    lines = (PAGES / f"{language}.md").read_text(encoding="utf-8").splitlines()
    shown = [line for line in lines if line.startswith("|")][2:]
    if language == "en":
        assert shown == [f"| {grammar('en').sentence(meaning)} |" for meaning in SAMPLES]
    else:
        said = [(grammar(language).sentence(meaning), grammar("en").sentence(meaning)) for meaning in SAMPLES]
        assert shown == [f"| {sentence} | {english} |" for sentence, english in said]
