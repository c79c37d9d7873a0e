"""The preset `reference`: what the authors' public code does, where it is not what the paper says."""

from collections.abc import Mapping
from typing import Any, cast

from polydistill.methods.monolingual import MonolingualSpec, Weights
from polydistill.methods.xd import XDSpec
from polydistill.objectives.layer_maps import resolve
from polydistill.training.run import Run
from polydistill.training.starting import depth_of

_WARM = 2 / 15  # "15 epochs" (MMKD, Sec. 4.1), the first two of them (code)
_PATIENCE, _PATIENCE_OF_FOUR = 100, 60  # all languages; the cascade into four


def xd_reference(run: Run) -> Run:
    """The same XD run as the authors' public code does it, where the paper says otherwise or nothing.

    Languages come in turn instead of at random, rows over 128 tokens are dropped instead of cut, and the weights are
    chosen by accuracy on the labelled dev rows instead of by agreement with the teacher, until 100 looks at them bring
    nothing, or 60 where there are four languages or fewer. Gradients are not clipped.
    """
    if run.method.kind != "xd":
        raise ValueError(f"The reference preset is one of XD; {run.method.kind!r} has none.")
    given = cast(XDSpec, run.method)
    method = given.model_copy(update={"max_length": min(128, given.max_length), "longer": "drop"})
    in_turn = run.training.batching.model_copy(update={"sampling": "in-turn"})
    patience = _PATIENCE_OF_FOUR if len(given.languages) <= 4 else _PATIENCE
    stops = {"patience": run.training.patience or patience} if run.selection else {}
    training = run.training.model_copy(update={"batching": in_turn, "clip": 0.0, **stops})
    selection = run.selection and run.selection.model_copy(update={"measure": "accuracy"})
    return run.model_copy(update={"method": method, "training": training, "selection": selection})


MMKD: Mapping[str, Any] = {
    "tlm_positions": "all",
    "xwcl_picks": "student",
    "xwcl_per": "mean",
    "struca_temperature": 1.0,
    "heads": "batch-norm",
    "source_pairs": True,
}
"""Settings of MMKD in the authors' code that differ from the paper's."""


def mmkd_reference(run: Run) -> Run:
    """The same MMKD run as the authors' public code does it, where the paper says otherwise or nothing.

    Beside these settings the learning rate goes down along a cosine after two of 15 epochs, and nothing clips.
    """
    training = run.training.model_copy(update={"warmup": _WARM, "decay": "cosine", "clip": 0.0})
    return run.model_copy(update={"method": run.method.model_copy(update=dict(MMKD)), "training": training})


def monolingual_reference(run: Run) -> Run:
    """The same run as the authors' public code does it under the name MonoShot, which is not what the thesis describes.

    Other weights, hidden states by cosine, attention probabilities instead of scores, KL summed over positions, other
    blocks matched, students that begin as the teacher's top blocks with a new layer before the decoder, no clipping.
    """
    if run.method.kind != "monolingual":
        raise ValueError(f"The reference preset here is one of monolingual students; {run.method.kind!r} is another.")
    given = cast(MonolingualSpec, run.method)
    changes = {
        "weights": Weights(mlm=0.0005, hinton=0.0005, hid=0.333, att=0.333, emb=0.333),
        "hid": "cosine",
        "att": "probabilities",
        "scaling": "sequence_sum",
        "map": reference_map(given.depth, depth_of(run.teacher or run.start)),
        "init_map": "top" if given.init == "teacher" else given.init_map,
        "init_head": "random",
    }
    method = MonolingualSpec.model_validate({**given.model_dump(), **changes})
    training = run.training.model_copy(update={"clip": 0.0})
    return run.model_copy(update={"method": method, "training": training, "name": f"{run.name}, reference"})


def reference_map(student_blocks: int, teacher_blocks: int) -> dict[int, int]:
    """The code's {1: 1, 2: 3, 3: 5, 4: 7, 5: 9, 6: 12}: each the first of its share of the teacher, then the last."""
    uniform = resolve("uniform", student_blocks, teacher_blocks)
    share = teacher_blocks // student_blocks
    return {m: n if m == student_blocks else n - share + 1 for m, n in uniform.items()}
