"""The command that brings a multilingual encoder to an English one: align."""

from pathlib import Path
from typing import Annotated

import typer

from polydistill.cli.corpora import Duplicates, SameSides, Sample
from polydistill.cli.learning import Out, Precision, Print, Runs, Seed, Set, Tensorboard, do, options
from polydistill.cli.screen import codes, example
from polydistill.defaults import ALIGN, ALIGN_MAX_LENGTH, AlignMethod, Preset


def add(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        epilog=example(
            "polydistill align --teacher google-bert/bert-base-cased --student FacebookAI/xlm-roberta-base "
            "--parallel en-tr=news.en,news.tr --parallel en-sw=news.sw.tsv --out aligned"
        )
    )(align)


def align(
    teacher: Annotated[str, typer.Option(help="An encoder of the source language: a folder, or a hub name.")],
    student: Annotated[str, typer.Option(help="A multilingual encoder; MMKD needs one that predicts hidden words.")],
    parallel: Annotated[
        list[str] | None,
        typer.Option(
            help="A parallel corpus, as `polydistill corpora` reads it: en-de=FILE. Several a language will do."
        ),
    ] = None,
    shortest: Annotated[int, typer.Option(help="Of --parallel: tokens of a side, at least.")] = 10,
    longest: Annotated[int, typer.Option(help="Of --parallel: tokens of a side, at most.")] = 128,
    at_most: Annotated[int, typer.Option(help="Of --parallel: pairs of each corpus.")] = 2_000_000,
    sample: Sample = "first",
    duplicates: Duplicates = "drop",
    same_sides: SameSides = "drop",
    data: Annotated[
        str | None, typer.Option(help="Sentences that say the same in all languages: world:..., file:PATH or hub:...")
    ] = None,
    langs: Annotated[str | None, typer.Option(help="With --data: the languages; the first is the teacher's.")] = None,
    out: Out = None,
    method: Annotated[AlignMethod, typer.Option(help="mmkd: four levels; sentence: sentence vectors alone.")] = "mmkd",
    preset: Annotated[
        Preset, typer.Option(help="reference: as the authors' code does it; see docs/mmkd.md.")
    ] = "paper",
    without: Annotated[
        str | None, typer.Option(help="Terms to leave out of MMKD, of tlm, xwcl, senta, struca.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps. Default: one pass over the pairs.")] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            help=f"Pairs a step (sentences, with --method sentence), as many of every language. Default: about "
            f"{ALIGN['batch_size']}."
        ),
    ] = None,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = ALIGN["learning_rate"],
    max_length: Annotated[
        int | None, typer.Option(help=f"Tokens of an input. Default: {ALIGN_MAX_LENGTH}, or what the models read.")
    ] = None,
    seed: Seed = 0,
    precision: Precision = "fp32",
    runs: Runs = Path("runs"),
    set_: Set = None,
    print_: Print = False,
    tensorboard: Tensorboard = False,
) -> None:
    """Align a multilingual encoder with an English one, on translations and without labels."""
    from polydistill.data.translations.filters import Filters
    from polydistill.jobs.align import align_run

    named = codes(langs or "")
    if (data is None) == (not parallel):
        raise ValueError("Give translations as --parallel en-de=FILE, or as --data with --langs, and not both.")
    if (data is None) != (not named):
        raise ValueError("--data and --langs go together: which languages to read, the teacher's first.")
    filters = Filters(
        shortest=shortest, longest=longest, at_most=at_most, sample=sample, duplicates=duplicates, same_sides=same_sides
    )
    if data is not None and filters != Filters():
        raise ValueError(
            "--shortest, --longest, --at-most, --sample, --duplicates and --same-sides choose among the pairs of "
            "--parallel; of --data every sentence is read. Leave them out."
        )
    wanted = align_run(
        teacher,
        student,
        data=data,
        languages=named,
        parallel=parallel or (),
        filters=filters if parallel else None,
        source_language=named[0] if named else "en",
        method=method,
        preset=preset,
        without=codes(without or ""),
        max_length=max_length,
        seed=seed,
        **options(steps=steps, batch_size=batch_size, learning_rate=learning_rate, precision=precision),
    )
    do(wanted, set_, out, runs, print_, tensorboard)
