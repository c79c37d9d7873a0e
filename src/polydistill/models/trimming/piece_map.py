"""A trimmed student and its teacher, who knows more pieces: what the teacher reads and says.

The teacher reads the student's own pieces, under its own numbers. So both have the same places, also where a text holds
pieces that only the teacher knows and would itself have cut otherwise.

B = rows, L = places, N = positions, V = the student's vocabulary, D = width.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from polydistill.models.layers import head_transform, scoring
from polydistill.objectives.vocabulary_teachers import Reading, Wider

LostMass = Literal["renormalise", "tail"]
"""`renormalise`: the teacher is asked about the student's pieces alone. `tail`: all other pieces are one bucket, which
is the student's <unk>."""


class PieceMap(nn.Module):
    """The teacher's piece that each of the student's is; `ids_V` is None where both have the same."""

    ids_V: Tensor | None

    def __init__(self, ids_V: Tensor | None = None, unknown: int | None = None) -> None:
        super().__init__()
        self.register_buffer("ids_V", ids_V, persistent=False)
        self.unknown = unknown

    def read(self, text: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """The student's inputs as the teacher reads them."""
        return text if self.ids_V is None else {**text, "input_ids": self.ids_V[text["input_ids"]]}

    @torch.no_grad()
    def said(self, teacher: PreTrainedModel, last_ND: Tensor, lost: LostMass) -> Reading | Wider:
        """What the teacher says over the student's pieces, from the output of its encoder."""
        reading = Reading(head_transform(teacher, last_ND), scoring(teacher))
        if self.ids_V is None:
            return reading
        if lost == "renormalise":
            return reading.of(self.ids_V)
        if self.unknown is None:
            raise ValueError(
                "The student has no piece for what is unknown, so nothing stands for the pieces it lacks. Set "
                "lost_mass to 'renormalise'."
            )
        return Wider(reading.vectors_ND, reading.decoder, self.ids_V, self.unknown)


def piece_map(student: PreTrainedTokenizerBase, teacher: PreTrainedTokenizerBase) -> PieceMap:
    """Found by the pieces' names, which trimming leaves alone; it holds for all that is made of a trimmed model."""
    ours, theirs = student.get_vocab(), teacher.get_vocab()
    if ours == theirs:
        return PieceMap()
    if strange := sorted(ours.keys() - theirs.keys()):
        raise ValueError(
            f"The teacher does not know {len(strange):,} of the student's {len(ours):,} pieces ({strange[0]!r}, ...), "
            "but it must read what the student reads. Trim the student from a model that has the teacher's tokenizer."
        )
    pieces = sorted(ours, key=ours.__getitem__)
    return PieceMap(torch.tensor([theirs[piece] for piece in pieces]), student.unk_token_id)
