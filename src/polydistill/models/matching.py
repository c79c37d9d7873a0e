"""How far a student is from its teacher inside: sums over a layer map {student block m: teacher block g(m)}.

B = rows, L = tokens, D = width, H = heads, K = width of a head. The mask says which tokens count.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, cast

import torch
from torch import Tensor, nn

from polydistill.models.capture import Inside, Projections
from polydistill.objectives import attention, hidden
from polydistill.objectives.relations import relation_kl

Kind = Literal["query", "key", "value"]
Layers = Mapping[int, int]

HID: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"mse": hidden.mse, "cosine": hidden.cosine}


class Projector(nn.Module):
    """Brings a student's hidden states into its teacher's width: W_m of eq. 2.12, W_e of eq. 2.16.

    They learn with the student and are no part of it. Where the widths are equal there is nothing to do.
    """

    def __init__(self, width: int, teacher_width: int, numbers: Iterable[int], dtype: torch.dtype) -> None:
        super().__init__()
        maps = {str(m): nn.Linear(width, teacher_width, bias=False, dtype=dtype) for m in numbers}
        self.maps = nn.ModuleDict(maps if width != teacher_width else {})

    def forward(self, seen: Inside, m: int) -> Tensor:
        """Hidden state m in the teacher's width."""
        return cast(Tensor, self.maps[str(m)](seen.hidden[m])) if self.maps else seen.hidden[m]


def hid(seen: Inside, taught: Inside, project: Projector, layers: Layers, mask_BL: Tensor, distance: str) -> Tensor:
    """Hidden states of matched blocks (eq. 2.12, or by cosine 2.13)."""
    return _sum(HID[distance](project(seen, m), taught.hidden[n], mask_BL) for m, n in layers.items())


def emb(seen: Inside, taught: Inside, project: Projector, mask_BL: Tensor) -> Tensor:
    """What the embeddings give out (eq. 2.16)."""
    return hidden.mse(project(seen, 0), taught.hidden[0], mask_BL)


def att(
    seen: Inside, taught: Inside, layers: Layers, mask_BL: Tensor, on: Literal["scores", "probabilities"]
) -> Tensor:
    """Attention of matched blocks, head by head: before the softmax (eq. 2.15), or after it."""

    def one(student: Projections, teacher: Projections) -> Tensor:
        sides = [attention.scores(side.query_BHLK, side.key_BHLK) for side in (student, teacher)]
        if on == "scores":
            return attention.scores_mse(sides[0], sides[1], mask_BL)
        after = [attention.probabilities(side, mask_BL) for side in sides]
        return attention.probabilities_mse(after[0], after[1], mask_BL)

    return _sum(one(seen.attention[m], taught.attention[n]) for m, n in layers.items())


def relations(
    seen: Inside, taught: Inside, layers: Layers, mask_BL: Tensor, kinds: Sequence[Kind], heads: int
) -> Tensor:
    """How queries relate to queries, keys to keys, values to values in matched blocks (MiniLMv2)."""
    return _sum(
        relation_kl(_flat(seen.attention[m], kind), _flat(taught.attention[n], kind), heads, mask_BL)
        for m, n in layers.items()
        for kind in kinds
    )


def _flat(side: Projections, kind: Kind) -> Tensor:
    """One kind of vectors, all heads side by side: [B, L, H K]."""
    vectors_BHLK: Tensor = getattr(side, f"{kind}_BHLK")
    return vectors_BHLK.transpose(1, 2).flatten(2)


def _sum(values: Iterable[Tensor]) -> Tensor:
    first, *rest = values
    return sum(rest, start=first)
