"""Rows of the mini-world in the shapes of every other source, aligned across its languages."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from polydistill.data.rows.answers import START, TEXT
from polydistill.data.rows.shapes import (
    ANSWERS,
    CHOICES,
    LABEL,
    PAIR_OF_SENTENCES,
    PARAPHRASES,
    REVIEW,
    SENTENCE,
    WORDS,
    Corpus,
    RowShape,
)
from polydistill.data.rows.sources import WorldSource
from polydistill.world.causes import say
from polydistill.world.corpora import World
from polydistill.world.nli import NliPair
from polydistill.world.paraphrases import say as rephrased
from polydistill.world.reviews import reading
from polydistill.world.stories import read
from polydistill.world.tables import Folder

Columns = dict[str, list[Any]]


def load_world(source: WorldSource, shape: RowShape, languages: Sequence[str]) -> Corpus:
    """Rows of a task, or sentences, that say the same in every language."""
    from datasets import Dataset

    made = world_columns(source, shape, languages)
    return Corpus(shape, {code: Dataset.from_dict(columns) for code, columns in made.items()})


def world_columns(source: WorldSource, shape: RowShape, languages: Sequence[str]) -> dict[str, Columns]:
    """The same, by language and column, without a table."""
    makers = {
        PAIR_OF_SENTENCES: _pairs,
        PARAPHRASES: _paraphrases,
        SENTENCE: _sentences,
        WORDS: _words,
        CHOICES: _questions,
        REVIEW: _reviews,
        ANSWERS: _stories,
    }
    if shape not in makers:
        known = "; ".join(", ".join(one.texts) for one in makers)
        raise ValueError(
            f"The mini-world has no rows with the columns {', '.join(shape.texts)}. It has {known}: "
            "use one of these shapes, or a file: or hub: source."
        )
    for option in ("mixed", "opinions", "stories"):
        if getattr(source, option) and shape != SENTENCE:
            raise ValueError(
                f"{option}=true is for text without labels; rows of a task are of that task. Leave it out."
            )
    return makers[shape](_world(source), source, languages)


def world_content(source: WorldSource, shape: RowShape) -> list[str]:
    """What the rows of a source are made from, as a fingerprint; of a task, its own words too."""
    world = _world(source)
    if shape == WORDS:
        return [world.fingerprint_with("entities")]
    if shape == CHOICES:
        return [world.fingerprint_with("events")]
    if shape == REVIEW:
        return [world.fingerprint_with("opinions")]
    if shape == ANSWERS:
        return [world.fingerprint_with("entities"), world.fingerprint_with("days")]
    words: list[Folder] = ["entities", "events"] if source.mixed else []
    words += ["opinions"] if source.opinions else []
    words += ["entities", "days"] if source.stories else []
    return [world.fingerprint_with(folder) for folder in words] or [world.fingerprint]


def _world(source: WorldSource) -> World:
    return World(seed=source.seed, difficulty=source.difficulty)


def _sentences(world: World, source: WorldSource, languages: Sequence[str]) -> dict[str, Columns]:
    if source.mixed or source.opinions or source.stories:
        said = world.mixed(source.split, source.rows, source.mixed, source.opinions, source.stories)
        return {code: {"text": world.mixed_text(said, code)} for code in languages}
    meanings = world.meanings(source.split, source.rows)
    return {code: {"text": world.sentences(meanings, code)} for code in languages}


def _pairs(world: World, source: WorldSource, languages: Sequence[str]) -> dict[str, Columns]:
    pairs = _labelled_pairs(source)
    labels = [pair.label for pair in pairs]
    rows: dict[str, Columns] = {}
    for code in languages:
        premises = world.sentences([pair.premise for pair in pairs], code)
        hypotheses = world.sentences([pair.hypothesis for pair in pairs], code)
        rows[code] = {"premise": premises, "hypothesis": hypotheses, LABEL: labels}
    return rows


@lru_cache(maxsize=8)
def _labelled_pairs(source: WorldSource) -> list[NliPair]:
    """The pairs themselves, which every language and every run of a process share."""
    return _world(source).nli(source.split, source.rows)


def _words(world: World, source: WorldSource, languages: Sequence[str]) -> dict[str, Columns]:
    mentions = world.mentions(source.split, source.rows)
    index = {tag: at for at, tag in enumerate(WORDS.labels)}
    rows: dict[str, Columns] = {}
    for code in languages:
        tagged = world.tagged(mentions, code)
        labels = [[index[tag] for tag in tags] for _, tags in tagged]
        rows[code] = {"tokens": [words for words, _ in tagged], LABEL: labels}
    return rows


def _questions(world: World, source: WorldSource, languages: Sequence[str]) -> dict[str, Columns]:
    asked = world.questions(source.split, source.rows)
    return {
        code: {
            "premise": [say(one.premise, code) for one in asked],
            "question": [one.asks for one in asked],
            "choices": [[say(choice, code) for choice in one.choices] for one in asked],
            LABEL: [one.label for one in asked],
        }
        for code in languages
    }


def _reviews(world: World, source: WorldSource, languages: Sequence[str]) -> dict[str, Columns]:
    reviews = world.reviews(source.split, source.rows)
    labels = [review.stars - 1 for review in reviews]
    rows: dict[str, Columns] = {}
    for code in languages:
        texts = zip(*(reading(review, code) for review in reviews), strict=True)
        rows[code] = {**dict(zip(REVIEW.texts, map(list, texts), strict=True)), LABEL: labels}
    return rows


def _paraphrases(world: World, source: WorldSource, languages: Sequence[str]) -> dict[str, Columns]:
    pairs = world.rephrasings(source.split, source.rows)
    return {
        code: {
            "sentence1": [rephrased(pair.first, code) for pair in pairs],
            "sentence2": [rephrased(pair.second, code) for pair in pairs],
            LABEL: [pair.label for pair in pairs],
        }
        for code in languages
    }


def _stories(world: World, source: WorldSource, languages: Sequence[str]) -> dict[str, Columns]:
    asked = world.story_questions(source.split, source.rows)
    rows: dict[str, Columns] = {}
    for code in languages:
        readings = [read(one, code) for one in asked]
        answers = [{TEXT: [reading.text], START: [reading.answer[0]]} for reading in readings]
        questions, contexts = ([getattr(one, name) for one in readings] for name in ANSWERS.texts)
        rows[code] = {"question": questions, "context": contexts, LABEL: answers}
    return rows
