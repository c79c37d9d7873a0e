"""Named-entity tagging (WikiAnn): a word's tag is what the model says of its first sub-token; F1 counts whole entities.

Long sentences are read in windows, whose words together are the sentence. An entity is right where its first word, last
word and kind are; F1 = 2 right / (said + gold), over all sentences together, as the package `seqeval` counts.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from polydistill.data.batches.encoding import Floats, Ragged
from polydistill.data.batches.masking import IGNORED
from polydistill.data.batches.windows import Windows, encode_words
from polydistill.data.rows.shapes import LABEL, WORDS, RowShape
from polydistill.results import Score, entity_score, score_of
from polydistill.tasks.classification import confusion
from polydistill.tasks.reading import token_logits
from polydistill.tasks.spec import TaskSpec
from polydistill.tasks.task import Answer, Record, TaggedWords, Task, shares

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

    from polydistill.tasks.reading import Student

Tags = list[list[int]]
_OUTSIDE = "O"
_CHUNKED = re.compile("[BIES]-.+")


class Tagging(Task[Windows, Tags]):
    """A task whose rows are words with a tag each."""

    head_class: ClassVar[str] = "AutoModelForTokenClassification"

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Dataset, max_length: int) -> Windows:
        """Windows of the sentences."""
        return encode_words(tokenizer, rows["tokens"][:], max_length)

    def labels(self, text: Windows, rows: Dataset) -> Ragged:
        """The tag of each word at its first sub-token, and `IGNORED` elsewhere; or the shares of all tags, and 0."""
        tags = np.array([tag for tags in rows[LABEL][:] for tag in tags])
        kind, fill = (np.float32, 0) if tags.dtype.kind == "f" else (np.int64, IGNORED)
        flat = np.full((len(text.columns["input_ids"]), *tags.shape[1:]), fill, dtype=kind)
        flat[text.token_N] = tags[text.word_N]
        return Ragged(flat, text.offsets, fill)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy with the tag, or with the shares of all tags, mean over words."""
        from polydistill.objectives.classes import cross_entropy, soft_cross_entropy

        tagged_BL = _tagged(labels)
        learned = soft_cross_entropy if labels.is_floating_point() else cross_entropy
        return learned(logits[tagged_BL], labels[tagged_BL])

    def count(self, labels: Tensor) -> int:
        """Words."""
        return int(_tagged(labels).sum())

    def gold(self, rows: Dataset) -> Tags:
        """The tags of each sentence."""
        return list(rows[LABEL][:])

    def say(self, student: Student, text: Windows, language: str | None, device: torch.device | None) -> Tags:
        """The tag with the largest logit, by word; words that no model gets to see are outside."""
        return by_sentence(self.word_logits(student, text, language, device).argmax(-1), text)

    def score(self, language: str, said: Tags, gold: Tags, split: str = "test", data_fingerprint: str = "") -> Score:
        """F1 over entities, with the counts by sentence."""
        counts = [entity_counts(*pair) for pair in zip(self._names(said), self._names(gold), strict=True)]
        found = entity_score(language, np.array(counts, dtype=np.int64).reshape(-1, 3), split, data_fingerprint)
        return found.model_copy(update=kind_counts(self._names(said), self._names(gold)))

    def answers(
        self, student: Student, text: Windows, rows: Dataset, language: str | None, device: torch.device | None
    ) -> list[Answer]:
        """Tags and their probabilities, by word."""
        logits = self.word_logits(student, text, language, device)
        names = self._names(by_sentence(logits.argmax(-1), text))
        sure = iter(shares(logits).max(-1).tolist())
        return [
            TaggedWords(tuple(words), tuple(tags), tuple(next(sure) for _ in words))
            for words, tags in zip(rows["tokens"], names, strict=True)
        ]

    def written(self, row: Record) -> dict[str, Any]:
        """As WikiAnn has it on the hub, tags by name."""
        return {"tokens": list(row["tokens"]), "ner_tags": [self.shape.labels[tag] for tag in row[LABEL]]}

    def right(self, row: Record) -> list[str]:
        """The tags by name."""
        return [self.shape.labels[tag] for tag in row[LABEL]]

    def row(self, given: object) -> Record:
        """Words, or a text whose words stand between spaces (alone, or under `text`)."""
        return super().row(_split(given))

    def wrong_with(self, given: object) -> str:
        """As `row` reads it."""
        return super().wrong_with(_split(given))

    def word_logits(self, student: Student, text: Windows, language: str | None, device: torch.device | None) -> Floats:
        """The logits of every word of all sentences, in order; words that no model gets to see are outside."""
        labels = self.shape.labels
        tokens_NC = token_logits(student, text, len(labels), language, device)
        words_NC = np.full((int(text.words.sum()), len(labels)), -np.inf, dtype=np.float32)
        words_NC[:, labels.index(_OUTSIDE) if _OUTSIDE in labels else 0] = 0.0
        words_NC[text.word_N] = tokens_NC[text.token_N]
        return words_NC

    def _names(self, tags: Tags) -> list[list[str]]:
        return [[self.shape.labels[tag] for tag in some] for some in tags]


def entity_counts(said: list[str], gold: list[str]) -> tuple[int, int, int]:
    """Of one sentence: entities that are right, that were said, and that there are."""
    from seqeval.metrics.sequence_labeling import get_entities  # here: it imports scikit-learn, which takes a while

    found, there = set(get_entities(said)), set(get_entities(gold))
    return len(found & there), len(found), len(there)


def kind_counts(said: list[list[str]], gold: list[list[str]]) -> dict[str, Any]:
    """Of each kind of entity, how many are right, were said, and are there."""
    from seqeval.metrics.sequence_labeling import get_entities

    sides = [
        {(row, *entity) for row, tags in enumerate(some) for entity in get_entities(tags)} for some in (said, gold)
    ]
    counts = [Counter(entity[1] for entity in some) for some in (sides[0] & sides[1], *sides)]
    kinds = sorted(counts[1] | counts[2])
    return {"labels": tuple(kinds), "by_label": tuple(tuple(one[kind] for one in counts) for kind in kinds)}


def by_sentence(flat: Any, text: Windows) -> list[Any]:
    """What there is of every word, as a list a sentence."""
    return [part.tolist() for part in np.split(flat, np.cumsum(text.words)[:-1])]


def _tagged(labels: Tensor) -> Tensor:
    """Where there is a tag, or shares of tags."""
    return labels.sum(-1) > 0 if labels.is_floating_point() else labels != IGNORED


def _split(given: object) -> object:
    """A row with `tokens`, from a text alone, from one under `text`, or from a list of words."""
    if isinstance(given, dict) and isinstance(given.get("text"), str) and "tokens" not in given:
        return {**given, "tokens": given["text"].split()}
    if isinstance(given, str):
        return {"tokens": given.split()}
    return {"tokens": list(given)} if isinstance(given, list | tuple) else given


class WordTagging(Tagging):
    """A task whose words have tags that stand alone, such as parts of speech. Accuracy is the share of words."""

    def score(self, language: str, said: Tags, gold: Tags, split: str = "test", data_fingerprint: str = "") -> Score:
        """Accuracy, with right and wrong by word."""
        pairs = zip(itertools.chain.from_iterable(said), itertools.chain.from_iterable(gold), strict=True)
        both = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
        found = score_of(language, both[:, 0] == both[:, 1], split, data_fingerprint)
        return found.model_copy(update=confusion(both[:, 1], both[:, 0], self.shape.labels))


_EXAMPLE = '{"tokens": ["...", "..."]}'
NER = Tagging("ner", WORDS, "f1", _EXAMPLE)


def tagging(spec: TaskSpec) -> Tagging:
    """A task of one's own on words: entities where its tags are written `B-PER`, else tags that stand alone."""
    shape = RowShape(WORDS.texts, spec.labels, lists=WORDS.lists, tagged=True, spellings=spec.spellings, own=True)
    if all(tag == _OUTSIDE or _CHUNKED.fullmatch(tag) for tag in spec.labels):
        return Tagging("tags", shape, "f1", _EXAMPLE)
    return WordTagging("tags", shape, "accuracy", _EXAMPLE)
