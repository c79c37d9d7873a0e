"""Where students should hear the teacher's predictions: at every position, or only where a token is hidden.

    python benchmarks/hinton_positions.py [--scale world] [--seeds 3] [--runs runs]

MonoShot's students with each, as the thesis' recipes have them, tuned for three tasks on English labels and scored on
the tasks' dev rows in their own language. What is done in `--runs` is not done again (table mono/4.4 has `all`).
"""

import argparse
from pathlib import Path
from statistics import mean

from rich.console import Console

from measuring import Row, markdown, write
from polydistill.methods.monolingual import MonolingualSpec
from polydistill.papers.combined import Together
from polydistill.papers.mono.scales import setting
from polydistill.papers.mono.systems import Systems
from polydistill.reports.significance import paired_t
from polydistill.tasks import TASKS
from polydistill.training.store import Store

DEFAULT = MonolingualSpec.model_fields["positions"].default


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="world")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    of, store, console = Systems(setting(options.scale)), Store(options.runs), Console(stderr=True)

    def on_dev(positions: str, seed: int) -> dict[str, float]:
        """Points on the dev rows of each task, by task and language."""
        said = {} if positions == DEFAULT else {"positions": positions}
        found = {}
        for code in of.where.languages:
            start = of.distilled(**said).target(code, seed)
            for task, exercise in of.where.exercises.items():
                run = of.tuned(start, f"MonoShot, {positions}", task, seed)
                assert run.evaluation is not None
                judging = run.evaluation.model_copy(update={"data": exercise.dev, "languages": (code,)})
                result = Together((run,), judging).result(store, console)
                found[f"{task} {code}"] = 100 * result.mean((code,), TASKS[exercise.task].metric, "dev")
        return found

    scores = {place: [on_dev(place, seed) for seed in range(options.seeds)] for place in ("all", "masked")}
    rows: list[Row] = [
        {"positions": place} | {key: f"{mean(one[key] for one in seeds):.1f}" for key in seeds[0]}
        for place, seeds in scores.items()
    ]
    means = {place: [mean(one.values()) for one in seeds] for place, seeds in scores.items()}
    test = paired_t(means["all"], means["masked"])
    said = (
        f"All positions less masked ones, as the mean of all columns, {options.seeds} seeds: {test.difference:+.1f} "
        f"[{test.low:+.1f}, {test.high:+.1f}], p = {test.p:.2f} ({options.scale} scale, dev)."
    )
    measured: list[Row] = [
        {"positions": place, "seed": seed} | one for place, seeds in scores.items() for seed, one in enumerate(seeds)
    ]
    write("hinton_positions", "Where the teacher's predictions are heard", [markdown(rows), said], measured)


if __name__ == "__main__":
    main()
