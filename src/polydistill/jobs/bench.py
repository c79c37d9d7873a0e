"""The job bench: models measured side by side."""

from typing import TYPE_CHECKING, Annotated, Literal

from polydistill.bounds import Batch, Held, Some, Threads
from polydistill.jobs.job import Argument, AsJson, Help, job
from polydistill.jobs.options import Language, Place, TaskLike

if TYPE_CHECKING:
    from polydistill.serving.bench import Bench


@job("Ship", "polydistill bench tuned small small-onnx --threads 2 --json bench.json", showing=AsJson)
def bench(
    *models: Annotated[Place, Argument("Models' or runs' folders, hub names, ONNX folders.")],
    text: Annotated[
        Place | None,
        Help("Rows to read: a file as for predict, or a sentence a line. Default: rows of the mini-world."),
    ] = None,
    task: Annotated[
        TaskLike | None,
        Help(
            "nli, paraphrase, ner, choice, stars or qa; vectors: texts become sentence vectors. Default: as the first "
            "model says."
        ),
    ] = None,
    rows: Annotated[Held, Help("Rows of a turn.")] = 256,
    batch_size: Annotated[Batch, Help("Rows read together, of similar lengths.")] = 32,
    turns: Annotated[Some, Help("How often each model reads all rows.")] = 5,
    threads: Annotated[Threads | None, Help("Threads of each model. Default: as PyTorch has it.")] = None,
    lang: Language = None,
    clock: Annotated[
        Literal["wall", "processor"],
        Help("processor: with one thread, without the times at which other programs had its core."),
    ] = "wall",
    cards: Annotated[bool, Help("Let the cards of exported folders say how fast their models are.")] = False,
) -> "Bench":
    """Measure models side by side: rows a second, latency, memory, size on disk, time to load."""
    from pathlib import Path

    from polydistill.exports.card import has_card, tell_speed
    from polydistill.jobs.asked import Asked, task_of_model
    from polydistill.jobs.written import task_named
    from polydistill.serving.bench import Settings
    from polydistill.serving.bench import bench as measure

    folders = [Path(model).expanduser() for model in models]
    if cards and not any(map(has_card, folders)):  # before the minutes that measuring takes
        raise ValueError("None of the models has a card that says how fast it is: export one, or leave cards out.")
    given = {"rows": rows, "batch_size": batch_size, "turns": turns, "language": lang, "clock": clock}
    more = {} if threads is None else {"threads": threads}
    known = task_of_model(Asked(), models[0], None, ("en",)) if task is None else task
    settings = Settings.model_validate({"task": None if task == "vectors" else task_named(known), **given, **more})
    done = measure(models, settings, None if text is None else Path(text))
    for folder, model in zip(folders, done.models, strict=True):
        if cards and has_card(folder):
            tell_speed(folder, done.speed(model))
    return done
