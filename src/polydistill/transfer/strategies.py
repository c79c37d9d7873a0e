"""The zero-shot strategies of the monolingual-components thesis (Sec. 3.3), as one idea.

A source student reads the language that has labels, a target student the language that is judged. A strategy says which
parameters learn, on which student, and how they reach the target student. The head always learns.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, Self, get_args

from pydantic import model_validator

from polydistill.bounds import NoneOrSome, Width
from polydistill.errors import unknown
from polydistill.specs import Spec

Trains = Literal["all", "head", "added blocks", "adapters", "biases", "all but embeddings"]
LearnsOn = Literal["source", "target", "both"]
Carries = Literal["nothing", "copy", "add", "share"]
Role = Literal["source", "target"]
_WITHOUT_ORIGINAL = ("head", "added blocks", "adapters")  # begun for the task: the target has nothing to add to


class Strategy(Spec):
    """Which parameters learn, whose they are, and how they reach the target student."""

    trains: Trains
    learns_on: LearnsOn
    carries: Carries = "nothing"
    added_blocks: NoneOrSome = 0
    """Blocks with random weights put on top of the students."""
    bottleneck: Width | None = None
    """Width of the adapters inside; without it a sixteenth of the students' width."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if (self.carries == "share") != (self.learns_on == "both"):
            raise ValueError(
                "Parameters are shared (carries='share') exactly where both students learn (learns_on='both'), not "
                f"with carries={self.carries!r} and learns_on={self.learns_on!r}."
            )
        if self.learns_on == "target" and self.carries != "nothing":
            raise ValueError(
                f"What the target student learns itself need not reach it: carries={self.carries!r} goes with "
                "learns_on='source'. Set carries to 'nothing'."
            )
        if self.carries == "add" and self.trains in _WITHOUT_ORIGINAL:
            raise ValueError(
                f"A change can be added only to what the target student has, and of {self.trains!r} it has no "
                "original. Set carries to 'copy'."
            )
        if (self.trains == "added blocks") != (self.added_blocks > 0):
            raise ValueError(
                f"added_blocks={self.added_blocks} does not go with trains={self.trains!r}: blocks are added exactly "
                "where trains='added blocks'."
            )
        if self.bottleneck is not None and self.trains != "adapters":
            raise ValueError(
                f"bottleneck={self.bottleneck} is a size of adapters, and trains={self.trains!r} has none."
            )
        return self

    @property
    def efficient(self) -> bool:
        """Whether few parameters learn, or parts begun for the task: such take a higher learning rate (Sec. 4.2.2)."""
        return self.trains in (*_WITHOUT_ORIGINAL, "biases")

    @property
    def judged(self) -> Role:
        """The student that reads the target language in the end."""
        return "source" if self.learns_on == "source" and self.carries == "nothing" else "target"

    @property
    def needs(self) -> tuple[Role, ...]:
        """The students that take part."""
        learn: tuple[Role, ...] = ("source", "target") if self.learns_on == "both" else (self.learns_on,)
        return tuple(role for role in get_args(Role) if role in (*learn, self.judged))


def _three_ways(name: str, trains: Trains) -> dict[str, Strategy]:
    """On the source student and copied, on the target student, and jointly on both."""
    return {
        f"{name} SRC": Strategy(trains=trains, learns_on="source", carries="copy"),
        f"{name} TRG": Strategy(trains=trains, learns_on="target"),
        f"{name} JOINT": Strategy(trains=trains, learns_on="both", carries="share"),
    }


STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        "FULL SRC": Strategy(trains="all", learns_on="source"),  # "using the fine-tuned source model" (Sec. 3.3.1)
        "FULL TRG": Strategy(trains="all", learns_on="target"),
        "FREEZE +0": Strategy(trains="head", learns_on="source", carries="copy"),
        "FREEZE +2": Strategy(trains="added blocks", learns_on="source", carries="copy", added_blocks=2),
        "FREEZE +4": Strategy(trains="added blocks", learns_on="source", carries="copy", added_blocks=4),
        **_three_ways("ADAPT", "adapters"),
        **_three_ways("BITFIT", "biases"),
        # "We then add the difference vector to the target model parameters" (Sec. 3.3.5)
        "SFT": Strategy(trains="all but embeddings", learns_on="source", carries="add"),
        # ours: the thesis blames BITFIT's scores on the target's own biases being lost; adding the change keeps them
        "BITFIT ADD": Strategy(trains="biases", learns_on="source", carries="add"),
    }
)
"""The strategies of table 4.6 by its names, and one beyond the thesis (`BITFIT ADD`)."""


def strategy(name: str) -> Strategy:
    """The strategy of this name."""
    if name not in STRATEGIES:
        raise unknown("zero-shot strategy", name, STRATEGIES)
    return STRATEGIES[name]
