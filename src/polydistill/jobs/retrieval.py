"""Retrieval with a person's own model, or with two models that read one language each: `polydistill retrieve`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import torch

from polydistill.data.rows.given import Rows, as_source
from polydistill.languages import language as language_named
from polydistill.models.loaded import Loaded
from polydistill.retrieval.neighbours import Search
from polydistill.retrieval.retrieval import Retrieval, Similarity
from polydistill.retrieval.retrieving import find_translations
from polydistill.retrieval.token_vectors import Combine, SpecialTokens
from polydistill.starts.hub import pinned
from polydistill.starts.loading import load_encoder


class SimilarityOptions(TypedDict, total=False):
    """How sentences are compared: the fields of `tasks.retrieval.Similarity`."""

    similarity: Literal["cosine", "bertscore"]
    layers: Literal["all", "last"] | Sequence[int]
    combine: Combine | None
    special_tokens: SpecialTokens | None
    pooling: Literal["mean", "first"]
    idf: Literal["none", "queries", "own"]
    part: Literal["f1", "precision", "recall"]
    margin: int
    search: Search


def retrieve(
    model: str | Path | Loaded,
    data: Rows,
    language: str,
    to: str = "en",
    *,
    source_model: str | Path | Loaded | None = None,
    by_layer: bool = False,
    batch_size: int = 64,
    **options: Unpack[SimilarityOptions],
) -> tuple[Retrieval, ...]:
    """Look for each sentence's translation among all, from `language` to `to` and back.

    `model` reads both languages, or `language` alone where `source_model` reads `to`. `data` holds sentences that say
    the same in both. `by_layer` compares layer i with layer i, one after the other, with two results each.
    """
    how = Similarity.model_validate(dict(options))
    codes = (language_named(language).code, language_named(to).code)
    if codes[0] == codes[1]:
        raise ValueError(f"Retrieval needs two languages, not {language!r} and {to!r}.")
    first = encoder_of(model)
    models = (first, first if source_model is None else encoder_of(source_model))
    names = (place_of(model), place_of(model if source_model is None else source_model))
    return find_translations(models, as_source(data), codes, how, by_layer, batch_size, names)


def encoder_of(model: str | Path | Loaded) -> Loaded:
    """A model without its head, on the fastest device here; one that is loaded stays where it is."""
    if isinstance(model, Loaded):
        return model
    start = pinned(model)
    loaded = load_encoder(start.name, start.revision)
    torch.nn.Module.to(loaded.network, torch.accelerator.current_accelerator() or "cpu")
    return loaded


def place_of(model: str | Path | Loaded) -> str:
    """Where a model is, or was, loaded from."""
    return str(model.network.config.name_or_path) if isinstance(model, Loaded) else str(model)
