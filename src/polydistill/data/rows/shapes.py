"""The shape every source brings its rows into.

A corpus is one Arrow table (`datasets.Dataset`) a language, with the columns that a `RowShape` names: its text
columns and, where it has labels, an integer column `label` that indexes `RowShape.labels` (of tagged words a list of
them, one a word; of questions the place of the right choice; of questions on a context the answers that it holds).
Labels may be absent (unlabelled text). Where several labels may hold, and where labels are soft, it is a list with a
share for each label (`nan`: one of those that share the rest); where a number is said, that number. In an aligned
corpus row i says the same in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datasets import Dataset


LABEL = "label"
Problem = Literal["single", "several", "number"]


@dataclass(frozen=True)
class RowShape:
    """Which text columns a row has, in the order a model reads them, and the names of its labels in index order."""

    texts: tuple[str, ...]
    labels: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    """Those of the texts that are lists of texts: the words of a sentence, the choices of a question."""
    tagged: bool = False
    """Whether a row has a label for each word, and not one."""
    needed: tuple[str, ...] = ()
    """Those of the texts without which a row is left out; the others may be empty. None named: all must be there."""
    missing: tuple[str, ...] = ()
    """What a source writes where it has no text, beside nothing at all."""
    spellings: tuple[tuple[str, str], ...] = ()
    """How else labels are written: (as it is written, the label that is meant)."""
    problem: Problem = "single"
    """What is said of a row: one of the labels, any of them (each decided alone), or a number."""
    own: bool = False
    """Whether it is of a task of one's own, whose columns may have any of their usual names."""
    written: bool = False
    """Whether labels stay as they are written: a list of texts a row, to see which there are."""
    spans: bool = False
    """Whether a row is answered by a part of its last text: `label` is then a mapping of answers as SQuAD has it on the
    hub, `text` and `answer_start` (characters), and `labels` are the ends of an answer."""

    @property
    def may_have_labels(self) -> bool:
        """Whether its rows may have a label beside their texts."""
        return bool(self.labels) or self.problem == "number" or self.written

    @property
    def outputs(self) -> int:
        """How many numbers a head gives for a row or word."""
        return 1 if self.problem == "number" else len(self.labels)

    @property
    def parts(self) -> str:
        """What a model does to parts of a row's text; empty where it says one thing of the whole row."""
        return "tags words" if self.tagged else "marks words of a text" if self.spans else ""


PAIR_OF_SENTENCES = RowShape(("premise", "hypothesis"), ("entailment", "neutral", "contradiction"))
SENTENCE = RowShape(("text",))
WORDS = RowShape(
    ("tokens",), ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"), lists=("tokens",), tagged=True
)
REVIEW = RowShape(
    ("review_body", "review_title", "product_category"), ("1", "2", "3", "4", "5"), needed=("review_body",)
)
CHOICES = RowShape(("premise", "question", "choices"), lists=("choices",))
PARAPHRASES = RowShape(
    ("sentence1", "sentence2"), ("0", "1"), needed=("sentence1", "sentence2"), missing=("NS",)
)  # PAWS-X: 1 says the same, 0 does not; a sentence that could not be translated is "NS", or is not there
ANSWERS = RowShape(("question", "context"), ("start", "end"), needed=("question", "context"), spans=True)


@dataclass(frozen=True)
class Corpus:
    """Rows by language (two-letter codes).

    `skipped` counts, by language and reason, the rows of the source that were left out (such as "no gold label");
    `corrected` those that were put right.
    """

    shape: RowShape
    rows: Mapping[str, Dataset] = field(repr=False)
    aligned: bool = True
    skipped: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    corrected: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, in the order they were asked for."""
        return tuple(self.rows)

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by language."""
        return {language: len(rows) for language, rows in self.rows.items()}
