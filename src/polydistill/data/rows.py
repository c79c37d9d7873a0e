"""The shape every source brings its rows into.

A corpus is one Arrow table (`datasets.Dataset`) a language, with the columns that a `RowShape` names: its text columns
and, where it has labels, an integer column `label` that indexes `RowShape.labels` (of tagged words a list of them, one
a word; of questions the place of the right choice). Labels may be absent (unlabelled text). In an aligned corpus row i
says the same in every language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from datasets import Dataset

LABEL = "label"


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


PAIR_OF_SENTENCES = RowShape(("premise", "hypothesis"), ("entailment", "neutral", "contradiction"))
SENTENCE = RowShape(("text",))
WORDS = RowShape(
    ("tokens",), ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"), lists=("tokens",), tagged=True
)
REVIEW = RowShape(
    ("review_body", "review_title", "product_category"), ("1", "2", "3", "4", "5"), needed=("review_body",)
)
CHOICES = RowShape(("premise", "question", "choices"), lists=("choices",))


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
