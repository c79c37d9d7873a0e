"""Do translations lie together? A t-SNE picture of sentence vectors before and after, and the number behind it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray
from sklearn.manifold import TSNE

from polydistill.languages import language
from polydistill.reports.plots import INK, PALETTE, Plot, canvas

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*", "d", "8", "H")
PERPLEXITY = 30.0


def neighbour_purity(vectors: ArrayLike, meanings: Sequence[object], languages: Sequence[str]) -> float:
    """The share of nearest neighbours in other languages that have the same meaning.

    Every sentence has one nearest neighbour by cosine in each other language; counted are the pairs of a sentence and
    a language that holds its meaning at all. 1 means that every sentence finds its translation in every language.
    """
    points = _unit(vectors, meanings, languages)
    similarity = points @ points.T
    meaning, code = np.unique(np.asarray(meanings, dtype=str), return_inverse=True)[1], np.asarray(languages, dtype=str)
    right = total = 0
    for other in np.unique(code):
        inside, outside = np.flatnonzero(code == other), np.flatnonzero(code != other)
        has_translation = outside[np.isin(meaning[outside], meaning[inside])]
        if has_translation.size:
            nearest = inside[similarity[np.ix_(has_translation, inside)].argmax(axis=1)]
            right += int((meaning[nearest] == meaning[has_translation]).sum())
            total += has_translation.size
    if total == 0:
        raise ValueError("No sentence has a translation among the others; expected meanings in two languages or more.")
    return right / total


def project(vectors: ArrayLike, seed: int = 0) -> NDArray[np.float64]:
    """Two-dimensional t-SNE by cosine: perplexity 30, or a third of the other points where that is less."""
    points = np.asarray(vectors, dtype=np.float64)
    if points.ndim != 2 or len(points) < 4:
        raise ValueError(f"Vectors have shape {points.shape}; expected (sentences, width) with at least 4 sentences.")
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    tsne = TSNE(n_components=2, perplexity=perplexity, metric="cosine", init="random", random_state=seed)
    return np.asarray(tsne.fit_transform(points), dtype=np.float64)


def alignment_picture(
    before: ArrayLike,
    after: ArrayLike,
    meanings: Sequence[object],
    languages: Sequence[str],
    seed: int = 0,
    title: str = "Sentence vectors by meaning (t-SNE)",
) -> tuple[Plot, dict[str, float]]:
    """Two panels, before and after, and the neighbour purity of each by panel name.

    Colour is the meaning, shape the language, and thin lines tie a meaning's translations to their centre, so that
    meanings are told apart also where their number exceeds that of the colours.
    """
    panels = {"before": before, "after": after}
    purity = {name: neighbour_purity(vectors, meanings, languages) for name, vectors in panels.items()}
    codes = tuple(dict.fromkeys(languages))
    with canvas(5.2) as figure:
        for index, (name, vectors) in enumerate(panels.items(), start=1):
            axes = figure.add_subplot(1, 2, index)
            _panel(axes, project(vectors, seed), meanings, languages, codes)
            axes.set_title(f"{name.capitalize()}: {100 * purity[name]:.0f} % of neighbours agree", fontsize=12)
        handles = [
            Line2D([], [], linestyle="", marker=MARKERS[place % len(MARKERS)], color=INK, label=language(code).name)
            for place, code in enumerate(codes)
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(len(codes), 8), title="Shape: language")
        figure.suptitle(f"{title}, one colour a meaning", x=0.01, ha="left", fontsize=13, fontweight="bold")
    numbers = ", ".join(f"{name} {100 * value:.1f} %" for name, value in purity.items())
    alt = (
        f"Two scatter plots of {len(languages)} sentences in {len(codes)} languages and {len(set(meanings))} meanings. "
        f"Share of nearest neighbours in other languages with the same meaning: {numbers}."
    )
    return Plot(figure, title, alt), purity


def _panel(
    axes: Axes,
    points: NDArray[np.float64],
    meanings: Sequence[object],
    languages: Sequence[str],
    codes: tuple[str, ...],
) -> None:
    for place, meaning in enumerate(dict.fromkeys(meanings)):
        members = [index for index, one in enumerate(meanings) if one == meaning]
        centre, colour = points[members].mean(axis=0), PALETTE[place % len(PALETTE)]
        for member in members:
            x, y = points[member]
            axes.plot([centre[0], x], [centre[1], y], color=colour, linewidth=0.7, alpha=0.55, zorder=1)
            marker = MARKERS[codes.index(languages[member]) % len(MARKERS)]
            axes.plot(x, y, marker=marker, color=colour, markersize=6.5, linestyle="", zorder=2)
    axes.set(xticks=[], yticks=[], xlabel="t-SNE 1 (no unit)", ylabel="t-SNE 2 (no unit)")
    axes.margins(0.06)


def _unit(vectors: ArrayLike, meanings: Sequence[object], languages: Sequence[str]) -> NDArray[np.float64]:
    """The vectors at length one."""
    points = np.asarray(vectors, dtype=np.float64)
    if points.ndim != 2 or not len(points) == len(meanings) == len(languages):
        raise ValueError(
            f"Vectors of shape {points.shape}, {len(meanings)} meanings and {len(languages)} languages; "
            "expected one vector, one meaning and one language a sentence."
        )
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.maximum(lengths, np.finfo(np.float64).tiny), dtype=np.float64)
