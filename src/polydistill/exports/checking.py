"""Holding what was exported against the model itself."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from polydistill.data.batches.padding import Padded
from polydistill.exports.reading import Logits, Says, asked
from polydistill.exports.samples import Batch, Part
from polydistill.exports.wanted import Check, Scored, Wanted
from polydistill.progress import followed
from polydistill.tasks import AnyTask, task_of
from polydistill.tasks.reading import ArrayStudent

Numbers = NDArray[np.float32]
Other = Callable[[Batch], Numbers]
"""What the exported model says of a batch."""


Heard = tuple[Batch, Numbers, Numbers]
"""A batch, what the model says of it, and what the exported one says."""


def hear(model: Says, other: Other, batches: Iterable[Batch]) -> list[Heard]:
    """Both, of all batches."""
    shown = followed(batches, "Checked", unit="rows", many=lambda one: len(one.inputs["input_ids"]))
    return [(one, asked(model, one.inputs).numpy(), other(one)) for one in shown]


def compare(model: Says, heard: Sequence[Heard], by: str, texts: str, int8: bool = False) -> Check:
    """How near the other comes to the model."""
    pairs = [(_counted(mine, one), _counted(theirs, one)) for one, mine, theirs in heard]
    same_shape = all(mine.shape == theirs.shape for mine, theirs in pairs)
    agreements = [_agreement(model, mine, theirs) for mine, theirs in pairs] if same_shape and int8 else []
    joined = np.concatenate(agreements) if agreements else np.zeros(1)
    return Check(
        what=model.what,
        by=by,
        difference=max(float(np.abs(mine - theirs).max()) for mine, theirs in pairs) if same_shape else float("inf"),
        agreement=float(joined.mean() if isinstance(model, Logits) else joined.min()) if int8 else None,
        answers=sum(len(mine) for mine, _ in pairs),
        texts=texts,
    )


def scored(task: AnyTask, parts: Sequence[Part], heard: Sequence[Heard]) -> Scored | None:
    """The scores of both, where all rows have labels; they have been heard in this order."""
    if any(part.gold is None for part in parts):
        return None
    asked_of, found = task_of(task), []
    for place in (1, 2):
        student = _Heard([mine if place == 1 else theirs for _, mine, theirs in heard])
        said = [(part, asked_of.say(student, part.text, None, None)) for part in parts]
        found.append([asked_of.score(part.language, one, part.gold).value for part, one in said])
    return Scored(metric=asked_of.metric, own=float(np.mean(found[0])), exported=float(np.mean(found[1])))


class _Heard(ArrayStudent):
    """A student that says, batch by batch, what was heard."""

    def __init__(self, said: Sequence[Numbers]) -> None:
        self.said = iter(said)

    def logits(self, inputs: Padded) -> Numbers:
        """Of the next batch."""
        said = next(self.said)
        assert len(said) == len(inputs["input_ids"]), "the batches are those that were heard"
        return said


def refuse(check: Check, wanted: Wanted) -> None:
    """Raise where an export is too far from its model; what is not a number is, too."""
    if check.agreement is None and not check.difference <= wanted.tolerance:
        raise ValueError(
            f"The exported model says other {check.what} than the model itself ({check.by}): they differ by up to "
            f"{check.difference:.2g}, more than {wanted.tolerance:.2g}. Nothing was written; raise the tolerance if "
            "that is near enough."
        )
    if check.agreement is not None and not check.agreement >= wanted.agreement:
        measure = "share of equal answers" if check.what == "logits" else "smallest cosine"
        score = "" if check.score is None else f" ({check.score.said})"
        raise ValueError(
            f"In int8 the model says something else: the {measure} is {check.agreement:.3f}{score} on {check.texts}, "
            f"less than {wanted.agreement:.3f}. Nothing was written. If that is near enough, take it with --agreement "
            f"{np.floor(1000 * check.agreement) / 1000:g}; or export without int8."
        )


def _counted(said: Numbers, batch: Batch) -> Numbers:
    """A row an answer; what is said of every token without what is said of pads."""
    mask_BL = batch.inputs["attention_mask"]
    if said.ndim == mask_BL.ndim + 1:
        return np.asarray(said[mask_BL.bool().numpy()])
    return said


def _agreement(model: Says, mine: Numbers, theirs: Numbers) -> NDArray[np.float64]:
    """By answer: whether it is the same, or the cosine of two vectors."""
    if isinstance(model, Logits):
        return np.asarray(mine.argmax(-1) == theirs.argmax(-1), dtype=np.float64)
    mine_ND, theirs_ND = (torch.from_numpy(one).double() for one in (mine, theirs))
    return np.asarray(torch.cosine_similarity(mine_ND, theirs_ND, dim=-1).numpy())
