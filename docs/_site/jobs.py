"""Lets the API's pages show the parameters of a job one by one, with their help, as `help()` does."""

import inspect
from typing import Any

import griffe

import polydistill
from polydistill.jobs.job import REQUIRED, Job, Parameter


def _jobs() -> dict[str, Job]:
    """The public jobs, by the paths of their functions."""
    found = {
        f"{module}.{there}": getattr(polydistill, name) for name, (module, there) in polydistill.public_names().items()
    }
    return {path: one.job for path, one in found.items() if hasattr(one, "job")}


class Jobs(griffe.Extension):
    """Puts each parameter's type, default and help where the pages look for them."""

    def __init__(self) -> None:
        self.jobs = _jobs()

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """See the class."""
        if (job := self.jobs.get(func.path)) is None:
            return
        func.parameters = griffe.Parameters(*(_shown(one) for one in job.parameters))
        helps = [f"    {one.name}: {one.help.text}" for one in job.parameters]
        said = func.docstring.value if func.docstring else job.summary
        text = "\n".join([said, "", "Args:", *helps])
        func.docstring = griffe.Docstring(text, parent=func, parser="google")
        if job.trains:
            func.returns = "Done"


def _shown(one: Parameter) -> griffe.Parameter:
    default = None if one.default is REQUIRED else repr(one.default)
    kind = griffe.ParameterKind[one.kind.name.lower()]
    return griffe.Parameter(one.name, annotation=_type(one.annotation), kind=kind, default=default)


def _type(annotation: Any) -> str:
    return inspect.formatannotation(annotation).replace("collections.abc.", "").replace("typing.", "")
