"""Where a model comes from, as far as the folder of the run that left it says."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import getdoc
from itertools import dropwhile, takewhile
from pathlib import Path

from polydistill.data.rows.sources import FileSource, HubSource, Source, WorldSource, format_source
from polydistill.results import RESULTS_FILE, RUN_FILE, RunResult, load_result
from polydistill.starts.folders import MEMORY, run_folder
from polydistill.starts.origins import Fresh, Pretrained
from polydistill.training.edit import read_run
from polydistill.training.run import AnyStart, Bag, Branched, Cut, ResultOf, Run, before


@dataclass(frozen=True)
class Provenance:
    """The run that left a model, and its result."""

    run: Run
    result: RunResult

    @property
    def runs(self) -> list[Run]:
        """All runs that led to the model, first to last, as far as they are recorded."""
        found: dict[str, Run] = {}
        for run in _before(self.run):
            found.setdefault(run.model_dump_json(), run)
        return list(found.values())

    @property
    def sources(self) -> list[Source]:
        """All rows that were read in training, by any of the runs."""
        read = [source for run in self.runs for source, _ in run.method.reads]
        return list({format_source(source): source for source in read}.values())


def provenance(model: str) -> Provenance | None:
    """What the folder of a model's run says; None where the model was not left by a run."""
    folder = run_folder(Path(model))
    if folder is None or not all((folder / file).is_file() for file in (RUN_FILE, RESULTS_FILE)):
        return None
    return Provenance(read_run(folder / RUN_FILE), load_result(folder))


def method_of(run: Run) -> tuple[str, str]:
    """A run's method in a sentence, and its equation (what is indented first), as the method's own file has them."""
    kind = type(run.method)
    said = getdoc(sys.modules[kind.__module__] if kind.__module__.startswith("polydistill.") else kind) or kind.__name__
    title, *rest = said.splitlines()
    begun = dropwhile(lambda line: not line.startswith("    "), rest)
    equation = [line.strip() for line in takewhile(lambda line: line.startswith("    "), begun)]
    return title.rstrip("."), "\n".join(equation)


def origin(start: AnyStart) -> str:
    """What a student begins as, or who teaches, in words; of a folder on disk only its last two names."""
    match start:
        case Fresh():
            return f"a new encoder of {start.blocks} blocks x {start.width} with {start.vocabulary} pieces"
        case Cut():
            return f"{start.depth} blocks of {origin(start.of)}"
        case Branched():
            return f"{origin(start.of)}, with branches for {', '.join(start.branches.languages)}"
        case ResultOf():
            student = f"the student {start.student!r}" if start.student else "what was left"
            return f"{student} by {start.run.name!r}"
        case Bag():
            return f"a vector for each piece of {origin(start.of)}"
        case Pretrained():
            return _origin_of_model(start)


def _origin_of_model(start: Pretrained) -> str:
    if start.name.startswith(MEMORY):
        return f"a model that was given as an object ({start.name})"
    if _is_local(start):
        made = provenance(start.name)
        return f"what was left by {made.run.name!r}" if made else f"the folder {short(start.name)}"
    return f"{start.name} at commit {start.revision}"


def base_models(made: Provenance) -> list[str]:
    """The models of the hub that the runs begin with or learn from."""
    starts = [start for run in made.runs for start in run.models.values()]
    bases = [start.of if isinstance(start, Cut | Branched) else start for start in starts]
    return list(dict.fromkeys(one.name for one in bases if isinstance(one, Pretrained) and not _is_local(one)))


def data(source: Source) -> str:
    """Rows in their short form; of a file's path only its last two names."""
    if isinstance(source, FileSource):
        return format_source(source.model_copy(update={"path": short(source.path)}))
    if isinstance(source, HubSource) and source.revision is None:
        return format_source(source.model_copy(update={"name": short(source.name)}))
    return format_source(source)


def is_portable(run: Run) -> bool:
    """Whether the run names no file of this machine, so that it can be done elsewhere."""
    sources = [source for one in _nested(run) for source, _ in one.method.reads]
    sources += [one.data for part in _nested(run) for one in (part.selection, part.evaluation) if one]
    files = [one for one in sources if not isinstance(one, WorldSource) and getattr(one, "revision", None) is None]
    starts = [start for one in _nested(run) for start in one.models.values()]
    starts = [start.of if isinstance(start, Cut | Branched) else start for start in starts]
    return not files and not any(isinstance(start, Pretrained) and _is_local(start) for start in starts)


def short(path: str) -> str:
    """The last two names of a path."""
    return "/".join(Path(path).parts[-2:]).lstrip("/")


def _is_local(start: Pretrained) -> bool:
    return start.revision is None


def _nested(run: Run) -> Iterator[Run]:
    for first in run.first:
        yield from _nested(first)
    yield run


def _before(run: Run) -> Iterator[Run]:
    """The runs before this one, those recorded beside folders among them, and this one."""
    for start in run.models.values():
        base = start.of if isinstance(start, Cut | Branched) else start
        earlier = before(start)
        if earlier is None and isinstance(base, Pretrained):
            made = provenance(base.name)
            earlier = made.run if made else None
        if earlier is not None:
            yield from _before(earlier)
    yield run
