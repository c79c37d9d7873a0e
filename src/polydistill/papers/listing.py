"""What there is: runs, tables, figures, tasks, languages, methods."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

What = Literal["runs", "tables", "figures", "tasks", "languages", "methods"]


@dataclass(frozen=True)
class Listing:
    """Rows under headings."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    runs: Path
    """The folder of all runs."""


def listed(what: What, runs: Path) -> Listing:
    """What there is of a kind."""
    match what:
        case "runs":
            return Listing(("run", "name", "seed", "state", "mean", "labels seen"), _runs(runs), runs)
        case "tables" | "figures":
            from polydistill.papers import catalogue

            titles = catalogue.tables() if what == "tables" else catalogue.figures()
            return Listing((what.removesuffix("s"), "title"), list(titles.items()), runs)
        case "tasks":
            return Listing(("task", "reads", "labels", "judged by"), _tasks(), runs)
        case "languages":
            from polydistill.languages import LANGUAGES
            from polydistill.world.grammar import available_languages

            here = available_languages()
            languages = [
                (code, entry.name, ", ".join(entry.aliases), "yes" if code in here else "")
                for code, entry in LANGUAGES.items()
            ]
            return Listing(("code", "language", "also known as", "in the mini-world"), languages, runs)
        case "methods":
            from polydistill.methods.table import entries, summary

            methods = [(kind, summary(entry)) for kind, entry in entries().items()]
            return Listing(("method", "what it does"), methods, runs)


def _tasks() -> list[tuple[str, ...]]:
    from polydistill.tasks import TASKS

    return [
        (
            name,
            " and ".join(task.shape.texts),
            "a part of the context" if task.shape.spans else ", ".join(task.shape.labels) or "the right choice",
            ", ".join((task.metric, *task.beside)),
        )
        for name, task in TASKS.items()
    ]


def _runs(root: Path) -> list[tuple[str, ...]]:
    """Finished runs with the mean of their first metric, then those that have begun; one bad folder hides no other."""
    from polydistill.results import RESULTS_FILE, RUN_FILE

    rows = []
    finished = sorted(path.parent for path in root.glob(f"*/{RESULTS_FILE}"))
    begun = sorted({path.parent for path in root.glob(f"*/{RUN_FILE}")}.difference(finished))
    for folders, row in ((finished, _done), (begun, _begun)):
        for folder in folders:
            try:
                rows.append((folder.name, *row(folder)))
            except ValueError as error:
                rows.append((folder.name, "–", "–", f"cannot be read: {error}", "–", "–"))
    return rows


def _done(folder: Path) -> tuple[str, ...]:
    from polydistill.results import load_result

    result = load_result(folder)
    values = [score.value for score in result.scores if score.metric == result.scores[0].metric]
    mean = f"{100 * sum(values) / len(values):.1f} over {len(values)}" if values else "–"
    labels = ", ".join(result.labels_seen) or "none"
    return result.name, str(result.seed), f"done in {result.seconds:.0f} s", mean, labels


def _begun(folder: Path) -> tuple[str, ...]:
    from polydistill.results import RUN_FILE
    from polydistill.training.edit import read_run

    run = read_run(folder / RUN_FILE)
    return run.name, str(run.seed), "begun", "–", ", ".join(run.labels_seen) or "none"
