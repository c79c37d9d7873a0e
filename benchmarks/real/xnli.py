"""Tuned on English, then taken to nine languages from several kinds of text.

    python benchmarks/real/xnli.py --models DIR --data DIR --seeds 0,1,2

Learned from: 9,888 English rows of MultiNLI with labels; then, without labels, the first half of XNLI dev (`task`), or
news and sentences with their translations (`plain`: drawn by the teacher's answers, `random`: paired at random).
Scored on the second half of dev, from which nothing is chosen. One thread; runs that are done are not repeated.
"""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from folders import CODES, Folders, parser

import polydistill
from measuring import Row, markdown, write
from polydistill.jobs.run import Done
from polydistill.reports.significance import LEVEL, paired_bootstrap

LANGUAGES = tuple(sorted(CODES, key=lambda code: (code != "en", code)))
OTHERS = LANGUAGES[1:]
PIECES, LENGTH, SENTENCES = 100_000, 64, 600
TUNING: dict[str, Any] = {"batch_size": 32, "learning_rate": 1e-4, "freeze_blocks": 6, "epochs": 1}
XD: dict[str, Any] = {"batch_size": 32, "learning_rate": 5e-5, "steps": 300, "warmup": 0.1, "decay": "linear"}
SAME: dict[str, Any] = {"max_length": LENGTH, "precision": "bf16", "freeze_embeddings": True}
ZERO = "English labels only"
KINDS = ("task", "plain", "random")


def small(folders: Folders) -> Path:
    """The polyglot with the pieces that these languages need."""
    path = folders.out / "polyglot"
    if not (path / "trim.json").is_file():
        texts = [f"{code}={folders.text(code)}" for code in LANGUAGES]
        polydistill.trim(folders.models / "polyglot", LANGUAGES, texts, keep=PIECES, by="frequency", out=path)
    return path


def tuned(folders: Folders, seed: int) -> Done:
    """Tuned on English; its scores are zero-shot in all other languages."""
    return polydistill.tune(
        small(folders), folders.data / "mnli_subset" / "train.tsv", task="nli", seed=seed,
        test=folders.out / "xnli" / "second-{lang}.tsv", test_langs=LANGUAGES, out=folders.out / f"tuned-{seed}",
        **TUNING, **SAME,
    )  # fmt: skip


def distilled(folders: Folders, kind: str, seed: int, start: Path) -> Done:
    """The tuned model taken to the other languages from one kind of text."""
    rows = folders.out / "xnli" / "first-{lang}.tsv"
    text: dict[str, Any] = {"data": rows} if kind == "task" else {
        "parallel": [one for code in OTHERS for one in folders.parallel(code)], "at_most": SENTENCES,
        "sample": "random", "draw": "random" if kind == "random" else "answers",
    }  # fmt: skip
    if kind == "plain":
        text["anchor"] = rows_of_english(folders)
    return polydistill.xd(
        start, LANGUAGES, **text, test=folders.out / "xnli" / "second-{lang}.tsv", test_langs=LANGUAGES, seed=seed,
        out=folders.out / f"{kind}-{seed}", **XD, **SAME,
    )  # fmt: skip


def rows_of_english(folders: Folders) -> Path:
    """English rows of the task, as many as of each other language; their labels are not read."""
    path = folders.out / "anchor.tsv"
    lines = (folders.data / "mnli_subset" / "train.tsv").read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join(lines[: 2 * SENTENCES + 1]) + "\n", encoding="utf-8")
    return path


def right(done: Sequence[Done]) -> Mapping[str, np.ndarray]:
    """Of each language, the share of the seeds that answer a row rightly."""
    hits: dict[str, list[np.ndarray]] = {code: [] for code in LANGUAGES}
    for one in done:
        for score in one.result.scores:
            hits[score.language].append(np.frombuffer(str(score.hits).encode(), dtype=np.uint8) - 48.0)
    return {code: np.mean(found, axis=0) for code, found in hits.items()}


def row(name: str, done: Sequence[Done], start: Sequence[Done]) -> Row:
    """Accuracy by language, the mean of the others, and how much that is above zero-shot with the same seeds."""
    own, zero = right(done), right(start)
    means = [100 * statistics.mean(s.value for s in one.result.scores if s.language != "en") for one in done]
    spread = f" ± {statistics.stdev(means):.1f}" if len(means) > 1 else ""
    found: Row = {"learned from": name, "seeds": len(done)}
    found |= {code: f"{100 * own[code].mean():.1f}" for code in LANGUAGES}
    found |= {"mean of others": f"{statistics.mean(means):.1f}{spread}", "above zero-shot": "", "worse": ""}
    if name != ZERO:
        gain = paired_bootstrap(*(np.mean([rows[code] for code in OTHERS], axis=0) for rows in (own, zero)))
        each = {code: paired_bootstrap(own[code], zero[code]) for code in LANGUAGES}
        worse = [code for code, one in each.items() if one.difference < 0 and one.p < LEVEL]
        low, high = 100 * gain.low, 100 * gain.high
        found["above zero-shot"] = f"{100 * gain.difference:+.1f} [{low:+.1f}, {high:+.1f}], p = {gain.p:.4f}"
        found["worse"] = ", ".join(worse) or "none"
    return found


def page(found: Mapping[str, Sequence[Done]]) -> None:
    """The table of what is done so far, with what a run took."""
    rows = [row(name, done, found[ZERO][: len(done)]) for name, done in found.items() if done]
    minutes = ", ".join(f"{name} {statistics.median(d.result.seconds for d in done) / 60:.0f}"
                        for name, done in found.items() if done)  # fmt: skip
    measured: list[Row] = [
        {"learned from": name, "seed": one.run.seed, "seconds": one.result.seconds,
         **{score.language: score.value for score in one.result.scores}}
        for name, done in found.items() for one in done
    ]  # fmt: skip
    write(
        "real_xnli",
        "XD on a real encoder and XNLI",
        [
            f"{(__doc__ or '').strip()}",
            "`above zero-shot`: the mean of the nine languages other than English, with a 95 % interval over the rows "
            "(paired bootstrap, a row in all its languages drawn together); `worse`: languages that are significantly "
            "below zero-shot (p < 0.05, each by itself).",
            markdown(rows),
            f"Minutes a run, with reading and scoring, beside other work: {minutes}. Tuning: {TUNING}. XD: {XD}. "
            f"Both: {SAME}. The encoder keeps at most {PIECES:,} pieces.",
        ],
        measured,
    )


def main() -> None:
    """Do the runs, seed by seed, and write the table after each."""
    options = parser(__doc__, "runs/real-xnli")
    options.add_argument("--kinds", default=",".join(KINDS))
    given = options.parse_args()
    torch.set_num_threads(1)
    folders = Folders(given.models, given.data, given.out)
    for code in LANGUAGES:
        folders.halves(code)
    kinds = given.kinds.split(",")
    found: dict[str, list[Done]] = {kind: [] for kind in (ZERO, *kinds)}
    for seed in map(int, given.seeds.split(",")):
        found[ZERO].append(tuned(folders, seed))
        for kind in kinds:
            found[kind].append(distilled(folders, kind, seed, found[ZERO][-1].model))
            page(found)


if __name__ == "__main__":
    main()
