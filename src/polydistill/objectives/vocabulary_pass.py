"""The numbers behind `vocabulary.py`: one pass over the positions that count, chunk by chunk.

The positions are sorted into those that are distilled only, those that are both and those that are labelled only, so
that in every chunk the distilled ones stand first, the labelled ones last, and both are slices.

n = positions of a chunk, d = those of them that are distilled, m = labelled, V = vocabulary, D = width, K = pieces
stored of the teacher.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from polydistill.objectives.vocabulary_teachers import Decoder, Reading, Teacher, TopPieces, Wider


class Wanted(NamedTuple):
    """Which gradients to work out."""

    student: bool
    weight: bool
    bias: bool


class Gradients(NamedTuple):
    """Of the weighted sum of the terms."""

    student_ND: Tensor | None
    weight_VD: Tensor | None
    bias_V: Tensor | None


NOTHING = Gradients(None, None, None)


@dataclass(frozen=True)
class Pass:
    """What one pass is to do, but for the student."""

    rows: Tensor
    """The positions that count, sorted as said above; the first `distilled` of them have a teacher."""
    distilled: int
    labels: Tensor
    """Of the last of these positions."""
    teacher: Teacher | None
    """With a decoder `at` the temperature."""
    temperature: float
    entropy: bool
    """Whether the teacher's entropy is taken off, which makes a divergence of a cross-entropy."""
    row_weight: float
    weights: tuple[float, float]
    chunk: int
    compute: torch.dtype

    def of_labels(self, weight: float) -> "Pass":
        """The labelled positions alone, without the teacher."""
        rows = self.rows[len(self.rows) - len(self.labels) :]
        return replace(self, rows=rows, distilled=0, teacher=None, weights=(weight, 0.0))


def run(
    work: Pass,
    student_ND: Tensor,
    weight_VD: Tensor,
    bias_V: Tensor | None,
    wanted: Wanted,
    onto: Gradients = NOTHING,
) -> tuple[Tensor, Tensor, Gradients]:
    """The terms `mlm` and `hinton`, and the gradients wanted of their weighted sum, added to those of `onto`."""
    with torch.no_grad(), torch.autocast(student_ND.device.type, enabled=False):
        # All is in units of the temperature: x = vectors / T, so that scores / T need no pass over [n, V].
        x_ND = (student_ND[work.rows] / work.temperature).to(work.compute)
        decoder = Decoder(weight_VD, bias_V).at(work.temperature, work.compute)
        sums = _Sums(work, (student_ND, weight_VD, bias_V), wanted, onto)
        room = _Room(min(work.chunk, len(x_ND)), len(weight_VD), sums.exact, student_ND.device)
        for start in range(0, len(x_ND), work.chunk):
            part = slice(start, start + work.chunk)
            scores_nV = decoder.scores(x_ND[part], room("scores", len(x_ND[part]), work.compute))
            slope_nV = _chunk(work, start, scores_nV, sums, room, any(wanted))
            if slope_nV is not None:
                slope_nV = slope_nV if slope_nV.dtype == work.compute else scores_nV.copy_(slope_nV)
                sums.add(part, slope_nV, x_ND[part], decoder.weight_VD)
        return sums.mlm, sums.hinton, sums.gradients()


class _Room:
    """Room for [n, V] by name, used again by every chunk: new memory costs a CPU as much as an exponential."""

    def __init__(self, chunk: int, vocabulary: int, exact: torch.dtype, device: torch.device) -> None:
        self.shape, self.exact, self.device = (chunk, vocabulary), exact, device
        self.rooms: dict[str, Tensor] = {}

    def __call__(self, name: str, rows: int, dtype: torch.dtype | None = None, width: int | None = None) -> Tensor:
        if name not in self.rooms:
            shape = (self.shape[0], width or self.shape[1])
            self.rooms[name] = torch.empty(shape, dtype=dtype or self.exact, device=self.device)
        return self.rooms[name][:rows]


class _Sums:
    """What the chunks add up to; in at least fp32, whatever the products' precision."""

    def __init__(
        self, work: Pass, inputs: tuple[Tensor, Tensor, Tensor | None], wanted: Wanted, onto: Gradients
    ) -> None:
        self.inputs = inputs
        self.exact = torch.promote_types(inputs[0].dtype, torch.float32)
        self.mlm = inputs[0].new_zeros((), dtype=self.exact)
        self.hinton = self.mlm.clone()
        self.student, self.weight, self.bias = (
            None
            if like is None or not asked
            else torch.zeros_like(like, dtype=self.exact)
            if begun is None
            else begun.to(self.exact)
            for asked, like, begun in zip(wanted, inputs, onto, strict=True)
        )
        self.rows, self.temperature = work.rows, work.temperature

    def add(self, part: slice, slope_nV: Tensor, x_nD: Tensor, weight_VD: Tensor) -> None:
        """Take in a chunk's derivative by its scores / T."""
        if self.student is not None:
            self.student[self.rows[part]] += (slope_nV @ weight_VD).to(self.exact) / self.temperature
        if self.weight is not None and slope_nV.dtype == self.exact:
            self.weight.addmm_(slope_nV.T, x_nD)
        elif self.weight is not None:
            self.weight += slope_nV.T @ x_nD
        if self.bias is not None:
            self.bias += slope_nV.sum(0, dtype=self.exact) / self.temperature

    def gradients(self) -> Gradients:
        """In the inputs' own precision."""
        sums = (self.student, self.weight, self.bias)
        return Gradients(
            *(
                None if total is None or like is None else total.to(like.dtype)
                for total, like in zip(sums, self.inputs, strict=True)
            )
        )


def _chunk(work: Pass, start: int, scores_nV: Tensor, sums: _Sums, room: _Room, learning: bool) -> Tensor | None:
    """Add a chunk's part of both terms; the derivative of their weighted sum by the scores / T, if it is wanted."""
    number = len(scores_nV)
    labelled = len(work.labels)
    first_label = len(work.rows) - labelled  # counted over all rows, as `start` is
    d = min(max(work.distilled - start, 0), number)
    m = min(max(start + number - first_label, 0), number)
    slope_dV = slope_mV = None
    if d:
        loss, slope_dV = _distil(work, slice(start, start + d), scores_nV[:d], room, learning)
        sums.hinton += loss * work.row_weight
    if m:
        labels_m = work.labels[max(start - first_label, 0) :][:m]
        loss, slope_mV = _predict(scores_nV[number - m :], labels_m, work.temperature, room, learning)
        sums.mlm += loss / labelled
    if slope_dV is not None:
        slope_dV *= work.weights[1] * work.row_weight
    if slope_mV is not None:
        slope_mV *= work.weights[0] * work.temperature / labelled
    return _joined(slope_dV, slope_mV, number)


def _joined(slope_dV: Tensor | None, slope_mV: Tensor | None, number: int) -> Tensor | None:
    """The derivatives of the first d and of the last m of a chunk's positions, added where they overlap."""
    if slope_dV is None or slope_mV is None:
        return slope_mV if slope_dV is None else slope_dV
    overlap = len(slope_dV) + len(slope_mV) - number
    slope_dV[len(slope_dV) - overlap :] += slope_mV[:overlap]
    return slope_dV if len(slope_dV) == number else torch.cat([slope_dV, slope_mV[overlap:]])


def _predict(
    scores_mV: Tensor, labels_m: Tensor, temperature: float, room: _Room, learning: bool
) -> tuple[Tensor, Tensor | None]:
    """Sum of -log p(label), and its derivative by the scores. Works in the rooms that distilling is done with."""
    whole_mV = room("wanted", len(scores_mV)).copy_(scores_mV).mul_(temperature)
    log_mV = torch.log_softmax(whole_mV, dim=-1, out=room("teacher", len(scores_mV)))
    at_m1 = labels_m.unsqueeze(-1)
    loss = -log_mV.gather(-1, at_m1).sum()
    if not learning:
        return loss, None
    return loss, log_mV.exp_().scatter_add_(-1, at_m1, log_mV.new_full(at_m1.shape, -1.0))


def _distil(work: Pass, part: slice, scores_dV: Tensor, room: _Room, learning: bool) -> tuple[Tensor, Tensor | None]:
    """Sum of the divergences (or cross-entropies) of a chunk, and its derivative by the scores / T."""
    student_dV = _log_softmax(scores_dV, room("student", len(scores_dV)))
    rows, teacher = work.rows[part], work.teacher
    if isinstance(teacher, TopPieces):
        highest_dK1 = torch.cat([teacher.scores_NK[rows], teacher.rest_N[rows].unsqueeze(-1)], dim=-1)
        teacher_dK1 = highest_dK1.to(room.exact).log_softmax(-1)
        return _distil_top(student_dV, teacher_dK1, teacher.pieces_NK[rows], work.entropy, learning)
    assert teacher is not None, "rows are distilled by a teacher"
    return _distil_all(student_dV, _teacher_in(room, teacher, rows, work), room, work.entropy, learning)


def _teacher_in(room: _Room, teacher: Reading | Wider, rows: Tensor, work: Pass) -> Tensor:
    """The teacher's log probabilities of the student's pieces at these positions."""
    compute = teacher.decoder.weight_VD.dtype
    x_dD = (teacher.vectors_ND[rows] / work.temperature).to(compute)
    if isinstance(teacher, Wider):
        wide_dW = room("wide", len(rows), compute, len(teacher.decoder.weight_VD))
        scores_dW = teacher.decoder.scores(x_dD, wide_dW).to(room.exact)
        return teacher.gathered(scores_dW, room("teacher", len(rows)))
    name = "wanted" if compute == room.exact else "teacher scores"
    return _log_softmax(teacher.decoder.scores(x_dD, room(name, len(rows), compute)), room("teacher", len(rows)))


def _log_softmax(scores_nV: Tensor, into_nV: Tensor) -> Tensor:
    """In the precision of where it is put."""
    return torch.log_softmax(scores_nV, dim=-1, dtype=into_nV.dtype, out=into_nV)


def _distil_all(
    student_dV: Tensor, teacher_dV: Tensor, room: _Room, entropy: bool, learning: bool
) -> tuple[Tensor, Tensor | None]:
    """From log probabilities over the whole vocabulary, both of which are used up."""
    wanted_dV = torch.exp(teacher_dV, out=room("wanted", len(teacher_dV)))
    apart_dV = teacher_dV.sub_(student_dV) if entropy else torch.neg(student_dV, out=teacher_dV)
    loss = apart_dV.mul_(wanted_dV).sum()
    return loss, student_dV.exp_().sub_(wanted_dV) if learning else None


def _distil_top(
    student_dV: Tensor, teacher_dK1: Tensor, pieces_dK: Tensor, entropy: bool, learning: bool
) -> tuple[Tensor, Tensor | None]:
    """From the teacher's log probabilities of K pieces and, last, of all others together."""
    top_dK = student_dV.gather(-1, pieces_dK)
    rest_dV = student_dV.exp_().scatter_(-1, pieces_dK, 0.0)
    rest_d1 = rest_dV.sum(-1, keepdim=True).clamp(min=torch.finfo(rest_dV.dtype).tiny)
    said_dK1 = torch.cat([top_dK, rest_d1.log()], dim=-1)
    wanted_dK1 = teacher_dK1.exp()
    loss = -(wanted_dK1 * said_dK1).sum()
    if entropy:
        loss = loss + torch.special.xlogy(wanted_dK1, wanted_dK1).sum()
    if not learning:
        return loss, None
    slope_dV = rest_dV.mul_(1 - wanted_dK1[:, -1:] / rest_d1)
    return loss, slope_dV.scatter_(-1, pieces_dK, top_dK.exp() - wanted_dK1[:, :-1])
