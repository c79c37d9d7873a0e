"""XD on named entities (PAN-X): tuned on English Wikipedia, then taken to German, Turkish and Swahili without labels.

    python benchmarks/real/entities.py --models DIR --data DIR --seeds 0,1,2

Learned from: 6,000 English sentences with tags; then, without tags, sentences of each language (`text`: what the
teacher says of their words), or sentences with their translations (`aligned`: of each word, what it says of the word
that it is aligned with), or `both`. Scored on 1,000 other sentences a language, from which nothing is chosen. One
thread; runs that are done are not repeated.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from folders import Folders
from study import SAME, XD, Study
from xnli import small

import polydistill
from polydistill.jobs.run import Done

LANGUAGES = ("en", "de", "sw", "tr")
LENGTH, SENTENCES = 96, 1500
TUNING: dict[str, Any] = {"batch_size": 32, "learning_rate": 1e-4, "freeze_blocks": 4, "epochs": 2}
BOTH: dict[str, Any] = {**SAME, "max_length": LENGTH}
TEST = "dev-{lang}.tsv?rows=1000"


def tuned(folders: Folders, seed: int) -> Done:
    """Tuned on English; its scores are zero-shot in all other languages."""
    rows = folders.data / "panx"
    return polydistill.tune(
        small(folders), rows / "train-en.tsv", task="ner", seed=seed, test=f"{rows}/{TEST}", test_langs=LANGUAGES,
        out=folders.out / f"entities-tuned-{seed}", **TUNING, **BOTH,
    )  # fmt: skip


def distilled(folders: Folders, kind: str, seed: int, start: Path) -> Done:
    """The tuned model taken to the other languages in one way."""
    rows, given = folders.data / "panx", dict[str, Any]()
    if kind in ("text", "both"):
        given["text"] = {code: rows / f"train-{code}.tsv" for code in LANGUAGES[1:]}
    if kind in ("aligned", "both"):
        given["parallel"] = [folders.parallel(code)[1] for code in LANGUAGES[1:]]
        given |= {"at_most": SENTENCES, "sample": "random"}
    return polydistill.xd(
        start, **given, anchor=f"{rows}/train-en.tsv?rows=1500", test=f"{rows}/{TEST}", test_langs=LANGUAGES, seed=seed,
        out=folders.out / f"entities-{kind}-{seed}", **XD, **BOTH,
    )  # fmt: skip


SETTINGS = {"Tuning": TUNING, "XD": XD, "Both": BOTH}


def main(argv: Sequence[str] | None = None) -> None:
    """Do the runs, seed by seed, and write the table after each."""
    Study(
        "real_entities", str(__doc__), LANGUAGES, tuned, distilled, ("text", "aligned", "both"), SETTINGS, metric="f1"
    ).run(argv)


if __name__ == "__main__":
    main()
