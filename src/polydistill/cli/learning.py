"""Commands that train: tune, xd, run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from polydistill.cli.screen import codes, errors, example, say
from polydistill.cli.tasks import Task, task_named
from polydistill.defaults import EFFICIENT_RATE, FEW_PASSES, MAX_LENGTH, TUNE, XD, Preset

if TYPE_CHECKING:
    from polydistill.training.run import Run

_SOURCE = "world:..., file:PATH or hub:NAME@COMMIT"
Model = Annotated[str, typer.Option(help="A folder, or a hub name (owner/name, or owner/name@COMMIT).")]
Out = Annotated[
    Path | None, typer.Option(help="Folder for run.json, model/ and results.json. Default: a new one in --runs.")
]
Runs = Annotated[Path, typer.Option(help="Folder of all runs, where --out is not given.")]
Dev = Annotated[str | None, typer.Option(help="Rows that choose the weights to keep.")]
Test = Annotated[str | None, typer.Option(help="Rows to score the result on.")]
TestLanguages = Annotated[str | None, typer.Option("--test-langs", help="Languages of the test, if not those above.")]
Steps = Annotated[int | None, typer.Option(help="Optimiser steps. Default: one pass over the rows.")]
MaxLength = Annotated[
    int | None, typer.Option(help=f"Tokens of an input. Default: {MAX_LENGTH}, or what the model reads.")
]
Branches = Annotated[
    int | None, typer.Option(help="Make it an MBLM: so many of its lowest blocks become a branch a language.")
]
Parallel = Annotated[
    list[str] | None, typer.Option(help="Plain parallel text, en-de=FILE or en-de=FILE,FILE; once a language.")
]
Seed = Annotated[int, typer.Option(help="Decides order, dropout and a new head.")]
Precision = Annotated[Literal["fp32", "bf16"], typer.Option(help="Numbers to compute in.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Change a setting, such as training.clip=0.5.")]
Print = Annotated[bool, typer.Option("--print", help="Only print the run as JSON, to edit and run later.")]
Tensorboard = Annotated[bool, typer.Option(help="Also log for TensorBoard.")]


def add(app: typer.Typer) -> None:
    """Add the commands to the app."""
    data = "file:xnli/multinli.train.en.tsv"
    app.command(
        epilog=example(
            f"polydistill tune --model FacebookAI/xlm-roberta-base --train {data} --langs en "
            "--dev file:xnli/dev-{lang}.tsv --out tuned"
        )
    )(tune)
    app.command(
        epilog=example(
            "polydistill xd --model tuned --parallel en-de=news.en,news.de --test file:xnli/dev-{lang}.tsv --out german"
        )
    )(xd)
    app.command(epilog=example("polydistill run german/run.json --set training.learning_rate=1e-5 --out slower"))(run)


def tune(
    model: Model,
    train: Annotated[str, typer.Option(help=f"Rows to learn from: {_SOURCE}.")],
    langs: Annotated[str, typer.Option(help="Languages whose labels are learned, such as en or en,tr.")] = "en",
    out: Out = None,
    task: Task = "nli",
    dev: Dev = None,
    dev_langs: Annotated[str | None, typer.Option(help="Languages of the dev rows, if not those above.")] = None,
    test: Test = None,
    test_langs: TestLanguages = None,
    branches: Branches = None,
    steps: Steps = None,
    batch_size: Annotated[int, typer.Option(help="Rows a step.")] = TUNE["batch_size"],
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help=f"Peak learning rate. Default: {TUNE['learning_rate']}, or {EFFICIENT_RATE} where a strategy lets few "
            "parameters learn."
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(help="What learns, and how it reaches --model, such as FULL TRG, ADAPT SRC or SFT."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="With --strategy: the student that reads the labels, where it is another.")
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(help="A model tuned for the task, whose logits are learned too (task distillation)."),
    ] = None,
    few: Annotated[
        int | None, typer.Option(help=f"Learn so many rows of each language only, by default {FEW_PASSES} times.")
    ] = None,
    max_length: MaxLength = None,
    seed: Seed = 0,
    precision: Precision = "fp32",
    runs: Runs = Path("runs"),
    set_: Set = None,
    print_: Print = False,
    tensorboard: Tensorboard = False,
) -> None:
    """Tune a model of your own on the labels of one language or several."""
    from polydistill.jobs.tuning import tune_run

    said = options(steps=steps, batch_size=batch_size, learning_rate=learning_rate, precision=precision)
    wanted = tune_run(
        model,
        train,
        codes(langs),
        task=task_named(task),
        dev=dev,
        dev_languages=codes(dev_langs or ""),
        test=test,
        test_languages=codes(test_langs or ""),
        source=source,
        strategy=strategy,
        teacher=teacher,
        few=few,
        branches=branches,
        max_length=max_length,
        seed=seed,
        **said,
    )
    do(wanted, set_, out, runs, print_, tensorboard)


def xd(
    model: Model,
    data: Annotated[
        str | None, typer.Option(help=f"Rows of the task in all languages, labels unread: {_SOURCE}.")
    ] = None,
    langs: Annotated[str | None, typer.Option(help="With --data: the languages to learn; the first teaches.")] = None,
    parallel: Parallel = None,
    out: Out = None,
    task: Task = "nli",
    dev: Dev = None,
    test: Test = None,
    test_langs: TestLanguages = None,
    steps: Steps = None,
    batch_size: Annotated[int, typer.Option(help="Rows a step.")] = XD["batch_size"],
    learning_rate: Annotated[float, typer.Option(help="Learning rate.")] = XD["learning_rate"],
    max_length: MaxLength = None,
    seed: Seed = 0,
    precision: Precision = "fp32",
    preset: Annotated[Preset, typer.Option(help="reference: as the authors' code does it; see docs/xd.md.")] = "paper",
    runs: Runs = Path("runs"),
    set_: Set = None,
    print_: Print = False,
    tensorboard: Tensorboard = False,
) -> None:
    """Teach a tuned model of your own more languages, from translations and without labels."""
    from polydistill.jobs.references import xd_reference
    from polydistill.jobs.tuning import xd_run

    said = options(steps=steps, batch_size=batch_size, learning_rate=learning_rate, precision=precision)
    source, texts = parallel_files(parallel or [])
    languages = codes(langs or "")
    if source and languages:
        raise ValueError(f"--langs {langs} goes with --data; with --parallel the languages are those of the text.")
    wanted = xd_run(
        model,
        languages,
        data=data,
        parallel=texts,
        source_language=source or (languages or ("en",))[0],
        task=task_named(task),
        dev=dev,
        test=test,
        test_languages=codes(test_langs or ""),
        max_length=max_length,
        seed=seed,
        **said,
    )
    if preset == "reference":
        wanted = xd_reference(wanted)
    do(wanted, set_, out, runs, print_, tensorboard)


def run(
    file: Annotated[Path, typer.Argument(help="A run as JSON or YAML, such as the run.json of a run's folder.")],
    set_: Set = None,
    out: Out = None,
    runs: Runs = Path("runs"),
    print_: Print = False,
    tensorboard: Tensorboard = False,
) -> None:
    """Do the run of a file, changed where you say so; what is done already is not done again."""
    from polydistill.training.edit import read_run

    do(read_run(file), set_, out, runs, print_, tensorboard)


def do(
    wanted: "Run", changes: list[str] | None, out: Path | None, runs: Path, only_print: bool, tensorboard: bool
) -> None:
    """Print the run, or do it and print its scores and where it lies."""
    from polydistill import api
    from polydistill.cli.scores import show_scores
    from polydistill.jobs.align import describe_levels
    from polydistill.jobs.layer_maps import describe_maps
    from polydistill.methods.mmkd import MMKDSpec

    changed = api.changed(wanted, changes or [])
    if only_print:
        say(changed.model_dump_json(indent=2))
        return
    training = changed.training
    errors().print(
        f"{changed.name}: {training.steps} steps of {training.batch_size * training.accumulation} rows, learning rate "
        f"{training.learning_rate:g}, seed {changed.seed}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    if isinstance(changed.method, MMKDSpec):
        errors().print(describe_levels(changed.method), markup=False, highlight=False, soft_wrap=True)
    if changed.students:
        errors().print(describe_maps(changed), markup=False, highlight=False, soft_wrap=True)
    done = api.run(changed, out, runs, errors(), tensorboard)
    if done.result.scores:
        show_scores(done.result.scores)
    for name, folder in done.students.items():
        say(f"student {name}: {folder}")
    say(("" if done.students else f"model: {done.model}\n") + f"run: {done.folder / 'run.json'}")


def options(**given: Any) -> Any:
    """Options of the training that were said."""
    return {name: value for name, value in given.items() if value is not None}


def parallel_files(given: list[str]) -> tuple[str | None, dict[str, list[str]] | None]:
    """The source language, and files by target language, of `en-de=FILE,FILE` and the like."""
    from polydistill.languages import language

    texts: dict[str, list[str]] = {}
    sources = set()
    for one in given:
        pair, equals, files = one.partition("=")
        source, dash, target = pair.partition("-")
        if not (equals and dash and files):
            raise ValueError(f"--parallel {one}: expected en-de=FILE or en-de=ENGLISH,GERMAN.")
        code = language(target).code
        if code in texts:
            raise ValueError(f"--parallel gives {code} twice. Put its text into one file, or two that are aligned.")
        sources.add(language(source).code)
        texts[code] = files.split(",")
    if len(sources) > 1:
        raise ValueError(f"--parallel begins with {' and '.join(sorted(sources))}: the teacher reads one language.")
    return (sources.pop(), texts) if texts else (None, None)
