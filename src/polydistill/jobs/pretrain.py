"""The job pretrain: a small encoder of one's own languages, from text."""

from typing import TYPE_CHECKING, Annotated, Unpack

from polydistill.defaults import PRETRAIN, PRETRAIN_PAIRS, PRETRAIN_PASSES, PRETRAIN_ROWS
from polydistill.jobs.job import Help, training_job
from polydistill.jobs.options import ROWS, Languages, Learning, Rows

if TYPE_CHECKING:
    from polydistill.training.run import Run


@training_job(
    "polydistill pretrain --langs en,tr --out polyglot",
    spec="polydistill.methods.pretraining:PretrainSpec",
    defaults=PRETRAIN,
    notes={
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
        float | None,
        Help(
            "Share of the inputs that are a text and its translation. Default: "
            f"{PRETRAIN_PAIRS} where the text says the same in several languages, else 0."
        ),
    ] = None,
    blocks: Annotated[int, Help("Blocks of the encoder.")] = 4,
    width: Annotated[int, Help("Width of the encoder.")] = 128,
    heads: Annotated[int, Help("Attention heads; the width is a multiple of them.")] = 4,
    vocabulary: Annotated[int, Help("Pieces of the tokenizer, which is learned on the same text.")] = 800,
    max_length: Annotated[int, Help("Tokens of a text. The encoder reads twice as many, for two texts.")] = 64,
    seed: Annotated[int, Help("Decides the first weights, order, pairs and what is hidden.")] = 0,
    **options: Unpack[Learning],
) -> "Run":
    """Make a small encoder that predicts hidden words, with a tokenizer of its own, from text in your languages.

    It is an XLM-R of a few blocks: something to try methods on, or to teach and be taught. Where the text says the same
    in all languages, row by row, part of the inputs are pairs of translations (TLM).
    """
    from polydistill.data.rows.given import as_source
    from polydistill.data.rows.load import load_text
    from polydistill.data.rows.sources import WorldSource
    from polydistill.jobs import making
    from polydistill.languages import named_languages
    from polydistill.methods.pretraining import PretrainSpec
    from polydistill.starts.origins import Fresh
    from polydistill.training.run import Run

    if width % heads:
        raise ValueError(f"width is {width} and heads is {heads}; expected a width that is a multiple of heads.")
    codes = named_languages(langs)
    source = WorldSource(rows=PRETRAIN_ROWS) if data is None else as_source(data)
    corpus = load_text(source, codes)
    usual = PRETRAIN_PAIRS if corpus.aligned and len(codes) > 1 else 0.0
    return Run(
        name=f"pretrain {'+'.join(codes)}",
        method=PretrainSpec(
            languages=codes, data=source, pairs=usual if pairs is None else pairs, max_length=max_length
        ),
        start=Fresh(vocabulary=vocabulary, width=width, blocks=blocks, heads=heads, max_length=2 * max_length),
        training=making.training_of(
            options, lambda _: sum(corpus.counts.values()), judged=False, passes=PRETRAIN_PASSES
        ),
        seed=seed,
    )
