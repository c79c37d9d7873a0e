"""The job small: from a large multilingual encoder or classifier to small ones, and how they compare."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from polydistill.bounds import Batch, Count, Held, Length, Rate, Threads
from polydistill.defaults import SMALL
from polydistill.jobs.job import Argument, Help, job
from polydistill.jobs.options import ROWS, Languages, Parallel, Place, Rows, Seed

if TYPE_CHECKING:
    from polydistill.reports.pareto import Shrunk


@job(
    "Ship",
    "polydistill small intfloat/multilingual-e5-small --langs en,tr --text tr=turkish.txt --text en=english.txt "
    "--parallel en-tr=news.en,news.tr --test ntrex.{lang}.txt --budget 15MB --out small",
    resumes=True,
)
def small(
    model: Annotated[str | Path, Argument("A sentence encoder or a tuned classifier: a folder, or a hub name.")],
    langs: Annotated[Languages, Help("Languages to serve, such as tr,en.")],
    text: Annotated[
        Mapping[str, Rows] | Sequence[str],
        Help("Plain text of a language, tr=FILE, to count pieces in; a classifier also learns from it.", many=True),
    ],
    *,
    test: Annotated[
        Rows,
        Help(f"To compare on: labelled rows of the task, or sentences that say the same in all languages: {ROWS}."),
    ],
    parallel: Parallel = (),
    budget: Annotated[str | int, Help("Largest size on disk in int8, such as 15MB; in Python also bytes.")] = "15MB",
    depth: Annotated[
        str | int | Sequence[int], Help("Blocks to try, such as 4 or 3,4,6. Default: a quarter, a third and a half.")
    ] = (),
    pieces: Annotated[Held | None, Help("Pieces to keep. Default: as many as the budget leaves room for.")] = None,
    steps: Annotated[Count, Help("Optimiser steps of each.")] = SMALL["steps"],
    batch_size: Annotated[
        Batch | None, Help(f"Rows a step. Default: about {SMALL['batch_size']}, as many of every language.")
    ] = None,
    learning_rate: Annotated[Rate, Help("Peak learning rate.")] = SMALL["learning_rate"],
    max_length: Annotated[Length, Help("Tokens of an input while it learns.")] = 64,
    precision: Annotated[Literal["fp32", "bf16"], Help("Number format of the computation.")] = "fp32",
    rows: Annotated[Held, Help("Rows that speed is measured on.")] = 256,
    threads: Annotated[Threads, Help("Threads that speed is measured with.")] = 1,
    seed: Seed = 0,
    out: Annotated[Place, Help("Folder for the models, small.json and small.html.")],
) -> "Shrunk":
    """Make small models of a large one: fewer pieces, fewer blocks, taught by it, in int8; and compare them.

    An encoder teaches its vectors of translations (`parallel`), a classifier its answers to `text` and to translations.
    Each try is a folder that can be taken: `NAME/model` of transformers or sentence-transformers, and `NAME/int8` of
    ONNX. What is done already is not done again.
    """
    from polydistill.jobs.shrinking import Wish, shrunk
    from polydistill.jobs.written import by_language, bytes_of
    from polydistill.languages import named_languages, several

    depths = (depth,) if isinstance(depth, int) else several(depth) if isinstance(depth, str) else tuple(depth)
    wish = Wish(
        model=str(model),
        languages=named_languages(langs),
        text=by_language("text", text, "a language and its text, such as tr=turkish.txt"),
        parallel=parallel,
        test=test,
        budget=bytes_of("budget", budget),
        depths=tuple(int(one) for one in depths),
        pieces=pieces,
        training={
            "steps": steps,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "max_length": max_length,
            "precision": precision,
            "seed": seed,
        },
        rows=rows,
        threads=threads,
        out=Path(out).expanduser(),
    )
    return shrunk(wish)
