"""MLM and Hinton over a large vocabulary in one pass that never holds [positions x vocabulary].

    mlm = mean over labelled positions of -log p(piece)                               (thesis, eq. 2.10)
    hinton = row weight x sum over its positions of KL(teacher || student) at T       (eq. 2.9; scalings: `logits.py`)

XLM-R has 250,002 pieces: the scores of 2,048 tokens take 2 GB, and the dense way holds them many times over. Here a
chunk of positions is scored, its two terms and their gradient are worked out, and its scores are forgotten. The
gradient by the student's vectors, decoder weight and bias is complete when forward ends; backward only scales it.

One gradient is kept and not one a term, which would be another [V, D]. So forward is told by which weights the terms
will be added. If they arrive at backward in another ratio (micro-batches weigh the terms by other shares), it scales
the gradient to what arrived for Hinton, and adds what MLM then lacks in a pass over the labelled positions, without the
teacher. Only if Hinton was given no weight but gets one, or if backward is run twice, is all of the pass done again.

Only positions that count are computed: those with a label, and those of `distil_N`. The rest may hold anything.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from polydistill.objectives import vocabulary_pass
from polydistill.objectives.logits import Scaling, row_weight
from polydistill.objectives.vocabulary_pass import Gradients, Pass, Wanted
from polydistill.objectives.vocabulary_teachers import Decoder, Reading, Teacher, TopPieces, Wider

CHUNK = 256  # by measurement: benchmarks/results/vocabulary_losses.md
IGNORED = -100


class VocabularyTerms(NamedTuple):
    """The two terms, unweighted; a term that nothing counts for is 0."""

    mlm: Tensor
    hinton: Tensor


def mlm_and_hinton(
    student_ND: Tensor,
    decoder: Decoder,
    labels_N: Tensor | None = None,
    teacher: Teacher | None = None,
    distil_N: Tensor | None = None,
    *,
    temperature: float = 1.0,
    scaling: Scaling = "hinton",
    sequences: int | None = None,
    weights: tuple[float, float] = (1.0, 1.0),
    chunk: int = CHUNK,
) -> VocabularyTerms:
    """Both terms from the vectors that go into the student's decoder; each term alone where the other's input is None.

    `labels_N` holds the piece to predict, -100 where there is none. `distil_N` says where the student learns from the
    teacher (None: everywhere). `sequences` is for the scaling `sequence_sum`. `weights` should be those by which the
    terms will enter the loss; they make backward fast and change neither values nor gradients.
    """
    _check(student_ND, decoder, teacher, temperature, chunk)
    rows, distilled, labels = _sorted(student_ND, labels_N, None if teacher is None else distil_N, teacher is not None)
    work = Pass(
        rows=rows,
        distilled=distilled,
        labels=labels,
        teacher=_at(temperature, teacher),
        temperature=temperature if teacher is not None else 1.0,
        entropy=scaling != "cross_entropy",
        row_weight=row_weight(scaling, temperature, distilled, sequences) if teacher is not None else 1.0,
        weights=_of_what_counts(weights, len(labels), distilled),
        chunk=chunk,
        compute=_compute_type(student_ND),
    )
    mlm, hinton = _Chunked.apply(  # type: ignore[no-untyped-call]
        student_ND, decoder.weight_VD, decoder.bias_V, work, torch.is_grad_enabled()
    )
    return VocabularyTerms(mlm, hinton)


def _sorted(
    student_ND: Tensor, labels_N: Tensor | None, distil_N: Tensor | None, teaches: bool
) -> tuple[Tensor, int, Tensor]:
    """The positions that count: distilled only, both, labelled only; how many are distilled; the labels of the last."""
    if labels_N is None:
        labels_N = torch.full((len(student_ND),), IGNORED, device=student_ND.device)
    labelled_N = labels_N != IGNORED
    distilled_N = torch.full_like(labelled_N, teaches) if distil_N is None else distil_N.bool()
    groups = [distilled_N & ~labelled_N, distilled_N & labelled_N, labelled_N & ~distilled_N]
    alone, both, other = (group.nonzero().squeeze(-1) for group in groups)
    return torch.cat([alone, both, other]), len(alone) + len(both), labels_N[torch.cat([both, other])]


def _compute_type(factor: Tensor) -> torch.dtype:
    """The precision of a matrix product: autocast's where it is on."""
    device = factor.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else factor.dtype


def _at(temperature: float, teacher: Teacher | None) -> Teacher | None:
    """The teacher's decoder made ready, once for all chunks."""
    if teacher is None or isinstance(teacher, TopPieces):
        return teacher
    with torch.no_grad():
        decoder = teacher.decoder.at(temperature, _compute_type(teacher.decoder.weight_VD))
        return replace(teacher, vectors_ND=teacher.vectors_ND.detach(), decoder=decoder)


def _check(student_ND: Tensor, decoder: Decoder, teacher: Teacher | None, temperature: float, chunk: int) -> None:
    if chunk < 1:
        raise ValueError(f"A chunk has at least 1 position, not {chunk}; the default is {CHUNK}.")
    if isinstance(teacher, TopPieces) and teacher.temperature != temperature:
        raise ValueError(
            f"The teacher's pieces were stored at temperature {teacher.temperature}, but {temperature} is asked for. "
            "The weight of the other pieces holds at one temperature only: store them again, or use that one."
        )
    if isinstance(teacher, Reading | Wider):
        scored = len(teacher.decoder.weight_VD if isinstance(teacher, Reading) else teacher.pieces_V)
        if scored != len(decoder.weight_VD):
            raise ValueError(
                f"The teacher scores {scored:,} pieces and the student {len(decoder.weight_VD):,}. Scores can be "
                "distilled only over one vocabulary: take those of the student's pieces (`Reading.of`, `Wider`)."
            )
    if teacher is not None and len(teacher) != len(student_ND):
        raise ValueError(
            f"The teacher gives {len(teacher)} positions and the student {len(student_ND)}. Give both at every "
            "position; which ones count is said by `labels_N` and `distil_N`."
        )


class _Chunked(torch.autograd.Function):
    """Works out the gradient with the values; backward hands it on."""

    @staticmethod
    def forward(
        ctx: Any, student_ND: Tensor, weight_VD: Tensor, bias_V: Tensor | None, work: Pass, learning: bool
    ) -> tuple[Tensor, Tensor]:
        wanted = Wanted(*ctx.needs_input_grad[:3]) if learning else Wanted(False, False, False)
        ctx.save_for_backward(student_ND, weight_VD, bias_V)
        ctx.work = work
        mlm, hinton, ctx.gradients = vocabulary_pass.run(work, student_ND, weight_VD, bias_V, wanted)
        return mlm, hinton

    @staticmethod
    def backward(ctx: Any, *by_terms: Tensor) -> tuple[Any, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "The chunked vocabulary losses have no second derivatives (create_graph=True). Use `logits.hinton` and "
                "`classes.cross_entropy` on the scores of every position instead."
            )
        work, wanted = ctx.work, Wanted(*ctx.needs_input_grad[:3])
        student_ND, weight_VD, bias_V = ctx.saved_tensors
        mlm, hinton = torch.stack(by_terms).tolist()  # at once, for on a GPU this waits
        arriving = _of_what_counts((mlm, hinton), len(work.labels), work.distilled)
        # Taken out, for they are scaled in place: a second backward through the same graph works them out anew.
        gradients, ctx.gradients = ctx.gradients, None
        known = _scale_and_lack(work.weights, arriving, torch.finfo(by_terms[0].dtype).eps)
        if gradients is None or known is None:
            *_, gradients = vocabulary_pass.run(replace(work, weights=arriving), student_ND, weight_VD, bias_V, wanted)
            return *gradients, None, None
        gradients = _scaled(gradients, known[0])
        if known[1]:
            *_, gradients = vocabulary_pass.run(
                work.of_labels(known[1]), student_ND, weight_VD, bias_V, wanted, gradients
            )
        return *gradients, None, None


def _of_what_counts(weights: tuple[float, float], labels: int, distilled: int) -> tuple[float, float]:
    """The weights of the terms; none for a term that no position counts for."""
    return weights[0] if labels else 0.0, weights[1] if distilled else 0.0


def _scale_and_lack(
    given: tuple[float, float], arriving: tuple[float, float], eps: float
) -> tuple[float, float] | None:
    """The scale that makes the weights given what arrived, and what MLM then lacks; None if there is no such scale."""
    if given[1]:
        scale = arriving[1] / given[1]
    elif given[0] and not arriving[1]:
        scale = arriving[0] / given[0]
    else:
        return None
    lack = arriving[0] - scale * given[0]
    return scale, lack if abs(lack) > 4 * eps * abs(arriving[0]) else 0.0


def _scaled(gradients: Gradients, factor: float) -> Gradients:
    if factor == 1:
        return gradients
    return Gradients(*(None if gradient is None else gradient.mul_(factor) for gradient in gradients))
