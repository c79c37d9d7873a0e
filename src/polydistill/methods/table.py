"""The one table of the methods that are known by name: ours, and those of installed packages.

Nothing is loaded to read it; `known` loads a method's spec when it is asked for.
"""

import ast
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

ENTRY_POINTS = "polydistill.methods"
"""The group of entry points in which a package names its methods, each by its kind."""
OURS = {
    "pretrain": "polydistill.methods.pretraining:PretrainSpec",
    "tune": "polydistill.methods.tuning:TuneSpec",
    "transfer": "polydistill.methods.transfer_tuning:TransferTuneSpec",
    "xd": "polydistill.methods.xd:XDSpec",
    "monolingual": "polydistill.methods.monolingual.spec:MonolingualSpec",
    "multikd": "polydistill.methods.multikd:MultiKDSpec",
    "bert-kld": "polydistill.methods.bert_kld:BertKldSpec",
    "mmkd": "polydistill.methods.mmkd:MMKDSpec",
    "sentence": "polydistill.methods.sentence:SentenceSpec",
    "static": "polydistill.methods.static:StaticSpec",
}


def entries() -> dict[str, EntryPoint]:
    """All known methods: where the spec of each stands."""
    ours = {kind: EntryPoint(kind, where, ENTRY_POINTS) for kind, where in OURS.items()}
    return {**{entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}, **ours}


def summary(entry: EntryPoint) -> str:
    """What a method does: the first line of its file."""
    top, *inner = entry.module.split(".")
    found = find_spec(top)  # of what stands within it, finding would load all that stands above
    if found is None or found.origin is None:
        return "not found: its package is damaged"
    file = Path(found.origin)
    if inner:
        module = file.parent.joinpath(*inner)
        file = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
    if not file.is_file():
        return "not found: its package is damaged"
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]
