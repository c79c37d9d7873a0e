"""Vectors on a plane: t-SNE, fitted on one set of vectors, or on several together so that they share their axes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

PERPLEXITY = 30.0
Plane = NDArray[np.float64]


def project(vectors: ArrayLike, seed: int = 0, perplexity: float = PERPLEXITY) -> Plane:
    """Two-dimensional t-SNE by cosine; a perplexity of more than a third of the other points becomes that third."""
    points = np.asarray(vectors, dtype=np.float64)
    if points.ndim != 2 or len(points) < 4:
        raise ValueError(f"Vectors have shape {points.shape}; expected (sentences, width) with at least 4 sentences.")
    from sklearn.manifold import TSNE

    tsne = TSNE(
        n_components=2,
        perplexity=min(perplexity, (len(points) - 1) / 3),
        metric="cosine",
        init="random",
        random_state=seed,
    )
    return np.asarray(tsne.fit_transform(points), dtype=np.float64)


def project_all(sets: Sequence[ArrayLike], seed: int = 0, perplexity: float = PERPLEXITY) -> tuple[list[Plane], bool]:
    """One plane for all where their widths are equal (True), else one for each (False)."""
    vectors = [np.asarray(one, dtype=np.float64) for one in sets]
    if len({one.shape[-1] for one in vectors}) > 1:
        return [project(one, seed, perplexity) for one in vectors], False
    plane = project(np.concatenate(vectors), seed, perplexity)
    return np.split(plane, np.cumsum([len(one) for one in vectors])[:-1]), True
