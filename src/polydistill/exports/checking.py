"""Holding what was exported against the model itself."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from polydistill.exports.reading import Logits, Says, asked
from polydistill.exports.samples import Batch
from polydistill.exports.wanted import Check, Wanted

Numbers = NDArray[np.float32]
Other = Callable[[Batch], Numbers]
"""What the exported model says of a batch."""


def compare(model: Says, other: Other, batches: Iterable[Batch], by: str, texts: str, int8: bool = False) -> Check:
    """How near the other comes to the model, over all batches."""
    pairs = [(_counted(asked(model, one.inputs).numpy(), one), _counted(other(one), one)) for one in batches]
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
        raise ValueError(
            f"In int8 the model says something else: the {measure} is {check.agreement:.3f} on {check.texts}, less "
            f"than {wanted.agreement:.3f}. Nothing was written; lower the agreement that is asked for if that is near "
            "enough, or export without int8."
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
