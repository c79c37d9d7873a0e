"""What `polydistill list` shows, row by row."""

from pathlib import Path
from typing import Literal

from polydistill import api
from polydistill.languages import LANGUAGES
from polydistill.methods import bert_kld, mmkd, monolingual, multikd, pretraining, sentence, transfer_tuning, tuning, xd
from polydistill.results import RUN_FILE, load_result
from polydistill.tasks import TASKS
from polydistill.training.edit import read_run
from polydistill.training.store import Store
from polydistill.world.grammar import available_languages

What = Literal["runs", "tables", "figures", "tasks", "languages", "methods"]
HEADINGS: dict[What, tuple[str, ...]] = {
    "runs": ("run", "name", "seed", "state", "mean", "labels seen"),
    "tables": ("table", "title"),
    "figures": ("figure", "title"),
    "tasks": ("task", "reads", "labels", "judged by"),
    "languages": ("code", "language", "also known as", "in the mini-world"),
    "methods": ("method", "what it does"),
}


def listing(what: What, runs: Path) -> list[tuple[str, ...]]:
    """The rows under `HEADINGS[what]`."""
    match what:
        case "runs":
            return _runs(Store(runs))
        case "tables":
            return list(api.tables().items())
        case "figures":
            return list(api.figures().items())
        case "tasks":
            return [
                (
                    name,
                    " and ".join(task.shape.texts),
                    "a part of the context" if task.shape.spans else ", ".join(task.shape.labels) or "the right choice",
                    ", ".join((task.metric, *task.beside)),
                )
                for name, task in TASKS.items()
            ]
        case "languages":
            here = available_languages()
            return [
                (code, entry.name, ", ".join(entry.aliases), "yes" if code in here else "")
                for code, entry in LANGUAGES.items()
            ]
        case "methods":
            kinds = {
                "pretrain": pretraining,
                "tune": tuning,
                "transfer": transfer_tuning,
                "xd": xd,
                "monolingual": monolingual,
                "multikd": multikd,
                "bert-kld": bert_kld,
                "mmkd": mmkd,
                "sentence": sentence,
            }
            return [(kind, (module.__doc__ or "").splitlines()[0]) for kind, module in kinds.items()]


def _runs(store: Store) -> list[tuple[str, ...]]:
    """Finished runs with the mean of their first metric, then those that have begun; one bad folder hides no other."""
    rows = []
    for folders, row in ((store.done(), _done), (store.unfinished(), _begun)):
        for folder in folders:
            try:
                rows.append((folder.name, *row(folder)))
            except ValueError as error:
                rows.append((folder.name, "–", "–", f"cannot be read: {error}", "–", "–"))
    return rows


def _done(folder: Path) -> tuple[str, ...]:
    result = load_result(folder)
    values = [score.value for score in result.scores if score.metric == result.scores[0].metric]
    mean = f"{100 * sum(values) / len(values):.1f} over {len(values)}" if values else "–"
    labels = ", ".join(result.labels_seen) or "none"
    return result.name, str(result.seed), f"done in {result.seconds:.0f} s", mean, labels


def _begun(folder: Path) -> tuple[str, ...]:
    run = read_run(folder / RUN_FILE)
    return run.name, str(run.seed), "begun", "–", ", ".join(run.labels_seen) or "none"
