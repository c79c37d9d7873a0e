"""The job static: the fastest student of vectors, which has no attention."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

from polydistill.bounds import Held, Length, Temperature, Width
from polydistill.defaults import PAIRS, STATIC, STATIC_PASSES
from polydistill.jobs.job import Argument, Help, training_job
from polydistill.jobs.options import LearningPairs, Parallel, Rows, Seed

if TYPE_CHECKING:
    from polydistill.training.run import Run


@training_job(
    "polydistill static intfloat/multilingual-e5-small --parallel en-tr=news.en,news.tr --text tr=turkish.txt "
    "--out static",
    spec="polydistill.methods.static:StaticSpec",
    defaults={**STATIC, **PAIRS, "shortest": None},
    notes={
        "steps": f"Optimiser steps. Default: {STATIC_PASSES} passes over pairs and text.",
        "batch_size": "Pairs a step, each a candidate for all others.",
        "shortest": "Tokens of a side, at least. Default: any.",
    },
)
def static(
    teacher: Annotated[str | Path, Argument("An encoder, or a sentence encoder: a folder, or a hub name.")],
    *,
    parallel: Parallel,
    text: Annotated[
        Mapping[str, Rows] | Sequence[str],
        Help("Plain text, tr=FILE, whose vectors are learned from the teacher; once a language.", many=True),
    ] = (),
    pieces: Annotated[Held | None, Help("Pieces that stay at most. Default: all that occur in the text.")] = None,
    width: Annotated[Width | None, Help("Features of a vector. Default: 256, or the teacher's.")] = None,
    temperature: Annotated[Temperature | None, Help("Temperature of the contrast. Default: 0.05.")] = None,
    max_length: Annotated[Length | None, Help("Pieces of a text while it learns. Default: 128.")] = None,
    seed: Seed = 0,
    **options: Unpack[LearningPairs],
) -> "Run":
    """Make a student without attention: thousands of sentences a second on one core, from any encoder.

    A text's vector is the mean of its pieces' vectors. They begin as what the teacher says of each piece, and learn
    from translations, and from plain text that the teacher reads. What is left is a folder of sentence-transformers
    (StaticEmbedding) and model2vec.
    """
    from polydistill.data.batches.schedule import Batching
    from polydistill.data.rows.given import as_source
    from polydistill.data.rows.load import load_text
    from polydistill.data.translations.filters import SHORT_TOO
    from polydistill.data.translations.given import as_corpora
    from polydistill.data.translations.translations import count_pairs
    from polydistill.jobs import making, written
    from polydistill.methods.static import StaticSpec, Text
    from polydistill.models.static_config import Bagging
    from polydistill.starts.hub import pinned
    from polydistill.starts.opened import called_of
    from polydistill.starts.tokenizers import open_tokenizer
    from polydistill.training.run import Bag, Run

    given = locals()
    start = pinned(teacher)
    filters = making.filters_of(options, SHORT_TOO, used=True)
    corpora = as_corpora(parallel, "en", filters)
    named = written.by_language("text", text, "a language and its text, such as tr=turkish.txt") if text else {}
    texts = tuple(Text(language=code, data=as_source(one)) for code, one in named.items())
    content = {
        "source_language": corpora.source_language,
        "languages": tuple(corpora.languages),
        "corpora": corpora.corpora,
        "filters": filters,
        "texts": texts,
    }
    method = StaticSpec(**making.settings(StaticSpec, given, **content))

    def rows(_: int) -> int:
        tokenizer = open_tokenizer(start.name, start.revision)
        lines = (sum(load_text(one.data, [one.language]).counts.values()) for one in texts)
        return count_pairs(method, "static", tokenizer, seed) + sum(lines)

    training = making.training_of(options, None if "steps" in options else rows, judged=False, passes=STATIC_PASSES)
    return Run(
        name=f"static {corpora.source_language}-{'+'.join(corpora.languages)} of {called_of(start)}",
        method=method,
        start=Bag(of=start, how=Bagging(**making.settings(Bagging, given))),
        teacher=start if texts else None,
        training=training.model_copy(update={"batching": Batching(sampling="proportional")}),
        seed=seed,
    )
