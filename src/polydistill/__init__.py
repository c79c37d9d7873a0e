"""polydistill: cross-lingual knowledge distillation.

What is exported here is `polydistill.api`, loaded when it is first asked for, so that the import itself costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from polydistill.auto_classes import announce

if TYPE_CHECKING:
    from polydistill.api import (
        Bench,
        Done,
        Exported,
        Figure,
        FoundAnswer,
        Inspected,
        Plan,
        Prediction,
        Push,
        Quickstart,
        Reader,
        Run,
        Table,
        TaggedWords,
        Trimmed,
        align,
        as_source,
        bench,
        changed,
        corpora,
        distill,
        evaluate,
        export,
        figure,
        figures,
        inspect,
        kld,
        load,
        multikd,
        plan,
        predict,
        push,
        quickstart,
        read_run,
        reader,
        report,
        retrieve,
        run,
        table,
        tables,
        texts,
        trim,
        tune,
        world_rows,
        xd,
    )

__version__ = "0.1.0"

__all__ = [
    "Bench",
    "Done",
    "Exported",
    "Figure",
    "FoundAnswer",
    "Inspected",
    "Plan",
    "Prediction",
    "Push",
    "Quickstart",
    "Reader",
    "Run",
    "Table",
    "TaggedWords",
    "Trimmed",
    "align",
    "as_source",
    "bench",
    "changed",
    "corpora",
    "distill",
    "evaluate",
    "export",
    "figure",
    "figures",
    "inspect",
    "kld",
    "load",
    "multikd",
    "plan",
    "predict",
    "push",
    "quickstart",
    "read_run",
    "reader",
    "report",
    "retrieve",
    "run",
    "table",
    "tables",
    "texts",
    "trim",
    "tune",
    "world_rows",
    "xd",
]

announce()


def __getattr__(name: str) -> Any:
    """Load the exported names on demand."""
    if name in __all__:
        return getattr(import_module("polydistill.api"), name)
    raise AttributeError(f"module 'polydistill' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    """The exported names, for completion."""
    return sorted({*globals(), *__all__})
