"""Star rating of reviews (MARC): the body is the first text, title and category are the second; one to five stars.

    <s> body </s> </s> title category </s>          (MultiKD / MBLM, "Data Processing")

Two scores a language: accuracy, which selects, and `mae`, the mean absolute error of the number of stars. A mean of 0.4
is printed x 100, as 40.0; the lower the better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from polydistill.data.batches.encoding import Encoded, Ints, encode_texts
from polydistill.data.rows.reviews import STARS
from polydistill.data.rows.shapes import LABEL, REVIEW
from polydistill.results import Score, error_score
from polydistill.tasks.classification import Classification
from polydistill.tasks.task import Record

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase


class StarRating(Classification):
    """A task whose rows are reviews with a body, a title and a category; the label is the number of stars, less one."""

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Dataset, max_length: int) -> Encoded:
        """The body, and the title with the category."""
        body, *rest = (rows[name][:] for name in self.shape.texts)
        beside = [" ".join(filter(None, texts)) for texts in zip(*rest, strict=True)]  # empty: a pair all the same
        return encode_texts(tokenizer, body, beside, max_length)

    def scores(
        self, language: str, said: Ints, gold: Ints, split: str = "test", data_fingerprint: str = ""
    ) -> tuple[Score, ...]:
        """Accuracy, and the mean absolute error of the stars with the error of each row."""
        error = error_score(language, np.abs(said - gold), split, data_fingerprint)
        return self.score(language, said, gold, split, data_fingerprint), error

    def written(self, row: Record) -> dict[str, Any]:
        """As MARC's files have it."""
        return {**{name: row[name] for name in self.shape.texts}, STARS: int(self.shape.labels[row[LABEL]])}

    def right(self, row: Record) -> str:
        """The number of stars."""
        return self.shape.labels[row[LABEL]]

    def row(self, given: object) -> Record:
        """Also a body alone."""
        return super().row({self.shape.needed[0]: given} if isinstance(given, str) else given)


STAR_RATING = StarRating(
    "stars",
    REVIEW,
    "accuracy",
    '{"review_body": "...", "review_title": "...", "product_category": "..."}',
    beside=("mae",),
)
