"""Inspecting models as they are: the hidden vectors of each, and what the measures say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from datasets import Dataset

from polydistill.data.batches.encoding import Encoded, Floats, encode
from polydistill.data.batches.signals import weights_fingerprint
from polydistill.data.rows.load import fingerprint, load_aligned
from polydistill.data.rows.shapes import SENTENCE, Corpus, RowShape
from polydistill.data.rows.sources import FileSource
from polydistill.data.translations.parallel import read_aligned
from polydistill.errors import unknown
from polydistill.inspection.inspection import Comparison, Inspected, Inspection, LayerNumbers, ModelNumbers
from polydistill.inspection.measures import alignment, cka_by_layer, same_group, translations_found, uniformity
from polydistill.inspection.projection import Plane, project_all
from polydistill.models.loaded import Loaded
from polydistill.retrieval.retrieval import resolved
from polydistill.retrieval.retrieving import aligned, asleep, read_as_said
from polydistill.retrieval.token_vectors import TextEncoder, own_vectors, sentence_vectors, special_ids
from polydistill.specs import hashed
from polydistill.tasks import task_of

FEWEST = 4  # rows: the fewest that t-SNE and the unbiased estimate of CKA can do with


@dataclass(frozen=True)
class InspectedModel:
    """A model that is looked at, what it is called, and the languages that it reads."""

    name: str
    loaded: Loaded
    languages: tuple[str, ...]
    model: str = ""


@dataclass(frozen=True)
class _Seen:
    """The vectors of one model: by layer, all rows of its first language, then all of the next."""

    subject: InspectedModel
    vectors: Mapping[int, Floats]

    @property
    def last(self) -> Floats:
        """Those of the last layer."""
        return list(self.vectors.values())[-1]

    def drawn(self, count: int) -> Floats:
        """The last layer's of the first rows, in every language."""
        by_language = np.split(self.last, len(self.subject.languages))
        return np.concatenate([rows[:count] for rows in by_language])


def inspect_loaded(subjects: Sequence[InspectedModel], what: Inspection, batch_size: int | None = None) -> Inspected:
    """Read the rows with each model and measure; the first model is the one that the others are compared with."""
    _comparable(subjects)
    codes = tuple(dict.fromkeys(code for one in subjects for code in one.languages))
    corpus, content = _rows(what, codes)
    kept, repeated = _distinct(corpus, what.sentences)
    rows = {code: table.select(kept) for code, table in corpus.rows.items()}
    with asleep([one.loaded for one in subjects]):
        seen = [_Seen(one, _vectors(one, rows, corpus.shape, what, batch_size)) for one in subjects]
    planes, one_plane = project_all([one.drawn(what.drawn) for one in seen], what.seed, what.perplexity)
    return Inspected(
        inspection=what,
        data_fingerprint=content,
        rows=len(kept),
        repeated=repeated,
        models=tuple(_numbers(one, len(kept), what, plane) for one, plane in zip(seen, planes, strict=True)),
        comparisons=tuple(_compared(seen[0], other, what) for other in seen[1:]),
        one_plane=one_plane,
    )


def _comparable(subjects: Sequence[InspectedModel]) -> None:
    names = [one.name for one in subjects]
    if len(set(names)) < len(names):
        raise ValueError(f"Two models are called alike: {', '.join(names)}. Give each a name: NAME=MODEL.")
    if len({len(one.languages) for one in subjects}) > 1:
        said = ", ".join(f"{one.name} reads {' and '.join(one.languages)}" for one in subjects)
        raise ValueError(f"Models that are compared read as many languages each, but {said}. Name others.")
    if len(subjects) == 1 and len(subjects[0].languages) == 1:
        raise ValueError(
            f"One model that reads one language ({subjects[0].languages[0]}) has nothing to be compared with. Name "
            "another language, or another model."
        )


def _rows(what: Inspection, codes: Sequence[str]) -> tuple[Corpus, str]:
    """Rows that say the same in every language, and the hash of their source."""
    shape = SENTENCE if what.task is None else task_of(what.task).shape
    if shape.lists or shape.parts:
        raise ValueError(f"Rows of the task {what.task!r} are no single texts. Name sentences to read, and no task.")
    if isinstance(what.data, Mapping):
        return _of_files(what.data, shape, codes)
    # of a task's rows equal labels decide whether they are the same, where nothing is said
    source = aligned(what.data, "an inspection") if what.task is None else what.data
    corpus = load_aligned(source, shape, codes, "An inspection")
    return corpus, fingerprint(source, codes, shape)


def _of_files(files: Mapping[str, str], shape: RowShape, codes: Sequence[str]) -> tuple[Corpus, str]:
    """The lines of one file a language."""
    if shape != SENTENCE:
        raise ValueError("One file a language holds sentences. For rows of a task name a source, such as file:PATH.")
    for code in codes:
        if code not in files:
            raise unknown("language of the files", code, files)
    content = {code: fingerprint(FileSource(path=files[code]), (code,)) for code in codes}
    return read_aligned({code: Path(files[code]) for code in codes}), hashed(content)


def _distinct(corpus: Corpus, count: int) -> tuple[list[int], int]:
    """The first rows of which no text has been there in the same language, and how many were left out on the way."""
    columns = [zip(*(table[name][:] for name in corpus.shape.texts), strict=True) for table in corpus.rows.values()]
    known: set[tuple[int, tuple[str, ...]]] = set()
    kept: list[int] = []
    repeated = 0
    for row, texts in enumerate(zip(*columns, strict=True)):
        said = set(enumerate(texts))
        if len(kept) == count:
            break
        if said & known:
            repeated += 1
        else:
            kept.append(row)
            known |= said
    if len(kept) < FEWEST:
        raise ValueError(
            f"There are {len(kept)} rows whose texts differ; an inspection needs {FEWEST} at least, and says little "
            "of fewer than a hundred."
        )
    return kept, repeated


def _vectors(
    subject: InspectedModel, rows: Mapping[str, Dataset], shape: RowShape, what: Inspection, batch_size: int | None
) -> dict[int, Floats]:
    loaded = subject.loaded
    encoders = {code: TextEncoder(loaded.network, code, batch_size) for code in subject.languages}
    layers = resolved(what.layers, next(iter(encoders.values())).blocks)
    if what.layers == "own":
        told = ((encoder, *read_as_said(loaded, rows[code]["text"])) for code, encoder in encoders.items())
        said = [own_vectors(*one, length_one=False).cpu().numpy() for one in told]
        return {layers[0]: np.concatenate(said)}
    specials = special_ids(loaded.tokenizer) if what.special_tokens == "dropped" else ()
    by_language = [
        sentence_vectors(
            encoder,
            _encoded(loaded, rows[code], shape, what),
            [(layer,) for layer in layers],
            "mean",
            specials,
            what.pooling == "first",
            length_one=False,
        )
        for code, encoder in encoders.items()
    ]
    return {layer: np.concatenate([some[at].cpu().numpy() for some in by_language]) for at, layer in enumerate(layers)}


def _encoded(loaded: Loaded, rows: Dataset, shape: RowShape, what: Inspection) -> Encoded:
    if what.task is None:
        return encode(loaded.tokenizer, rows, shape, loaded.max_length)
    text: Encoded = task_of(what.task).encode(loaded.tokenizer, rows, loaded.max_length)
    return text


def _numbers(seen: _Seen, rows: int, what: Inspection, plane: Plane) -> ModelNumbers:
    subject, first = seen.subject, next(iter(seen.vectors.values()))
    return ModelNumbers(
        name=subject.name,
        model=subject.model,
        fingerprint=weights_fingerprint(subject.loaded.network.base_model)[:16],
        width=first.shape[1],
        languages=subject.languages,
        layers=tuple(
            LayerNumbers(layer=layer, **_measured(vectors, rows, subject.languages, what.neighbours))
            for layer, vectors in seen.vectors.items()
        ),
        points=tuple((float(x), float(y)) for x, y in plane),
    )


def _measured(vectors: Floats, rows: int, codes: Sequence[str], neighbours: int) -> dict[str, float]:
    """The numbers of one layer; most of them take two languages."""
    spread = {"uniformity": uniformity(vectors)}
    if len(codes) == 1:
        return spread
    meanings, languages = list(range(rows)) * len(codes), [code for code in codes for _ in range(rows)]
    sides = np.split(vectors, len(codes))
    return {
        **spread,
        "alignment": float(np.mean([alignment(one, other) for one, other in combinations(sides, 2)])),
        "translations": translations_found(vectors, meanings, languages),
        "same_meaning": same_group(vectors, meanings, len(codes) - 1),
        "same_language": same_group(vectors, languages, min(neighbours, len(vectors) - 1)),
    }


def _compared(first: _Seen, other: _Seen, what: Inspection) -> Comparison:
    cka = cka_by_layer(list(first.vectors.values()), list(other.vectors.values()), what.unbiased)
    return Comparison(
        first=first.subject.name,
        other=other.subject.name,
        first_layers=tuple(first.vectors),
        other_layers=tuple(other.vectors),
        cka=tuple(tuple(float(value) for value in row) for row in cka),
        **(_side_by_side(first, other, what.neighbours) if first.last.shape == other.last.shape else {}),
    )


def _side_by_side(first: _Seen, other: _Seen, neighbours: int) -> dict[str, float]:
    """How near the two models' last vectors of the same rows are: what takes vectors of one width."""
    count = len(first.last)
    both, models = np.concatenate([first.last, other.last]), ["first"] * count + ["other"] * count
    return {
        "alignment": alignment(first.last, other.last),
        "found": translations_found(both, list(range(count)) * 2, models),
        "same_model": same_group(both, models, min(neighbours, 2 * count - 1)),
    }
