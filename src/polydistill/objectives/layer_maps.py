"""Which teacher block each student block learns from (or begins as): the thesis' g, eq. 2.11.

Blocks are counted from 1, M in the student and N in the teacher; 0 would be the embeddings, which have no map.
"""

from typing import Literal, TypeAlias

from polydistill.errors import unknown

LayerMapName = Literal["uniform", "top", "bottom", "last"]
LayerMap: TypeAlias = LayerMapName | dict[int, int]
"""A name, or an explicit map {student block: teacher block}."""

_NAMES = ("uniform", "top", "bottom", "last")


def resolve(layer_map: LayerMap, student_blocks: int, teacher_blocks: int) -> dict[int, int]:
    """The map as {student block: teacher block}.

    Uniform g(m) = m N / M, top g(m) = m + N - M, bottom g(m) = m for all m up to M; last {M: N} (Sec. 2.2.3).
    """
    if min(student_blocks, teacher_blocks) < 1:
        raise ValueError(
            f"A layer map needs blocks on both sides, but the student has {student_blocks} and the teacher "
            f"{teacher_blocks}. Choose a depth of at least 1."
        )
    if isinstance(layer_map, dict):
        return _checked(layer_map, student_blocks, teacher_blocks)
    if known(layer_map) == "last":
        return {student_blocks: teacher_blocks}
    if student_blocks > teacher_blocks:
        raise ValueError(
            f"The layer map {layer_map!r} needs a student no deeper than its teacher, but it has {student_blocks} "
            f"blocks to the teacher's {teacher_blocks}. {_way_out(student_blocks, teacher_blocks)}"
        )
    if layer_map == "uniform" and teacher_blocks % student_blocks:
        raise ValueError(
            f"The layer map 'uniform' needs a student depth that divides the teacher's, but {student_blocks} does not "
            f"divide {teacher_blocks}. {_way_out(student_blocks, teacher_blocks)}"
        )
    blocks = range(1, student_blocks + 1)
    if layer_map == "uniform":
        return {m: m * teacher_blocks // student_blocks for m in blocks}
    first = teacher_blocks - student_blocks if layer_map == "top" else 0
    return {m: m + first for m in blocks}


def known(layer_map: LayerMap) -> LayerMap:
    """The same, if it is explicit or has a name that is known here."""
    if not isinstance(layer_map, dict) and layer_map not in _NAMES:
        raise unknown("layer map", layer_map, _NAMES)
    return layer_map


def describe(resolved: dict[int, int]) -> str:
    """A resolved map to print: `1<-2 2<-4` (student block <- teacher block)."""
    return " ".join(f"{student}<-{teacher}" for student, teacher in sorted(resolved.items()))


def _checked(explicit: dict[int, int], student_blocks: int, teacher_blocks: int) -> dict[int, int]:
    """The explicit map in the order of the student's blocks, all of which must exist."""
    if not explicit:
        raise ValueError(f"The layer map is empty. {_way_out(student_blocks, teacher_blocks)}")
    for whose, blocks, number in (
        ("student", explicit, student_blocks),
        ("teacher", explicit.values(), teacher_blocks),
    ):
        strange = sorted(block for block in blocks if not 1 <= block <= number)
        if strange:
            raise ValueError(
                f"The layer map {explicit} names {whose} block {strange[0]}, but the {whose}'s are 1 to {number}. "
                f"{_way_out(student_blocks, teacher_blocks)}"
            )
    return dict(sorted(explicit.items()))


def _way_out(student_blocks: int, teacher_blocks: int) -> str:
    """An explicit map that fits, evenly spread: each student block takes the end of its share of the teacher."""
    even = {m: -(-m * teacher_blocks // student_blocks) for m in range(1, student_blocks + 1)}
    return f"Give an explicit map {{student block: teacher block}}, such as {even}."
