"""The ten losses of the thesis by name (table 3.1): each a setting of the monolingual students."""

from dataclasses import dataclass
from typing import Any, Literal

from polydistill.defaults import LossName
from polydistill.errors import unknown
from polydistill.methods.monolingual.spec import Weights
from polydistill.objectives.layer_maps import LayerMapName


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
        """What it sets of `MonolingualSpec`."""
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
