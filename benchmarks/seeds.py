"""The figures of docs/results by seed; runs nothing.

    polydistill table xd/3 --scale world --seeds 5           # the runs, hours on two cores
    polydistill table bert-kld/3 --scale world --seeds 3
    polydistill table mono/4.4 --scale world --seeds 3
    python benchmarks/seeds.py --seeds 5                     # XD
    python benchmarks/seeds.py --seeds 3 --of bert-kld
    python benchmarks/seeds.py --seeds 3 --of mono

XD: English, and the mean of the five languages without labels, of three systems, with the sample standard deviation
over the seeds whose runs are done; what XD adds to the Baseline. BERT-KLD: what it adds to the baseline of the
student's pair, as the mean over all pairs of a teacher's and a student's pair. The thesis: MonoShot less students that
learned for as long without a teacher, a row of ours, as the mean of the six columns.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from statistics import mean, stdev

from scipy.stats import ttest_1samp

from polydistill.papers.bert_kld.tables import BASELINE, table
from polydistill.papers.catalogue import recipe
from polydistill.papers.xd.scales import setting
from polydistill.papers.xd.tables import Systems
from polydistill.reports.significance import paired_t
from polydistill.results import RunResult
from polydistill.training.store import Store

METRICS = {"XNLI": "accuracy", "NER": "f1", "XCOPA": "accuracy"}


def pair(result: RunResult) -> tuple[float, float]:
    """English and the mean of the others, in points."""
    scores = {code: 100 * score.value for code, score in result.by_language().items()}
    return scores["en"], mean(value for code, value in scores.items() if code != "en")


def spread(values: list[float]) -> str:
    return f"{mean(values):.1f} ± {stdev(values):.1f}"


def xd(store: Store, seeds: int) -> None:
    of = Systems(setting("world"), "XLM MLM+TLM")
    found = {
        name: [pair(done) for seed in range(seeds) if (done := store.result(run(seed))) is not None]
        for name, run in (("Baseline", of.baseline), ("XD", of.xd), ("MLT", of.multilingual))
    }
    print("| | seeds | English | mean of the five other languages |\n|---|---|---|---|")
    for name, pairs in found.items():
        english, others = (list(values) for values in zip(*pairs, strict=True))
        print(f"| {name} | {len(pairs)} | {spread(english)} | {spread(others)} |")
    for at, what in enumerate(("English", "the others")):
        gains = [after[at] - before[at] for before, after in zip(found["Baseline"], found["XD"], strict=True)]
        print(f"XD adds to {what}: {spread(gains)}; by seed {', '.join(f'{gain:.1f}' for gain in gains)}")


def bert_kld(store: Store, seeds: int) -> None:
    (group,) = table("3", "world").groups
    runs = {row.name: row.runs for row in group.rows}
    by_seed = []
    for seed in range(seeds):
        points = {
            name: {pair: 100 * store.result(run).scores[0].value for pair, run in of(seed).items()}
            for name, of in runs.items()
        }
        by_seed.append(gains(points))
    overall = [mean(one) for one in by_seed]
    chance = ttest_1samp(overall, 0.0).pvalue
    print(f"BERT-KLD adds: {spread(overall)}; by seed {', '.join(f'{one:.1f}' for one in overall)}; p = {chance:.2f}")
    ours = [mean(cell) for cell in zip(*by_seed, strict=True)]
    for whose, cells in (("here", ours), ("the poster", gains({row.name: row.published.scores for row in group.rows}))):
        above = sum(cell > 0 for cell in cells)
        print(f"{whose}: {mean(cells):+.1f}, {min(cells):+.1f} to {max(cells):+.1f}, {above} of {len(cells)} above 0")


def gains(points: Mapping[str, Mapping[str, float]]) -> list[float]:
    """What a student has more than plain tuning on its pair, for every pair of its teacher and of its own."""
    return [
        value - points[BASELINE][pair]
        for name, row in points.items()
        if name != BASELINE
        for pair, value in row.items()
        if pair in points[BASELINE]
    ]


def mono(store: Store, seeds: int) -> None:
    taught, alone = "MonoShot-XLM-R6", "XLM-R6 (Uniform), as long without a teacher (ours)"
    means: dict[str, list[float]] = {taught: [], alone: []}
    for seed in range(seeds):
        for row in (row for group in recipe("mono/4.4").groups for row in group.rows if row.name in means):
            scores = [
                score.value
                for column, run in row.runs(seed).items()
                for score in [store.result(run).by_language(METRICS[column.split()[0]])[column.split()[1]]]
            ]
            means[row.name].append(100 * mean(scores))
    found = paired_t(means[taught], means[alone])
    print(f"MonoShot {spread(means[taught])}, as long without a teacher {spread(means[alone])}")
    print(f"MonoShot is ahead by {found.difference:.1f} [{found.low:.1f}, {found.high:.1f}], p = {found.p:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--of", choices=("xd", "bert-kld", "mono"), default="xd")
    options = parser.parse_args()
    {"xd": xd, "bert-kld": bert_kld, "mono": mono}[options.of](Store(options.runs), options.seeds)


if __name__ == "__main__":
    main()
