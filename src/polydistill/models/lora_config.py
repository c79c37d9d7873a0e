"""LoRA as plain data: what learns in place of all the weights of a student that is too large to tune whole."""

from typing import Any, Literal

from pydantic import field_validator

from polydistill.bounds import Rate, ShareNotAll, Width
from polydistill.specs import Spec

Layers = Literal["all", "query-value"]


class Lora(Spec):
    """W + (alpha / rank) B A: the weight W of a layer stays as it is, only B and A learn (LoRA, Hu et al. 2022)."""

    rank: Width
    """The rows of A, and the columns of B."""
    alpha: Rate | None = None
    """Twice the rank where not set (ours), so that the change is scaled by 2 whatever the rank."""
    dropout: ShareNotAll = 0.0
    """Of what A reads."""
    layers: Layers | tuple[str, ...] = "all"
    """`all`: all linear layers of the encoder; `query-value`: those that make queries and values, which the paper
    adapts most; or the ends of names, such as `query,value,dense`."""

    @field_validator("layers", mode="before")
    @classmethod
    def _names_with_commas(cls, given: Any) -> Any:
        return tuple(given.split(",")) if isinstance(given, str) and given not in ("all", "query-value") else given

    @property
    def scale(self) -> float:
        """What LoRA calls alpha."""
        return 2.0 * self.rank if self.alpha is None else self.alpha
