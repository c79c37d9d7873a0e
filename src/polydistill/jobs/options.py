"""Parameters that several jobs have, each written once: their types, their help, and the options of every training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

from typing_extensions import TypeAliasType

from polydistill import bounds
from polydistill.bounds import Batch, Count, Length, NoneOrSome, Rate, Share, Some, Weight, Width
from polydistill.defaults import LORA_RATE, MAX_LENGTH
from polydistill.jobs.job import Argument, Help, InPython

if TYPE_CHECKING:
    import rich.console

    from polydistill import tasks
    from polydistill.data.rows import given
    from polydistill.data.translations import given as given_pairs
    from polydistill.serving.reader import Reader
    from polydistill.starts import memory

Place = TypeAliasType("Place", str | Path)
"""A folder or a file."""
Several = str | Sequence[str]
"""Such as `tensorboard,wandb`, or a list."""
Languages = Several
"""Such as `en,tr`, or a list."""
Pairs = TypeAliasType("Pairs", "given_pairs.Parallel")
"""Corpora such as `en-de=FILE`, or parallel text by target language."""
Rows = TypeAliasType("Rows", "given.Rows")
"""Where rows come from: a file, `world:...`, `hub:NAME@COMMIT`, a source, or a table in memory."""
OwnModel = TypeAliasType("OwnModel", "memory.OwnModel")
"""A model's or a run's folder, a hub name, or a model as an object: (network, tokenizer), a SentenceTransformer."""
Readable = TypeAliasType("Readable", "memory.OwnModel | Reader")
"""The same, or what reads rows with it again and again."""

REPORT_TO = "Also log each step for tensorboard, wandb, or both: tensorboard,wandb."
ROWS = "a file, world:... or hub:NAME@COMMIT"

Model = Annotated[OwnModel, Help("A folder, or a hub name (owner/name, or owner/name@COMMIT).")]
ModelFirst = Annotated[OwnModel, Argument("A model's or a run's folder, or a hub name.")]
ReadableFirst = Annotated[Readable, Argument("A model's or a run's folder, a hub name, or an ONNX folder.")]
TaskLike = TypeAliasType("TaskLike", "str | tasks.AnyTask")
"""A known task, or one that is described."""
Task = Annotated[
    TaskLike | None,
    Help(
        "text, pair or tags (yours, with any labels; text:several where several hold, pair:number where a number is "
        "said), or nli, paraphrase, ner, choice, stars, qa. Default: found from model and rows."
    ),
]
KnownTask = Annotated[TaskLike, Help("nli, paraphrase, ner, choice, stars or qa.")]
Labels = Annotated[str | Sequence[str], Help("The labels, in the order of the head's outputs, such as neg,pos.")]
MapLabels = Annotated[
    str | Mapping[str, str], Help("What labels of model or rows mean: written=label, such as pos=positive.")
]
ColumnNames = Annotated[
    str | Mapping[str, str], Help("Which column of the rows is which, such as text=review,label=stars.")
]
Parallel = Annotated[
    Pairs,
    Help(
        "A parallel corpus, as `polydistill corpora` reads it: en-de=FILE, a zip, a table, en-de=FILE,FILE, hub:... or "
        "world:.... Several of one pair of languages are read in order.",
        many=True,
    ),
]
Dev = Annotated[Rows | None, Help(f"Rows that choose the weights to keep: {ROWS}.")]
DevLanguages = Annotated[Languages, Help("Languages of the dev rows, if not those that are learned.")]
Test = Annotated[Rows | None, Help(f"Rows to score the result on: {ROWS}.")]
TestLanguages = Annotated[Languages, Help("Languages of the test, if not those that are learned.")]
Branches = Annotated[Some | None, Help("Make it an MBLM: so many of its lowest blocks become a branch a language.")]
FreezeEmbeddings = Annotated[bool, Help("The embeddings do not learn.")]
FreezeBlocks = Annotated[NoneOrSome, Help("So many of the lowest blocks do not learn.")]
MaxLength = Annotated[Length | None, Help(f"Tokens of an input. Default: {MAX_LENGTH}, or what the model reads.")]
Seed = Annotated[bounds.Seed, Help("Decides order, dropout and a new head.")]
Console = Annotated["rich.console.Console | None", InPython("Where progress is shown.")]
Runs = Annotated[Place, Help("Folder of all runs.")]
Language = Annotated[str | None, Help("Language of the texts; matters to models that are told it, such as XLM.")]

_TRAINING, PLACE, _PAIRS = "Training", "The run", "Which pairs of --parallel are kept"


class Placing(TypedDict, total=False):
    """The options of everything that makes a run: what is changed of it, and where it is done."""

    set: Annotated[
        Sequence[str] | None,
        Help("Change any setting of the run, such as training.batching.sampling=in-turn.", many=True, panel=PLACE),
    ]
    out: Annotated[
        Place | None, Help("Folder for run.json, model/ and results.json. Default: a new one in --runs.", panel=PLACE)
    ]
    runs: Annotated[Place | None, Help("Folder of all runs, where --out is not given.", default="runs", panel=PLACE)]
    report_to: Annotated[Several | None, Help(REPORT_TO, panel=PLACE)]


class Learning(Placing, total=False):
    """The options of every training. A job says what it takes where nothing is said (`defaults`)."""

    steps: Annotated[Count | None, Help("Optimiser steps. Default: one pass over the rows.", panel=_TRAINING)]
    epochs: Annotated[Rate | None, Help("Passes over the rows, in place of --steps.", panel=_TRAINING)]
    batch_size: Annotated[Batch | None, Help("Rows a step.", panel=_TRAINING)]
    accumulation: Annotated[Batch | None, Help("Batches that a step adds up.", default=1, panel=_TRAINING)]
    learning_rate: Annotated[Rate | None, Help("Peak learning rate.", panel=_TRAINING)]
    weight_decay: Annotated[Weight | None, Help("Weight decay.", default=0.0, panel=_TRAINING)]
    warmup: Annotated[
        Share | None, Help("Share of the steps in which the learning rate rises.", default=0.0, panel=_TRAINING)
    ]
    decay: Annotated[
        Literal["constant", "linear", "cosine"] | None,
        Help("What the learning rate does after the warm-up.", default="constant", panel=_TRAINING),
    ]
    clip: Annotated[
        Weight | None,
        Help("Largest norm of the gradient; 0 = no limit, as in the papers.", default=1.0, panel=_TRAINING),
    ]
    evaluate_every: Annotated[
        Count | None, Help("Steps between two scores on the dev rows. Default: ten scores a training.", panel=_TRAINING)
    ]
    patience: Annotated[Count | None, Help("Stop after so many scores on dev without a new best.", panel=_TRAINING)]
    checkpoint_every: Annotated[
        Count | None,
        Help(
            "Steps between checkpoints, from which an interrupted run goes on. Default: 500; with --average so many "
            "that its checkpoints lie in the last half.",
            panel=_TRAINING,
        ),
    ]
    average: Annotated[
        Some | None, Help("The result is the mean of the weights of the last so many checkpoints.", panel=_TRAINING)
    ]
    precision: Annotated[
        Literal["fp32", "bf16"] | None, Help("Number format of the computation.", default="fp32", panel=_TRAINING)
    ]
    lora_rank: Annotated[
        Width | None,
        Help(
            "Learn through LoRA matrices of this rank, for a student too large to tune whole; the learning rate is "
            f"then {LORA_RATE} where none is given. More: --set training.lora.alpha, .dropout and .layers.",
            panel=_TRAINING,
        ),
    ]


class LearningPairs(Learning, total=False):
    """The options of a training on parallel text: also which of its pairs are kept."""

    shortest: Annotated[Length | None, Help("Tokens of a side, at least.", panel=_PAIRS)]
    longest: Annotated[Length | None, Help("Tokens of a side, at most.", panel=_PAIRS)]
    duplicates: Annotated[Literal["drop", "keep"] | None, Help("What to do with pairs that came before.", panel=_PAIRS)]
    same_sides: Annotated[
        Literal["drop", "keep"] | None, Help("What to do with pairs whose two sides are the same.", panel=_PAIRS)
    ]
    at_most: Annotated[Count | None, Help("At most so many pairs of each corpus.", panel=_PAIRS)]
    sample: Annotated[
        Literal["first", "random"] | None,
        Help("Which pairs are taken, where there are more than --at-most.", panel=_PAIRS),
    ]
