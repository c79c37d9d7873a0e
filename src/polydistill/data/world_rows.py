"""Rows of the mini-world in the shapes of every other source, aligned across its languages."""

from collections.abc import Sequence
from functools import lru_cache

from datasets import Dataset

from polydistill.data.rows import LABEL, PAIR_OF_SENTENCES, SENTENCE, Corpus, RowShape
from polydistill.data.sources import WorldSource
from polydistill.world.corpora import World
from polydistill.world.nli import NliPair


def load_world(source: WorldSource, shape: RowShape, languages: Sequence[str]) -> Corpus:
    """Sentence pairs with labels, or sentences, that say the same in every language."""
    world = World(seed=source.seed, difficulty=source.difficulty)
    if shape == PAIR_OF_SENTENCES:
        return _pairs(world, source, languages)
    if shape == SENTENCE:
        meanings = world.meanings(source.split, source.rows)
        rows = {code: Dataset.from_dict({"text": world.sentences(meanings, code)}) for code in languages}
        return Corpus(shape, rows)
    raise ValueError(
        f"The mini-world has no rows with the columns {', '.join(shape.texts)}. "
        f"It has {', '.join(PAIR_OF_SENTENCES.texts)} with labels, and {', '.join(SENTENCE.texts)}: use one of these "
        "shapes, or a file: or hub: source."
    )


def _pairs(world: World, source: WorldSource, languages: Sequence[str]) -> Corpus:
    pairs = _labelled_pairs(source)
    labels = [pair.label for pair in pairs]
    rows: dict[str, Dataset] = {}
    for code in languages:
        premises = world.sentences([pair.premise for pair in pairs], code)
        hypotheses = world.sentences([pair.hypothesis for pair in pairs], code)
        rows[code] = Dataset.from_dict({"premise": premises, "hypothesis": hypotheses, LABEL: labels})
    return Corpus(PAIR_OF_SENTENCES, rows)


@lru_cache(maxsize=8)
def _labelled_pairs(source: WorldSource) -> list[NliPair]:
    """The pairs themselves, which every language and every run of a process share."""
    return World(seed=source.seed, difficulty=source.difficulty).nli(source.split, source.rows)
