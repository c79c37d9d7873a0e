"""The command that makes small students: distill."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from polydistill.cli.learning import Out, Precision, Print, Runs, Seed, Set, Steps, Tensorboard, do, options
from polydistill.cli.screen import example
from polydistill.defaults import MAX_LENGTH, MONOLINGUAL, LossName, Preset


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example(
            "polydistill distill --teacher FacebookAI/xlm-roberta-base --text tr=turkish.txt --text en=english.txt "
            "--depth 6 --out students"
        )
    )(distill)


def distill(
    teacher: Annotated[str, typer.Option(help="A masked language model: a folder, or a hub name.")],
    text: Annotated[
        list[str], typer.Option(help="Plain text of a language, tr=FILE (or tr=world:...); once a language.")
    ],
    depth: Annotated[int, typer.Option(help="Blocks of a student.")],
    out: Out = None,
    loss: Annotated[LossName | None, typer.Option(help="A loss of the thesis' table 3.1. Default: MonoShot.")] = None,
    map_: Annotated[
        str | None,
        typer.Option("--map", help="Blocks to learn from: uniform, top, bottom, last or 1:2,2:4. Default: the loss's."),
    ] = None,
    init_map: Annotated[
        str | None, typer.Option(help="Blocks to begin as. Default: an explicit --map of all blocks, or uniform.")
    ] = None,
    share: Annotated[
        str, typer.Option(help="What students share: embeddings, head, blocks (2 or 1-3); none; all = one student.")
    ] = "embeddings,head",
    untied: Annotated[bool, typer.Option("--untied", help="Give the decoder a matrix of its own.")] = False,
    width: Annotated[int | None, typer.Option(help="Width of a student; not the teacher's: begins at random.")] = None,
    heads: Annotated[int | None, typer.Option(help="Attention heads of a student. Default: the teacher's.")] = None,
    student: Annotated[
        str | None, typer.Option(help="What students begin as, such as a trimmed teacher. Default: the teacher.")
    ] = None,
    lost_mass: Annotated[
        Literal["renormalise", "tail"] | None,
        typer.Option(help="What the teacher says of pieces a trimmed student lacks: share it out, or it is <unk>."),
    ] = None,
    dev: Annotated[
        str | None, typer.Option(help="Text that chooses the weights to keep, such as dev.{lang}.txt.")
    ] = None,
    buffer: Annotated[
        int | None, typer.Option(help="Read text as it is needed, and shuffle so many lines together; needs --steps.")
    ] = None,
    packed: Annotated[bool, typer.Option("--packed", help="Join streamed lines into inputs of full length.")] = False,
    steps: Steps = None,
    batch_size: Annotated[int, typer.Option(help="Texts a step.")] = MONOLINGUAL["batch_size"],
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = MONOLINGUAL["learning_rate"],
    max_length: Annotated[
        int | None, typer.Option(help=f"Tokens of a text. Default: {MAX_LENGTH}, or what the model reads.")
    ] = None,
    seed: Seed = 0,
    precision: Precision = "fp32",
    preset: Annotated[
        Preset, typer.Option(help="reference: as the authors' code does it; see docs/monolingual.md.")
    ] = "paper",
    runs: Runs = Path("runs"),
    set_: Set = None,
    print_: Print = False,
    tensorboard: Tensorboard = False,
) -> None:
    """Distil a multilingual masked language model into small students of single languages."""
    from polydistill.jobs.references import monolingual_reference
    from polydistill.jobs.students import distill_run

    _check_preset(preset, {"--loss": loss, "--map": map_, "--init-map": init_map})
    wanted = distill_run(
        teacher,
        texts_by_language(text),
        depth=depth,
        loss=loss or "MonoShot",
        map=_map("--map", map_),
        init_map=_map("--init-map", init_map),
        share=_share(share),
        tie_head=not untied,
        width=width,
        heads=heads,
        student=student,
        lost_mass=lost_mass,
        dev=dev,
        buffer=buffer,
        packed=packed,
        max_length=max_length,
        seed=seed,
        **options(steps=steps, batch_size=batch_size, learning_rate=learning_rate, precision=precision),
    )
    if preset == "reference":
        wanted = monolingual_reference(wanted)
    do(wanted, set_, out, runs, print_, tensorboard)


def texts_by_language(given: list[str]) -> dict[str, str]:
    """Texts by language, of `tr=FILE` and the like."""
    from polydistill.languages import language

    texts: dict[str, str] = {}
    for one in given:
        name, equals, place = one.partition("=")
        if not (name and equals and place):
            raise ValueError(f"--text {one}: expected a language and its text, such as tr=turkish.txt.")
        code = language(name).code
        if code in texts:
            raise ValueError(f"--text gives {code} twice. Put its text into one file.")
        texts[code] = place
    return texts


def _check_preset(preset: Preset, given: Mapping[str, str | None]) -> None:
    """The authors' code has a loss and layer maps of its own, which would silently replace these."""
    if preset == "reference" and (said := [option for option, value in given.items() if value is not None]):
        raise ValueError(
            f"--preset reference has a loss and layer maps of its own. Leave {' and '.join(said)} out, or the preset."
        )


def _map(option: str, given: str | None) -> Any:
    """A layer map by its name, or explicit, as in 1:2,2:4."""
    if given is None or ":" not in given:
        return given
    try:
        pairs = [(int(student), int(teacher)) for student, teacher in (pair.split(":") for pair in given.split(","))]
    except ValueError:
        raise ValueError(f"{option} {given}: expected student:teacher,student:teacher, such as 1:2,2:4.") from None
    blocks = dict(pairs)
    if len(blocks) < len(pairs):
        raise ValueError(f"{option} {given} names a block of the student twice. Give each one block of the teacher.")
    return blocks


def _share(given: str) -> Any:
    """What is shared: `all`, or parts with commas, blocks by number or from the first to the last of several."""
    parts = [] if given == "none" else [part.strip() for part in given.split(",") if part.strip()]
    return "all" if parts == ["all"] else [one for part in parts for one in _parts(part)]


def _parts(part: str) -> list[int | str]:
    """The parts that one word of --share names: several of `1-3`."""
    blocks = re.fullmatch(r"(\d+)(?:-(\d+))?", part, re.ASCII)
    if blocks is None:
        return [part]
    first, last = int(blocks[1]), int(blocks[2] or blocks[1])
    if first > last:
        raise ValueError(f"--share {part}: the last block comes before the first. Write {last}-{first}.")
    return list(range(first, last + 1))
