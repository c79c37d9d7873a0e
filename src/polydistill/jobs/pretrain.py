"""The job pretrain: a small encoder of one's own languages, or one that there is, learns hidden words from text."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Unpack

from polydistill.bounds import Held, Length, Seed, Share, Some, Width
from polydistill.defaults import PRETRAIN, PRETRAIN_PAIRS, PRETRAIN_PASSES, PRETRAIN_RATE, PRETRAIN_ROWS
from polydistill.jobs.job import Help, training_job
from polydistill.jobs.options import ROWS, Languages, Learning, OwnModel, Rows

if TYPE_CHECKING:
    from polydistill.starts.origins import Fresh, Pretrained
    from polydistill.training.run import Run


@training_job(
    "polydistill pretrain --langs en,tr --out polyglot",
    spec="polydistill.methods.pretraining:PretrainSpec",
    defaults={**PRETRAIN, "learning_rate": None},
    notes={
        "learning_rate": f"Peak learning rate. Default: {PRETRAIN['learning_rate']}, or {PRETRAIN_RATE} with --model.",
        "steps": f"Optimiser steps. Default: {PRETRAIN_PASSES} passes over the text.",
        "batch_size": "Texts a step.",
    },
)
def pretrain(
    langs: Annotated[Languages, Help("Languages that the encoder learns, such as en,tr.")],
    *,
    data: Annotated[
        Rows | None,
        Help(f"Text to learn from: {ROWS}. Default: {PRETRAIN_ROWS} sentences a language of the mini-world."),
    ] = None,
    pairs: Annotated[
        Share | None,
        Help(
            "Share of the inputs that are a text and its translation. Default: "
            f"{PRETRAIN_PAIRS} where the text says the same in several languages, else 0."
        ),
    ] = None,
    model: Annotated[
        OwnModel | None,
        Help("An encoder to begin with, which gets a head for hidden words if it has none. Default: a new one."),
    ] = None,
    blocks: Annotated[Some | None, Help("Blocks of a new encoder. Default: 4.")] = None,
    width: Annotated[Width | None, Help("Its width. Default: 128.")] = None,
    heads: Annotated[Some | None, Help("Its attention heads; the width is a multiple of them. Default: 4.")] = None,
    vocabulary: Annotated[
        Held | None, Help("Pieces of its tokenizer, which is learned on the same text. Default: 800.")
    ] = None,
    max_length: Annotated[Length, Help("Tokens of a text. A new encoder reads twice as many, for two texts.")] = 64,
    dev: Annotated[
        Rows | None, Help("Text that chooses the weights: those that are least surprised by its hidden words.")
    ] = None,
    seed: Annotated[Seed, Help("Decides the first weights, order, pairs and what is hidden.")] = 0,
    **options: Unpack[Learning],
) -> "Run":
    """Make a small encoder that predicts hidden words, with a tokenizer of its own, from text in your languages.

    It is an XLM-R of a few blocks: something to try methods on, or to teach and be taught. Where the text says the same
    in all languages, row by row, part of the inputs are pairs of translations (TLM). With `model` it is an encoder that
    there is, which learns on: a masked language model can then teach (`distill`).
    """
    from polydistill.data.rows.given import as_source
    from polydistill.data.rows.load import load_text
    from polydistill.data.rows.sources import WorldSource
    from polydistill.jobs import making
    from polydistill.languages import named_languages
    from polydistill.methods.pretraining import PretrainSpec
    from polydistill.training.run import Run

    shape = {"blocks": blocks, "width": width, "heads": heads, "vocabulary": vocabulary}
    start = _start(model, {name: value for name, value in shape.items() if value is not None}, max_length)
    codes = named_languages(langs)
    source = WorldSource(rows=PRETRAIN_ROWS) if data is None else as_source(data)
    corpus = load_text(source, codes)
    usual = PRETRAIN_PAIRS if corpus.aligned and len(codes) > 1 else 0.0
    rate = {"learning_rate": PRETRAIN["learning_rate"] if model is None else PRETRAIN_RATE}
    return Run(
        name=f"pretrain {'+'.join(codes)}",
        method=PretrainSpec(
            languages=codes, data=source, pairs=usual if pairs is None else pairs, max_length=max_length
        ),
        start=start,
        training=making.training_of(
            {**rate, **options}, lambda _: sum(corpus.counts.values()), dev is not None, PRETRAIN_PASSES
        ),
        selection=making.judging_of("nli", dev, codes, max_length, "perplexity"),
        seed=seed,
    )


def _start(model: OwnModel | None, shape: Mapping[str, Any], max_length: int) -> "Fresh | Pretrained":
    """The encoder that is there, or a new one of this shape."""
    from polydistill.jobs import making
    from polydistill.starts.hub import pinned
    from polydistill.starts.origins import Fresh

    if model is not None:
        if shape:
            raise ValueError(f"{' and '.join(shape)} shape a new encoder; {model} has its shape. Leave one side out.")
        start = pinned(model)
        making.length_of(start, max_length)
        return start
    new = Fresh(**shape, max_length=2 * max_length)
    if new.width % new.heads:
        raise ValueError(
            f"width is {new.width} and heads is {new.heads}; expected a width that is a multiple of heads."
        )
    return new
