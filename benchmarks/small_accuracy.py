"""What a model loses on its way to small and fast: distilled, trimmed and quantised, in the mini-world.

    polydistill table xd/3 --scale world --seeds 3                          # the models, hours on two cores
    OMP_NUM_THREADS=1 python benchmarks/small_accuracy.py --runs runs       # then some minutes

A model that XD has taught six languages teaches half of its own blocks English and Turkish (XD again: English rows and
their translations, no labels); the student is trimmed to pieces of these languages, exported to ONNX, and quantised to
int8. Every stage is scored on the test split. Differences are from the stage before, over seeds by the paired t test
and, a seed, over the rows of both languages by McNemar's exact test.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import torch

from measuring import Row, markdown, write
from polydistill import evaluate, export, trim
from polydistill.papers.xd.scales import setting
from polydistill.papers.xd.tables import Systems
from polydistill.reports.significance import compare, mcnemar
from polydistill.results import MODEL, Score
from polydistill.starts.origins import Fresh
from polydistill.training.execute import execute
from polydistill.training.run import Cut, ResultOf, Run
from polydistill.training.store import Store

LANGUAGES = ("en", "tr")
TEXT, TEST, CHECK = "world:?rows=2000", "world:?rows=1500&split=test", "world:?rows=200&split=dev"
BLOCKS, KEPT = 2, 300


@dataclass(frozen=True)
class Stage:
    """A model on its way, and what it scores."""

    size: int
    """Bytes of its weights."""
    scores: tuple[Score, ...]

    @property
    def accuracy(self) -> float:
        """The mean over the languages, in points."""
        return 100 * mean(score.value for score in self.scores)

    @property
    def hits(self) -> list[int]:
        """Which rows are right, of all languages."""
        return [int(hit) for score in self.scores for hit in score.hits or ""]


def smaller(large: Run) -> Run:
    """Half of a model's blocks, which it teaches two of its languages."""
    whole = ResultOf(run=large)
    changed = {
        "name": "half of the blocks",
        "start": Cut(of=whole, depth=BLOCKS),
        "teacher": whole,
        "method": large.method.model_copy(update={"languages": LANGUAGES}),
    }
    return large.model_copy(update=changed)


def stages(store: Store, seed: int, place: Path) -> dict[str, Stage]:
    """Every stage of one seed's model, by what was done last."""
    large = Systems(setting("world"), "XLM MLM+TLM").xd(seed)
    half = smaller(large)
    for run in (large, half):
        execute(run, store)
    small = store.folder(half) / MODEL
    (fewer,) = trim(small, LANGUAGES, [TEXT], keep=KEPT, by="frequency", out=place / "trimmed")
    for name, int8 in (("onnx", False), ("int8", True)):
        export(fewer.folder, place / name, "onnx", int8=int8, check=CHECK, check_langs=LANGUAGES)
    folders = {
        f"{Fresh().blocks} blocks, 6 languages, 800 pieces": store.folder(large) / MODEL,
        f"distilled: {BLOCKS} blocks, 2 languages": small,
        f"trimmed: {fewer.report.pieces_after} pieces": fewer.folder,
        "exported: ONNX": place / "onnx",
        "quantised: int8": place / "int8",
    }
    return {name: Stage(weights(folder), evaluate(folder, TEST, LANGUAGES)) for name, folder in folders.items()}


def weights(folder: Path) -> int:
    """Bytes of the file that holds them."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.suffix in (".safetensors", ".onnx"))


def table(done: list[dict[str, Stage]]) -> list[Row]:
    """A row a stage."""
    rows: list[Row] = []
    before: list[Stage] = []
    for name in done[0]:
        now = [one[name] for one in done]
        rows.append(
            {
                "model": name,
                **{code: f"{100 * mean(one.scores[at].value for one in now):.2f}" for at, code in enumerate(LANGUAGES)},
                "by seed": ", ".join(f"{one.accuracy:.1f}" for one in now),
                "weights, MB": f"{mean(one.size for one in now) / 1e6:.2f}",
                **difference(now, before),
            }
        )
        before = now
    return rows


def difference(now: list[Stage], before: list[Stage]) -> Row:
    """From the stage before, over seeds and over rows."""
    if not before:
        return {"difference": "", "rows, by seed": ""}
    over = compare(*({seed: one.accuracy for seed, one in enumerate(stage)} for stage in (now, before)))
    rows = [mcnemar(new.hits, old.hits) for new, old in zip(now, before, strict=True)]
    return {
        "difference": f"{over.difference:+.2f} ({over.low:+.2f} to {over.high:+.2f}), p = {over.p:.2g}: {over.verdict}",
        "rows, by seed": "p = " + ", ".join(f"{p:.2g}" for p in rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    store, done = Store(options.runs), []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as place:
            done.append(stages(store, seed, Path(place)))
        print({name: round(one.accuracy, 1) for name, one in done[-1].items()}, flush=True)
    rows = table(done)
    said = (
        f"Accuracy x 100 on 1,500 test rows a language, mean of {options.seeds} seeds; differences are from the line "
        "above, with their 95 % interval over seeds."
    )
    write("small_accuracy", "Small and fast, and how good", [said, markdown(rows)], rows)


if __name__ == "__main__":
    main()
