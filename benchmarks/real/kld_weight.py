"""BERT-KLD's weight on a real encoder: English-Hindi and Hindi-English, each taught by the other, 500 labelled rows.

    python benchmarks/real/kld_weight.py --models DIR --data DIR --out runs --seeds 0

The runs are those of `polydistill table bert-kld/1 --scale real` (weight 0.2, as on the poster) and the same with other
weights; `--out` may be the folder of its runs, which are used again. Scored on 1,245 rows of XNLI dev a pair.
Differences to plain tuning are means over both pairs, with their 95 % interval over the rows (paired bootstrap, pairs
and seeds of a row together).
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from folders import parser
from numpy.typing import NDArray
from rich.console import Console

from measuring import Row, markdown, write
from polydistill.papers.bert_kld.scales import settings
from polydistill.papers.bert_kld.tables import Systems
from polydistill.papers.combined import result_of
from polydistill.papers.real import Real
from polydistill.reports.significance import paired_bootstrap
from polydistill.results import RunResult
from polydistill.training.run import Run
from polydistill.training.store import LOG, Store

PAIRS = {"en-hi": "hi-en", "hi-en": "en-hi"}
"""Each pair and its teacher's."""
WEIGHTS = (0.2, 2.0)


def main(argv: Sequence[str] | None = None) -> None:
    """Do the runs, and write the table after each weight."""
    given = parser(__doc__, "runs").parse_args(argv)
    torch.set_num_threads(1)
    seeds, store = [int(one) for one in given.seeds.split(",")], Store(given.out)
    where = next(iter(settings("real", Real(given.models.resolve(), given.data.resolve(), (), given.out)).values()))
    for needed in where.needs:
        needed.make()
    of = Systems(where)

    def done(runs: Sequence[Run]) -> list[RunResult]:
        return [found for run in runs if (found := result_of(run, store, Console())) is not None]

    plain = done([of.tuned(pair, seed) for seed in seeds for pair in PAIRS])
    rows: list[Row] = [_row("plain tuning", plain, plain) | {"KL, first to last logged": ""}]
    for weight in WEIGHTS:
        runs = [of.taught(pair, teacher, seed, weight=weight) for seed in seeds for pair, teacher in PAIRS.items()]
        row = _row(f"BERT-KLD, weight {weight:g}", done(runs), plain)
        rows.append(row | {"KL, first to last logged": ", ".join(_kl(store.folder(run) / LOG) for run in runs)})
        title, _, about = str(__doc__).strip().partition("\n\n")
        write("real_kld_weight", title.rstrip("."), [about, markdown(rows)], rows)


def _row(system: str, results: Sequence[RunResult], plain: Sequence[RunResult]) -> Row:
    """Both pairs, and how far they are above plain tuning."""
    ours_RN, theirs_RN = (np.stack([_right(one) for one in some]) for some in (results, plain))
    row: Row = {"system": system, "seeds": len(results) // len(PAIRS)}
    row |= {pair: f"{100 * ours_RN[at :: len(PAIRS)].mean():.1f}" for at, pair in enumerate(PAIRS)}
    row |= {"above plain tuning": "", "rows right in one of them alone": ""}
    if results is not plain:
        gain = paired_bootstrap(ours_RN.mean(0), theirs_RN.mean(0))
        low, high = 100 * gain.low, 100 * gain.high
        row["above plain tuning"] = f"{100 * gain.difference:+.1f} [{low:+.1f}, {high:+.1f}], p = {gain.p:.3f}"
        row["rows right in one of them alone"] = f"{100 * (ours_RN != theirs_RN).mean():.1f} %"
    return row


def _kl(log: Path) -> str:
    """How far the student's hidden states are from the teacher's, at the beginning and at the end."""
    found = [line["kl"] for line in json.loads(log.read_text(encoding="utf-8")) if "kl" in line]
    return f"{found[0]:.3f} to {found[-1]:.3f}"


def _right(result: RunResult) -> NDArray[np.float64]:
    """By row, whether the answer is right."""
    (score,) = result.by_language("accuracy").values()
    return np.asarray(score.correct, dtype=float)


if __name__ == "__main__":
    main()
