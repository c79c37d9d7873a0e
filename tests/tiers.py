"""Cases of which the quick tier runs a few and the second tier (`make test-slow`) the rest."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest


def first_quick(names: str | Sequence[str], cases: Iterable[Any], quick: int = 1, **more: Any) -> Callable[..., Any]:
    """`pytest.mark.parametrize`, all but the first `quick` cases slow."""
    cases, several = list(cases), not isinstance(names, str)
    slow = (pytest.param(*(case if several else [case]), marks=pytest.mark.slow) for case in cases[quick:])
    return pytest.mark.parametrize(names, [*cases[:quick], *slow], **more)
