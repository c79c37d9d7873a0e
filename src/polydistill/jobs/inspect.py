"""The job inspect: a look inside models."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from polydistill.bounds import Batch, Drawn, Held, Rate, Seed
from polydistill.jobs.job import Argument, Help, job
from polydistill.jobs.options import ROWS, Languages, OwnModel, Place, Rows, TaskLike

if TYPE_CHECKING:
    from polydistill.inspection.inspection import Inspected


@job("Look", "polydistill inspect before=tuned after=student --data tatoeba.tur-eng.{lang} --langs en,tr")
def inspect(
    models: Annotated[
        Sequence[OwnModel] | Mapping[str, OwnModel],
        Argument(
            "Models' or runs' folders, or hub names, each also as NAME=MODEL; compared with the first.", many=True
        ),
    ],
    data: Annotated[Rows | None, Help(f"Rows that say the same: {ROWS}. Default: those of the run's test.")] = None,
    langs: Annotated[Languages, Help("Languages, or pairs, that all models read, such as en,tr.")] = (),
    *,
    text: Annotated[
        Mapping[str, Place] | Sequence[str],
        Help("Instead of data, one file a language, line by line the same: en=FILE.", many=True),
    ] = (),
    reads: Annotated[
        Mapping[str, Languages] | Sequence[str],
        Help("In place of --langs, the languages of each model: NAME=en-fr; once for each.", many=True),
    ] = (),
    task: Annotated[
        TaskLike | None, Help("Read rows of this task (nli, paraphrase, stars), and not sentences.")
    ] = None,
    layers: Annotated[
        str | Sequence[int],
        Help("all, last, numbers such as 4 or 1,2,3 (0 = embeddings), or own: vectors as modules.json says."),
    ] = "all",
    pooling: Annotated[
        Literal["mean", "first"], Help("How tokens become one vector: their mean, or the first.")
    ] = "mean",
    special_tokens: Annotated[
        Literal["counted", "dropped"], Help("Whether <s> and the like are part of the mean.")
    ] = "counted",
    sentences: Annotated[Drawn, Help("Rows that are read, at most.")] = 200,
    neighbours: Annotated[Held, Help("Neighbours that same language and same model are counted among.")] = 10,
    cka: Annotated[Literal["unbiased", "biased"], Help("Which estimate; see docs/inspect.md.")] = "unbiased",
    drawn: Annotated[Drawn, Help("Rows that are drawn, in every language.")] = 20,
    perplexity: Annotated[Rate, Help("Perplexity of t-SNE; smaller where there are few points.")] = 30.0,
    seed: Annotated[Seed, Help("Seed of t-SNE.")] = 0,
    batch_size: Annotated[Batch | None, Help("Texts read together. Default: 16 on a CPU, 64 elsewhere.")] = None,
    out: Annotated[Place | None, Help("A folder for numbers (JSON), plots (PNG) and a page.")] = "inspect",
) -> "Inspected":
    """Measure and draw where models put the same sentences: by language, by layer, and beside another model.

    Row i of `data` says the same in all languages: sentences, a file a language, or rows of a `task`. Without it the
    rows are those that the run of the first model was scored on. With `out=None` nothing is written.
    """
    from polydistill.inspection.asked import inspected
    from polydistill.jobs import written
    from polydistill.jobs.written import task_named
    from polydistill.languages import several
    from polydistill.reports.inspection import write

    if data is not None and text:
        raise ValueError("--data and --text both say what is read. Give one of them.")
    words = [] if isinstance(models, Mapping) else [one for one in models if isinstance(one, str)]
    if any("=" in one and not Path(one).is_dir() for one in words):
        models = written.by_name("MODEL", words, "NAME=MODEL for each, or for none")
    texts = text if isinstance(text, Mapping) else written.by_name("--text", text, "en=FILE")
    each = reads if isinstance(reads, Mapping) else written.by_name("--reads", reads, "student=en-fr")
    found = inspected(
        models,
        texts or data,
        {name: several(one) for name, one in each.items()} or several(langs),
        task=None if task is None else task_named(task),
        batch_size=batch_size,
        layers=written.layers_named(layers),
        pooling=pooling,
        special_tokens=special_tokens,
        sentences=sentences,
        neighbours=neighbours,
        unbiased=cka == "unbiased",
        drawn=drawn,
        perplexity=perplexity,
        seed=seed,
    )
    if out is not None:
        write(found, Path(out))
    return found
