"""Students of a person's own: what `polydistill distill` does."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Required, Unpack

from polydistill.data.batches.schedule import Batching
from polydistill.data.rows.given import Rows, as_source
from polydistill.data.rows.load import load_text
from polydistill.defaults import MONOLINGUAL, LossName, Options
from polydistill.jobs.making import called_of, judging_of, length_of, training_of
from polydistill.methods.monolingual import MonolingualSpec, Student, Text
from polydistill.methods.monolingual.named_losses import named_loss
from polydistill.models.bank import Origin, Part
from polydistill.models.layers import FAMILIES
from polydistill.models.trimming.piece_map import LostMass
from polydistill.objectives.layer_maps import LayerMap, known
from polydistill.starts.hub import pinned
from polydistill.starts.loading import predicts_words
from polydistill.starts.origins import Pretrained
from polydistill.starts.strict import open_config
from polydistill.training.run import Run
from polydistill.training.starting import described


class DistillOptions(Options, total=False):
    """What `distill_run` takes by name."""

    depth: Required[int]
    loss: LossName
    map: LayerMap | None
    init_map: LayerMap | None
    students: Mapping[str, Sequence[str]] | None
    share: Collection[Part] | Literal["all"]
    tie_head: bool
    width: int | None
    heads: int | None
    init: Origin | None
    student: str | Path | None
    lost_mass: LostMass | None
    dev: Rows | None
    buffer: int | None
    packed: bool
    max_length: int | None
    seed: int


def distill_run(
    teacher: str | Path,
    texts: Mapping[str, Rows],
    *,
    depth: int,
    loss: LossName = "MonoShot",
    map: LayerMap | None = None,
    init_map: LayerMap | None = None,
    students: Mapping[str, Sequence[str]] | None = None,
    share: Collection[Part] | Literal["all"] = ("embeddings", "head"),
    tie_head: bool = True,
    width: int | None = None,
    heads: int | None = None,
    init: Origin | None = None,
    student: str | Path | None = None,
    lost_mass: LostMass | None = None,
    dev: Rows | None = None,
    buffer: int | None = None,
    packed: bool = False,
    max_length: int | None = None,
    seed: int = 0,
    **options: Unpack[Options],
) -> Run:
    """Distil `teacher`, a masked language model, into small students, from text by language (a file, or a source).

    Each language has a student of its own, unless `students` says which reads what; `share="all"` makes one student of
    all languages. `loss` is one of table 3.1, `map` another layer map than its own; the students begin as `init_map`
    says: as an explicit `map` of all their blocks does, or uniform. Another `width` (or `heads`) than the teacher's
    begins at random. `student` is what they begin as, if it is not the teacher: a trimmed one (see `trim`); `lost_mass`
    says what becomes of what the teacher says of the pieces that it lacks. `dev`, text in all languages, selects by
    perplexity. With `buffer` text is read as it is needed, so that it may be of any size, and so many lines are
    shuffled together; `packed` cuts it into inputs of full length.
    """
    for one in (map, init_map):
        if one is not None:
            known(one)
    taught_by = _teacher(pinned(teacher))
    start = taught_by if student is None else _teacher(pinned(student))
    if lost_mass is not None and student is None:
        raise ValueError("lost_mass is about pieces that a trimmed student lacks. Give `student`, or leave it out.")
    length = length_of(start, max_length)
    read = tuple(Text(language=code, data=as_source(given)) for code, given in texts.items())
    codes = [text.language for text in read]
    named: dict[str, Any] = named_loss(loss).settings
    whole = {"-".join(codes): codes}
    method = MonolingualSpec(
        students=tuple(
            Student(name=name, languages=tuple(those))
            for name, those in (students or (whole if share == "all" else {code: [code] for code in codes})).items()
        ),
        texts=read,
        depth=depth,
        width=width,
        heads=heads,
        init=init or ("teacher" if _fits(start, width, heads) else "random"),
        init_map=init_map or (map if isinstance(map, Mapping) and len(map) == depth else "uniform"),
        share=() if share == "all" else tuple(share),
        tie_head=tie_head,
        buffer=buffer,
        packed=packed,
        max_length=length,
        lost_mass=lost_mass or "renormalise",
        **{**named, "map": map or named["map"]},
    )
    if buffer is not None and "steps" not in options:
        raise ValueError("Text that is read as it is needed has no known length: say how many steps to take.")
    rows = 0 if "steps" in options else sum(sum(load_text(text.data, [text.language]).counts.values()) for text in read)
    training = training_of({**MONOLINGUAL, **options}, lambda _: rows, dev is not None)
    run = Run(
        name=f"{loss} {'+'.join(codes)} of {called_of(taught_by)}",
        method=method,
        start=start,
        teacher=None if student is None else taught_by,
        training=training.model_copy(update={"batching": Batching(sampling="in-turn")}),  # Algorithm 1
        selection=judging_of("nli", None if dev is None else as_source(dev), codes, length, "perplexity"),
        seed=seed,
    )
    described(run)  # maps that do not fit are refused now, not when the run is done
    return run


def _teacher(start: Pretrained) -> Pretrained:
    """The same, if it can teach masked language models."""
    config = open_config(start.name, start.revision)
    if config.model_type not in FAMILIES:
        raise ValueError(
            f"{start.name} is a model of the family {config.model_type!r}, whose parts are not known here, so no "
            f"students can be made of it. Take one of: {', '.join(FAMILIES)}."
        )
    if not predicts_words(config):
        raise ValueError(
            f"{start.name} has no head that predicts hidden words (architecture: "
            f"{', '.join(config.architectures or ()) or 'not said'}). Name a masked language model, such as "
            "FacebookAI/xlm-roberta-base."
        )
    return start


def _fits(start: Pretrained, width: int | None, heads: int | None) -> bool:
    """Whether the teacher's weights fit into a student of this width."""
    config = open_config(start.name, start.revision)
    return width in (None, config.hidden_size) and heads in (None, config.num_attention_heads)
