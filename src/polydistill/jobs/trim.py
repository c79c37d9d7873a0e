"""The job trim: a model without the pieces of the vocabulary that some languages do not need."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from polydistill.bounds import Held
from polydistill.jobs.job import Argument, Help, job
from polydistill.jobs.options import Languages, OwnModel, Place, Rows

if TYPE_CHECKING:
    from polydistill.exports.trimming import Trimmed


@job(
    "Ship",
    "polydistill trim FacebookAI/xlm-roberta-base --langs tr,en --text tr=turkish.txt.gz --text en=english.txt.gz "
    "--keep 30000 --out small",
)
def trim(
    model: Annotated[OwnModel, Argument("A model's or a run's folder, or a hub name.")],
    langs: Annotated[Languages, Help("Languages to serve, such as tr,en.")],
    text: Annotated[
        Mapping[str, Rows] | Sequence[Rows],
        Help("Text to count pieces in: tr=FILE once a language, or FILE for text in any of them.", many=True),
    ] = (),
    *,
    keep: Annotated[Held | None, Help("Pieces to keep at most, special ones included.")] = None,
    by: Annotated[
        Literal["frequency", "script", "both"] | None,
        Help("What stays. Default: frequency (what occurs in the text); with --keep both; without text script."),
    ] = None,
    out: Annotated[Place, Help("Folder for the model, with trim.json and kept.json.")],
) -> "tuple[Trimmed, ...]":
    """Leave out the pieces (and their weights) that some languages do not need.

    Special and byte pieces and single characters always stay. The folder of a run with several students gives as many
    trimmed ones, which keep the same pieces.
    """
    from polydistill.exports.trimming import trimmed_models
    from polydistill.languages import named_languages

    return trimmed_models(model, named_languages(langs), _by_language(text), keep, by, out)


def _by_language(given: Mapping[str, Rows] | Sequence[Rows]) -> Mapping[str, Rows] | Sequence[Rows]:
    """Text by language where each says its own, and text in any of them where none does."""
    from polydistill.jobs.written import by_language
    from polydistill.languages import language

    def named(one: Rows) -> bool:
        name, equals, _ = one.partition("=") if isinstance(one, str) else ("", "", "")
        try:
            return bool(equals and language(name))
        except ValueError:
            return False

    if isinstance(given, Mapping):
        return given
    texts = [given] if isinstance(given, str) else list(given)
    own = [str(one) for one in texts if named(one)]
    if own and len(own) < len(texts):
        raise ValueError(
            f"--text {own[0]} is of one language, and another --text says none. Name the language of each, or of none."
        )
    return by_language("text", own, "a language and its text, such as tr=turkish.txt") if own else texts
