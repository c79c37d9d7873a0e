"""The command that looks for translations: retrieve."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from polydistill.cli.screen import example, results, save, say

if TYPE_CHECKING:
    from polydistill.retrieval.retrieval import Retrieval


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example(
            "polydistill retrieve FacebookAI/xlm-roberta-base --data file:tatoeba.tur-eng.{lang} --language tr"
        )
    )(retrieve)


def retrieve(
    model: Annotated[str, typer.Argument(help="A model's or a run's folder, or a hub name.")],
    data: Annotated[
        str, typer.Option(help="Sentences and their translations: world:..., file:PATH or hub:NAME@COMMIT.")
    ],
    language: Annotated[str, typer.Option(help="The language that MODEL reads, such as tr.")],
    to: Annotated[str, typer.Option(help="The language of the translations.")] = "en",
    source_model: Annotated[
        str | None, typer.Option(help="The model that reads the language of --to, if it is not MODEL.")
    ] = None,
    similarity: Annotated[Literal["cosine", "bertscore"], typer.Option(help="What is near.")] = "cosine",
    layers: Annotated[str, typer.Option(help="all, last, or numbers such as 4 or 1,2,3 (0 = embeddings).")] = "all",
    by_layer: Annotated[bool, typer.Option("--by-layer", help="One layer after the other.")] = False,
    combine: Annotated[
        Literal["tokens", "mean", "concatenate"] | None,
        typer.Option(help="Several layers: as tokens of their own (bertscore's default), mean (cosine's), end to end."),
    ] = None,
    special_tokens: Annotated[
        Literal["matched", "counted", "dropped"] | None,
        typer.Option(help="<s> and the like: only matched (bertscore's default), counted (cosine's), or dropped."),
    ] = None,
    pooling: Annotated[Literal["mean", "first"], typer.Option(help="Cosine: of mean or first token.")] = "mean",
    idf: Annotated[
        Literal["none", "queries", "own"], typer.Option(help="BERTScore: pieces weighed by rarity, and where counted.")
    ] = "none",
    part: Annotated[Literal["f1", "precision", "recall"], typer.Option(help="BERTScore: which one.")] = "f1",
    margin: Annotated[int, typer.Option(help="Ratio to the mean of so many neighbours; 0 = plain, 4 is usual.")] = 0,
    search: Annotated[
        Literal["exact", "faiss", "faiss-ivf"], typer.Option(help="Cosine: how neighbours are found.")
    ] = "exact",
    json_: Annotated[Path | None, typer.Option("--json", help="Also write the results, with what was right.")] = None,
) -> None:
    """Print how often a sentence's nearest neighbour in another language is its translation, both ways."""
    from polydistill import api

    found = api.retrieve(
        model,
        data,
        language,
        to,
        source_model=source_model,
        by_layer=by_layer,
        similarity=similarity,
        layers=layers_named(layers),
        combine=combine,
        special_tokens=special_tokens,
        pooling=pooling,
        idf=idf,
        part=part,
        margin=margin,
        search=search,
    )
    show(found)
    save(json_, json.dumps([one.model_dump(mode="json") for one in found], indent=2) + "\n")


def show(found: "Sequence[Retrieval]") -> None:
    """Print a line a layer (or set of layers) and direction, and how they were compared."""
    from rich import box
    from rich.table import Table

    from polydistill.retrieval.retrieval import DEPTH

    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    how = found[0].how
    mrr = "MRR" if how.search == "exact" else f"MRR@{DEPTH}"
    for heading in ("direction", "layers", "accuracy", mrr, "sentences"):
        view.add_column(heading, justify="left" if heading in ("direction", "layers") else "right")
    for one in found:
        same = one.layers == one.other_layers
        layers = _numbers(one.layers) + ("" if same else f" and {_numbers(one.other_layers)}")
        view.add_row(one.way, layers, f"{100 * one.accuracy:.1f}", f"{100 * one.mrr:.1f}", str(one.candidates))
    results().print(view)
    say(f"how: {how.said}")


def layers_named(text: str) -> Any:
    """The layers of `all`, `last`, `4` or `1,2,3`."""
    if text in ("all", "last"):
        return text
    try:
        return tuple(int(layer) for layer in text.split(","))
    except ValueError:
        raise ValueError(f"--layers {text}: expected all, last, or numbers such as 4 or 1,2,3.") from None


def _numbers(layers: Sequence[int]) -> str:
    """Such as 1-4, or 1,3,5 where they do not follow one another."""
    if len(layers) > 2 and list(layers) == list(range(layers[0], layers[-1] + 1)):
        return f"{layers[0]}-{layers[-1]}"
    return ",".join(map(str, layers))
