"""Questions with choices (SIQA, COPA, XCOPA): each choice is read with premise and question, the largest logit wins.

    <s> premise </s> </s> question </s> </s> choice </s>          (monolingual components, footnote 4, for SIQA)

A question of COPA and XCOPA is the word `cause` or `effect`; a model reads the sentence that COPA has for it, in
English whatever the language of the row is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from polydistill.data.batches.encoding import Encoded
from polydistill.data.batches.questions import encode_choices
from polydistill.data.rows.choices import choice_names
from polydistill.data.rows.shapes import CHOICES, LABEL
from polydistill.tasks.classification import Classification, predictions
from polydistill.tasks.reading import row_logits
from polydistill.tasks.task import Answer, Record

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

QUESTIONS = {"cause": "What was the CAUSE of this?", "effect": "What happened as a RESULT?"}  # COPA's own words


class MultipleChoice(Classification):
    """A task whose rows are a premise, a question and choices; the label is the place of the right choice."""

    head_class: ClassVar[str] = "AutoModelForMultipleChoice"

    def encode(self, tokenizer: PreTrainedTokenizerBase, rows: Dataset, max_length: int) -> Encoded:
        """One text a choice."""
        questions = [QUESTIONS.get(question, question) for question in rows["question"][:]]
        return encode_choices(tokenizer, list(rows["premise"]), questions, list(rows["choices"]), max_length)

    def answers(self, student: Any, text: Encoded, rows: Dataset, language: str | None, device: Any) -> list[Answer]:
        """Of each row the name of the choice (`choice1`, ...), and every choice's probability."""
        del rows
        logits = row_logits(student, text, language, device=device)
        return predictions(logits, choice_names(logits.shape[-1]))

    def written(self, row: Record) -> dict[str, Any]:
        """As COPA's files have it: a key a choice, the label a number from 0."""
        texts = {"premise": row["premise"], "question": row["question"]}
        return {**texts, **dict(zip(choice_names(len(row["choices"])), row["choices"], strict=True)), LABEL: row[LABEL]}

    def right(self, row: Record) -> str:
        """The name of the right choice."""
        return choice_names(len(row["choices"]))[row[LABEL]]

    def named(self, given: object) -> object:
        """Also choices under keys of their own, as in COPA's files."""
        if not isinstance(given, dict) or "choices" in given:
            return given
        names = [name for name in choice_names(len(given)) if name in given]
        return {**given, "choices": [given[name] for name in names]} if names else given

    def wrong_with(self, given: object) -> str:
        """Also a choice without another."""
        given = self.named(given)
        wrong = super().wrong_with(given)
        if not wrong and isinstance(given, dict) and len(given["choices"]) < 2:
            return "one choice"
        return wrong


CHOICE = MultipleChoice(
    "choice", CHOICES, "accuracy", '{"premise": "...", "question": "cause", "choice1": "...", "choice2": "..."}'
)
