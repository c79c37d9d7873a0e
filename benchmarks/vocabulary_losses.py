"""MLM and Hinton over a large vocabulary: chunked against dense, in time and in peak memory.

    OMP_NUM_THREADS=1 python benchmarks/vocabulary_losses.py [--small] [--dense] [--turns 3] [--threads 1]

Vectors of width 768 into both decoders, 15 % of the positions labelled, Hinton at T = 4, forward and backward.
`--small` is 4 x 128 positions and 50,000 pieces. Without it follow XLM-R's 250,002 pieces, with these positions and
with 16 x 128, one turn each; the dense losses on all of the latter need 15 GB and run only with `--dense`.

Every measurement is a process of its own: its seconds, and by how much its memory grew over the inputs at the highest
(`VmHWM`). `dense` is PyTorch's cross-entropy and KL on the scores of every position; `masked` reads the labelled
positions alone, which for Hinton is another objective; `stored` has the teacher's 64 highest scores in the teacher's
place. The floor is the four matrix products that no way can avoid on all positions: both scores, both gradients.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from measuring import Row, markdown, ratios, spread, timed, write
from polydistill.objectives.vocabulary import CHUNK, mlm_and_hinton
from polydistill.objectives.vocabulary_teachers import Decoder, Reading, Teacher, top_pieces

WIDTH, MASKED, TEMPERATURE, STORED, TRIMMED = 768, 0.15, 4.0, 64, 30_000
FLOOR, DENSE = "matrix products alone (floor)", "dense, all"


@dataclass(frozen=True)
class Shape:
    """How much there is to do."""

    positions: int
    vocabulary: int
    chunk: int = CHUNK

    def __str__(self) -> str:
        return f"{self.positions:,} positions, {self.vocabulary:,} pieces"


SMALL, WIDE, FULL = Shape(4 * 128, 50_000), Shape(4 * 128, 250_002), Shape(16 * 128, 250_002)


ABOUT = """\
Forward and backward in fp32, width 768, 15 % of the positions labelled, both terms. Memory is growth over the inputs:
the gradient of the decoder's weight (0.72 GB at 250,002 pieces), and scores. `masked` reads the labelled positions
alone, `stored` the teacher's 64 highest scores in the teacher's place: other objectives. The floor is four matrix
products."""


@dataclass
class Inputs:
    """What a student and a teacher of random weights have."""

    vectors_ND: Tensor
    decoder: Decoder
    labels_N: Tensor
    teacher: Teacher
    chunk: int

    def masked(self) -> "Inputs":
        """The labelled positions alone."""
        at = self.labels_N != -100
        vectors_ND = self.vectors_ND.detach()[at].requires_grad_()
        teacher = replace(self.teacher, vectors_ND=self.teacher.vectors_ND[at])
        return replace(self, vectors_ND=vectors_ND, labels_N=self.labels_N[at], teacher=teacher)


def inputs_of(shape: Shape) -> Inputs:
    """Scores of about the spread of a trained model's."""
    generator = torch.Generator().manual_seed(0)

    def normal(*size: int, scale: float = 1.0) -> Tensor:
        return torch.empty(size).normal_(0.0, scale, generator=generator)

    labels_N = torch.randint(shape.vocabulary, (shape.positions,), generator=generator)
    labels_N[torch.rand(shape.positions, generator=generator) >= MASKED] = -100
    own, other = (normal(shape.vocabulary, WIDTH, scale=0.1) for _ in range(2))
    decoder = Decoder(own.requires_grad_(), torch.zeros(shape.vocabulary, requires_grad=True))
    teacher = Reading(normal(shape.positions, WIDTH), Decoder(other, torch.zeros(shape.vocabulary)))
    return Inputs(normal(shape.positions, WIDTH).requires_grad_(), decoder, labels_N, teacher, shape.chunk)


def dense(some: Inputs) -> None:
    """As it is written without thought for memory."""
    scores_NV = some.decoder.scores(some.vectors_ND)
    with torch.no_grad():
        wanted_NV = F.softmax(some.teacher.decoder.scores(some.teacher.vectors_ND) / TEMPERATURE, dim=-1)
    mlm = F.cross_entropy(scores_NV, some.labels_N)
    log_NV = F.log_softmax(scores_NV / TEMPERATURE, dim=-1)
    (mlm + TEMPERATURE**2 * F.kl_div(log_NV, wanted_NV, reduction="batchmean")).backward()


def chunked(some: Inputs) -> None:
    terms = mlm_and_hinton(
        some.vectors_ND, some.decoder, some.labels_N, some.teacher, temperature=TEMPERATURE, chunk=some.chunk
    )
    (terms.mlm + terms.hinton).backward()


def products(some: Inputs) -> None:
    """Both scores, and the gradients by vectors and by weight, in the same chunks and without a new [n, V]."""
    x_ND, own_VD = some.vectors_ND.detach(), some.decoder.weight_VD.detach()
    gradient_VD = torch.zeros_like(own_VD)
    scores_nV, wanted_nV = torch.empty(2, some.chunk, len(own_VD))
    for x_nD, t_nD in zip(x_ND.split(some.chunk), some.teacher.vectors_ND.split(some.chunk), strict=True):
        torch.mm(x_nD, own_VD.T, out=scores_nV[: len(x_nD)])
        torch.mm(t_nD, some.teacher.decoder.weight_VD.T, out=wanted_nV[: len(x_nD)])
        torch.mm(scores_nV[: len(x_nD)], own_VD)
        gradient_VD.addmm_(scores_nV[: len(x_nD)].T, x_nD)


def stored(some: Inputs) -> Callable[[], None]:
    """The teacher's top pieces are made before the clock runs; then the teacher is not needed."""
    top = top_pieces(some.teacher, STORED, TEMPERATURE, some.chunk)
    return partial(chunked, replace(some, teacher=top))


# What is measured, by name: made of the shape before the clock runs.
CONTENDERS: dict[str, Callable[[Shape], Callable[[], None]]] = {
    DENSE: lambda shape: partial(dense, inputs_of(shape)),
    "dense, masked": lambda shape: partial(dense, inputs_of(shape).masked()),
    FLOOR: lambda shape: partial(products, inputs_of(shape)),
    "chunked, all": lambda shape: partial(chunked, inputs_of(shape)),
    "chunked, masked": lambda shape: partial(chunked, inputs_of(shape).masked()),
    "chunked, all, stored": lambda shape: stored(inputs_of(shape)),
    f"chunked, all, {TRIMMED:,} pieces": lambda shape: partial(chunked, inputs_of(trimmed(shape))),
    f"chunked, masked, {TRIMMED:,} pieces": lambda shape: partial(chunked, inputs_of(trimmed(shape)).masked()),
}


def trimmed(shape: Shape) -> Shape:
    return replace(shape, vocabulary=TRIMMED)


def status(key: str) -> float:
    """A line of this process' memory, in GB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[key].split()[0]) / 2**20


def once(name: str, shape: Shape, threads: int) -> tuple[float, float]:
    """Seconds and GB of one measurement; in a process of its own."""
    torch.set_num_threads(threads)
    CONTENDERS["chunked, all"](Shape(8, 100))()  # what the libraries do at first use
    work = CONTENDERS[name](shape)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins again from here
    before = status("VmRSS")
    seconds = timed(work)
    return seconds, status("VmHWM") - before


def measure(names: Sequence[str], shapes: Sequence[Shape], turns: int, threads: int) -> list[Row]:
    """Every name in every shape, once a turn; every second turn goes through them backwards."""
    rows: list[Row] = [{"name": name, "shape": shape, "seconds": [], "gb": []} for shape in shapes for name in names]
    for turn in range(turns):
        for row in rows[:: -1 if turn % 2 else 1]:
            with get_context("fork").Pool(1) as process:
                seconds, gb = process.apply(once, (row["name"], row["shape"], threads))
            row["seconds"].append(seconds)
            row["gb"].append(gb)
            print(f"{row['name']}, {row['shape']}, chunk {row['shape'].chunk}: {seconds:.1f} s, {gb:.2f} GB")
    return rows


def table(rows: list[Row]) -> list[Row]:
    """Seconds, ratios to the dense way and to the floor, and memory."""
    seconds = {row["name"]: row["seconds"] for row in rows}

    def to(name: str, other: str) -> str:
        return spread(ratios(seconds, name, other), 3) if other in seconds else "not run"

    return [
        {
            "loss": row["name"],
            "seconds": spread(row["seconds"], 1),
            "time / dense": to(row["name"], DENSE),
            "time / floor": to(row["name"], FLOOR),
            "peak memory, GB": spread(row["gb"]),
        }
        for row in rows
    ]


def by_chunk(rows: list[Row]) -> list[Row]:
    """The same loss in chunks of several sizes."""
    return [
        {
            "chunked, all": str(row["shape"]),
            "chunk": f"{row['shape'].chunk}{' (default)' if row['shape'].chunk == CHUNK else ''}",
            "seconds": spread(row["seconds"], 1),
            "ms a position": spread([1000 * seconds / row["shape"].positions for seconds in row["seconds"]]),
            "peak memory, GB": spread(row["gb"]),
        }
        for row in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="50,000 pieces and 512 positions only")
    parser.add_argument("--dense", action="store_true", help="the dense losses also at full size: 15 GB")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found, parts = [], [ABOUT]
    for shape in [SMALL] if options.small else [SMALL, WIDE, FULL]:
        names = [name for name in CONTENDERS if shape != FULL or options.dense or name != DENSE]
        losses = measure(names, [shape], options.turns if shape == SMALL else 1, options.threads)
        found += losses
        parts += [f"## {shape}", markdown(table(losses))]
    shape = SMALL if options.small else WIDE
    chunks = [replace(shape, chunk=chunk) for chunk in (64, 128, 256, 512)]
    cut = measure(["chunked, all"], [*chunks, replace(SMALL, positions=2048)], 1, options.threads)
    parts += ["## By chunk, and with more positions", markdown(by_chunk(cut))]
    measured = [row | {"shape": asdict(row["shape"])} for row in [*found, *cut]]
    write("vocabulary_losses", "MLM and Hinton over a large vocabulary", parts, measured)


if __name__ == "__main__":
    main()
