"""The named losses of the thesis (table 3.1), and what its authors' code does otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from transformers import AutoConfig

from polydistill.defaults import LossName
from polydistill.errors import unknown
from polydistill.methods.monolingual import MonolingualSpec, Weights
from polydistill.objectives.layer_maps import LayerMap, LayerMapName, describe, resolve
from polydistill.starts.origins import Pretrained
from polydistill.training.run import Branched, Cut, ResultOf, Run, Start


@dataclass(frozen=True)
class NamedLoss:
    """A row of table 3.1: which terms count, which blocks are matched, and how hidden states are compared."""

    terms: tuple[str, ...]
    map: LayerMapName = "uniform"
    hid: Literal["mse", "cosine"] = "mse"

    @property
    def weights(self) -> Weights:
        """Equal shares that sum to 1: the thesis says no more than that they do."""
        share = 1 / len(self.terms)
        return Weights(**{name: share if name in self.terms else 0.0 for name in Weights.model_fields})

    @property
    def settings(self) -> dict[str, Any]:
        """What it sets of `Monolingual`."""
        return {"weights": self.weights, "map": self.map, "hid": self.hid}


_SOFT = ("mlm", "hinton")
_ALL = (*_SOFT, "hid", "att", "emb")
LOSSES: dict[LossName, NamedLoss] = {  # in the order of table 3.1, whose last three rows name their maps one row off
    "Hinton": NamedLoss(_SOFT),
    "Hinton+Hid": NamedLoss((*_SOFT, "hid")),
    "Hinton+Hid+Att": NamedLoss((*_SOFT, "hid", "att")),
    "MonoShot": NamedLoss(_ALL),
    "Hid+Att+Emb": NamedLoss(("hid", "att", "emb")),
    "MonoShot-cosine": NamedLoss(_ALL, hid="cosine"),
    "MonoShot-cosine-bottom": NamedLoss(_ALL, "bottom", "cosine"),
    "MonoShot-top": NamedLoss(_ALL, "top"),
    "MonoShot-bottom": NamedLoss(_ALL, "bottom"),
    "MonoAlignment": NamedLoss(_ALL, "last"),
}


WITHOUT_TEACHER = Weights(mlm=1.0, hinton=0.0, hid=0.0, att=0.0, emb=0.0)
"""Masked language modelling alone. Not in the thesis."""


def named_loss(name: str) -> NamedLoss:
    """A loss of table 3.1."""
    for known, loss in LOSSES.items():
        if known == name:
            return loss
    raise unknown("loss", name, LOSSES)


def as_reference(run: Run) -> Run:
    """The same run as the authors' public code does it under the name MonoShot, which is not what the thesis describes.

    Other weights, hidden states by cosine, attention probabilities instead of scores, KL summed over positions, other
    blocks matched, and students that begin as the teacher's top blocks with a new layer before the decoder.
    """
    if not isinstance(run.method, MonolingualSpec):
        raise ValueError(f"The reference preset here is one of monolingual students; {run.method.kind!r} is another.")
    changes = {
        "weights": Weights(mlm=0.0005, hinton=0.0005, hid=0.333, att=0.333, emb=0.333),
        "hid": "cosine",
        "att": "probabilities",
        "scaling": "sequence_sum",
        "map": reference_map(run.method.depth, depth_of(run.teacher or run.start)),
        "init_map": "top" if run.method.init == "teacher" else run.method.init_map,
        "init_head": "random",
    }
    method = MonolingualSpec.model_validate({**run.method.model_dump(), **changes})
    return run.model_copy(update={"method": method, "name": f"{run.name}, reference"})


def reference_map(student_blocks: int, teacher_blocks: int) -> dict[int, int]:
    """The code's {1: 1, 2: 3, 3: 5, 4: 7, 5: 9, 6: 12}: each the first of its share of the teacher, then the last."""
    uniform = resolve("uniform", student_blocks, teacher_blocks)
    share = teacher_blocks // student_blocks
    return {m: n if m == student_blocks else n - share + 1 for m, n in uniform.items()}


def depth_of(start: Start) -> int:
    """The number of blocks of what a run starts from."""
    if isinstance(start, Cut):
        return start.depth
    if isinstance(start, Branched):
        return depth_of(start.of)
    if isinstance(start, ResultOf):
        made = start.run
        return made.method.depth if isinstance(made.method, MonolingualSpec) else depth_of(made.start)
    if isinstance(start, Pretrained):
        return int(AutoConfig.from_pretrained(start.name, revision=start.revision).num_hidden_layers)
    return start.blocks


def describe_maps(run: Run) -> str:
    """Which teacher blocks the students begin as and learn from, resolved: `1<-2`: student block 1, teacher block 2."""
    method = run.method
    assert isinstance(method, MonolingualSpec), "only monolingual students have layer maps"
    whence = _described(method.init_map, method.depth, depth_of(run.start)) if method.init == "teacher" else "random"
    taught = (
        _described(method.map, method.depth, depth_of(run.teacher or run.start)) if method.has_teacher else "nobody"
    )
    return f"students begin as {whence}; learn from {taught}"


def _described(layers: LayerMap, student_blocks: int, teacher_blocks: int) -> str:
    named = f" ({layers})" if not isinstance(layers, Mapping) else ""
    return describe(resolve(layers, student_blocks, teacher_blocks)) + named
