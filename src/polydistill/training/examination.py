"""An examination as plain data: models as they are, and what is measured on them. Nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from polydistill.bounds import Seed
from polydistill.data.rows.load import fingerprint
from polydistill.data.rows.sources import Source
from polydistill.results import LanguageCode
from polydistill.retrieval.retrieval import Similarity
from polydistill.specs import Spec, hashed
from polydistill.training.run import Run, Start, before, made_by, resolved_start


class Retrieving(Spec):
    """Sentences that look for their translation in another language, and back."""

    languages: tuple[LanguageCode, ...] = Field(min_length=1)
    to: LanguageCode = "en"
    data: Source
    how: tuple[Similarity, ...] = Field(min_length=1)
    by_layer: bool = False
    """Layer i with layer i, one after the other."""

    @model_validator(mode="after")
    def _two_languages_each(self) -> Retrieving:
        if self.to in self.languages:
            raise ValueError(f"Retrieval needs two languages, not {self.to!r} and {self.to!r}.")
        return self


class Examination(Spec):
    """Which model reads each language, and what is measured. The name only labels it; all else is its identity."""

    kind: Literal["examination"] = "examination"
    name: str
    models: Mapping[LanguageCode, Start]
    """By the language they read; a polyglot stands under each of its languages."""
    retrieval: Retrieving
    seed: Seed = 0
    """That of the models' runs, so that tables can put the seeds together."""

    @model_validator(mode="after")
    def _somebody_reads_each_language(self) -> Examination:
        wanted = {self.retrieval.to, *self.retrieval.languages}
        if wanted != set(self.models):
            raise ValueError(
                f"There are models for {', '.join(sorted(self.models))}, but sentences in {', '.join(sorted(wanted))}. "
                "Give one model for each language that is looked at."
            )
        return self

    @property
    def first(self) -> tuple[Run, ...]:
        """The runs that must be done before, each once."""
        found = [run for model in self.models.values() if (run := before(model)) is not None]
        return tuple({run.outline: run for run in found}.values())

    @property
    def labels_seen(self) -> tuple[str, ...]:
        """Languages whose task labels any of the models has seen."""
        made = [one for one in map(made_by, self.models.values()) if one is not None]
        return tuple(dict.fromkeys(language for one in made for language in one.labels_seen))

    @property
    def selected_on(self) -> tuple[str, ...]:
        """What chose the weights of the models."""
        made = [one for one in map(made_by, self.models.values()) if one is not None]
        return tuple(dict.fromkeys(name for one in made for name in one.selected_on))

    @property
    def data_fingerprint(self) -> str:
        """A hash of the sentences, in all languages."""
        return fingerprint(self.retrieval.data, (self.retrieval.to, *self.retrieval.languages))

    @cached_property
    def identity(self) -> str:
        """The name of this result: equal for examinations that must give the same, else different."""
        return hashed(
            {
                "retrieval": self.retrieval.model_dump(mode="json"),
                "models": {code: resolved_start(model) for code, model in self.models.items()},
                "data": self.data_fingerprint,
                "seed": self.seed,
            }
        )
