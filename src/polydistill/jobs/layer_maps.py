"""Which blocks of a teacher the blocks of its students begin as and learn from, in numbers."""

from collections.abc import Mapping

from polydistill.methods.monolingual import MonolingualSpec
from polydistill.objectives.layer_maps import LayerMap, describe, resolve
from polydistill.starts.origins import Pretrained
from polydistill.starts.strict import open_config
from polydistill.training.run import Branched, Cut, ResultOf, Run, Start


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
        return int(open_config(start.name, start.revision).num_hidden_layers)
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
