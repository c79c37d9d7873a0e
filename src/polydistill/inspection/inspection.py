"""An inspection as plain data: what is looked at and how, and what was found, from which every plot can be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import model_validator

from polydistill.bounds import Drawn, Held, Rate, Seed, Share
from polydistill.data.rows.sources import Source
from polydistill.inspection.projection import PERPLEXITY
from polydistill.results import LanguageCode
from polydistill.retrieval.retrieval import Layers
from polydistill.specs import Spec
from polydistill.tasks import AnyTask

FOLDER, FILE = "inspect", "inspect.json"
"""Where an inspection lies that is part of a run's page: in such a folder of the run's."""


class Inspection(Spec):
    """What is read and how it is measured. Row i of `data` says the same in every language."""

    data: Source | Mapping[LanguageCode, str]
    """A source, or one file a language, line by line the same."""
    task: AnyTask | None = None
    """Rows of this task; none: sentences."""
    sentences: Drawn = 200
    """At most so many rows are read, the first ones."""
    layers: Layers = "all"
    """Those of each model: its blocks from 1 on, 0 = its embeddings. The vectors of the last one named are drawn.
    `own`: the vectors of sentences that each model's folder says (modules.json)."""
    pooling: Literal["mean", "first"] = "mean"
    special_tokens: Literal["counted", "dropped"] = "counted"
    """Whether <s> and the like are part of the mean."""
    neighbours: Held = 10
    unbiased: bool = True
    drawn: Drawn = 20
    """So many of the rows are drawn, in every language."""
    perplexity: Rate = PERPLEXITY
    seed: Seed = 0
    """Of the projection; nothing else is random."""

    @model_validator(mode="after")
    def _own_vectors_are_as_the_folder_says(self) -> Self:
        if self.layers == "own" and (self.task, self.pooling, self.special_tokens) != (None, "mean", "counted"):
            raise ValueError(
                "layers=own takes vectors of sentences as their folder says: leave task, pooling and special_tokens "
                "out."
            )
        return self


class LayerNumbers(Spec):
    """One layer of one model; what takes two languages is not there for a model that reads one."""

    layer: int
    uniformity: float
    alignment: float | None = None
    """Mean over all pairs of languages."""
    translations: Share | None = None
    same_meaning: Share | None = None
    """Of as many nearest neighbours as a sentence has translations."""
    same_language: Share | None = None
    """Of `neighbours` nearest neighbours."""


class ModelNumbers(Spec):
    """One model, by layer, and where its last layer puts the drawn rows: its languages one after the other."""

    name: str
    model: str
    fingerprint: str
    """A hash of the encoder's weights, without the head."""
    width: int
    languages: tuple[LanguageCode, ...]
    layers: tuple[LayerNumbers, ...]
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> LayerNumbers:
        """The last of the layers that were looked at."""
        return self.layers[-1]


class Comparison(Spec):
    """The first model and another one that have read the same rows."""

    first: str
    other: str
    first_layers: tuple[int, ...]
    other_layers: tuple[int, ...]
    cka: tuple[tuple[float, ...], ...]
    """A row a layer of the first model, a column a layer of the other."""
    alignment: float | None = None
    """Mean squared distance of the two models' vectors of the same row, last layers; only between equal widths."""
    found: Share | None = None
    """Of both models' vectors, those whose nearest in the other model is of the same row."""
    same_model: Share | None = None
    """Of `neighbours` nearest neighbours among both models' vectors, those of the same model."""

    @property
    def same_layer(self) -> dict[int, float]:
        """CKA of layer i of both."""
        places = {layer: at for at, layer in enumerate(self.first_layers)}
        return {layer: self.cka[places[layer]][at] for at, layer in enumerate(self.other_layers) if layer in places}

    @property
    def best_layer(self) -> dict[int, tuple[int, float]]:
        """For each of the other's layers, the first model's layer that is most like it, and their CKA."""
        found = {}
        for at, layer in enumerate(self.other_layers):
            column = [row[at] for row in self.cka]
            best = max(range(len(column)), key=column.__getitem__)
            found[layer] = (self.first_layers[best], column[best])
        return found


class Inspected(Spec):
    """All that was found."""

    inspection: Inspection
    data_fingerprint: str
    rows: int
    """Rows that were read: their number is that of the vectors of a language."""
    repeated: int
    """Rows that were left out before, since a text of theirs had been there in the same language."""
    models: tuple[ModelNumbers, ...]
    comparisons: tuple[Comparison, ...] = ()
    one_plane: bool
    """Whether all models are drawn on one plane; models of several widths have one each."""

    @property
    def drawn(self) -> int:
        """How many rows are drawn."""
        return min(self.inspection.drawn, self.rows)

    @property
    def by_chance(self) -> dict[str, float]:
        """What the shares come to where vectors lie anyhow."""
        languages = len(self.models[0].languages)
        others = languages * self.rows - 1
        return {
            "translations": 1 / self.rows,
            "same_meaning": (languages - 1) / others,
            "same_language": (self.rows - 1) / others,
            "found": 1 / (others + 1),
            "same_model": others / (2 * others + 1),
        }
