"""What a number may be: the types of options and of settings, each with the least and the most that makes sense.

A job refuses what lies outside before it reads anything, and a run's settings refuse the same.
"""

import functools
import operator
import types
from collections.abc import Iterable
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import Interval

Count = Annotated[int, Interval(ge=1, le=1_000_000_000)]
"""Steps, rows, pairs: what is done or read one after the other."""
Held = Annotated[int, Interval(ge=1, le=10_000_000)]
"""Rows and pieces that are in the memory together."""
Drawn = Annotated[int, Interval(ge=4, le=10_000_000)]
"""Rows that are looked at; fewer show nothing."""
Batch = Annotated[int, Interval(ge=1, le=1_000_000)]
"""Rows that are computed together, and batches of a step."""
Length = Annotated[int, Interval(ge=1, le=1_000_000)]
"""Tokens of a text."""
Width = Annotated[int, Interval(ge=1, le=100_000)]
"""Features of a vector."""
Some = Annotated[int, Interval(ge=1, le=1_000)]
"""Blocks, heads, seeds, checkpoints that are averaged, turns of a measurement."""
Threads = Annotated[int, Interval(ge=1, le=4_096)]
"""Threads of a computation."""
Seed = Annotated[int, Interval(ge=0, le=2**32 - 1)]
"""What decides all that is random."""
NoneOrSome = Annotated[int, Interval(ge=0, le=1_000)]
"""The same as `Some`, where none is meant by 0."""
NoneOrWidth = Annotated[int, Interval(ge=0, le=100_000)]
"""The same as `Width`, where none is meant by 0."""
NoneOrCount = Annotated[int, Interval(ge=0, le=1_000_000_000)]
"""The same as `Count`, where none is meant by 0."""
NoneOrHeld = Annotated[int, Interval(ge=0, le=10_000_000)]
"""The same as `Held`, where none is meant by 0."""
Temperature = Annotated[float, Interval(ge=0.001, le=1_000)]
"""What divides logits or cosines: outside, nothing or everything is alike within what a float holds."""
Share = Annotated[float, Interval(ge=0, le=1)]
"""A part of a whole."""
ShareNotAll = Annotated[float, Interval(ge=0, lt=1)]
"""The same as `Share`, but never the whole."""
ShareNotNone = Annotated[float, Interval(gt=0, le=1)]
"""The same as `Share`, but never nothing."""
ShareBetween = Annotated[float, Interval(gt=0, lt=1)]
"""The same as `Share`, but neither nothing nor the whole."""
Rate = Annotated[float, Interval(gt=0, le=1e9)]
"""A learning rate, a speed: more than nothing."""
Weight = Annotated[float, Interval(ge=0, le=1e9)]
"""What something counts beside others; 0 leaves it out."""


def without_bounds(annotation: Any, beside: Iterable[Any] = ()) -> tuple[Any, Interval | None]:
    """A type such as `Count | None` as `int | None`, and its bounds, which may also stand among what is beside it."""
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    said = [*beside, *(one for member in members for one in getattr(member, "__metadata__", ()))]
    bare = [get_args(one)[0] if get_origin(one) is Annotated else one for one in members]
    return functools.reduce(operator.or_, bare), next((one for one in said if isinstance(one, Interval)), None)


def refuse_outside(name: str, value: Any, bounds: Interval) -> None:
    """Refuse a number that lies outside; what is no number is for others to refuse."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    above, below = bounds.ge is None, bounds.le is None
    least: Any = bounds.gt if above else bounds.ge
    most: Any = bounds.lt if below else bounds.le
    if least <= value <= most and not (above and value == least) and not (below and value == most):
        return
    expected = f"{least:,.12g} to {most:,.12g}"
    if above or below:
        first, last = "more than" if above else "at least", "less than" if below else "at most"
        expected = f"{first} {least:,.12g} and {last} {most:,.12g}"
    given = value if isinstance(value, int) else f"{value:.12g}"
    raise ValueError(f"{name} is {given}; expected {expected}.")
