"""XNLI with a real encoder: tuned on English, then taken to nine languages from several kinds of text.

    python benchmarks/real/xnli.py --models DIR --data DIR --seeds 0,1,2

Learned from: 9,888 English rows of MultiNLI with labels; then, without labels, the first half of XNLI dev (`task`), or
news and sentences with their translations (`plain`: drawn by the teacher's answers, `random`: paired at random).
Scored on the second half of dev, from which nothing is chosen. One thread; runs that are done are not repeated.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from folders import CODES, Folders
from study import SAME, XD, Study, trimmed

import polydistill
from polydistill.jobs.run import Done

LANGUAGES = tuple(sorted(CODES, key=lambda code: (code != "en", code)))
OTHERS = LANGUAGES[1:]
LENGTH, SENTENCES = 64, 600
TUNING: dict[str, Any] = {"batch_size": 32, "learning_rate": 1e-4, "freeze_blocks": 6, "epochs": 1}
BOTH: dict[str, Any] = {**SAME, "max_length": LENGTH}


def small(folders: Folders) -> Path:
    """The polyglot with the pieces that these languages need."""
    return trimmed(folders, "polyglot", {code: folders.text(code) for code in LANGUAGES})


def tuned(folders: Folders, seed: int) -> Done:
    """Tuned on English; its scores are zero-shot in all other languages."""
    for code in LANGUAGES:
        folders.halves(code)
    return polydistill.tune(
        small(folders), folders.data / "mnli_subset" / "train.tsv", task="nli", seed=seed,
        test=folders.out / "xnli" / "second-{lang}.tsv", test_langs=LANGUAGES, out=folders.out / f"tuned-{seed}",
        **TUNING, **BOTH,
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
        out=folders.out / f"{kind}-{seed}", **XD, **BOTH,
    )  # fmt: skip


def rows_of_english(folders: Folders) -> Path:
    """English rows of the task, as many as of each other language; their labels are not read."""
    path = folders.out / "anchor.tsv"
    lines = (folders.data / "mnli_subset" / "train.tsv").read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join(lines[: 2 * SENTENCES + 1]) + "\n", encoding="utf-8")
    return path


SETTINGS = {"Tuning": TUNING, "XD": XD, "Both": BOTH}


def main(argv: Sequence[str] | None = None) -> None:
    """Do the runs, seed by seed, and write the table after each."""
    Study("real_xnli", str(__doc__), LANGUAGES, tuned, distilled, ("task", "plain", "random"), SETTINGS).run(argv)


if __name__ == "__main__":
    main()
