"""The figures of docs/results by seed: English, and the mean of the five languages without labels, of three systems.

    polydistill table xd/3 --scale world --seeds 5     # the runs, hours on two cores
    python benchmarks/seeds.py --seeds 5               # the figures; runs nothing

Means with the sample standard deviation over the seeds whose runs are done, and what XD adds to the Baseline by seed.
"""

import argparse
from pathlib import Path
from statistics import mean, stdev

from polydistill.recipes.xd.scales import setting
from polydistill.recipes.xd.tables import Systems
from polydistill.results import RunResult
from polydistill.training.store import Store


def pair(result: RunResult) -> tuple[float, float]:
    """English and the mean of the others, in points."""
    scores = {code: 100 * score.value for code, score in result.by_language().items()}
    return scores["en"], mean(value for code, value in scores.items() if code != "en")


def spread(values: list[float]) -> str:
    return f"{mean(values):.1f} ± {stdev(values):.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    store, of = Store(options.runs), Systems(setting("world"), "XLM MLM+TLM")
    found = {
        name: [pair(done) for seed in range(options.seeds) if (done := store.result(run(seed))) is not None]
        for name, run in (("Baseline", of.baseline), ("XD", of.xd), ("MLT", of.multilingual))
    }
    print("| | seeds | English | mean of the five other languages |\n|---|---|---|---|")
    for name, pairs in found.items():
        english, others = (list(values) for values in zip(*pairs, strict=True))
        print(f"| {name} | {len(pairs)} | {spread(english)} | {spread(others)} |")
    for at, what in enumerate(("English", "the others")):
        gains = [after[at] - before[at] for before, after in zip(found["Baseline"], found["XD"], strict=True)]
        print(f"XD adds to {what}: {spread(gains)}; by seed {', '.join(f'{gain:.1f}' for gain in gains)}")


if __name__ == "__main__":
    main()
