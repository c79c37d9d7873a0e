"""Is XD better than MLT because it is trained longer? MLT with as many steps as Baseline and XD together.

    python benchmarks/equal_steps.py --seeds 0 1

XD begins with a Baseline, so it stands on the steps of both. Here MLT gets that many steps on the labels of all
languages, everything else as in table xd/3 at the `world` scale. Prints the test accuracies of both, by seed.
"""

import argparse
from pathlib import Path

from polydistill.papers.xd.scales import setting
from polydistill.papers.xd.tables import Systems
from polydistill.results import RunResult
from polydistill.training.execute import execute
from polydistill.training.run import Run
from polydistill.training.store import Store


def longer(run: Run, steps: int) -> Run:
    """The same run with more steps, judged as often."""
    evaluate_every = steps * (run.training.evaluate_every or steps) // run.training.steps
    training = run.training.model_copy(update={"steps": steps, "evaluate_every": evaluate_every})
    return run.model_copy(update={"training": training, "name": f"{run.name}, {steps:,} steps"})


def line(name: str, result: RunResult) -> str:
    """One row of the printed table."""
    scores = {code: 100 * score.value for code, score in result.by_language().items()}
    others = [value for code, value in scores.items() if code != "en"]
    return f"| {name} | {result.seed} | {scores['en']:.1f} | {sum(others) / len(others):.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    arguments = parser.parse_args()
    where, store = setting("world"), Store(arguments.runs)
    systems = Systems(where, "XLM MLM+TLM")
    print("| system | seed | en | mean of the other five |\n|---|---|---|---|")
    for seed in arguments.seeds:
        steps = where.tune.steps + where.distil.steps
        for run in (systems.xd(seed), systems.multilingual(seed), longer(systems.multilingual(seed), steps)):
            print(line(run.name, execute(run, store)), flush=True)


if __name__ == "__main__":
    main()
