"""The job distill: a multilingual masked language model distilled into small students."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Unpack

from polydistill.bounds import Held, Length, Some, Temperature, Width
from polydistill.defaults import MAX_LENGTH, MONOLINGUAL, LossName, Preset
from polydistill.jobs.job import Help, training_job
from polydistill.jobs.options import Learning, OwnModel, Rows, Seed

if TYPE_CHECKING:
    from polydistill.methods.monolingual import MonolingualSpec, Text
    from polydistill.starts.origins import Pretrained
    from polydistill.training.run import Run

_MAPS = "uniform, top, bottom, last or 1:2,2:4"


@training_job(
    "polydistill distill --teacher FacebookAI/xlm-roberta-base --text tr=turkish.txt --text en=english.txt "
    "--depth 6 --out students",
    spec="polydistill.methods.monolingual.spec:MonolingualSpec",
    defaults=MONOLINGUAL,
    notes={"batch_size": "Texts a step.", "steps": "Optimiser steps. Default: one pass over the text."},
)
def distill(
    teacher: Annotated[OwnModel, Help("A masked language model: a folder, or a hub name.")],
    text: Annotated[
        Mapping[str, Rows] | Sequence[str],
        Help("Plain text of a language, tr=FILE (or tr=world:...); once a language.", many=True),
    ],
    *,
    depth: Annotated[Some, Help("Blocks of a student.")],
    loss: Annotated[LossName | None, Help("A loss of the thesis' table 3.1. Default: MonoShot.")] = None,
    map: Annotated[str | Mapping[int, int] | None, Help(f"Blocks to learn from: {_MAPS}. Default: the loss's.")] = None,
    init_map: Annotated[
        str | Mapping[int, int] | None,
        Help("Blocks to begin as. Default: an explicit --map of all blocks, or uniform."),
    ] = None,
    students: Annotated[
        Mapping[str, Sequence[str]] | Sequence[str],
        Help("Who reads what, NAME=en,tr; once a student. Default: a student a language.", many=True),
    ] = (),
    share: Annotated[
        str | Collection[int | str],
        Help("What students share: embeddings, head, blocks (2 or 1-3); none; all = one student."),
    ] = ("embeddings", "head"),
    untied: Annotated[bool, Help("Give the decoder a matrix of its own.")] = False,
    width: Annotated[Width | None, Help("Width of a student; not the teacher's: begins at random.")] = None,
    heads: Annotated[Some | None, Help("Attention heads of a student. Default: the teacher's.")] = None,
    init: Annotated[
        Literal["teacher", "random"] | None, Help("How students begin. Default: as the teacher, where it fits.")
    ] = None,
    student: Annotated[
        OwnModel | None, Help("What students begin as, such as a trimmed teacher. Default: the teacher.")
    ] = None,
    lost_mass: Annotated[
        Literal["renormalise", "tail"] | None,
        Help("What the teacher gives to pieces that a trimmed student lacks: shared out, or given to <unk>."),
    ] = None,
    temperature: Annotated[Temperature | None, Help("Temperature of the distillation. Default: 4.")] = None,
    scaling: Annotated[
        Literal["hinton", "cross_entropy", "sequence_sum"] | None,
        Help("How the distillation is scaled. Default: hinton; reference: sequence_sum."),
    ] = None,
    positions: Annotated[
        Literal["masked", "all"] | None,
        Help("Where teacher and student are compared: at hidden tokens, or at all (the default)."),
    ] = None,
    dev: Annotated[Rows | None, Help("Text that chooses the weights to keep, such as dev.{lang}.txt.")] = None,
    buffer: Annotated[
        Held | None, Help("Read text as it is needed, and shuffle so many lines together; needs --steps.")
    ] = None,
    packed: Annotated[bool, Help("Join streamed lines into inputs of full length.")] = False,
    preset: Annotated[Preset, Help("reference: as the authors' code does it; see docs/monolingual.md.")] = "paper",
    max_length: Annotated[
        Length | None, Help(f"Tokens of a text. Default: {MAX_LENGTH}, or what the model reads.")
    ] = None,
    seed: Seed = 0,
    **options: Unpack[Learning],
) -> "Run":
    """Distil a multilingual masked language model into small students of single languages.

    `dev`, text in all languages, selects by perplexity. `student` is what students begin as, if it is not the teacher.
    """
    from polydistill.data.batches.schedule import Batching
    from polydistill.data.rows.given import as_source
    from polydistill.data.rows.load import load_text
    from polydistill.jobs import making, written
    from polydistill.jobs.references import monolingual_reference
    from polydistill.methods.monolingual import Text
    from polydistill.starts.hub import pinned
    from polydistill.starts.opened import called_of
    from polydistill.training.run import Run
    from polydistill.training.starting import described

    given = locals()
    _check(given)
    taught_by = _teacher(pinned(teacher))
    start = taught_by if student is None else _teacher(pinned(student))
    named = written.by_language("text", text, "a language and its text, such as tr=turkish.txt")
    texts = tuple(Text(language=code, data=as_source(one)) for code, one in named.items())
    codes, length = [one.language for one in texts], making.length_of(start, max_length)
    method = _method(given, texts, start, length)
    lines = lambda _: sum(sum(load_text(one.data, [one.language]).counts.values()) for one in texts)  # noqa: E731
    training = making.training_of(options, None if "steps" in options else lines, dev is not None)
    run = Run(
        name=f"{loss or 'MonoShot'} {'+'.join(codes)} of {called_of(taught_by)}",
        method=method,
        start=start,
        teacher=None if student is None else taught_by,
        training=training.model_copy(update={"batching": Batching(sampling="in-turn")}),  # Algorithm 1
        selection=making.judging_of("nli", dev, codes, length, "perplexity"),
        seed=seed,
    )
    run = monolingual_reference(run) if preset == "reference" else run
    described(run)  # maps that do not fit are refused now, not when the run is done
    return run


def _check(given: Mapping[str, Any]) -> None:
    """Refuse what does not go together."""
    fixed = [
        f"--{name.replace('_', '-')}" for name in ("loss", "map", "init_map", "scaling") if given[name] is not None
    ]
    if given["preset"] == "reference" and fixed:
        raise ValueError(
            "--preset reference has a loss, layer maps and a scaling of its own. "
            f"Leave {' and '.join(fixed)} out, or the preset."
        )
    if given["lost_mass"] is not None and given["student"] is None:
        raise ValueError("lost_mass is about pieces that a trimmed student lacks. Give `student`, or leave it out.")
    if given["buffer"] is not None and "steps" not in given["options"]:
        raise ValueError("Text that is read as it is needed has no known length: say how many steps to take.")


def _method(given: Mapping[str, Any], texts: "tuple[Text, ...]", start: "Pretrained", length: int) -> "MonolingualSpec":
    """The method's settings: a student a language, unless another division is named."""
    from polydistill.jobs import making, written
    from polydistill.languages import named_languages
    from polydistill.methods.monolingual import MonolingualSpec, Student
    from polydistill.methods.monolingual.named_losses import named_loss

    codes = [text.language for text in texts]
    map, init_map = (written.layer_map(name, given[name]) for name in ("map", "init_map"))
    share, named = written.shared_parts(given["share"]), given["students"]
    if not isinstance(named, Mapping):
        named = written.by_name("--students", named, "a name and its languages, such as both=en,tr")
    usual = {"-".join(codes): codes} if share is None else {code: [code] for code in codes}
    fits = _fits(start, given["width"], given["heads"])
    loss = named_loss(given["loss"] or "MonoShot").settings
    return MonolingualSpec(
        **making.settings(
            MonolingualSpec,
            given,
            **{
                **loss,
                "map": map or loss["map"],
                "students": tuple(
                    Student(name=name, languages=named_languages(those)) for name, those in (named or usual).items()
                ),
                "texts": texts,
                "init": given["init"] or ("teacher" if fits else "random"),
                "init_map": init_map or (map if isinstance(map, dict) and len(map) == given["depth"] else "uniform"),
                "share": share or (),
                "tie_head": not given["untied"],
                "max_length": length,
            },
        )
    )


def _teacher(start: "Pretrained") -> "Pretrained":
    """The same, if it can teach masked language models."""
    from polydistill.models.layers import FAMILIES
    from polydistill.starts.loading import predicts_words
    from polydistill.starts.strict import open_config

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
            "FacebookAI/xlm-roberta-base, or let this one learn hidden words first: polydistill pretrain --model "
            f"{start.name} --langs ... --data ... --out teacher."
        )
    return start


def _fits(start: "Pretrained", width: int | None, heads: int | None) -> bool:
    """Whether the teacher's weights fit into a student of this width."""
    from polydistill.starts.strict import open_config

    config = open_config(start.name, start.revision)
    return width in (None, config.hidden_size) and heads in (None, config.num_attention_heads)
