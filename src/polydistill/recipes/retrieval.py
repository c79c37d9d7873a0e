"""Retrieval with a person's own model, or with two models that read one language each: `polydistill retrieve`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import numpy as np
import torch

from polydistill.data.encoding import encode
from polydistill.data.load import fingerprint, load_text
from polydistill.data.rows import SENTENCE, Corpus
from polydistill.data.signals import weights_fingerprint
from polydistill.data.sources import FileSource, HubSource, WorldSource, format_source
from polydistill.defaults import MAX_LENGTH
from polydistill.languages import language as language_named
from polydistill.methods.method import Loaded
from polydistill.recipes.own import Rows, as_source
from polydistill.tasks.neighbours import Search
from polydistill.tasks.retrieval import Retrieval, Side, Similarity, accuracy_and_mrr, paired_ranks, views
from polydistill.tasks.token_vectors import Combine, Reader, SpecialTokens
from polydistill.training.hub import pinned
from polydistill.training.starts import load_encoder


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
    source = _aligned(as_source(data))
    corpus = load_text(source, codes)
    first = _encoder(model)
    models = (first, first if source_model is None else _encoder(source_model))
    sides = [_side(one, corpus, code, batch_size) for one, code in zip(models, codes, strict=True)]
    wanted = views(how.layers, (sides[0].reader.blocks, sides[1].reader.blocks), by_layer)
    with _asleep(models):
        found = paired_ranks(sides[0], sides[1], how, wanted)
    common = {
        "how": how,
        "model": _called(model),
        "other_model": _called(model if source_model is None else source_model),
        "model_fingerprints": tuple(weights_fingerprint(one.network.base_model)[:16] for one in models),
        **_rows(source, codes, len(sides[0].text)),
    }
    return tuple(
        Retrieval.model_validate({**common, **_measured(ranks), "direction": direction, "layers": a, "other_layers": b})
        for (a, b), both in zip(wanted, found, strict=True)
        for direction, ranks in zip(("to", "from"), both, strict=True)
    )


def _rows(source: WorldSource | FileSource | HubSource, codes: tuple[str, str], count: int) -> dict[str, object]:
    """What a result says of its sentences."""
    return {
        "language": codes[0],
        "other": codes[1],
        "candidates": count,
        "data": format_source(source),
        "data_fingerprint": fingerprint(source, codes),
        "split": str(getattr(source, "split", "test")),
    }


def _measured(ranks: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> dict[str, object]:
    accuracy, mrr = accuracy_and_mrr(ranks)
    return {"accuracy": accuracy, "mrr": mrr, "hits": "".join("1" if rank == 1 else "0" for rank in ranks)}


def _aligned(source: WorldSource | FileSource | HubSource) -> WorldSource | FileSource | HubSource:
    """The same source, whose rows are translations of each other unless that is denied."""
    if isinstance(source, WorldSource):
        return source
    if source.aligned is False:
        raise ValueError(f"{format_source(source)}: retrieval needs rows that say the same; leave out aligned=false.")
    return source.model_copy(update={"aligned": True})


def _encoder(model: str | Path | Loaded) -> Loaded:
    """A model without its head, on the fastest device here; one that is loaded stays where it is."""
    if isinstance(model, Loaded):
        return model
    start = pinned(model)
    loaded = load_encoder(start.name, start.revision)
    torch.nn.Module.to(loaded.network, torch.accelerator.current_accelerator() or "cpu")
    return loaded


def _side(loaded: Loaded, corpus: Corpus, code: str, batch_size: int) -> Side:
    length = min(MAX_LENGTH, int(loaded.tokenizer.model_max_length))
    text = encode(loaded.tokenizer, corpus.rows[code], SENTENCE, length)
    return Side(Reader(loaded.network, code, batch_size), loaded.tokenizer, text)


def _called(model: str | Path | Loaded) -> str:
    return str(model.network.config.name_or_path) if isinstance(model, Loaded) else str(model)


@contextmanager
def _asleep(models: Sequence[Loaded]) -> Iterator[None]:
    """Without dropout for moments."""
    awake = [one.network for one in models if one.network.training]
    for network in awake:
        network.train(False)
    try:
        yield
    finally:
        for network in awake:
            network.train(True)
