"""What an MBLM is made of, as plain data: the encoder it was built from, and how its branches are laid out."""

from typing import Any, Literal, Self

from pydantic import model_validator
from transformers import AutoConfig, PretrainedConfig

from polydistill.bounds import Some
from polydistill.results import LanguageCode
from polydistill.specs import Spec

MBLM = "mblm"


class Branches(Spec):
    """How an encoder branches, and how a batch goes through its branches (MultiKD and MBLM, Student Model)."""

    languages: tuple[LanguageCode, ...]
    """The supervised languages: each has a branch."""
    blocks: Some = 4  # "the depth K of each branch is 4" (Experimental Setup)
    """Blocks of a branch (K)."""
    mixers: Literal["all", "outer", "none"] = "all"
    """`outer`: only after the last block of the branches. `none`: a batch in training goes through its own branch."""
    detach: bool = True
    """Whether what other branches say of a batch is mixed in without a gradient (eq. 8)."""
    place: Literal["bottom", "top"] = "bottom"
    """`top`: the shared blocks come first (Fig. 4 c)."""
    heads: Literal["shared", "own"] = "shared"
    """`own`: a classifier a branch, at the top; of a language without a branch the logits are averaged (Fig. 4 d)."""
    supervised_route: Literal["all", "own"] = "all"
    """What reads a text of a language with a branch, outside training: all branches, or its own alone."""

    @model_validator(mode="after")
    def _branches_that_differ(self) -> Self:
        if not self.languages or len(set(self.languages)) < len(self.languages):
            raise ValueError(f"The languages are {list(self.languages)}; expected at least one, and each once.")
        if self.heads == "own" and self.place == "bottom":
            raise ValueError(
                "Classifiers of their own (heads='own') need branches that reach them; these end below the shared "
                "blocks. Set place to 'top', or heads to 'shared'."
            )
        return self


class MBLMConfig(PretrainedConfig):  # type: ignore[no-untyped-call]
    """The configuration of an MBLM in the way of `transformers`."""

    model_type = MBLM

    base: dict[str, Any] | None = None
    """The encoder's own configuration, ..."""
    branches: dict[str, Any] | None = None
    """... and how it branches."""

    @property
    def encoder(self) -> PretrainedConfig:
        """The encoder's configuration."""
        return AutoConfig.for_model(**(self.base or {}))

    @property
    def layout(self) -> Branches:
        """How it branches."""
        return Branches.model_validate(self.branches)

    @property
    def hidden_size(self) -> int:
        """Width."""
        return int(self.encoder.hidden_size)

    @property
    def num_hidden_layers(self) -> int:
        """Blocks that a text goes through; those of one branch are among them."""
        return int(self.encoder.num_hidden_layers)

    @property
    def max_position_embeddings(self) -> int:
        """Positions the encoder knows; a mixer's vectors have as many."""
        return int(self.encoder.max_position_embeddings)


AutoConfig.register(MBLM, MBLMConfig)
